// Package guesses is the register of what the simulator says about the service: what was seen in
// the live service (L-…), what is documented (D-…) and what is guessed (G-…). A guess is named in a
// comment where it is decided: GUESS, then its id.
//
// The statements are text files in the folder statements. A statement is a paragraph:
//
//	G-alias-without-key: GetKey ExportKey
//	One plain sentence.
//	Otherwise: what would be different if it were not so.
//	Calls: why calls cannot decide it; absent where a probe does.
//	Source: where a fact is from.
//	Question: a row of the table of guesses that a user may meet | what is done here
//
// "control" and "data" are all operations of a plane.
package guesses

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/seed748fb4d1/apcsim/internal/facts"
)

//go:embed statements
var statements embed.FS

//go:embed places.txt
var placesText string

// files are the files of statements, in the order of the pages.
var files = []string{"control.txt", "data.txt", "live.txt", "documented.txt"}

// Kind is how sure a statement is.
type Kind string

// The kinds, and how ids of each begin.
const (
	Live       Kind = "L"
	Documented Kind = "D"
	Guessed    Kind = "G"
)

// Statement is one sentence about the service.
type Statement struct {
	ID         string
	Operations []string
	Says       string
	Otherwise  string // what would be different; of a guess
	Calls      string // why calls cannot decide a guess; "" where they can
	Source     string // of a fact
	Question   string // a row of the table on the page; "" where there is none
	Here       string // what that row says is done
	Place      Place  // where a guess is decided
}

// Place is where a guess is decided: the first comment that names it.
type Place struct {
	File        string
	Declaration string // of Go: the function, type or variable
}

// String is the place as a person finds it.
func (p Place) String() string {
	if p.Declaration == "" {
		return p.File
	}
	return p.File + ", " + p.Declaration
}

// Kind returns how sure the statement is.
func (s *Statement) Kind() Kind { return Kind(s.ID[:1]) }

// Concerns reports whether the statement is about an operation.
func (s *Statement) Concerns(operation string) bool { return slices.Contains(s.Operations, operation) }

// All returns the register in its order. A caller does not change it.
func All() []Statement { return register() }

var register = sync.OnceValue(func() (out []Statement) {
	places := parsePlaces(placesText)
	for _, file := range files {
		text, err := statements.ReadFile("statements/" + file)
		if err != nil {
			panic(err)
		}
		for paragraph := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
			s, err := parse(paragraph)
			if err != nil {
				panic(fmt.Sprintf("guesses: %s: %v", file, err))
			}
			s.Place = places[s.ID]
			out = append(out, s)
		}
	}
	return out
})

// Named returns the statement with an id.
func Named(id string) (*Statement, bool) {
	all := register()
	i := slices.IndexFunc(all, func(s Statement) bool { return s.ID == id })
	if i < 0 {
		return nil, false
	}
	return &all[i], true
}

// parse reads a paragraph.
func parse(paragraph string) (s Statement, err error) {
	lines := strings.Split(paragraph, "\n")
	id, operations, ok := strings.Cut(lines[0], ": ")
	if !ok || len(lines) < 2 || !strings.ContainsAny(id[:1], "LDG") || id[1] != '-' {
		return s, fmt.Errorf("%q begins no statement", lines[0])
	}
	s.ID, s.Says = id, lines[1]
	if s.Operations, err = operationsNamed(operations); err != nil {
		return s, fmt.Errorf("%s: %v", id, err)
	}
	for _, line := range lines[2:] {
		name, text, _ := strings.Cut(line, ": ")
		switch name {
		case "Otherwise":
			s.Otherwise = text
		case "Calls":
			s.Calls = text
		case "Source":
			s.Source = text
		case "Question":
			s.Question, s.Here, _ = strings.Cut(text, " | ")
		default:
			return s, fmt.Errorf("%s: no member is called %q", id, name)
		}
	}
	return s, nil
}

// operationsNamed reads the operations of a statement.
func operationsNamed(text string) (out []string, err error) {
	for name := range strings.FieldsSeq(text) {
		switch name {
		case "control":
			out = append(out, operationsOf(facts.Control())...)
		case "data":
			out = append(out, operationsOf(facts.Data())...)
		default:
			if !slices.Contains(operationsOf(facts.Control()), name) && !slices.Contains(operationsOf(facts.Data()), name) {
				return nil, fmt.Errorf("there is no operation %q", name)
			}
			out = append(out, name)
		}
	}
	return out, nil
}

// operationsOf are the names of the operations of a plane.
func operationsOf(plane *facts.Service) (out []string) {
	for i := range plane.Operations {
		out = append(out, plane.Operations[i].Name)
	}
	return out
}

// parsePlaces reads places.txt: id, file and declaration, tabs between.
func parsePlaces(text string) map[string]Place {
	out := map[string]Place{}
	for line := range strings.Lines(text) {
		if f := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 3); len(f) == 3 {
			out[f[0]] = Place{File: f[1], Declaration: f[2]}
		}
	}
	return out
}
