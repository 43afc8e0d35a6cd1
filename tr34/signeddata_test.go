package tr34

import (
	"bytes"
	"testing"
)

// The parts that were read, written again, are the message.
func TestParsedMessagesEncodeByteForByte(t *testing.T) {
	checkEncodes := func(t *testing.T, m *message, der []byte) {
		t.Helper()
		if got, err := m.signedData.encode(); err != nil || !bytes.Equal(got, der) {
			t.Errorf("got  %X, %v\nwant %X", got, err, der)
		}
	}
	eachVector(t, isToken, func(t *testing.T, v vector) {
		der := v.token(t)
		got, err := Parse(der)
		if err != nil {
			return
		}
		checkEncodes(t, got.message, der)
		if content, err := got.envelope.content(); err != nil || !bytes.Equal(content, got.message.content) {
			t.Errorf("envelope: got  %X, %v\nwant %X", content, err, got.message.content)
		}
	})
	eachVector(t, isBinding, func(t *testing.T, v vector) {
		got, err := ParseBinding(v.token(t))
		if err != nil {
			t.Fatal(err)
		}
		checkEncodes(t, got.message, v.token(t))
	})
	eachVector(t, isCredential, func(t *testing.T, v vector) {
		c, err := ParseCredential(v.token(t))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := newCredential(c); err != nil || !bytes.Equal(got, v.token(t)) {
			t.Errorf("got %X, %v", got, err)
		}
	})
	eachVector(t, isRandom, func(t *testing.T, v vector) {
		nonce, err := ParseRandom(v.token(t))
		if err != nil || !bytes.Equal(nonce, v.nonce(t)) {
			t.Fatalf("got %X, %v, want %s", nonce, err, v.Nonce)
		}
		if got, err := newRandom(nonce); err != nil || !bytes.Equal(got, v.token(t)) {
			t.Errorf("got %X, %v", got, err)
		}
	})
}

// The KDH credential of annex B has its CRL at the end, against RFC 5652.
func TestParseCredentialTakesTheCRLBehindTheSigners(t *testing.T) {
	p := newParties(t)
	der, err := newCredential(&Credential{p.kdh.Raw, p.crl})
	if err != nil {
		t.Fatal(err)
	}
	root := takeApart(t, der)
	kids := root.at(inSignedData...).kids
	kids[4], kids[5] = kids[5], kids[4]
	got, err := ParseCredential(root.bytes())
	if err != nil || !bytes.Equal(got.CRL, p.crl) || !bytes.Equal(got.Certificate, p.kdh.Raw) {
		t.Errorf("got %v, %v", got, err)
	}
}
