package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// A key block, its protection key and its key, made here for these tests. The
// check values are openssl's.
const (
	testKBPK   = "EB6D9013B1729A0DE86181E6FCF754DE131030500239388D775CF3A3F5824444"
	testKey    = "0123456789ABCDEFFEDCBA9876543210"
	testKCV    = "2090A6"
	testTDES   = "08D7B4"
	testHeader = "D0000P0AE00E0000"
)

// result is what a run of the program left.
type result struct {
	status   int
	out, err string
}

// apcsim runs the program in this process.
func apcsim(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var out, err bytes.Buffer
	status := run(t.Context(), args, strings.NewReader(stdin), &out, &err)
	return result{status, out.String(), err.String()}
}

// wrapTest makes a block of testKey under testKBPK.
func wrapTest(t *testing.T, args ...string) string {
	t.Helper()
	got := apcsim(t, "", append([]string{"tr31", "wrap", "--kbpk", testKBPK, "--header", testHeader, testKey}, args...)...)
	if got.status != exitOK || got.err != "" {
		t.Fatalf("wrap: %+v", got)
	}
	return strings.TrimSuffix(got.out, "\n")
}

func TestTheBuiltProgramDoesTheSame(t *testing.T) {
	binary := build(t)
	block := wrapTest(t)
	tampered := block[:len(block)-1] + string("01"[(block[len(block)-1]+1)%2])
	for _, c := range []struct {
		stdin string
		args  []string
	}{
		{"", []string{"kcv", "--algorithm", "AES", testKey}},
		{"", []string{"tr31", "unwrap", "--kbpk", testKBPK, tampered}},
		{"", []string{"tr31"}},
		{testrig.Lines(t, []unwrapRequest{{testKBPK, block, false}, {testKBPK, tampered, false}}), []string{"tr31", "unwrap", "--json", "-"}},
	} {
		cmd := exec.CommandContext(t.Context(), binary, c.args...)
		var out, err bytes.Buffer
		cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(c.stdin), &out, &err
		_ = cmd.Run() // the status is what counts
		got := result{cmd.ProcessState.ExitCode(), out.String(), err.String()}
		if want := apcsim(t, c.stdin, c.args...); got != want {
			t.Errorf("%q: got %+v, want %+v", c.args, got, want)
		}
	}
}

func TestOutputThatCannotBeWrittenIsAnError(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("this system has no /dev/full")
	}
	defer full.Close()
	block := wrapTest(t)
	for _, args := range [][]string{
		{"kcv", "--algorithm", "AES", testKey},
		{"tr31", "inspect", block},
		{"tr31", "unwrap", "--kbpk", testKBPK, block},
		{"tr31", "unwrap", "--json", "-"},
		{"tr31", "wrap", "--kbpk", testKBPK, "--header", testHeader, testKey},
	} {
		var stderr bytes.Buffer
		if got := run(t.Context(), args, strings.NewReader("{}\n"), full, &stderr); got != exitRefused || stderr.Len() == 0 {
			t.Errorf("%q: status %d, %q", args, got, &stderr)
		}
	}
}
