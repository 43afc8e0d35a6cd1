package main

import (
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// help answers a command line that names no command: with the list of them,
// or of those that begin with the word given. It is the result where help
// was asked for, and an error otherwise.
func help(s streams, args []string) int {
	out, status := s.err, exitUsage
	var words []string
	for _, a := range args {
		switch a {
		case "help", "-h", "-help", "--help":
			out, status = s.out, exitOK
		default:
			words = append(words, a)
		}
	}
	if c, _, ok := find(words); ok { // apcsim help COMMAND
		c.help(out)
		return status
	}
	// Of what is not understood one word is repeated: the next may be a key.
	group := words[:min(1, len(words))]
	listed := below(group)
	unknown := words[len(group):]
	if len(listed) == 0 {
		listed, unknown = commands, group
	}
	if len(unknown) > 0 {
		out, status = s.err, exitUsage
		fmt.Fprintf(out, "apcsim: there is no command %q here", wording.WithoutKeys(unknown[0]))
		if near := meant(words); near != "" { // the list would push it out of sight
			fmt.Fprintf(out, "%s\nMore: apcsim --help\n", near)
			return status
		}
		fmt.Fprint(out, "\n\n")
	}
	overview(out, listed)
	return status
}

// meant asks for the command that a line may have meant: the nearest, if it is near.
func meant(words []string) string {
	best, least := "", 2 // letters that differ; more are another word
	group := len(words) > 0 && len(below(words[:1])) > 0
	for _, c := range commands {
		n := len(strings.Fields(c.name))
		for length := 1; length <= min(n, len(words)); length++ {
			name := strings.Join(strings.Fields(c.name)[:length], " ")
			given := strings.ToLower(strings.Join(words[:length], " "))
			d := distance(given, name)
			nearer := d < least || d == least && len(name) > len(best)
			if nearer && d < len(name)-1 && (length == n || d > 0 && !group) {
				best, least = name, d
			}
		}
		if _, second, ok := strings.Cut(c.name, " "); ok && best == "" && words[0] == second {
			best, least = c.name, 0 // "unwrap" for "tr31 unwrap"
		}
	}
	if best == "" {
		return ""
	}
	return ". Did you mean " + best + "?"
}

// distance is how many letters of one word are to be added, left out, changed or swapped
// with the next to make the other.
func distance(a, b string) int {
	rows := [3][]int{make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row := rows[0], rows[1], rows[2]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			changed := 1
			if a[i-1] == b[j-1] {
				changed = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+changed)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		rows = [3][]int{last, row, before}
	}
	return rows[1][len(b)]
}

// below is the commands of a group, named by the first word of their names;
// all commands where there is no group.
func below(group []string) (found []command) {
	for _, c := range commands {
		if len(group) == 0 || strings.HasPrefix(c.name, group[0]+" ") {
			found = append(found, c)
		}
	}
	return found
}

func overview(w io.Writer, listed []command) {
	fmt.Fprint(
		w,
		"apcsim simulates AWS Payment Cryptography for AWS clients, and is a tool box for what they exchange with it: key blocks,\n"+
			"TR-34 key tokens, components, certificates, check values, PINs, card values, cryptograms and MACs.\n\nCommands:\n",
	)
	for _, c := range listed {
		fmt.Fprintf(w, "  %s\n        %s\n", c.usage(), c.summary)
	}
	fmt.Fprint(w, `
Flags may be before or after the other arguments; `+"`apcsim COMMAND --help`"+` lists them.
Exit status: 0, 1 where something was refused or could not be done, 2 for a wrong command line.
`)
}

func (c command) usage() string { return strings.TrimSpace("apcsim " + c.name + " " + c.args) }

// help is the page of one command.
func (c command) help(w io.Writer) {
	fmt.Fprintf(w, "usage: %s\n\n%s.\n", c.usage(), c.summary)
	if c.details != "" {
		fmt.Fprintf(w, "\n%s\n", strings.TrimSpace(c.details))
	}
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	c.setup(fs)
	fmt.Fprint(w, "\nFlags:\n")
	fs.VisitAll(func(f *flag.Flag) {
		value, text := flag.UnquoteUsage(f)
		fmt.Fprintf(w, "  %-20s %s\n", strings.TrimSpace("--"+f.Name+" "+value), text)
	})
}
