package probe

import (
	"fmt"
	"io"
	"strings"
)

// Table writes results for people: one line a probe, and under one that differs both answers, the
// guess that it refutes and the line to change. What a recording has no answers to is one line.
func Table(w io.Writer, a, b string, results []Result) {
	width := 0
	for _, r := range results {
		width = max(width, len(r.Probe))
	}
	absent := 0
	for _, r := range results {
		switch {
		case len(r.Differences) == 0 && strings.HasSuffix(r.NotRun, problemNoRecord):
			absent++
			continue
		case len(r.Differences) > 0:
			fmt.Fprintf(w, "%-*s  DIFFERENT\n", width, r.Probe)
		case r.NotRun != "":
			fmt.Fprintf(w, "%-*s  not run: %s\n", width, r.Probe, r.NotRun)
		default:
			fmt.Fprintf(w, "%-*s  same      %s\n", width, r.Probe, strings.Join(r.Statements, " "))
		}
		for _, d := range r.Differences {
			fmt.Fprintf(w, "    %s\n      %s: %s\n      %s: %s\n    %s: %s\n", d.Compared, a, shownText(d.A), b, shownText(d.B),
				d.Statement, d.Says)
			if d.Place != "" {
				fmt.Fprintf(w, "    to change: %s\n", d.Place)
			}
		}
	}
	if absent > 0 {
		fmt.Fprintf(w, "%d more: %s\n", absent, problemNoRecord)
	}
	fmt.Fprintf(w, "\n%s\n", Count(results))
}

// shownText is a text of a side on one line, without control characters.
func shownText(t string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, t)
}
