// Mutate makes small changes of the code, one at a time, and reports which of them the tests do not find that
// ought to: go run ./internal/testrig/mutate, from the root of the repository. Flag -only runs some of them.
//
// The changes are in mutants.txt. None touches a file: the go command is given the changed one in
// its place.
package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

//go:embed mutants.txt
var table string

// mutant is a change of one place in one file.
type mutant struct {
	file, old, new string
	tested         string   // the directory of the package whose tests have to fail
	tests          []string // their names; nil is the state machine
}

// mutants reads the table: a file, then lines that begin with "- " or "-" and a tab, which the file has once, then
// lines that begin in the same way with "+" and replace them. Behind the file are the package and the tests that
// have to fail; where there are none it is the state machine of the test kit.
func mutants() (all []mutant) {
	var of mutant
	var old, changed []string
	flush := func() {
		if old != nil {
			of.old, of.new = strings.Join(old, "\n"), strings.Join(changed, "\n")
			all = append(all, of)
		}
		old, changed = nil, nil
	}
	for line := range strings.Lines(table) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "-"):
			if changed != nil {
				flush()
			}
			old = append(old, strings.TrimPrefix(line[1:], " "))
		case strings.HasPrefix(line, "+"):
			changed = append(changed, strings.TrimPrefix(line[1:], " "))
		case line != "" && line[0] != '#':
			flush()
			words := strings.Fields(line)
			if of = (mutant{file: words[0], tested: machine}); len(words) > 1 {
				of.tested, of.tests = words[1], words[2:]
			}
		}
	}
	flush()
	return all
}

// apply is the changed file, or an error where the file does not have the old text exactly once.
func (m mutant) apply(root string) ([]byte, error) {
	raw, err := os.ReadFile(filepath.Join(root, m.file))
	if err != nil {
		return nil, err
	}
	if n := bytes.Count(raw, []byte(m.old)); n != 1 {
		return nil, fmt.Errorf("%s has %q %d times, want once", m.file, m.old, n)
	}
	return bytes.Replace(raw, []byte(m.old), []byte(m.new), 1), nil
}

func (m mutant) String() string { return fmt.Sprintf("%s: %q -> %q", m.file, m.old, m.new) }

// The state machine: its package and its flags.
const machine = "./enginetest/draw"

var machineFlags = []string{"-test.run=^TestMachineAgreesWithModel$", "-test.failfast",
	"-rapid.checks=1000000", "-rapid.steps=60", "-rapid.nofailfile",
	"-rapid.shrinktime=1s"}

// flags are those of the tests that have to fail.
func (m mutant) flags() []string {
	if m.tests == nil {
		return machineFlags
	}
	return []string{"-test.run=^(" + strings.Join(m.tests, "|") + ")$", "-test.failfast"}
}

// build makes the test of a mutant. One that does not compile is an error.
func (m mutant) build(dir string) (string, error) {
	changed, err := m.apply(".")
	if err != nil {
		return "", err
	}
	file, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	mutated, overlay, program := filepath.Join(dir, "mutant.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "program")
	text, err := json.Marshal(map[string]any{"Replace": map[string]string{file: mutated}})
	if err := errors.Join(err, os.WriteFile(mutated, changed, 0o644), os.WriteFile(overlay, text, 0o644)); err != nil {
		return "", err
	}
	if out, err := exec.Command("go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", program, m.tested).CombinedOutput(); err != nil {
		return "", fmt.Errorf("%v: does not compile: %s", m, out)
	}
	return program, nil
}

// found reports whether a test fails within a time of the processor, which does not depend on what else the machine does, and
// how much of it went by.
func (m mutant) found(program string, limit time.Duration) (bool, time.Duration) {
	seconds := fmt.Sprint(int(limit.Seconds()))
	command := exec.Command("sh", append([]string{"-c", `ulimit -t "$0" && exec "$@"`, seconds, program}, m.flags()...)...)
	command.Dir = m.tested
	out, err := command.CombinedOutput()
	used := command.ProcessState.UserTime() + command.ProcessState.SystemTime()
	return err != nil && bytes.Contains(out, []byte("--- FAIL")), used
}

func main() {
	limit := flag.Duration("limit", 2*time.Minute, "how much time of the processor the tests may take to find a change")
	only := flag.String("only", "", "only changes that have this in the path of the file or in a text")
	flag.Parse()
	if err := run(*limit, *only); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func run(limit time.Duration, only string) error {
	dir, err := os.MkdirTemp("", "apcsim-mutate-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	tried, hits := 0, 0
	var broken error
	for _, m := range mutants() {
		if !strings.Contains(m.file+"\n"+m.old+"\n"+m.new, only) {
			continue
		}
		program, err := m.build(dir)
		if err != nil {
			broken = errors.Join(broken, err)
			continue
		}
		tried++
		word := "SURVIVES"
		ok, used := m.found(program, limit)
		if ok {
			hits++
			word = "found"
		}
		fmt.Printf("%-8s %5.1f s  %v\n", word, used.Seconds(), m)
	}
	fmt.Printf("%d of %d found\n", hits, tried)
	if hits*10 < tried*9 {
		broken = errors.Join(broken, fmt.Errorf("%d of %d survive, more than one in ten", tried-hits, tried))
	}
	return broken
}
