package probe

import (
	"encoding/json"
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
