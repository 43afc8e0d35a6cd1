package tr34

import (
	"bytes"
	"testing"
)

func TestParseKeepsNothingOfItsInput(t *testing.T) {
	p := newParties(t)
	der := p.seal(t, p.sealing(LayoutStandard))
	want := bytes.Clone(der)
	token, err := Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	clear(der)
	clear(token.Bytes())
	clear(token.Nonce)
	if !bytes.Equal(token.Bytes(), want) {
		t.Error("the token changed with its input")
	}
	token.Header, token.Nonce, token.Recipient = "", nil, IssuerSerial{}
	if err := token.Verify(p.check()); err != nil {
		t.Error(err)
	}
}
