// Mutate makes small changes of the code, one at a time, and reports which of them the state machine of the
// test kit does not find: go run ./internal/testrig/mutate, from the root of the repository.
//
// The changes are in mutants.txt. None touches a file: the go command is given the changed one in
// its place.
package main

import (
	"bytes"
	"context"
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
type mutant struct{ file, old, new string }

// mutants reads the table: a file, then lines that begin with "- " or "-" and a tab, which the file has once, then
// lines that begin in the same way with "+" and replace them.
func mutants() (all []mutant) {
	file := ""
	var old, changed []string
	flush := func() {
		if old != nil {
			all = append(all, mutant{file, strings.Join(old, "\n"), strings.Join(changed, "\n")})
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
			file = line
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

func (m mutant) String() string { return fmt.Sprintf("%s: %s -> %s", m.file, m.old, m.new) }

// test is what has to fail.
var test = []string{
	"test",
	"-count=1",
	"-run",
	"^TestStateMachineAgreesWithModel$",
	"./engine",
	"-rapid.checks=100000",
	"-rapid.nofailfile",
	"-rapid.shrinktime=1s",
}

// found reports whether the test fails on a mutant within a time. A mutant that does not compile is an error.
func (m mutant) found(ctx context.Context, dir string, limit time.Duration) (bool, error) {
	changed, err := m.apply(".")
	if err != nil {
		return false, err
	}
	file, err := filepath.Abs(m.file)
	if err != nil {
		return false, err
	}
	mutated, overlay := filepath.Join(dir, "mutant.go"), filepath.Join(dir, "overlay.json")
	text, err := json.Marshal(map[string]any{"Replace": map[string]string{file: mutated}})
	if err := errors.Join(err, os.WriteFile(mutated, changed, 0o644), os.WriteFile(overlay, text, 0o644)); err != nil {
		return false, err
	}
	if out, err := exec.CommandContext(ctx, "go", "build", "-overlay", overlay, "./engine").CombinedOutput(); err != nil {
		return false, fmt.Errorf("%v: does not compile: %s", m, out)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	command := exec.CommandContext(ctx, "go", append([]string{test[0], "-overlay", overlay}, test[1:]...)...)
	out, err := command.CombinedOutput()
	return err != nil && ctx.Err() == nil && bytes.Contains(out, []byte("--- FAIL")), nil
}

func main() {
	limit := flag.Duration("limit", 2*time.Minute, "how long the machine may take to find a change")
	only := flag.String("only", "", "only changes of files whose path has this in it")
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
	tried, found := 0, 0
	var broken error
	for _, m := range mutants() {
		if !strings.Contains(m.file, only) {
			continue
		}
		began := time.Now()
		ok, err := m.found(context.Background(), dir, limit)
		if err != nil {
			broken = errors.Join(broken, err)
			continue
		}
		tried++
		word := "SURVIVES"
		if ok {
			found++
			word = "found"
		}
		fmt.Printf("%-8s %5.1f s  %v\n", word, time.Since(began).Seconds(), m)
	}
	fmt.Printf("%d of %d found\n", found, tried)
	if found*10 < tried*9 {
		broken = errors.Join(broken, fmt.Errorf("%d of %d survive, more than one in ten", tried-found, tried))
	}
	return broken
}
