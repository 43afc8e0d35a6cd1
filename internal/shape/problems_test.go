package shape

import "testing"

// TestMisfitNamesTheFirstStrangeCharacter, or the length alone where each is somewhere in the pattern: the text may be a key.
func TestMisfitNamesTheFirstStrangeCharacter(t *testing.T) {
	for _, c := range []struct{ pattern, text, want string }{
		{`[0-9A-F]+`, "00G1", `"G" at character 2`},
		{`[0-9A-F]+`, "0é1", "U+00E9 at character 1"},
		{`[é]+`, "ééx", `"x" at character 2`}, // characters, not bytes
		{`[0-9A-F]+`, "00 1", "a space at character 2"},
		{`[0-9A-F]{16}`, "0123456789ABCDEFFEDCBA9876543210", "32 characters"},
		{`(?:[0-9A-F]{2})+`, "012", "3 characters"},
		{`arn:[a-z]+:(key|alias)/x`, "arn:aws:lock/x", "14 characters"}, // each is in [a-z] at least
		{`arn:[a-z]+:(key|alias)/x`, "arn:Aws:key/x", `"A" at character 4`},
		{`a.c`, "abbb", "4 characters"}, // any character is in it
		{`[a`, "abc", "3 characters"},   // no pattern
		{`[a-z]+`, "", "0 characters"},
	} {
		if got := misfit(c.pattern, c.text); got != c.want {
			t.Errorf("%q in %s: got %s, want %s", c.text, c.pattern, got, c.want)
		}
	}
}
