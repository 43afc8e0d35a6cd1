package engine_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr34"
)

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
				}, testrig.Hex(c.key))
				arm := h.arm(&p.ImportToken, block)
				if !twoPass {
					arm.RandomNonce = nil
				}
				k, err := importToken(eng.Caller, arm)
				want, _ := kcv.TDES(testrig.Hex(c.key))
				if c.a == apc.KeyAlgorithmAES128 {
					want, _ = kcv.AES(testrig.Hex(c.key))
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
		return h.seal(t, p.WrappingKeyCertificate, func(s *tr34.Sealing) { s.Header = "D9999K0TB00E0" + blocks }, testrig.Hex(tdesKey))
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
	eng, _ := clocked(t, engine.Options{})
	h := newHost(t, eng.Caller)
	p := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeTR34KeyBlock, apc.KeyAlgorithmRSA2048, false)
	other := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeTR34KeyBlock, apc.KeyAlgorithmRSA2048, false)
	cryptograms := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA2048, false)
	key := testrig.Hex(tdesKey)
	good := h.seal(t, p.WrappingKeyCertificate, nil, key)
	reissued := issue(t, rsaKey(t, 2048, 0), "KDH CA", nil, nil) // the root's key and name in another certificate
	impostor := issue(t, rsaKey(t, 2048, 2), "KDH CA", nil, nil)
	expired := issue(t, rsaKey(t, 2048, 1), "KDH", &certified{rsaKey(t, 2048, 0), reissued.certificate},
		func(c *x509.Certificate) { c.NotAfter = noon.Add(-time.Minute) })
	encrypts := issue(t, rsaKey(t, 2048, 1), "KDH", &certified{rsaKey(t, 2048, 0), reissued.certificate},
		func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment })
	renewed := issue(t, rsaKey(t, 2048, 1), "KDH", &certified{rsaKey(t, 2048, 0), reissued.certificate},
		func(c *x509.Certificate) { c.SerialNumber = big.NewInt(77) })
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
		{"a certificate that is not for signatures", func(a *engine.ImportTr34KeyBlock) {
			a.SigningKeyCertificate = encrypts.text()
			a.WrappedKeyBlock = sealed(func(s *tr34.Sealing) { s.KDH = encrypts.certificate })
		}, apc.ErrValidation, "certificate"},
		{"a newer certificate of the signer", func(a *engine.ImportTr34KeyBlock) { a.SigningKeyCertificate = renewed.text() },
			apc.ErrValidation, "signer"},
		{"a usage of no key here", func(a *engine.ImportTr34KeyBlock) {
			a.WrappedKeyBlock = sealed(func(s *tr34.Sealing) { s.Header = "D9999E3TX00E0000" })
		}, apc.ErrValidation, "key-usage"},
		{"a mode that the usage has not", func(a *engine.ImportTr34KeyBlock) {
			a.WrappedKeyBlock = sealed(func(s *tr34.Sealing) { s.Header = "D9999K0TX00E0000" })
		}, apc.ErrValidation, "key-modes-of-use"},
		{"an optional block that is cut off", func(a *engine.ImportTr34KeyBlock) {
			a.WrappedKeyBlock = sealed(func(s *tr34.Sealing) { s.Header = "D9999K0TB00E0100LB0Cabc" })
		}, apc.ErrValidation, "header"},
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
		r := refused(t, c.what, err, c.code, c.rule)
		if about := r.Reasons[0].Field == "KeyMaterial.Tr34KeyBlock.SigningKeyCertificate"; about && c.rule != "signer" &&
			r.Message != core.CertificateMessage {
			t.Errorf("%s: got the message %q, want %q", c.what, r.Message, core.CertificateMessage)
		}
	}
}

func TestKeyTokensAreRefusedInAnotherAccountAndRegionAndTooLate(t *testing.T) {
	eng, clock := clocked(t, engine.Options{})
	h := newHost(t, eng.Caller)
	p := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeTR34KeyBlock, apc.KeyAlgorithmRSA2048, false)
	good := h.seal(t, p.WrappingKeyCertificate, nil, testrig.Hex(tdesKey))
	for what, other := range map[string]*engine.Caller{"account": eng.As(apc.Identity{Account: "444455556666"}),
		"Region": eng.As(apc.Identity{Region: "eu-west-1"})} {
		_, err := importToken(other, newHost(t, other).arm(&p.ImportToken, good))
		refused(t, "another "+what+"'s token", err, apc.ErrResourceNotFound, "token")
	}
	clock.Advance(30 * day)
	_, err := importToken(eng.Caller, h.arm(&p.ImportToken, good))
	refused(t, "an expired token", err, apc.ErrValidation, "token-expired")
}

