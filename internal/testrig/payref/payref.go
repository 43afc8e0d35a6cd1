// Package payref compares payment algorithms with an independent implementation: vectors
// that it computed, which are committed, and fresh random cases where the program itself is
// found by APCSIM_ORACLES.
package payref

import (
	"bufio"
	"bytes"
	"crypto/cipher"
	"crypto/des"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
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
func (c Case) line() ([]byte, error) {
	all := map[string]any{"fn": c.Fn}
	for k, v := range c.Args {
		all[k] = v
	}
	return json.Marshal(all)
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
	folder := os.Getenv("APCSIM_ORACLES")
	if folder == "" {
		t.Skip("APCSIM_ORACLES names no folder with payref.py")
	}
	return filepath.Join(folder, "payref.py")
}

// answer is a line that the program prints.
type answer struct {
	Result any    `json:"result"`
	Error  string `json:"error"`
	Bad    string `json:"bad_input"`
}

func ask(t *testing.T, program string, all []Case) []answer {
	t.Helper()
	var in bytes.Buffer
	for _, c := range all {
		line, err := c.line()
		if err != nil {
			t.Fatal(err)
		}
		in.Write(append(line, '\n'))
	}
	cmd := exec.Command("/usr/bin/python3", program, "fn")
	cmd.Stdin, cmd.Stderr = &in, os.Stderr
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
	f, err := os.Open(committedFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	n := 0
	for ; lines.Scan(); n++ {
		var args Args
		var want answer
		if err := json.Unmarshal(lines.Bytes(), &args); err != nil {
			t.Fatal(err)
		}
		want.Result, want.Error = args["result"], args.Text("error")
		fn := args.Text("fn")
		for _, k := range []string{"fn", "result", "error"} {
			delete(args, k)
		}
		compare(t, funcs, Case{fn, args}, want)
	}
	if n != committedCases {
		t.Errorf("%s has %d vectors, want %d", committedFile, n, committedCases)
	}
}

// write computes the committed vectors from a fixed seed.
func write(t *testing.T, program string, draw func(*rand.Rand) Case) {
	random := rand.New(rand.NewPCG(1, 1))
	var all []Case
	for range committedCases {
		all = append(all, draw(random))
	}
	var out bytes.Buffer
	for i, answer := range ask(t, program, all) {
		line := map[string]any{"fn": all[i].Fn}
		for k, v := range all[i].Args {
			line[k] = v
		}
		if line["result"] = answer.Result; answer.Error != "" {
			delete(line, "result")
			line["error"] = answer.Error
		}
		text, err := json.Marshal(line)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(append(text, '\n'))
	}
	if err := os.MkdirAll("testdata", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(committedFile, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
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

// Bytes reads hexadecimal digits that a test has written.
func Bytes(text string) []byte {
	b, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return b
}

// TDES is the cipher of a key of 8, 16 or 24 bytes.
func TDES(key []byte) cipher.Block {
	b, err := des.NewTripleDESCipher(append(append([]byte(nil), key...), key...)[:24])
	if err != nil {
		panic(err)
	}
	return b
}
