package shape

import (
	"errors"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
)

type holder struct{ Name string }

var name = Text{Min: 1, Max: 4, Pattern: `[a-z]+`}

func (p *holder) shape(s *Check) { s.Text("Name", p.Name, &name) }

// TestViolationsHaveTheirRuleAndPlace makes one violation at a time.
func TestViolationsHaveTheirRuleAndPlace(t *testing.T) {
	for _, c := range []struct {
		what  string
		check func(*Check)
		want  string
	}{
		{"a required string that is empty", func(s *Check) { s.Text("A", "", &name) }, "required A: the member is missing"},
		{"an optional string that is empty", func(s *Check) { s.MaybeText("A", new(""), &Text{Min: 1}) },
			"length A: the value is too short: found 0 characters, wanted at least 1 character"},
		{"a string that is too long", func(s *Check) { s.Text("A", "abcde", &name) },
			"length A: the value is too long: found 5 characters, wanted at most 4 characters"},
		{"a character of no pattern", func(s *Check) { s.Text("A", "aB", &name) },
			`pattern A: the value does not match the pattern of this member: found "B" at character 1, wanted [a-z]+`},
		{"a number below", func(s *Check) { s.MaybeNumber("A", new(0), 1, 5) }, "range A: the number is too small: found 0, wanted at least 1"},
		{"a number above", func(s *Check) { s.MaybeNumber("A", new(6), 1, 5) }, "range A: the number is too large: found 6, wanted at most 5"},
		{"no value of an enumeration", func(s *Check) { OneOf(s, "A", "", []string{"X", "Y"}) }, "required A: the member is missing"},
		{"an unknown value", func(s *Check) { OneOf(s, "A", "Z", []string{"X", "Y"}) },
			"enum A: the value is not one of those allowed: found \"Z\", wanted X or Y"},
		{"a value that could be a key", func(s *Check) { OneOf(s, "A", "0123456789ABCDEF", []string{"X"}) },
			"enum A: the value is not one of those allowed: found 16 characters, wanted X"},
		{"an optional value that is empty", func(s *Check) { MaybeOneOf(s, "A", new(""), []string{"X"}) },
			"enum A: the value is not one of those allowed: found an empty string, wanted X"},
		{"an absent list", func(s *Check) { s.Given("A", false) }, "required A: the member is missing"},
		{"a long list", func(s *Check) { s.Texts("A", make([]string, 3), 2, &name) },
			"length A: the list has too many items: found 3 items, wanted at most 2 items"},
		{"an item", func(s *Check) { s.Texts("A", []string{"a", ""}, 0, &name) }, "required A[1]: the member is missing"},
		{"a part", func(s *Check) { Inside(s, "A", &holder{}, (*holder).shape) }, "required A.Name: the member is missing"},
		{"a part of an item", func(s *Check) { Each(s, "A", []holder{{"a"}, {"B"}}, 2, (*holder).shape) },
			`pattern A[1].Name: the value does not match the pattern of this member: found "B" at character 0, wanted [a-z]+`},
		{"a key of a map", func(s *Check) { s.Map("A", map[string]string{"K": "a"}, &name, &name) },
			`pattern A.key: the value does not match the pattern of this member: found "K" at character 0, wanted [a-z]+`},
		{"a value of a map", func(s *Check) { s.Map("A", map[string]string{"k": ""}, &name, &name) }, "required A.k: the member is missing"},
		{"an empty union", func(s *Check) { s.ExactlyOne(Arm{"X", false}, Arm{"Y", false}) },
			"union : no member of the union is given: wanted exactly one"},
		{"a union of two", func(s *Check) { s.ExactlyOne(Arm{"X", true}, Arm{"Y", true}) },
			"union : more than one member of the union is given: found X, Y, wanted exactly one"},
	} {
		var s Check
		c.check(&s)
		refusal, ok := errors.AsType[*apc.Error](s.Err())
		if !ok || refusal.Code != apc.ErrValidation || len(refusal.Reasons) != 1 {
			t.Errorf("%s: got %v, want one violation", c.what, s.Err())
			continue
		}
		r := refusal.Reasons[0]
		if got := string(r.Rule) + " " + r.Field + ": " + strings.TrimPrefix(r.String(), r.Field+": "); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.what, got, c.want)
		}
	}
}

func TestWhatFitsIsNoViolation(t *testing.T) {
	var s Check
	s.Text("A", "abcd", &name)
	s.MaybeText("A", nil, &name)
	s.MaybeNumber("A", nil, 1, 5)
	s.MaybeNumber("A", new(5), 1, 5)
	OneOf(&s, "A", "X", []string{"X"})
	MaybeOneOf[string](&s, "A", nil, nil)
	s.Texts("A", []string{"a", "b"}, 2, &name)
	s.Map("A", map[string]string{"k": "v"}, &name, &name)
	Inside(&s, "A", nil, (*holder).shape)
	Inside(&s, "A", &holder{"a"}, (*holder).shape)
	s.ExactlyOne(Arm{"X", true}, Arm{"Y", false})
	s.Text("A", "", &Text{Max: 4})                                // the empty one fits
	s.Text("A", "", &Text{Pattern: `(token)?`})                   // here too
	s.Text("A", "éééé", &Text{Max: 4})                            // characters, not bytes
	s.Text("A", strings.Repeat("0", 1<<16), &Text{Pattern: `0+`}) // no limit
	if err := s.Err(); err != nil {
		t.Error(err)
	}
}

func TestViolationsBeyondAHundredAreCounted(t *testing.T) {
	var s Check
	s.Texts("A", make([]string, 1000), 0, &name)
	refusal, _ := errors.AsType[*apc.Error](s.Err())
	if refusal == nil || len(refusal.Reasons) != maxViolations {
		t.Fatalf("got %v, want %d reasons", refusal, maxViolations)
	}
	if !strings.HasPrefix(refusal.Message, "1000 validation errors detected: ") || !strings.HasSuffix(refusal.Message, "; and 900 more") {
		t.Errorf("message %.60s ... %s", refusal.Message, refusal.Message[len(refusal.Message)-20:])
	}
}
