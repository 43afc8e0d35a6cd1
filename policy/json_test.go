package policy

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig/ratio"
)

func TestParseRefusesTextThatIsNotUTF8(t *testing.T) {
	got := refusal(t, Identity, "{\"Id\":\"\xFF\"}")
	if want := (Error{Offset: 7, Problem: problemUTF8}); *got != want {
		t.Errorf("got %+v, want %+v", *got, want)
	}
}

// outline is a value with the paths and places of all that is in it.
func outline(n *node) string {
	out := fmt.Sprintf("%s@%d", n.path(), n.offset)
	switch n.form {
	case isObject:
		for _, m := range n.members {
			out += fmt.Sprintf(" {%s@%d %s}", m.name, m.offset, outline(m.value))
		}
	case isArray:
		for _, item := range n.items {
			out += " [" + outline(item) + "]"
		}
	default:
		out += " " + formNames[n.form] + " " + n.text
	}
	return out
}

// TestValuesHaveTheirPathsAndPlaces: a place is counted in characters, and is that of the first one of a name or a value.
func TestValuesHaveTheirPathsAndPlaces(t *testing.T) {
	for text, want := range map[string]string{
		`null`:                         "@0 null ",
		" \t\r\n true ":                "@5 a boolean true",
		`-1.50e+3`:                     "@0 a number -1.50e+3",
		`"a\u00e4\"b"`:                 "@0 a string aä\"b",
		`[]`:                           "@0",
		`[ 1 ,[false] ]`:               "@0 [[0]@2 a number 1] [[1]@5 [[1][0]@6 a boolean false]]",
		`{"ä":"€","b" : {"c":[null]}}`: "@0 {ä@1 ä@5 a string €} {b@9 b@15 {c@16 b.c@20 [b.c[0]@21 null ]}}",
		`{"":{"x":1}}`:                 "@0 {@1 @4 {x@5 x@9 a number 1}}",
	} {
		n, err := readJSON(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := outline(n); got != want {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
	}
}

// TestReadingGrowsWithTheLength of the text, not with its square.
func TestReadingGrowsWithTheLength(t *testing.T) {
	for name, text := range map[string]func(n int) string{
		"a list":              func(n int) string { return "[" + strings.Repeat("1,", n) + "1]" },
		"a list under a name": func(n int) string { return `{"` + strings.Repeat("a", n) + `":[` + strings.Repeat("1,", n) + "1]}" },
		"an object": func(n int) string {
			var members strings.Builder
			for i := range n {
				fmt.Fprintf(&members, `"%06d":1,`, i)
			}
			return "{" + members.String() + `"":1}`
		},
	} {
		read := func(text string) func() {
			return func() {
				if _, err := readJSON(text); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
		}
		if got := ratio.Growth(read(text(1_000)), read(text(16_000))); got > 64 {
			t.Errorf("%s, 16 times as long: it took %.0f times as long", name, got)
		}
	}
}

// TestValuesAreAsDeepAsAPolicyNeeds, and not deeper.
func TestValuesAreAsDeepAsAPolicyNeeds(t *testing.T) {
	for _, c := range []struct{ before, after string }{{"[", "]"}, {`{"a":`, "}"}} {
		nested := func(n int) string { return strings.Repeat(c.before, n) + "1" + strings.Repeat(c.after, n) }
		if _, err := readJSON(nested(maxDepth)); err != nil {
			t.Errorf("%s: %v", nested(maxDepth), err)
		}
		want := &Error{Offset: maxDepth * len(c.before), Problem: problemDepth}
		_, err := readJSON(nested(maxDepth + 1))
		if got, ok := errors.AsType[*Error](err); !ok || got.Problem != want.Problem || got.Offset != want.Offset {
			t.Errorf("%s: got %v, want %v", nested(maxDepth+1), err, want)
		}
	}
}

// TestTextThatIsNoJSONIsRefusedAtItsFault has names that are there twice, too.
func TestTextThatIsNoJSONIsRefusedAtItsFault(t *testing.T) {
	for text, want := range map[string]Error{
		``:                        {Offset: 0, Problem: problemSyntax},
		`{"a":1`:                  {Offset: 6, Problem: problemSyntax},
		`{"ä":x}`:                 {Offset: 5, Problem: problemSyntax},
		`{} {}`:                   {Offset: 3, Problem: problemSyntax},
		`{"a":01}`:                {Offset: 6, Problem: problemSyntax},
		"\"ä\xFF\"":               {Offset: 2, Problem: problemUTF8},
		"\"\uFFFD\xFF\"":          {Offset: 2, Problem: problemUTF8},
		`{"ä":{"b":1,"b":2}}`:     {Path: "ä.b", Offset: 12, Problem: problemTwice, Found: "b"},
		`{"a":1,"\u0061":2}`:      {Path: "a", Offset: 7, Problem: problemTwice, Found: "a"},
		`[{"a":1},{"a":1,"a":2}]`: {Path: "[1].a", Offset: 16, Problem: problemTwice, Found: "a"},
	} {
		_, err := readJSON(text)
		if got, ok := errors.AsType[*Error](err); !ok || *got != want {
			t.Errorf("%q: got %+v, want %+v", text, err, want)
		}
	}
}