// TestVersionAndLengthOfATokenHeaderMeanNothing: TR-34 has the header for its attributes alone.
func TestVersionAndLengthOfATokenHeaderMeanNothing(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	h := newHost(t, eng.Caller)
	p := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeTR34KeyBlock, apc.KeyAlgorithmRSA2048, false)
	for _, begin := range []string{"A0256", "B0000", "D9999", "10016", "Z----"} {
		block := h.seal(t, p.WrappingKeyCertificate, func(s *tr34.Sealing) { s.Header = begin + "K0TB00N0000" }, testrig.Hex(tdesKey))
		if k, err := importToken(eng.Caller, h.arm(&p.ImportToken, block)); err != nil || k.Exportable {
			t.Errorf("%s: got %+v, %v, want a key that is not exportable", begin, k, err)
		}
	}
}

func TestAnAESKeyMayBeUnderATDESContentKey(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	h := newHost(t, eng.Caller)
	p := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeTR34KeyBlock, apc.KeyAlgorithmRSA3072, false)
	block := h.seal(t, p.WrappingKeyCertificate, func(s *tr34.Sealing) { s.Header, s.Cipher = headerOf[apc.KeyAlgorithmAES128], tr34.TDESCBC },
		testrig.Hex(aesKey))
	if k, err := importToken(eng.Caller, h.arm(&p.ImportToken, block)); err != nil || k.KeyAttributes.KeyAlgorithm != apc.KeyAlgorithmAES128 {
		t.Errorf("got %+v, %v, want an AES_128 key", k, err)
	}
}

// TestKeyTokenWithoutAHeaderIsRefusedForIt has another attribute in the place of the header, signed by the KDH.
func TestKeyTokenWithoutAHeaderIsRefusedForIt(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	h := newHost(t, eng.Caller)
	p := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeTR34KeyBlock, apc.KeyAlgorithmRSA2048, false)
	token := testrig.Hex(h.seal(t, p.WrappingKeyCertificate, nil, testrig.Hex(tdesKey)))
	data := []byte{0x06, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 1} // the attribute's identifier
	at := bytes.LastIndex(token, data)
	token[at+len(data)-1] = 9
	signed := token[bytes.Index(token, []byte{0x30, 24, 0x06, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 3})-3:] // from [0] on
	signed = append([]byte{0x31}, signed[1:3+int(signed[2])]...)
	sum := sha256.Sum256(signed)
	signature, err := h.kdh.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	copy(token[len(token)-len(signature):], signature)
	_, err = importToken(eng.Caller, h.arm(&p.ImportToken, strings.ToUpper(hex.EncodeToString(token))))
	r := refused(t, "a token without a header", err, apc.ErrValidation, apc.RuleHeader)
	if got, want := r.Reasons[0].Problem, core.ProblemTokenNoHeader; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
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

// TestMaterialCorruptedAtAnyByteIsRefused: by the engine's own error, with a
// reason, and nothing is stored.
func TestMaterialCorruptedAtAnyByteIsRefused(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	h := newHost(t, eng.Caller)
	tokens := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeTR34KeyBlock, apc.KeyAlgorithmRSA2048, false)
	keyToken := h.seal(t, tokens.WrappingKeyCertificate, nil, testrig.Hex(tdesKey))
	before := countKeys(t, eng.Caller)
	for what, c := range map[string]struct {
		digits string
		do     func(digits string) error
	}{
		"key token": {keyToken, func(s string) error { _, err := importToken(eng.Caller, h.arm(&tokens.ImportToken, s)); return err }},
		"signer's certificate": {hex.EncodeToString(h.kdh.certificate.Raw), func(s string) error {
			arm := h.arm(&tokens.ImportToken, keyToken)
			arm.SigningKeyCertificate = certificateText(testrig.Hex(s))
			_, err := importToken(eng.Caller, arm)
			return err
		}},
	} {
		for i := 0; i < len(c.digits); i += 2 {
			spoiled := testrig.Hex(c.digits)
			spoiled[i/2] ^= 0xA5 // not 2: version 3 of the SignedData is as good as 1, and not signed
			err := c.do(strings.ToUpper(hex.EncodeToString(spoiled)))
			refusal, ok := errors.AsType[*apc.Error](err)
			if !ok || refusal.Code != apc.ErrValidation || len(refusal.Reasons) == 0 || refusal.Reasons[0].Rule == "" {
				t.Errorf("%s, byte %d changed: %v", what, i/2, err)
			}
		}
	}
	if n := countKeys(t, eng.Caller); n != before {
		t.Errorf("%d keys were stored", n-before)
	}
}
