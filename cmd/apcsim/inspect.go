package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/seed748fb4d1/apcsim/cmd/apcsim/internal/meanings"
	"github.com/seed748fb4d1/apcsim/tr31"
)

var inspectCommand = command{
	name:    "tr31 inspect",
	args:    "BLOCK",
	summary: "Explain the header of a key block; no key is needed, and nothing is authenticated",
	details: `BLOCK may be -, and is then read from standard input, a line.`,
	setup:   setupInspect,
}

// inspected is the answer for programs.
type inspected struct {
	OK             bool            `json:"ok"`
	Header         string          `json:"header"`
	Version        string          `json:"version"`
	Length         int             `json:"length"`
	KeyUsage       string          `json:"key_usage"`
	Algorithm      string          `json:"algorithm"`
	ModeOfUse      string          `json:"mode_of_use"`
	KeyVersion     string          `json:"key_version"`
	Exportability  string          `json:"exportability"`
	KeyContext     string          `json:"key_context"`
	Reserved       string          `json:"reserved"`
	OptionalBlocks []optionalBlock `json:"optional_blocks"`
}

func setupInspect(fs *flag.FlagSet) action {
	lenient := fs.Bool("lenient", false, "accept deviations that devices write, not only what the standard allows")
	asJSON := fs.Bool("json", false, "answer with a JSON object")
	return func(_ context.Context, s streams, args []string) error {
		if len(args) != 1 {
			return usageError("wants one block")
		}
		var answer inspected
		err := resolve(s.in, "block", &args[0])
		if err == nil {
			answer, err = inspect(args[0], strictness(*lenient))
		}
		return give(s.out, *asJSON, answer, err)
	}
}

func inspect(block string, how tr31.Strictness) (inspected, error) {
	b, err := tr31.Parse(block, how)
	if err != nil {
		return inspected{}, err
	}
	return inspected{
		OK:             true,
		Header:         block[:len(b.Header.String())],
		Version:        b.Version.String(),
		Length:         len(block),
		KeyUsage:       b.KeyUsage,
		Algorithm:      string(b.Algorithm),
		ModeOfUse:      string(b.ModeOfUse),
		KeyVersion:     b.KeyVersion,
		Exportability:  string(b.Exportability),
		KeyContext:     string(b.Context),
		Reserved:       string(b.Reserved),
		OptionalBlocks: forPrograms(b.Blocks),
	}, nil
}

// print explains the header to people, field by field in the block's order.
func (i inspected) print(w io.Writer) error {
	lines := [][3]string{
		{"version", i.Version, meanings.Of(meanings.Version, i.Version)},
		{"block length", fmt.Sprint(i.Length), "characters"},
		{"key usage", i.KeyUsage, meanings.Of(meanings.Usage, i.KeyUsage)},
		{"algorithm", i.Algorithm, meanings.Of(meanings.Algorithm, i.Algorithm)},
		{"mode of use", i.ModeOfUse, meanings.Of(meanings.Mode, i.ModeOfUse)},
		{"key version", i.KeyVersion, meanings.KeyVersion(i.KeyVersion)},
		{"exportability", i.Exportability, meanings.Of(meanings.Exportability, i.Exportability)},
		{"optional blocks", fmt.Sprint(len(i.OptionalBlocks))},
		{"key context", i.KeyContext, meanings.Of(meanings.Context, i.KeyContext)},
		{"reserved", i.Reserved},
	}
	for _, b := range i.OptionalBlocks {
		lines = append(lines, [3]string{"optional " + b.ID, "", meanings.Of(meanings.Optional, b.ID)})
		if b.Data != "" {
			lines = append(lines, [3]string{"", "", b.Data})
		}
	}
	return printTable(w, lines)
}

// printTable aligns three columns, of which any may be empty. Each is one line,
// whatever a message has in it.
func printTable(w io.Writer, lines [][3]string) error { return printAligned(w, lines, false) }

// printAligned is printTable. Where it is loose, a line without the last column moves the
// words of no other.
func printAligned(w io.Writer, lines [][3]string, loose bool) error {
	var b bytes.Buffer
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, l := range lines {
		if loose && l[2] == "" {
			fmt.Fprintf(t, "%s\t%s\n", shown(l[0]), shown(l[1]))
			continue
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", shown(l[0]), shown(l[1]), shown(l[2]))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	paint, i := paintFor(w), 0
	for line := range strings.Lines(b.String()) {
		if _, err := fmt.Fprintln(paint, paint.row(strings.TrimRight(line, " \n"), lines[i])); err != nil {
			return err
		}
		i++
	}
	return nil
}

// folded is a line of a table, and further lines for what would go past a hundred columns: a
// distinguished name goes on after a comma.
func folded(name, value string) (lines [][3]string) {
	const room = 80
	for len(value) > room {
		end := strings.LastIndexByte(value[:room], ',') + 1
		if end == 0 {
			break
		}
		lines = append(lines, [3]string{name, value[:end], ""})
		name, value = "", value[end:]
	}
	return append(lines, [3]string{name, value, ""})
}

// row is a line of a table with its name and its words in their colours.
func (p painter) row(line string, cells [3]string) string {
	name, words := shown(cells[0]), shown(cells[2])
	if !p.on || len(name)+len(words) > len(line) {
		return line
	}
	middle := line[len(name) : len(line)-len(words)]
	if !strings.HasPrefix(line, name) || !strings.HasSuffix(line, words) {
		return line
	}
	return p.in(bold, name) + middle + p.in(dim, words)
}
