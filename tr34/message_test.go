package tr34

import (
	"bytes"
	"errors"
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

// TestParseNamesTheSignedAttributeThatIsMissing, of the two that CMS asks for.
func TestParseNamesTheSignedAttributeThatIsMissing(t *testing.T) {
	p := newParties(t)
	for attribute, want := range map[int]string{
		atType:   "content type among the signed attributes",
		atDigest: "message digest among the signed attributes",
	} {
		root := takeApart(t, p.seal(t, p.sealing(LayoutRFC)))
		drop(inAttributes, attribute)(root)
		_, err := Parse(root.bytes())
		if got, ok := errors.AsType[*Error](err); !ok || got.Problem != problemPart || got.Wanted != want {
			t.Errorf("got %v, want the part that is missing: %s", err, want)
		}
	}
}
