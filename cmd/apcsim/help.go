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
	writeFlags(w, fs)
}

// helpWidth is the longest line of a page of help, in columns.
const helpWidth = 110

// writeFlags writes a list of flags, each text in a column of its own.
func writeFlags(w io.Writer, fs *flag.FlagSet) {
	var names, texts []string
	column := 0
	fs.VisitAll(func(f *flag.Flag) {
		value, text := flag.UnquoteUsage(f)
		name := strings.TrimSpace("--" + f.Name + " " + value)
		names, texts, column = append(names, name), append(texts, text), max(column, len(name))
	})
	if len(names) == 0 {
		return
	}
	fmt.Fprint(w, "\nFlags:\n")
	for i, name := range names {
		for _, line := range wrapText(texts[i], helpWidth-column-4) {
			fmt.Fprintf(w, "  %-*s  %s\n", column, name, line)
			name = ""
		}
	}
}

// wrapText cuts a text at spaces into lines of at most so many columns, unless a word is longer.
func wrapText(text string, width int) (out []string) {
	for _, word := range strings.Fields(text) {
		last := len(out) - 1
		if last >= 0 && len(out[last])+1+len(word) <= width {
			out[last] += " " + word
		} else {
			out = append(out, word)
		}
	}
	return out
}
