package probe

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestChecksGiveTheirTexts(t *testing.T) {
	answers := map[string]*Answer{
		"a": {Status: 200, Body: map[string]any{"Key": map[string]any{"Enabled": true, "T": json.Number("5"), "U": json.Number("86405"),
			"Text": "D0112P0", "Certificate": "key: P-256\ndays: 90"}, "List": []any{"x", "y"}}},
		"b": {Status: 400, Exception: "ValidationException", Message: "it is so", Body: map[string]any{"Reason": "INVALID_MAC"}},
		"c": {Exception: "ValidationException", Partial: true},
	}
	for text, want := range map[string]string{
		"outcome a": "answered", "outcome b": "ValidationException", "status b": "400", "status c": notKnown,
		"text b is so": "says: is so", "text b is not": "does not say: is not", "text a x": "answered", "text c x": notKnown,
		"value a.Key.Enabled": "true", "value a.Key.None": "absent", "value b.Reason": `"INVALID_MAC"`,
		"value b.Key": "refused: ValidationException", "value c.Key": "refused: ValidationException", "value d.Key": notKnown,
		"member a.Key.T": "there", "member a.Key.V": "absent", "members a.Key": "Certificate Enabled T Text U",
		"length a.Key.Text": "7", "length a.List": "2", "prefix a.Key.Text 5": "D0112", "value a.List.1": `"y"`,
		"same a.Key.T a.Key.T": "the same", "same a.Key.T a.Key.U": "different", "order a.Key.T a.Key.U": "not after",
		"order a.Key.U a.Key.T": "after", "days a.Key.U a.Key.T": "1 days", "order a.Key.Enabled a.Key.T": "no time stamps",
		"certificate a.Key.Certificate days": "90", "certificate a.Key.Certificate issuer": "absent",
	} {
		c, err := parseCheck(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Eval(answers); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
	if !strings.Contains((&Probe{}).digest(), "e3b0") {
		t.Errorf("the digest of no steps: got %s", (&Probe{}).digest())
	}
}

func TestComparisonsThatAreNoneAreRefused(t *testing.T) {
	for _, text := range []string{"", " ", " @G-x", "outcome", "outcome @G-x", "outcome a b", "text a", "colour a", "same a.X", "prefix a.X"} {
		if c, err := parseCheck(text); err == nil {
			t.Errorf("%q: got %+v, want an error", text, c)
		}
	}
	c, err := parseCheck("text a.b  two  words @G-x")
	if err != nil || c.ID != "G-x" || c.Args[1] != "two words" || c.step() != "a" {
		t.Errorf("got %+v, %v", c, err)
	}
}
