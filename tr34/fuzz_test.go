package tr34

import (
	"bytes"
	"crypto"
	"errors"
	"flag"
	"io"
	"testing"
)

// checkFuzzed holds that a refusal is an *Error.
func checkFuzzed(t *testing.T, der []byte, err error) {
	t.Helper()
	var e *Error
	if err != nil && (!errors.As(err, &e) || e.Class == "" || e.Problem == "") {
		t.Fatalf("%X: got %#v", der, err)
	}
}

// minimizeBriefly holds the fuzzer to what it is for. Its seeds are messages of
// two thousand bytes; to make one shorter that reached something new it tries as
// many as the square of that, for a minute, unless a flag says otherwise.
func minimizeBriefly(f *testing.F) {
	f.Helper()
	const name = "test.fuzzminimizetime"
	if given := flag.Lookup(name); given == nil || given.Value.String() != given.DefValue {
		return
	}
	if err := flag.Set(name, "100x"); err != nil {
		f.Fatal(err)
	}
}

// FuzzParse holds that a token is refused with an *Error, or that its parts
// encode to the same token, and that Verify returns from it. No private key is
// used: what is drawn would make every run look new to the fuzzer.
func FuzzParse(f *testing.F) {
	minimizeBriefly(f)
	p := newParties(f)
	for _, v := range made(f) {
		if isToken(v) {
			f.Add(v.token(f))
		}
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		token, err := Parse(der)
		if err != nil {
			checkFuzzed(t, der, err)
			return
		}
		if !bytes.Equal(token.Bytes(), der) || token.Header != "" && !isHeader(token.Header) {
			t.Fatalf("got %X, header %q, from %X", token.Bytes(), token.Header, der)
		}
		c := p.check()
		c.CRL, c.Nonce = CRLOptional, token.Nonce
		checkFuzzed(t, der, token.Verify(c))
		checkReencoded(t, der, token)
	})
}

// checkReencoded holds that what the parts encode to reads as the same token.
func checkReencoded(t *testing.T, der []byte, token *Token) {
	t.Helper()
	m := *token.message.signedData
	var err error
	if m.content, err = token.envelope.content(); err != nil {
		t.Fatalf("%X: %v", der, err)
	}
	out, err := m.encode()
	if err != nil {
		return // a few bytes longer than what is read
	}
	again, err := Parse(out)
	if err != nil {
		t.Fatalf("%X, from %X: %v", out, der, err)
	}
	same := again.Layout == token.Layout && again.Cipher == token.Cipher && again.Header == token.Header &&
		again.SigningTime.Equal(token.SigningTime) && bytes.Equal(again.Nonce, token.Nonce) && bytes.Equal(again.CRL, token.CRL) &&
		again.Signer.String() == token.Signer.String() && again.Recipient.String() == token.Recipient.String()
	if !same {
		t.Fatalf("got %+v from %X\nwant %+v from %X", again, out, token, der)
	}
}

// FuzzKeyBlock holds that what a token encrypts is refused with an *Error, or
// written as it was read.
func FuzzKeyBlock(f *testing.F) {
	p := newParties(f)
	for version := range 2 {
		for _, n := range []int{16, 24, 32, 200} {
			f.Add(p.keyBlockOf(f, version, n), true)
		}
	}
	f.Fuzz(func(t *testing.T, plain []byte, padded bool) {
		if padded {
			n := 8 - len(plain)%8
			plain = append(bytes.Clone(plain), bytes.Repeat([]byte{byte(n)}, n)...)
		}
		if len(plain) < 8 {
			return
		}
		block, err := unpad(plain, 8)
		if err != nil {
			checkFuzzed(t, plain, err)
			return
		}
		var found bool
		for version := range 2 {
			out, err := block.padded(version, 8)
			found = found || err == nil && bytes.HasPrefix(out, plain)
		}
		if !found {
			t.Fatalf("%X is not written again", plain)
		}
	})
}

// stamp signs without a private key, and the same each time.
type stamp struct{ public crypto.PublicKey }

func (s stamp) Public() crypto.PublicKey { return s.public }
func (s stamp) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return make([]byte, 256), nil
}

// FuzzOther does the same for the other messages.
func FuzzOther(f *testing.F) {
	minimizeBriefly(f)
	p := newParties(f)
	for _, v := range made(f) {
		if !isToken(v) {
			f.Add(v.token(f))
		}
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		nonce, err := ParseRandom(der)
		checkFuzzed(t, der, err)
		if err == nil && checkNonce(nonce) == nil {
			if out, err := newRandom(nonce); err != nil || !bytes.Equal(out, der) {
				t.Fatalf("got %X, %v from %X", out, err, der)
			}
		}
		credential, err := ParseCredential(der)
		checkFuzzed(t, der, err)
		if err == nil {
			checkCredential(t, der, credential)
		}
		b, err := ParseBinding(der)
		checkFuzzed(t, der, err)
		if err == nil {
			_, _, c := p.signer(b.Kind)
			c.CRL, c.Nonce = CRLOptional, b.Nonce
			checkFuzzed(t, der, b.Verify(c))
			checkBinding(t, p, b)
		}
	})
}

func checkCredential(t *testing.T, der []byte, c *Credential) {
	t.Helper()
	out, err := newCredential(c)
	if err != nil {
		checkFuzzed(t, der, err)
		return
	}
	again, err := ParseCredential(out)
	if err != nil || !bytes.Equal(again.Certificate, c.Certificate) || !bytes.Equal(again.CRL, c.CRL) {
		t.Fatalf("got %v, %v from %X", again, err, der)
	}
}

// checkBinding writes what was read, and reads it again.
func checkBinding(t *testing.T, p *parties, b *Binding) {
	t.Helper()
	signer, _, _ := p.signer(b.Kind)
	out, err := newBinding(b, signer, stamp{signer.PublicKey})
	if err != nil {
		checkFuzzed(t, b.Bytes(), err)
		return
	}
	again, err := ParseBinding(out)
	if err != nil {
		t.Fatalf("%X, from %X: %v", out, b.Bytes(), err)
	}
	if again.Kind != b.Kind || again.KRD.String() != b.KRD.String() || !bytes.Equal(again.NewKDH, b.NewKDH) ||
		!bytes.Equal(again.Nonce, b.Nonce) {
		t.Fatalf("got %+v from %X\nwant %+v", again, out, b)
	}
}
