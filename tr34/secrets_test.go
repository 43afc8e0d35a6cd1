package tr34

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// shown is everything a careless caller might print of a value.
func shown(v any) string {
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		fmt.Fprintf(&out, verb+"\n", v)
		fmt.Fprintf(&out, verb+"\n", struct{ Field any }{v})
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("text", "value", v)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "value", v)
	text, err := json.Marshal(v)
	fmt.Fprintln(&out, string(text), err)
	return out.String()
}

// forms are the ways in which bytes appear in print.
func forms(secret []byte) []string {
	numbers := strings.Trim(fmt.Sprint(secret), "[]")
	return []string{string(secret), hex.EncodeToString(secret), strings.ToUpper(hex.EncodeToString(secret)), numbers,
		base64.StdEncoding.EncodeToString(secret), strings.Trim(fmt.Sprintf("%#v", secret)[6:], "{}")}
}

// canary is a key; what it looks like in print is looked for in all of its parts.
var canary = []byte("canary-of-a-key!")

// refusals are one of each class after the signature, from tokens around the
// canary, and what Seal refuses of it.
func refusals(t *testing.T, p *parties) (all []error) {
	t.Helper()
	good := nodes(t, p.keyBlockOf(t, 1, 16))[0]
	good.at(2).data = canary
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
	add(p.forge(t, AES128CBC, append(good.bytes(), make([]byte, 16)...)[:96], canary, append(canary, 0)))
	for _, l := range everyLayout {
		s := p.sealing(l)
		s.Header = "short"
		_, err := Seal(s, canary)
		all = append(all, err)
		s = p.sealing(l)
		s.Signer = brokenSigner{p.kdhKey}
		_, err = Seal(s, canary)
		all = append(all, err)
	}
	return all
}

func TestNothingPrintedShowsAKey(t *testing.T) {
	p := newParties(t)
	der, err := Seal(p.sealing(LayoutStandard), canary)
	if err != nil {
		t.Fatal(err)
	}
	token, err := Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := token.Open(p.krdKey, p.check())
	if err != nil || !bytes.Equal(opened.Key, canary) {
		t.Fatalf("got %v, %v", opened, err)
	}
	printed := shown(opened) + shown(*opened) + shown(token) + shown(*token) + shown([]*Opened{opened})
	for _, err := range refusals(t, p) {
		if err == nil {
			t.Fatal("a refusal is missing")
		}
		printed += shown(err)
	}
	for i := 0; i+8 <= len(canary); i++ {
		for _, form := range forms(canary[i : i+8]) {
			if strings.Contains(printed, strings.TrimRight(form, "=")) {
				t.Errorf("%q is shown", form)
			}
		}
	}
}
