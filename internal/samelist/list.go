package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
)

// list is how every test and subtest ended: "pass", "fail" or "skip", by the
// last part of its package's path and its name, as in "engine TestX/case".
type list map[string]string

func (l list) String() string {
	n := map[string]int{}
	for _, end := range l {
		n[end]++
	}
	s := fmt.Sprintf("%d tests ran, %d skipped", n["pass"]+n["fail"], n["skip"])
	if n["fail"] > 0 {
		s += fmt.Sprintf(", %d failed", n["fail"])
	}
	return s
}

// event is one line of go test -json; see go doc test2json.
type event struct{ Action, Package, Test, Output string }

func (e event) key() string { return strings.TrimSuffix(path.Base(e.Package)+" "+e.Test, " ") }

// readEvents reads what go test -json prints. What belongs to a failure goes on
// to w, everything else is kept back.
func readEvents(r io.Reader, w io.Writer) (list, error) {
	l, said := list{}, map[string]*bytes.Buffer{}
	for in := bufio.NewReader(r); ; {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return l, nil
		} else if err != nil && !errors.Is(err, io.EOF) {
			return l, err
		}
		var e event
		if json.Unmarshal(line, &e) != nil {
			w.Write(line) // of go itself
			continue
		}
		l.take(e, said, w)
	}
}

// take notes one event. The output of a test is kept until it has ended.
func (l list) take(e event, said map[string]*bytes.Buffer, w io.Writer) {
	switch e.Action {
	case "build-output":
		io.WriteString(w, e.Output)
	case "output":
		if said[e.key()] == nil {
			said[e.key()] = &bytes.Buffer{}
		}
		said[e.key()].WriteString(e.Output)
	case "pass", "fail", "skip":
		if e.Test != "" {
			l[e.key()] = e.Action
		}
		if kept := said[e.key()]; kept != nil && e.Action == "fail" {
			kept.WriteTo(w)
		}
		delete(said, e.key())
	}
}

// compare lists what is wrong with the list of another backend: tests that ran
// here and not there without a row in the table, and rows without such a test.
func (l list) compare(backend string, other list, table []exception) (faults []string) {
	used := map[exception]bool{}
	for _, name := range slices.Sorted(maps.Keys(l)) {
		end, there := other[name]
		if l[name] == "skip" || there && end != "skip" {
			continue
		}
		row, ok := find(table, backend, name)
		used[row] = true
		switch {
		case ok:
		case there:
			faults = append(faults, name+" is skipped, and the table of exceptions has no reason")
		default:
			faults = append(faults, name+" is missing, and the table of exceptions has no reason")
		}
	}
	for _, row := range table {
		if row.backend == backend && !used[row] {
			faults = append(faults, row.test+" has a row in the table of exceptions for nothing: take it out")
		}
	}
	return faults
}

// exception is a row of the table: a test that does not run on a backend, with
// all of its subtests, and why.
type exception struct{ backend, test, reason string }

// find looks for a test's row, or that of a test it is part of.
func find(table []exception, backend, name string) (exception, bool) {
	i := slices.IndexFunc(table, func(row exception) bool {
		return row.backend == backend && (row.test == name || strings.HasPrefix(name, row.test+"/"))
	})
	if i < 0 {
		return exception{}, false
	}
	return table[i], true
}

// parseExceptions reads rows of backend, package, test and reason, between
// spaces; the reason is the rest of the line. # begins a comment.
func parseExceptions(r io.Reader) (table []exception, err error) {
	in := bufio.NewScanner(r)
	for n := 1; in.Scan(); n++ {
		text, _, _ := strings.Cut(in.Text(), "#")
		words := strings.Fields(text)
		if len(words) == 0 {
			continue
		}
		if len(words) < 4 {
			return nil, fmt.Errorf("line %d: want a backend, a package, a test and the reason", n)
		}
		row := exception{words[0], words[1] + " " + words[2], strings.Join(words[3:], " ")}
		if _, twice := find(table, row.backend, row.test); twice {
			return nil, fmt.Errorf("line %d: %s has a row for %s already", n, row.test, row.backend)
		}
		table = append(table, row)
	}
	return table, in.Err()
}
