package tr34

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
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
			ours := checkLikeOurs(t, v.token(t), unhex(t, v.Key), v.certificate(t, v.KRDCert))
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

// example is an entry of aws-examples.json.
type example struct {
	ID     string `json:"id"`
	Values struct {
		WrappedKeyBlock       string `json:"WrappedKeyBlock"`
		KeyMaterial           string `json:"KeyMaterial"`
		SigningKeyCertificate string `json:"SigningKeyCertificate"`
		Header                string `json:"header"`
	} `json:"values"`
}

// awsExample finds what the service itself made, as its documentation prints it.
func awsExample(t *testing.T, id string) example {
	t.Helper()
	dir := os.Getenv("APCSIM_SPEC")
	if dir == "" {
		t.Skip("APCSIM_SPEC names no folder of facts")
	}
	text, err := os.ReadFile(filepath.Join(dir, "aws-examples.json"))
	if err != nil {
		t.Skip(err)
	}
	var all struct{ Examples []json.RawMessage }
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	for _, raw := range all.Examples {
		var e example
		if json.Unmarshal(raw, &e); e.ID == id {
			return e
		}
	}
	t.Fatalf("aws-examples.json has no %s", id)
	return example{}
}

func TestX9TR342012IsThatOfTheServiceElementForElement(t *testing.T) {
	for id, key := range map[string][]byte{"tr34-import-cli": make([]byte, 16), "tr34-export-cli": make([]byte, 24)} {
		t.Run(id, func(t *testing.T) {
			e := awsExample(t, id)
			// The last digits of one block are overprinted; they are of the signature.
			text := strings.Replace(e.Values.WrappedKeyBlock+e.Values.KeyMaterial, "EXAMPLE", "0000000", 1)
			der, err := hex.DecodeString(text)
			if err != nil {
				t.Fatal(err)
			}
			checkLikeOurs(t, der, key, newParties(t).krd)
			if token, _ := Parse(der); token.Header != e.Values.Header {
				t.Errorf("got header %q, want %q", token.Header, e.Values.Header)
			}
		})
	}
}

func TestTokenOfTheServiceVerifies(t *testing.T) {
	e := awsExample(t, "tr34-import-cli")
	armoured, err := base64.StdEncoding.DecodeString(e.Values.SigningKeyCertificate)
	if err != nil {
		t.Fatal(err)
	}
	kdh, err := x509.ParseCertificate(unarmoured(t, armoured))
	if err != nil {
		t.Fatal(err)
	}
	token, err := Parse(unhex(t, e.Values.WrappedKeyBlock))
	if err != nil {
		t.Fatal(err)
	}
	check := &Check{KDH: kdh, KRD: disguised(token.Recipient, kdh), Now: token.SigningTime, CRL: CRLOptional}
	if err := token.Verify(check); err != nil {
		t.Error(err)
	}
	if want := time.Date(2023, 6, 9, 23, 39, 46, 0, time.UTC); !token.SigningTime.Equal(want) {
		t.Errorf("got %v, want %v", token.SigningTime, want)
	}
	check.CRL = CRLStandard
	checkRefused(t, token.Verify(check), ErrCRL)
	check.Now = kdh.NotAfter.Add(time.Second)
	checkRefused(t, token.Verify(check), ErrCertificate)
}
