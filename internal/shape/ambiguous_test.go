package shape

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestAnyPatternMatchesAsPackageRegexp, whatever it is put together from: the service may describe another one.
func TestAnyPatternMatchesAsPackageRegexp(t *testing.T) {
	pieces := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "é", "\uFFFD", "[ab]", "[^a]", "[aé-ÿ]", "a?", "(ab)?", "[ab]{1,2}",
		"[b-d]+", "(?:[ab][ab])*", "(?:[ab]{2}){1,2}", "(a|b)", "(ab|a)", "(a|)", "(?:c|bx?){2}", "(?:x|y)+", "(?:xa?|ya*)+",
		"(?:a(?:b|c)|d)*", "a{0}", "|"}), 1, 5)
	texts := rapid.StringOfN(rapid.RuneFrom([]rune("abcdxyéÿ\uFFFD\n")), 0, 7, -1)
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(pieces.Draw(t, "pieces"), "")
		p, expr := compile(text), regexp.MustCompile(`\A(?:`+text+`)\z`)
		fits := rapid.StringMatching(text)
		for range 20 {
			for _, s := range []string{texts.Draw(t, "text"), fits.Draw(t, "fits"), texts.Draw(t, "text") + "\xff"} {
				if got, want := p.matches(s), expr.MatchString(s); got != want {
					t.Fatalf("%s, %q: got %t, want %t", text, s, got, want)
				}
			}
		}
	})
}
