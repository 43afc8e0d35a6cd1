package guesses

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed748fb4d1/apcsim/internal/facts"
)

// Page is docs/guesses.md. Probes are those that decide a statement, by its id.
func Page(probes map[string][]string) string {
	var b strings.Builder
	b.WriteString(`# What is proved, what is documented, what is guessed

Generated from internal/guesses by TestGuessPagesAreTheRegister; do not edit. [fidelity.md](fidelity.md) counts it operation by operation.

The public documents leave gaps. Each guess has an id, which the comment in the code names where the guess is decided, and a probe
where calls can decide it: ` + "`apcsim compare sim aws:us-east-1 --only ID`" + ` asks the service. An answer that differs is worth a bug
report; ` + "`--record FILE`" + ` writes what the service answered without your account in it, to attach.

## The guesses you may meet

`)
	b.WriteString(list(func(*Statement) bool { return true }))
	for _, part := range []struct {
		kind  Kind
		title string
	}{
		{Guessed, "Guesses"}, {Live, "Seen in the live service"}, {Documented, "Documented"},
	} {
		fmt.Fprintf(&b, "\n## %s\n", part.title)
		for _, s := range All() {
			if s.Kind() == part.kind {
				s.write(&b, probes[s.ID])
			}
		}
	}
	return b.String()
}

func (s *Statement) write(b *strings.Builder, probes []string) {
	fmt.Fprintf(b, "\n### %s\n\n%s\n\n", s.ID, s.Says)
	row := func(name, text string) {
		if text != "" {
			fmt.Fprintf(b, "* %s: %s\n", name, text)
		}
	}
	row("operations", operationsShown(s.Operations))
	row("otherwise", s.Otherwise)
	row("source", s.Source)
	if s.Place.File != "" {
		row("decided in", s.Place.String())
	}
	if len(probes) > 0 {
		row("probes", strings.Join(probes, ", "))
	}
	row("not decided by calls", s.Calls)
}

// operationsShown names the operations, a whole plane by one word.
func operationsShown(operations []string) string {
	text := strings.Join(operations, ", ")
	for plane, name := range map[*facts.Service]string{facts.Control(): "the control plane", facts.Data(): "the data plane"} {
		text = strings.ReplaceAll(text, strings.Join(operationsOf(plane), ", "), "all of "+name)
	}
	return text
}

// Fidelity is docs/fidelity.md. Probes are those that decide a statement, by its id.
func Fidelity(probes map[string][]string) string {
	var b strings.Builder
	b.WriteString(`# How sure is each operation

Generated from internal/guesses by TestGuessPagesAreTheRegister; do not edit. [guesses.md](guesses.md) has the statements.

A statement about several operations counts for each of them. The last columns count the guesses that a probe of
` + "`apcsim compare`" + ` decides, and those that calls cannot decide.

`)
	for _, plane := range []struct {
		title string
		of    *facts.Service
	}{{"Control plane", facts.Control()}, {"Data plane", facts.Data()}} {
		fmt.Fprintf(&b, "## %s\n\n| operation | seen live | documented | guessed | with a probe | beyond calls |\n", plane.title)
		b.WriteString("|---|---|---|---|---|---|\n")
		for _, op := range operationsOf(plane.of) {
			fmt.Fprintf(&b, "| %s | %s |\n", op, counts(op, probes))
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "All together: %s.\n", total())
	return b.String()
}

func counts(operation string, probes map[string][]string) string {
	n := map[Kind]int{}
	decided, beyond := 0, 0
	for _, s := range All() {
		if !s.Concerns(operation) {
			continue
		}
		n[s.Kind()]++
		switch {
		case s.Kind() != Guessed:
		case s.Calls != "":
			beyond++
		case len(probes[s.ID]) > 0:
			decided++
		}
	}
	return fmt.Sprintf("%d | %d | %d | %d | %d", n[Live], n[Documented], n[Guessed], decided, beyond)
}

func total() string {
	n := map[Kind]int{}
	for _, s := range All() {
		n[s.Kind()]++
	}
	return fmt.Sprintf("%d statements seen live, %d documented, %d guessed", n[Live], n[Documented], n[Guessed])
}

// first are the guesses of the README's short list.
var first = []string{"G-deleted-aliases", "G-pending-counts", "G-expired-token", "G-hidden-length", "G-rate-counts", "G-mac-text",
	"G-answered-key", "G-option-b-short"}

// ShortList is the README's table: the guesses that most users meet.
func ShortList() string {
	return list(func(s *Statement) bool { return slices.Contains(first, s.ID) })
}

// list is the table of those guesses that a user may meet which are taken.
func list(takes func(*Statement) bool) string {
	var b strings.Builder
	b.WriteString("| question | here | id |\n|---|---|---|\n")
	for _, s := range All() {
		if s.Question != "" && takes(&s) {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", s.Question, s.Here, s.ID)
		}
	}
	return b.String()
}
