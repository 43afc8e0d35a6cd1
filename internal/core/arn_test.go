package core

import (
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/facts"
	"github.com/seed748fb4d1/apcsim/internal/shape"
)

// identifierShape is that of the service's KeyArnOrKeyAliasType.
var identifierShape = shape.Text{Min: 7, Max: 322, Pattern: facts.Control().Shape("KeyArnOrKeyAliasType").GoPattern()}

// FuzzIdentifier: what the shape lets pass is parsed, and written as it was read.
func FuzzIdentifier(f *testing.F) {
	home := goldenPlace
	for _, s := range []string{"alias/a", "alias/", "arn:aws:payment-cryptography:us-east-1:111122223333:key/kwapwa6qaifllw2h",
		"arn:aws:payment-cryptography:us-east-1:111122223333:alias/x/y", "arn:aws-cn:payment-cryptography:us-east-1:1:key/k",
		"kwapwa6qaifllw2h", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, ok := ParseIdentifier(s, home)
		if !identifierShape.Fits(s) {
			return
		}
		if !ok {
			t.Fatalf("%q fits the shape and does not parse", s)
		}
		if text := a.String(); text != s && text != arnPrefix+home.Region+":"+home.Account+":"+s {
			t.Fatalf("%q is written as %q", s, text)
		}
		if (a.Key == "") == (a.Alias == "") {
			t.Fatalf("%q names both or neither: %+v", s, a)
		}
	})
}
