package probe

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/seed748fb4d1/apcsim/internal/guesses"
)

// Result is what a probe said about two sides.
type Result struct {
	Probe       string       `json:"probe"`
	Statements  []string     `json:"statements"`
	Differences []Difference `json:"differences,omitempty"`
	Same        int          `json:"same"`             // comparisons without a difference
	NotRun      string       `json:"notRun,omitempty"` // why there is not one, or not each
}

// Difference is a comparison with two texts.
type Difference struct {
	Statement string `json:"statement"` // the guess that it refutes, where B is the service
	Says      string `json:"says"`
	Place     string `json:"place,omitempty"` // the line to change: a file and a declaration
	Compared  string `json:"compared"`
	A         string `json:"a"`
	B         string `json:"b"`
}

// Choice is which probes are asked; the zero value is all.
type Choice struct {
	Only      string // a probe's name or a statement's id
	Operation string
}

// Chosen are the probes of a choice.
func (c Choice) Chosen() (out []Probe) {
	for _, p := range All() {
		if (c.Only == "" || c.Only == p.Name || slices.Contains(p.Decides, c.Only)) && (c.Operation == "" || p.about(c.Operation)) {
			out = append(out, p)
		}
	}
	return out
}

// none says why no probe is chosen: a statement that calls cannot decide has a reason.
func (c Choice) none() error {
	if s, ok := guesses.Named(c.Only); ok && s.Calls != "" {
		return fmt.Errorf("%w: %s is not decided by calls: %s", ErrUsage, s.ID, s.Calls)
	}
	return fmt.Errorf("%w: no probe is about that", ErrUsage)
}

// about reports whether a probe decides something about an operation, or calls it.
func (p *Probe) about(operation string) bool {
	for _, id := range p.Decides {
		if s, ok := guesses.Named(id); ok && s.Concerns(operation) && len(s.Operations) < 15 {
			return true
		}
	}
	last := p.Steps[len(p.Steps)-1]
	return last.Do == operation
}

// Comparison asks two sides the same probes.
type Comparison struct {
	A, B Side
	// Progress, if not nil, is called before each probe.
	Progress func(number, of int, p *Probe)
	// Record, if not nil, keeps B's answers.
	Record *Recording
}

// Run asks probes and returns what they said. The sides are not closed. An error is that of the context,
// or says that a side cannot be reached.
func (c *Comparison) Run(ctx context.Context, probes []Probe) (out []Result, err error) {
	for i := range probes {
		p := &probes[i]
		if c.Progress != nil {
			c.Progress(i+1, len(probes), p)
		}
		a, err := c.A.Run(ctx, p)
		if err != nil {
			return out, err
		}
		b, err := c.B.Run(ctx, p)
		if err != nil {
			return out, err
		}
		if c.Record != nil {
			c.Record.keep(p, b)
		}
		out = append(out, p.compare(c.A.Name(), a, c.B.Name(), b))
	}
	return out, nil
}

// compare evaluates the checks of a probe.
func (p *Probe) compare(nameA string, a *Transcript, nameB string, b *Transcript) Result {
	r := Result{Probe: p.Name, Statements: p.Decides}
	for i := range p.Checks {
		check := &p.Checks[i]
		x, y := check.Eval(a.Answers), check.Eval(b.Answers)
		switch {
		case x == notKnown || y == notKnown:
			if r.NotRun == "" {
				r.NotRun = problemReached
			}
		case x == y:
			r.Same++
		default:
			r.Differences = append(r.Differences, p.difference(check, x, y))
		}
	}
	var why []string
	for _, side := range []struct {
		name string
		*Transcript
	}{{nameA, a}, {nameB, b}} {
		if side.NotRun != "" {
			why = append(why, side.name+": "+side.NotRun)
		}
	}
	if len(why) > 0 {
		r.NotRun = strings.Join(why, "; ")
	} else if r.NotRun != "" && len(r.Differences)+r.Same > 0 {
		r.NotRun = "" // what is not known to both was not asked of them
	}
	return r
}

func (p *Probe) difference(c *Check, a, b string) Difference {
	d := Difference{Statement: c.ID, Compared: c.Text, A: a, B: b}
	if d.Statement == "" {
		d.Statement = p.Decides[0]
	}
	if s, ok := guesses.Named(d.Statement); ok {
		d.Says = s.Says
		if s.Place.File != "" {
			d.Place = s.Place.String()
		}
	}
	return d
}

// Counts are how many probes found what.
type Counts struct{ Same, Different, NotRun int }

// Count counts results.
func Count(results []Result) (c Counts) {
	for _, r := range results {
		switch {
		case len(r.Differences) > 0:
			c.Different++
		case r.NotRun != "":
			c.NotRun++
		default:
			c.Same++
		}
	}
	return c
}

// String is the counts in words.
func (c Counts) String() string {
	return fmt.Sprintf("%d same, %d different, %d not run", c.Same, c.Different, c.NotRun)
}
