package wording

import "testing"

func TestTextHasWhatIsKnown(t *testing.T) {
	for _, c := range []struct{ found, wanted, want string }{
		{"0080", "0096", "the length differs: found 0080, wanted 0096"},
		{"0080", "", "the length differs: found 0080"},
		{"", "0096", "the length differs: wanted 0096"},
		{"", "", "the length differs"},
	} {
		if got := Text("the length differs", c.found, c.wanted); got != c.want {
			t.Errorf("Text(found %q, wanted %q) = %q, want %q", c.found, c.wanted, got, c.want)
		}
	}
}

func TestCharNamesWhatAReaderDoesNotSee(t *testing.T) {
	for in, want := range map[string]string{
		"": "the end", " x": "a space", "\n": "a line feed", "\r\n": "a carriage return", "\t": "a tab",
		"R80": `"R"`, `"`: `"\""`, "\x00": "U+0000", "é": "U+00E9", "\xff": "the byte FF", "\ufeff": "a byte order mark",
	} {
		if got := Char(in); got != want {
			t.Errorf("Char(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestQuoteCutsAndEscapes(t *testing.T) {
	for _, c := range []struct {
		in   string
		most int
		want string
	}{
		{"KS", 4, `"KS"`}, {"abcdef", 4, `"abcd"...`}, {"a\nb", 4, `"a\nb"`}, {"abcé", 4, `"abc?"...`},
	} {
		if got := Quote(c.in, c.most); got != c.want {
			t.Errorf("Quote(%q, %d) = %s, want %s", c.in, c.most, got, c.want)
		}
	}
}

func TestCountHasAPlural(t *testing.T) {
	for n, want := range map[int]string{0: "0 bytes", 1: "1 byte", 2: "2 bytes"} {
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestCutStaysOnOneLine(t *testing.T) {
	for _, c := range []struct {
		in   string
		most int
		want string
	}{
		{"CN=Root", 7, "CN=Root"}, {"CN=Root", 4, "CN=R..."}, {"a\nb\x7f", 9, "a?b?"}, {"é", 1, "?..."},
	} {
		if got := Cut(c.in, c.most); got != c.want {
			t.Errorf("Cut(%q, %d) = %q, want %q", c.in, c.most, got, c.want)
		}
	}
}

func TestOrListsValues(t *testing.T) {
	for _, c := range []struct {
		in   []string
		want string
	}{
		{nil, ""}, {[]string{"A"}, "A"}, {[]string{"A", "B"}, "A or B"}, {[]string{"A", "B", "C"}, "A, B or C"},
	} {
		if got := Or(c.in); got != c.want {
			t.Errorf("Or(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}
