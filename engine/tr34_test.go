package engine_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
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
	s := &tr34.Sealing{Layout: tr34.LayoutX9TR342012, KDH: h.kdh.certificate, Signer: h.kdh.Signer, KRD: readCertificate(t, krd),
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

func TestKeyTokensAreImportedInEveryLayout(t *testing.T) {
	eng, clock := clocked(t, engine.Options{})
	h := newHost(t, eng.Caller)
	for _, layout := range []tr34.Layout{tr34.LayoutStandard, tr34.LayoutRFC, tr34.LayoutStrict, tr34.LayoutX9TR342012} {
		for _, c := range []struct {
			a      apc.KeyAlgorithm
			key    string
			pair   apc.KeyAlgorithm
			cipher tr34.Cipher
		}{{apc.KeyAlgorithmTDES2Key, tdesKey, apc.KeyAlgorithmRSA2048, tr34.TDESCBC},
			{apc.KeyAlgorithmAES128, aesKey, apc.KeyAlgorithmRSA3072, tr34.AES128CBC}} {
			p := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeTR34KeyBlock, c.pair, true)
			for _, twoPass := range []bool{true, false} {
				block := h.seal(t, p.WrappingKeyCertificate, func(s *tr34.Sealing) {
					s.Layout, s.Cipher, s.Header = layout, c.cipher, headerOf[c.a]
					if !twoPass {
						s.Nonce, s.SigningTime = nil, noon
					}
				}, unhex(t, c.key))
				arm := h.arm(&p.ImportToken, block)
				if !twoPass {
					arm.RandomNonce = nil
				}
				k, err := importToken(eng.Caller, arm)
				want, _ := kcv.TDES(unhex(t, c.key))
				if c.a == apc.KeyAlgorithmAES128 {
					want, _ = kcv.AES(unhex(t, c.key))
				}
				if err != nil || k.KeyCheckValue != want || k.KeyAttributes.KeyAlgorithm != c.a ||
					k.KeyAttributes.KeyUsage != apc.KeyUsageTR31K0KeyEncryptionKey ||
					!k.Exportable {
					t.Errorf("%s, %s, two-pass %t: imported as %+v, %v", layout, c.a, twoPass, k, err)
				}
				again, err := importToken(eng.Caller, arm)
				if err != nil || again.KeyArn == k.KeyArn || again.KeyCheckValue != want {
					t.Errorf("%s: a second time: %+v, %v", layout, again, err)
				}
			}
			clock.Advance(time.Second)
		}
	}
}

// TestKeyTokenBringsItsOptionalBlocks which stand behind the 16 characters of the header and stay with the key.
func TestKeyTokenBringsItsOptionalBlocks(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	h := newHost(t, eng.Caller)
	kek := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256))
	p := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeTR34KeyBlock, apc.KeyAlgorithmRSA2048, true)
	token := func(blocks string) string {
		return h.seal(t, p.WrappingKeyCertificate, func(s *tr34.Sealing) { s.Header = "D9999K0TB00E0" + blocks }, unhex(t, tdesKey))
	}
	k, err := importToken(eng.Caller, h.arm(&p.ImportToken, token("100LB0Dterminal7")))
	if err != nil {
		t.Fatal(err)
	}
	w, err := exportBlock(eng.Caller, kek.KeyArn, k.KeyArn, nil)
	if err != nil || !strings.Contains(w.KeyMaterial, "LB0Dterminal7") {
		t.Errorf("exported as %+v, %v; want the label in it", w, err)
	}
	_, err = importToken(eng.Caller, h.arm(&p.ImportToken, token("200LB0Dterminal7")))
	refused(t, "a block less than the header says", err, apc.ErrValidation, apc.RuleHeader)
}

