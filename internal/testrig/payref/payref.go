// Package payref compares payment algorithms with an independent implementation: vectors
// that it computed, which are committed, and fresh random cases where the program itself is
// found by APCSIM_ORACLES.
package payref

import (
	"bytes"
	"crypto/cipher"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

var (
	cases  = flag.Int("oracle", 300, "random cases to compare with the independent implementation, where it is there")
	update = flag.Bool("update-vectors", false, "write the committed vectors anew from the independent implementation")
)

// Args are the arguments of a function by name: text, hexadecimal digits or an int.
type Args map[string]any

// Text is an argument of text; "" where it is absent.
func (a Args) Text(name string) string {
	s, _ := a[name].(string)
	return s
}

// Int is an argument that is a number; the default where it is absent.
func (a Args) Int(name string, absent int) int {
	switch v := a[name].(type) {
	case int:
		return v
	case float64: // from JSON
		return int(v)
	}
	return absent
}

// Func computes a function's result as the other implementation prints it.
type Func func(Args) (string, error)

// Case is a call of a function of the other implementation.
type Case struct {
	Fn   string
	Args Args
}

// line is the call as the program reads it: the arguments besides "fn".
func (c Case) line() map[string]any {
	all := map[string]any{"fn": c.Fn}
	for k, v := range c.Args {
		all[k] = v
	}
	return all
}

// committedCases is how many vectors a package keeps.
const committedCases = 200

// Test compares functions with the other implementation: the vectors in testdata/payref.jsonl,
// and random cases that draw makes.
func Test(t *testing.T, funcs map[string]Func, draw func(*rand.Rand) Case) {
	t.Run("committed", func(t *testing.T) { committed(t, funcs, draw) })
	t.Run("random", func(t *testing.T) {
		program := find(t)
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		random := rand.New(rand.NewPCG(seed, 0))
		var all []Case
		for range *cases {
			all = append(all, draw(random))
		}
		for i, answer := range ask(t, program, all) {
			compare(t, funcs, all[i], answer)
		}
	})
}

func find(t *testing.T) string {
	t.Helper()
	program := testrig.Payref()
	if program == "" {
		t.Skip("APCSIM_ORACLES names no folder with payref.py")
	}
	return program
}

// answer is a line that the program prints.
type answer struct {
	Result any    `json:"result"`
	Error  string `json:"error"`
	Bad    string `json:"bad_input"`
}

func ask(t *testing.T, program string, all []Case) []answer {
	t.Helper()
	var calls []map[string]any
	for _, c := range all {
		calls = append(calls, c.line())
	}
	cmd := exec.Command("/usr/bin/python3", program, "fn")
	cmd.Stdin, cmd.Stderr = strings.NewReader(testrig.Lines(t, calls)), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", program, err)
	}
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	if len(lines) != len(all) {
		t.Fatalf("%d answers to %d cases", len(lines), len(all))
	}
	answers := make([]answer, len(lines))
	for i, line := range lines {
		if err := json.Unmarshal(line, &answers[i]); err != nil {
			t.Fatal(err)
		}
	}
	return answers
}

func compare(t *testing.T, funcs map[string]Func, c Case, want answer) {
	t.Helper()
	if want.Bad != "" {
		t.Fatalf("%s %v makes no sense to the other implementation: %s", c.Fn, c.Args, want.Bad)
	}
	got, err := funcs[c.Fn](c.Args)
	switch {
	case (err != nil) != (want.Error != ""):
		t.Errorf("%s %v: got %q, %v, want %v, error %q", c.Fn, c.Args, got, err, want.Result, want.Error)
	case err == nil && !strings.EqualFold(got, fmt.Sprint(want.Result)):
		t.Errorf("%s %v: got %s, want %v", c.Fn, c.Args, got, want.Result)
	}
}

const committedFile = "testdata/payref.jsonl"

func committed(t *testing.T, funcs map[string]Func, draw func(*rand.Rand) Case) {
	if *update {
		write(t, find(t), draw)
	}
	all := testrig.ReadLines[Args](t, committedFile)
	for _, args := range all {
		want := answer{Result: args["result"], Error: args.Text("error")}
		fn := args.Text("fn")
		for _, k := range []string{"fn", "result", "error"} {
			delete(args, k)
		}
		compare(t, funcs, Case{fn, args}, want)
	}
	if len(all) != committedCases {
		t.Errorf("%s has %d vectors, want %d", committedFile, len(all), committedCases)
	}
}

// write computes the committed vectors from a fixed seed.
func write(t *testing.T, program string, draw func(*rand.Rand) Case) {
	random := rand.New(rand.NewPCG(1, 1))
	var all []Case
	for range committedCases {
		all = append(all, draw(random))
	}
	var lines []map[string]any
	for i, answer := range ask(t, program, all) {
		line := all[i].line()
		if line["result"] = answer.Result; answer.Error != "" {
			delete(line, "result")
			line["error"] = answer.Error
		}
		lines = append(lines, line)
	}
	testrig.WriteLines(t, committedFile, lines)
}

// Hex draws n bytes as hexadecimal digits.
func Hex(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return fmt.Sprintf("%X", b)
}

// Digits draws low to high decimal digits.
func Digits(r *rand.Rand, low, high int) string {
	b := make([]byte, low+r.IntN(high-low+1))
	for i := range b {
		b[i] = '0' + byte(r.IntN(10))
	}
	return string(b)
}

// One draws one of the values.
func One[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }

// Block is the cipher of a key in hexadecimal digits: AES where the algorithm's name says so, else TDES.
func Block(alg, key string) cipher.Block {
	if strings.HasPrefix(alg, "AES") {
		return testrig.AES(testrig.Hex(key))
	}
	return testrig.TDES(testrig.Hex(key))
}
