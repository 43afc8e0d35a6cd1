package probe

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/facts"
	"github.com/seed748fb4d1/apcsim/internal/guesses"
)

// TestEveryGuessHasItsProbe finds a guess that calls can decide and no probe does.
func TestEveryGuessHasItsProbe(t *testing.T) {
	deciders := Deciders()
	for _, s := range guesses.All() {
		if s.Kind() != guesses.Guessed {
			continue
		}
		if has := len(deciders[s.ID]) > 0; has == (s.Calls != "") {
			t.Errorf("%s: probes %v, and why calls cannot decide it is %q: want one of the two", s.ID, deciders[s.ID], s.Calls)
		}
	}
	if n := len(All()); n < 60 {
		t.Errorf("%d probes, want 60 at least", n)
	}
}

func TestEachProbeIsWhole(t *testing.T) {
	names := map[string]bool{}
	for _, p := range All() {
		if names[p.Name] {
			t.Errorf("%s is there twice", p.Name)
		}
		names[p.Name] = true
		if len(p.Decides) == 0 || len(p.Checks) == 0 {
			t.Errorf("%s decides %v by %v: want some of both", p.Name, p.Decides, p.Checks)
		}
		ids := p.Decides
		for _, c := range p.Checks {
			if c.ID != "" {
				ids = append(ids, c.ID)
			}
		}
		for _, id := range ids {
			if _, ok := guesses.Named(id); !ok {
				t.Errorf("%s: there is no statement %s", p.Name, id)
			}
		}
		for _, s := range p.Steps {
			checkMembers(t, &p, &s)
		}
	}
}

// checkMembers finds members of a request that the service's description does not have.
func checkMembers(t *testing.T, p *Probe, s *Step) {
	t.Helper()
	op := operationOf(s.Do)
	if op == nil || s.Raw == "" {
		return
	}
	plane := facts.Control()
	if plane.Operation(s.Do) == nil {
		plane = facts.Data()
	}
	var input any
	if err := json.Unmarshal([]byte(s.Raw), &input); err != nil {
		t.Fatalf("%s: %s: %v", p.Name, s.Text, err)
	}
	for _, path := range unknownMembers(plane, op.Input, input) {
		t.Errorf("%s: %s has no member %s: %s", p.Name, s.Do, path, s.Text)
	}
}

func unknownMembers(plane *facts.Service, shape string, v any) (out []string) {
	of := plane.Shape(shape)
	object, isObject := v.(map[string]any)
	list, _ := v.([]any)
	for _, item := range list {
		out = append(out, unknownMembers(plane, of.Item, item)...)
	}
	if !isObject || !of.Structural() {
		return out
	}
	known := map[string]string{}
	for _, m := range of.Members {
		known[m.Name] = m.Shape
	}
	for name, value := range object {
		if known[name] == "" {
			out = append(out, name)
			continue
		}
		for _, inner := range unknownMembers(plane, known[name], value) {
			out = append(out, name+"."+inner)
		}
	}
	return out
}

func TestProbesThatAreRefused(t *testing.T) {
	for _, text := range []string{
		"  a = GetKey {}",
		"probe x: G-x\n  a = GetKee {}",
		"probe x: G-x\n  a = GetKey {",
		"probe x: G-x\n  a GetKey {}",
		"probe x: G-x\n  a = key P0 AES_128",
		"probe x: G-x\n  a = import P0 AES_128 EDWU",
		"probe x: G-x\n  a = GetKey {}\n  compare outcome b",
		"probe x: G-x\n  a = GetKey {}\n  compare colour a",
		"probe x: G-x\n  a = GetKey {}\n  compare prefix a.Key",
	} {
		if p, err := Parse(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, p)
		}
	}
}

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
