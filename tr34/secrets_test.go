package tr34

import (
	"bytes"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig/canary"
)

// canaryKey is a key; what it looks like in print is looked for in all of its parts.
var canaryKey = []byte("canary-of-a-key!")

// refusals are one of each class after the signature, from tokens around the
// canary, and what Seal refuses of it.
func refusals(t *testing.T, p *parties) (all []error) {
	t.Helper()
	good := nodes(t, p.keyBlockOf(t, 1, 16))[0]
	good.at(2).data = canaryKey
	add := func(der []byte) {
		_, err := open(der, p.krdKey, p.check())
		all = append(all, err)
	}
	for _, c := range brokenKeyBlocks[:len(brokenKeyBlocks)-1] {
		root := good.clone()
		c.edit(root)
		plain := root.bytes()
		n := 8 - len(plain)%8
		add(p.forgePlain(t, TDESCBC, append(plain, bytes.Repeat([]byte{byte(n)}, n)...)))
		add(p.forgePlain(t, TDESCBC, append(plain, make([]byte, n)...)))
	}
	add(p.forge(t, AES128CBC, append(good.bytes(), make([]byte, 16)...)[:96], canaryKey, append(canaryKey, 0)))
	for _, l := range everyLayout {
		s := p.sealing(l)
		s.Header = "short"
		_, err := Seal(s, canaryKey)
		all = append(all, err)
		s = p.sealing(l)
		s.Signer = brokenSigner{p.kdhKey}
		_, err = Seal(s, canaryKey)
		all = append(all, err)
	}
	return all
}

func TestNothingPrintedShowsAKey(t *testing.T) {
	p := newParties(t)
	der, err := Seal(p.sealing(LayoutStandard), canaryKey)
	if err != nil {
		t.Fatal(err)
	}
	token, err := Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := token.Open(p.krdKey, p.check())
	if err != nil || !bytes.Equal(opened.Key, canaryKey) {
		t.Fatalf("got %v, %v", opened, err)
	}
	printed := canary.Printed(opened) + canary.Printed(*opened) + canary.Printed(token) + canary.Printed(
		*token,
	) + canary.Printed([]*Opened{opened})
	for _, err := range refusals(t, p) {
		if err == nil {
			t.Fatal("a refusal is missing")
		}
		printed += canary.Printed(err)
	}
	for i := 0; i+8 <= len(canaryKey); i++ {
		for _, form := range canary.Forms(canaryKey[i : i+8]) {
			if strings.Contains(printed, strings.TrimRight(form, "=")) {
				t.Errorf("%q is shown", form)
			}
		}
	}
}
