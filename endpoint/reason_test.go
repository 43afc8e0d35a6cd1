package endpoint

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

// readReasons is what a client does with the header.
func readReasons(t *testing.T, value string) (lines []string) {
	t.Helper()
	for part := range strings.SplitSeq(value, " | ") {
		line, err := url.PathUnescape(part)
		if err != nil {
			t.Errorf("%q of %q: %v", part, value, err)
		}
		lines = append(lines, line)
	}
	return lines
}

func TestTheReasonHeaderEscapesAndAltersNothing(t *testing.T) {
	for want, lines := range map[string][]string{
		"a; b, c":                    {"a; b, c"},
		"a | b":                      {"a", "b"},
		"a %7C b | c":                {"a | b", "c"},
		"100%25 | %0D%0AX: 1 | %FF":  {"100%", "\r\nX: 1", "\xff"},
		"caf%C3%A9 %E2%82%AC":        {"café €"},
		"%20a b%20 | %20":            {" a b ", " "},
		"%00%09%7F":                  {"\x00\t\x7f"},
		"\"quoted\" and \\backslash": {`"quoted" and \backslash`},
	} {
		got := reasonValue(lines)
		if got != want {
			t.Errorf("%q: got %q, want %q", lines, got, want)
		}
		if back := readReasons(t, got); !slices.Equal(back, lines) {
			t.Errorf("%q is read as %q, want %q", got, back, lines)
		}
	}
}

func TestAReasonIsCutBetweenItsLetters(t *testing.T) {
	for _, c := range []struct {
		line string
		most int
		want string
	}{
		{"abcdef", 6, "abcdef"},
		{"abcdefg", 6, "abc..."},
		{"é", 6, "%C3%A9"},
		{"éa", 6, "%C3..."},
		{"aéé", 9, "a%C3..."},
		{"ééé", 12, "%C3%A9%C3..."},
	} {
		if got := escapeReason(c.line, c.most); got != c.want {
			t.Errorf("%q in %d: got %q, want %q", c.line, c.most, got, c.want)
		}
	}
}

// FuzzReasonHeader: any reasons make a header of printable ASCII within its length,
// that the client reads as the same reasons, or as beginnings of them.
func FuzzReasonHeader(f *testing.F) {
	f.Add("a; b", "100% | x", "\r\nX-Forged: 1")
	f.Add("", " ", "|")
	f.Add(strings.Repeat("é", 400), strings.Repeat("a", 2000), "...")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		lines := []string{a, b, c}
		if slices.Contains(lines, "") {
			return // a reason says something
		}
		value := reasonValue(lines)
		if len(value) > maxReason || strings.Trim(value, " ") != value {
			t.Errorf("%q: %d bytes: %q", lines, len(value), value)
		}
		if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%q: not printable: %q", lines, value)
		}
		back := readReasons(t, value)
		if len(back) != len(lines) {
			t.Fatalf("%q is read as %q from %q", lines, back, value)
		}
		for i, line := range back {
			beginning, cut := strings.CutSuffix(line, "...")
			if line != lines[i] && !(cut && strings.HasPrefix(lines[i], beginning)) {
				t.Errorf("%q is read as %q from %q", lines[i], line, value)
			}
		}
	})
}
