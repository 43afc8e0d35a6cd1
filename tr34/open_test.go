package tr34

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"testing"
)

// forge is a well signed token of LayoutStandard with what Seal would not put
// into it: any plaintext of whole blocks, encrypted under the one key while the
// other is sent.
func (p *parties) forge(t *testing.T, c Cipher, plain, contentKey, sent []byte) []byte {
	t.Helper()
	e := envelope{recipient: NameOf(p.krd), cipher: c, iv: make([]byte, ciphers[c].block), sealed: bytes.Clone(plain)}
	if err := e.encrypt(contentKey); err != nil {
		t.Fatal(err)
	}
	var err error
	if e.wrapped, err = wrap(&p.krdKey.PublicKey, sent); err != nil {
		t.Fatal(err)
	}
	m := signedData{version: 1, digests: 1, contentType: oidEnveloped}
	if m.content, err = e.content(); err != nil {
		t.Fatal(err)
	}
	if err := m.sign(p.kdh, p.kdhKey, &attributes{nonce: testNonce, header: []byte(testHeader)}, true); err != nil {
		t.Fatal(err)
	}
	der, err := m.encode()
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// forgePlain is forge with one content key.
func (p *parties) forgePlain(t *testing.T, c Cipher, plain []byte) []byte {
	t.Helper()
	key := make([]byte, ciphers[c].key)
	return p.forge(t, c, plain, key, key)
}

// device is a Decrypter that reports an error, or decrypts and records what it was asked.
type device struct {
	crypto.Decrypter
	report error
	asked  crypto.DecrypterOpts
	gave   []byte
}

func (d *device) Decrypt(r io.Reader, sealed []byte, o crypto.DecrypterOpts) ([]byte, error) {
	if d.asked = o; d.report != nil {
		return nil, d.report
	}
	var err error
	d.gave, err = d.Decrypter.Decrypt(r, sealed, o)
	return d.gave, err
}

func TestOpenDistinguishesADeviceOutOfReachFromAFailedDecryption(t *testing.T) {
	p := newParties(t)
	token, c := p.twoPass(t, nil)
	for _, err := range []error{rsa.ErrDecryption, fmt.Errorf("device: %w", rsa.ErrDecryption), fmt.Errorf("device: %w", ErrOAEP)} {
		_, got := token.Open(&device{report: err}, c)
		checkRefused(t, got, ErrOAEP)
	}
	for _, err := range []error{errDevice, context.Canceled} {
		var e *Error
		if _, got := token.Open(&device{report: err}, c); !errors.Is(got, err) || errors.As(got, &e) {
			t.Errorf("got %v, want %v without a class", got, err)
		}
	}
	_, err := token.Open(p.krd2Key, c)
	checkRefused(t, err, ErrOAEP)
	_, err = token.Open(nil, c)
	checkRefused(t, err, ErrOAEP)
}

func TestOpenAsksForOAEPWithSHA256AndClearsTheContentKey(t *testing.T) {
	p := newParties(t)
	token, c := p.twoPass(t, nil)
	d := &device{Decrypter: p.krdKey}
	if _, err := token.Open(d, c); err != nil {
		t.Fatal(err)
	}
	o, ok := d.asked.(*rsa.OAEPOptions)
	if !ok || o.Hash != crypto.SHA256 || o.MGFHash != crypto.SHA256 || o.Label != nil {
		t.Errorf("asked for %#v", d.asked)
	}
	if !bytes.Equal(d.gave, make([]byte, 24)) {
		t.Error("the content key is still there")
	}
}

func TestNothingIsDecryptedBeforeTheTokenIsVerified(t *testing.T) {
	p := newParties(t)
	token, c := p.twoPass(t, nil)
	c.Nonce = []byte("another")
	d := &device{Decrypter: p.krdKey}
	_, err := token.Open(d, c)
	checkRefused(t, err, ErrNonce)
	if d.asked != nil {
		t.Error("the private key was used")
	}
}
