package shape

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/internal/facts"
)

// TestPatternsMatchAsPackageRegexp compares every pattern of both planes with the
// regular expression of the same meaning, on texts that fit, nearly fit and do not.
func TestPatternsMatchAsPackageRegexp(t *testing.T) {
	seen := map[string]bool{}
	for _, plane := range []*facts.Service{facts.Control(), facts.Data()} {
		for _, s := range plane.Shapes {
			if s.Pattern == "" || seen[s.Pattern] {
				continue
			}
			seen[s.Pattern] = true
			t.Run(s.Name, func(t *testing.T) { comparePattern(t, s) })
		}
	}
	if len(seen) < 20 {
		t.Errorf("%d patterns only", len(seen))
	}
}

func comparePattern(t *testing.T, s *facts.Shape) {
	expr, err := s.Regexp()
	if err != nil {
		t.Fatal(err)
	}
	p := compile(s.GoPattern())
	if p.other != nil {
		t.Errorf("%s is left to package regexp", s.Pattern)
	}
	fits := rapid.StringMatching(expr.String())
	odd := rapid.StringOf(rapid.RuneFrom([]rune("a0AZ9f-_/:[;@.é’ÿ\x00 \nG")))
	rapid.Check(t, func(t *rapid.T) {
		text := fits.Draw(t, "fits")
		for range rapid.IntRange(0, 2).Draw(t, "changes") {
			at := rapid.IntRange(0, len(text)).Draw(t, "at") // in the middle of a character too
			end := min(len(text), at+rapid.IntRange(0, 40).Draw(t, "cut"))
			text = text[:at] + odd.Draw(t, "odd") + text[end:]
		}
		if got, want := p.matches(text), expr.MatchString(text); got != want {
			t.Fatalf("%q: matches %t, %s says %t", text, got, expr, want)
		}
	})
}

func TestOtherPatternsAreLeftToPackageRegexp(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{`(?i)abc`, "ABC", true}, {`.a.`, "xax", true}, {`.a.`, "xa", false}, {`\bab\b`, "ab", true},
		{`a*`, "", true}, {`(?:a*){2}`, "", true}, {`(?:a*)*b`, "aab", true}, {`x?y`, "y", true}, {`x?y`, "xxy", false},
		{`(?:ab){2}`, "abab", true}, {`(?:ab){2}`, "ababab", false}, {`b?[a-c]+`, "b", true}, {`(?:a|ab){1,2}`, "aba", true},
		{`(?:ab?){2}b`, "abab", true}, {"\uFFFD", "\xff", true},
	} {
		if got := compile(c.pattern).matches(c.text); got != c.want {
			t.Errorf("%s, %q: got %t, want %t", c.pattern, c.text, got, c.want)
		}
	}
}

func BenchmarkPattern(b *testing.B) {
	s := facts.Control().Shape("KeyArnOrKeyAliasType")
	p := compile(s.GoPattern())
	expr, err := s.Regexp()
	if err != nil {
		b.Fatal(err)
	}
	const text = "arn:aws:payment-cryptography:us-east-1:111122223333:key/kwapwa6qaifllw2h"
	for name, matches := range map[string]func(string) bool{"pattern": p.matches, "regexp": expr.MatchString} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if !matches(text) {
					b.Fatal(text)
				}
			}
		})
	}
}
