package main

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestHelpIsAResult(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"--help", "apcsim kcv"},
		{"-h", "apcsim kcv"},
		{"help", "apcsim tr31 inspect"},
		{"tr31 --help", "apcsim tr31 inspect"},
		{"help tr31 wrap", "usage: apcsim tr31 wrap"},
		{"kcv --help", "--algorithm NAME"},
		{"kcv " + testKey + " -h", "usage: apcsim kcv"},
		{"tr31 inspect --help", "--lenient"},
		{"tr31 unwrap --help", `{"ok":false,"error":"mac"`},
		{"tr31 wrap --help", "--block ID=DATA"},
	} {
		got := apcsim(t, "", strings.Fields(c.args)...)
		if got.status != exitOK || got.err != "" || !strings.Contains(got.out, c.want) {
			t.Errorf("%q: got %+v, want status 0 and %q", c.args, got, c.want)
		}
	}
}

// TestPagesOfHelpFitATerminal: no line is longer than the page, but usage lines, examples and JSON.
func TestPagesOfHelpFitATerminal(t *testing.T) {
	for _, c := range commands {
		for line := range strings.Lines(mustRun(t, append([]string{"help"}, strings.Fields(c.name)...)...)) {
			line = strings.TrimRight(line, "\n")
			whole := strings.HasPrefix(line, "usage: ") || strings.HasPrefix(line, "  apcsim ") || strings.Contains(line, `":`)
			if n := utf8.RuneCountInString(line); n > helpWidth && !whole {
				t.Errorf("%s: a line of %d columns, at most %d: %s", c.name, n, helpWidth, line)
			}
		}
	}
}
