package engine_test

import (
	"crypto/rsa"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr34"
)

// host is a key distribution host with a certificate under a root that the
// service trusts.
type host struct {
	kdh certified
	ca  engine.Key
}

func newHost(t testing.TB, c *engine.Caller) host {
	t.Helper()
	root := issue(t, rsaKey(t, 2048, 0), "KDH CA", nil, nil)
	return host{issue(t, rsaKey(t, 2048, 1), "KDH", &root, nil), trust(t, c, root, apc.KeyAlgorithmRSA2048)}
}

var headerOf = map[apc.KeyAlgorithm]string{apc.KeyAlgorithmTDES2Key: "D9999K0TB00E0000", apc.KeyAlgorithmAES128: "D9999K0AB00E0000"}

// seal makes a token to the holder of a certificate.
func (h host) seal(t testing.TB, krd string, change func(*tr34.Sealing), key []byte) string {
	t.Helper()
	s := &tr34.Sealing{Layout: tr34.LayoutX9TR342012, KDH: h.kdh.certificate, Signer: h.kdh.Signer, KRD: testrig.Certificate(t, krd),
		Header: headerOf[apc.KeyAlgorithmTDES2Key], Nonce: []byte("8 bytes!")}
	if change != nil {
		change(s)
	}
	der, err := tr34.Seal(s, key)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ToUpper(hex.EncodeToString(der))
}

func (h host) arm(token *string, block string) *engine.ImportTr34KeyBlock {
	return &engine.ImportTr34KeyBlock{CertificateAuthorityPublicKeyIdentifier: h.ca.KeyArn, SigningKeyCertificate: h.kdh.text(),
		ImportToken: token, WrappedKeyBlock: block, KeyBlockFormat: apc.Tr34KeyBlockFormatX9TR342012,
		RandomNonce: new(hex.EncodeToString([]byte("8 bytes!")))}
}

func importToken(c *engine.Caller, arm *engine.ImportTr34KeyBlock) (engine.Key, error) {
	return importMaterial(c, engine.ImportKeyMaterial{Tr34KeyBlock: arm})
}

var tdesKey, aesKey = "0123456789ABCDEFFEDCBA9876543210", "79ADAEF3212AADCE312ACE422ACCFEFB"

// flipped changes the last digit.
func flipped(digits string) string {
	last := digits[len(digits)-1]
	return digits[:len(digits)-1] + string("0123456789ABCDEF"[15-strings.IndexByte("0123456789ABCDEF", last)])
}

// TestReasonsBehindTheDecryptionOfKeyTokensAreHidden: with HideReasons a caller without the key cannot tell
// apart what went wrong behind the decryption.
func TestReasonsBehindTheDecryptionOfKeyTokensAreHidden(t *testing.T) {
	for _, explain := range []bool{true, false} {
		eng, _ := clocked(t, engine.Options{HideReasons: !explain})
		h := newHost(t, eng.Caller)
		p := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeTR34KeyBlock, apc.KeyAlgorithmRSA2048, false)
		other := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeTR34KeyBlock, apc.KeyAlgorithmRSA2048, false)
		// A certificate that names the token's owner and has another key: what is
		// sealed to it does not open.
		mixed := *testrig.Certificate(t, p.WrappingKeyCertificate)
		mixed.PublicKey = testrig.Certificate(t, other.WrappingKeyCertificate).PublicKey
		distinct := map[string]bool{}
		for what, c := range map[string]struct {
			block string
			rule  apc.Rule
		}{
			"to another key": {h.seal(t, p.WrappingKeyCertificate, func(s *tr34.Sealing) { s.KRD = &mixed }, testrig.Hex(tdesKey)), "oaep"},
			"of 8 bytes":     {h.seal(t, p.WrappingKeyCertificate, nil, testrig.Hex(tdesKey)[:8]), "key-length"},
		} {
			_, err := importToken(eng.Caller, h.arm(&p.ImportToken, c.block))
			rule := apc.RuleKeyBlock
			if explain {
				rule = c.rule
			}
			r := refused(t, what, err, apc.ErrValidation, rule)
			distinct[r.Error()] = true
		}
		if want := map[bool]int{true: 2, false: 1}[explain]; len(distinct) != want {
			t.Errorf("explain %t: %d refusals are distinct, want %d: %v", explain, len(distinct), want, distinct)
		}
	}
}

// ownPairOf is an RSA pair of the account with a certificate of somebody else's.
func ownPairOf(t testing.TB, c *engine.Caller, u apc.KeyUsage, m apc.KeyModesOfUse, root *certified) (engine.Key, certified) {
	t.Helper()
	k := create(
		t,
		c,
		apc.KeyAttributes{KeyUsage: u, KeyClass: apc.KeyClassAsymmetricKeyPair, KeyAlgorithm: apc.KeyAlgorithmRSA3072, KeyModesOfUse: m},
	)
	public := publicKeyOf(t, c, k.KeyArn).(*rsa.PublicKey)
	return k, issue(t, &rsa.PrivateKey{PublicKey: *public}, "own", root, nil)
}

func TestKeyTokensAreImportedWithAKeyOfTheAccount(t *testing.T) {
	eng, clock := clocked(t, engine.Options{})
	h := newHost(t, eng.Caller)
	outside := issue(t, rsaKey(t, 4096, 0), "outside", nil, nil)
	pair, own := ownPairOf(t, eng.Caller, apc.KeyUsageTR31K2TR34AsymmetricKey, unwrapOnly, &outside)
	deriving, derivingCert := ownPairOf(t, eng.Caller, apc.KeyUsageTR31K2TR34AsymmetricKey, deriveModes, &outside)
	block := h.seal(t, own.text(), nil, testrig.Hex(tdesKey))
	arm := func(k engine.Key, c certified) *engine.ImportTr34KeyBlock {
		a := h.arm(nil, block)
		a.WrappingKeyIdentifier, a.WrappingKeyCertificate = &k.KeyArn, new(c.text())
		return a
	}
	k, err := importToken(eng.Caller, arm(pair, own))
	if want, _ := kcv.TDES(testrig.Hex(tdesKey)); err != nil || k.KeyCheckValue != want {
		t.Fatalf("imported as %+v, %v", k, err)
	}
	_, err = importToken(eng.Caller, arm(pair, derivingCert))
	refused(t, "a certificate of another key", err, apc.ErrValidation, "certificate-key")
	_, err = importToken(eng.Caller, arm(deriving, derivingCert))
	refused(t, "a pair that may not unwrap", err, apc.ErrValidation, "key-modes-of-use")
	_, err = importToken(eng.Caller, arm(h.ca, own))
	refused(t, "no pair", err, apc.ErrValidation, "key-usage")
	if _, err := eng.StopKeyUsage(ctx, &engine.StopKeyUsageInput{KeyIdentifier: pair.KeyArn}); err != nil {
		t.Fatal(err)
	}
	_, err = importToken(eng.Caller, arm(pair, own))
	refused(t, "a stopped pair", err, apc.ErrValidation, "key-enabled")
	if _, err := eng.StartKeyUsage(ctx, &engine.StartKeyUsageInput{KeyIdentifier: pair.KeyArn}); err != nil {
		t.Fatal(err)
	}
	clock.Set(noon.Add(-2 * day))
	_, err = importToken(eng.Caller, arm(pair, own))
	refused(t, "before all certificates", err, apc.ErrValidation, "not-yet-valid")
}