func TestKeyTokensAreRefusedWithTheRule(t *testing.T) {
	eng, clock := clocked(t, engine.Options{})
	h := newHost(t, eng.Caller)
	p := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeTR34KeyBlock, apc.KeyAlgorithmRSA2048, false)
	other := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeTR34KeyBlock, apc.KeyAlgorithmRSA2048, false)
	cryptograms := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA2048, false)
	key := unhex(t, tdesKey)
	good := h.seal(t, p.WrappingKeyCertificate, nil, key)
	reissued := issue(t, rsaKey(t, 2048, 0), "KDH CA", nil, nil) // the root's key and name in another certificate
	impostor := issue(t, rsaKey(t, 2048, 2), "KDH CA", nil, nil)
	expired := issue(
		t,
		rsaKey(t, 2048, 1),
		"KDH",
		&certified{rsaKey(t, 2048, 0), reissued.certificate},
		func(c *x509.Certificate) { c.NotAfter = noon.Add(-time.Minute) },
	)
	last := len(good) - 2
	sealed := func(change func(*tr34.Sealing)) string { return h.seal(t, p.WrappingKeyCertificate, change, key) }
	for _, c := range []struct {
		what   string
		change func(*engine.ImportTr34KeyBlock)
		code   apc.Code
		rule   apc.Rule
	}{
		{"an unknown token", func(a *engine.ImportTr34KeyBlock) { a.ImportToken = new("import-token-aaaaaaaaaaaaaaaa") },
			apc.ErrResourceNotFound, "token"},
		{"a token for cryptograms", func(a *engine.ImportTr34KeyBlock) { a.ImportToken = &cryptograms.ImportToken }, apc.ErrValidation,
			"token-material"},
		{"another token", func(a *engine.ImportTr34KeyBlock) { a.ImportToken = &other.ImportToken }, apc.ErrValidation, "recipient"},
		{"neither token nor key", func(a *engine.ImportTr34KeyBlock) { a.ImportToken = nil }, apc.ErrValidation, "one-of"},
		{"an empty token", func(a *engine.ImportTr34KeyBlock) { a.ImportToken = new("") }, apc.ErrValidation, "one-of"},
		{"a token and a key", func(a *engine.ImportTr34KeyBlock) { a.WrappingKeyIdentifier = &h.ca.KeyArn }, apc.ErrValidation, "one-of"},
		{"a key without certificate", func(a *engine.ImportTr34KeyBlock) { a.ImportToken, a.WrappingKeyIdentifier = nil, &h.ca.KeyArn },
			apc.ErrValidation, "required"},
		{"another nonce", func(a *engine.ImportTr34KeyBlock) { a.RandomNonce = new("0011223344556677") }, apc.ErrValidation, "nonce"},
		{"no nonce", func(a *engine.ImportTr34KeyBlock) { a.RandomNonce = nil }, apc.ErrValidation, "nonce"},
		{"a nonce for a one-pass token", func(a *engine.ImportTr34KeyBlock) {
			a.WrappedKeyBlock = sealed(func(s *tr34.Sealing) { s.Nonce, s.SigningTime = nil, noon })
		}, apc.ErrValidation, "nonce"},
		{"a changed signature", func(a *engine.ImportTr34KeyBlock) { a.WrappedKeyBlock = good[:last] + flipped(good[last:]) },
			apc.ErrValidation, "signature"},
		{"a cut token", func(a *engine.ImportTr34KeyBlock) { a.WrappedKeyBlock = good[:last] }, apc.ErrValidation, "asn1"},
		{"half a digit pair", func(a *engine.ImportTr34KeyBlock) { a.WrappedKeyBlock = good + "0" }, apc.ErrValidation, "asn1"},
		{"a certificate of somebody else", func(a *engine.ImportTr34KeyBlock) { a.SigningKeyCertificate = impostor.text() },
			apc.ErrValidation, "signature"},
		{"an expired certificate", func(a *engine.ImportTr34KeyBlock) { a.SigningKeyCertificate = expired.text() }, apc.ErrValidation, "expired"},
		{"a usage of no key here", func(a *engine.ImportTr34KeyBlock) {
			a.WrappedKeyBlock = sealed(func(s *tr34.Sealing) { s.Header = "D9999E3TX00E0000" })
		}, apc.ErrValidation, "key-usage"},
		{"a mode that the usage has not", func(a *engine.ImportTr34KeyBlock) {
			a.WrappedKeyBlock = sealed(func(s *tr34.Sealing) { s.Header = "D9999K0TX00E0000" })
		}, apc.ErrValidation, "key-modes-of-use"},
		{"AES_128 to RSA_2048", func(a *engine.ImportTr34KeyBlock) {
			a.WrappedKeyBlock = sealed(func(s *tr34.Sealing) { s.Header, s.Cipher = headerOf[apc.KeyAlgorithmAES128], tr34.AES128CBC })
		}, apc.ErrValidation, "wrapping-strength"},
		{"a key of no length", func(a *engine.ImportTr34KeyBlock) {
			a.WrappedKeyBlock = h.seal(t, p.WrappingKeyCertificate, nil, key[:8])
		}, apc.ErrValidation, "key-length"},
	} {
		arm := h.arm(&p.ImportToken, good)
		c.change(arm)
		_, err := importToken(eng.Caller, arm)
		refused(t, c.what, err, c.code, c.rule)
	}
	for what, other := range map[string]*engine.Caller{"account": eng.As(apc.Identity{Account: "444455556666"}),
		"Region": eng.As(apc.Identity{Region: "eu-west-1"})} {
		_, err := importToken(other, newHost(t, other).arm(&p.ImportToken, good))
		refused(t, "another "+what+"'s token", err, apc.ErrResourceNotFound, "token")
	}
	clock.Advance(30 * day)
	_, err := importToken(eng.Caller, h.arm(&p.ImportToken, good))
	refused(t, "an expired token", err, apc.ErrValidation, "token-expired")
}

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
		mixed := *readCertificate(t, p.WrappingKeyCertificate)
		mixed.PublicKey = readCertificate(t, other.WrappingKeyCertificate).PublicKey
		distinct := map[string]bool{}
		for what, c := range map[string]struct {
			block string
			rule  apc.Rule
		}{
			"to another key": {h.seal(t, p.WrappingKeyCertificate, func(s *tr34.Sealing) { s.KRD = &mixed }, unhex(t, tdesKey)), "oaep"},
			"of 8 bytes":     {h.seal(t, p.WrappingKeyCertificate, nil, unhex(t, tdesKey)[:8]), "key-length"},
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
	block := h.seal(t, own.text(), nil, unhex(t, tdesKey))
	arm := func(k engine.Key, c certified) *engine.ImportTr34KeyBlock {
		a := h.arm(nil, block)
		a.WrappingKeyIdentifier, a.WrappingKeyCertificate = &k.KeyArn, new(c.text())
		return a
	}
	k, err := importToken(eng.Caller, arm(pair, own))
	if want, _ := kcv.TDES(unhex(t, tdesKey)); err != nil || k.KeyCheckValue != want {
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

// TestOneTokenServesManyKeys, as the service documents.
func TestOneTokenServesManyKeys(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	h := newHost(t, eng.Caller)
	p := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeTR34KeyBlock, apc.KeyAlgorithmRSA2048, false)
	var values []string
	for i := range 5 {
		key := slices.Repeat([]byte{byte(i+1) << 1, 0x5A}, 8)
		k, err := importToken(eng.Caller, h.arm(&p.ImportToken, h.seal(t, p.WrappingKeyCertificate, nil, key)))
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, k.KeyCheckValue)
	}
	slices.Sort(values)
	if n := len(slices.Compact(values)); n != 5 {
		t.Errorf("%d different keys of 5: %s", n, fmt.Sprint(values))
	}
}
