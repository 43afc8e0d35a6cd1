package tr34

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// drawn are the elements of LayoutX9TR342012 that are another each time.
var drawn = []string{
	".1.0.2.1.0.1.0.3: value", // encrypted content key
	".1.0.2.1.0.2.1.1: value", // IV
	".1.0.2.1.0.2.1.2: value", // ciphertext
	".1.0.3.0.3.3.1.0: value", // message digest
	".1.0.3.0.5: value",       // signature
}

// disguised is a certificate that names somebody else and has the key of one of
// ours, so that a token of ours can be like another in every other respect.
func disguised(id IssuerSerial, ours *x509.Certificate) *x509.Certificate {
	return &x509.Certificate{RawIssuer: id.Issuer, SerialNumber: id.Serial, PublicKey: ours.PublicKey,
		NotBefore: ours.NotBefore, NotAfter: ours.NotAfter}
}

// checkLikeOurs walks another's token and ours side by side: every tag, every
// length and every value that is not drawn must be the same.
func checkLikeOurs(t *testing.T, theirs, key []byte, krd *x509.Certificate) []byte {
	t.Helper()
	p := newParties(t)
	token, err := Parse(theirs)
	if err != nil {
		t.Fatal(err)
	}
	if token.Layout != LayoutX9TR342012 {
		t.Fatalf("got %s", token.Layout)
	}
	ours, err := Seal(&Sealing{
		Layout: LayoutX9TR342012, KDH: disguised(token.Signer, p.kdh), Signer: p.kdhKey, KRD: disguised(token.Recipient, krd),
		Header: token.Header, Cipher: token.Cipher, Nonce: token.Nonce, SigningTime: token.SigningTime, CRL: token.CRL,
	}, key)
	if err != nil {
		t.Fatal(err)
	}
	if got := differences(takeApart(t, theirs), takeApart(t, ours), ""); !slices.Equal(got, drawn) {
		t.Errorf("they differ at %q, want %q\ntheirs %X\nours   %X", got, drawn, theirs, ours)
	}
	return ours
}

// The AWS sample for importing keys made the one; the sample for exporting
// compares element by element.
func TestX9TR342012IsThatOfTheSampleElementForElement(t *testing.T) {
	for _, v := range made(t) {
		if v.Layout != "aws2012" || v.Expect != accepted {
			continue
		}
		t.Run(v.ID, func(t *testing.T) {
			ours := checkLikeOurs(t, v.token(t), testrig.Hex(v.Key), v.certificate(t, v.KRDCert))
			krd := v.privateKey(t, v.KRDKey)
			if got, want := plainOf(t, ours, krd), plainOf(t, v.token(t), krd); !bytes.Equal(got, want) {
				t.Errorf("decrypted: got %X, want %X", got, want)
			}
		})
	}
}

// plainOf decrypts what a token encrypts, padding and all.
func plainOf(t *testing.T, der []byte, krd *rsa.PrivateKey) []byte {
	t.Helper()
	token, err := Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	_, plain, err := token.decrypt(krd)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// awsExamples are what the service itself made, as its documentation prints it, by
// id; none where there is no folder of facts.
func awsExamples(t *testing.T) map[string]awsExample {
	t.Helper()
	all := testrig.Facts[struct{ Examples []json.RawMessage }](t, "aws-examples.json").Examples
	if all == nil {
		return nil
	}
	found := map[string]awsExample{}
	for _, raw := range all {
		var e struct {
			ID     string
			Values awsExample
		}
		if json.Unmarshal(raw, &e) == nil && strings.HasPrefix(e.ID, "tr34-") {
			found[e.ID] = e.Values
		}
	}
	if len(found) == 0 {
		t.Fatal("aws-examples.json has no TR-34 example")
	}
	return found
}

type awsExample struct {
	WrappedKeyBlock, KeyMaterial, SigningKeyCertificate, Header string
}

// token is the key token of an example. The last digits of one are overprinted;
// they are of the signature.
func (e awsExample) token(t *testing.T) []byte {
	t.Helper()
	return testrig.Hex(strings.Replace(e.WrappedKeyBlock+e.KeyMaterial, "EXAMPLE", "0000000", 1))
}

func TestX9TR342012IsThatOfTheServiceElementForElement(t *testing.T) {
	all := awsExamples(t)
	for id, key := range map[string][]byte{"tr34-import-cli": make([]byte, 16), "tr34-export-cli": make([]byte, 24)} {
		if all == nil {
			return // our own vectors of this layout are compared above
		}
		der := all[id].token(t)
		checkLikeOurs(t, der, key, newParties(t).krd)
		if token, _ := Parse(der); token.Header != all[id].Header {
			t.Errorf("%s: got header %q, want %q", id, token.Header, all[id].Header)
		}
	}
}

// TestTokensOfX9TR342012Verify checks our own vector of the layout and, where it is
// present, a token that the service made.
func TestTokensOfX9TR342012Verify(t *testing.T) {
	for _, v := range made(t) {
		if v.Layout == "aws2012" && v.Expect == accepted {
			checkVerifies(t, v.token(t), v.certificate(t, v.SignerCert))
		}
	}
	e, ok := awsExamples(t)["tr34-import-cli"]
	if !ok {
		return
	}
	armoured, err := base64.StdEncoding.DecodeString(e.SigningKeyCertificate)
	if err != nil {
		t.Fatal(err)
	}
	kdh, err := x509.ParseCertificate(unarmoured(t, armoured))
	if err != nil {
		t.Fatal(err)
	}
	token := checkVerifies(t, e.token(t), kdh)
	if want := time.Date(2023, 6, 9, 23, 39, 46, 0, time.UTC); !token.SigningTime.Equal(want) {
		t.Errorf("got %v, want %v", token.SigningTime, want)
	}
}

// checkVerifies verifies a token without a CRL. It must be refused where the
// standard wants a CRL, in a token of one pass, and where its signer has expired.
func checkVerifies(t *testing.T, der []byte, kdh *x509.Certificate) *Token {
	t.Helper()
	token, err := Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	at := token.SigningTime
	if at.IsZero() { // a token of two passes has a nonce in its place
		at = vectorTime
	}
	check := &Check{KDH: kdh, KRD: disguised(token.Recipient, kdh), Now: at, Nonce: token.Nonce, CRL: CRLOptional}
	if err := token.Verify(check); err != nil {
		t.Error(err)
	}
	if !token.SigningTime.IsZero() {
		check.CRL = CRLStandard
		checkRefused(t, token.Verify(check), ErrCRL)
	}
	check.Now = kdh.NotAfter.Add(time.Second)
	checkRefused(t, token.Verify(check), ErrCertificate)
	return token
}
