package main

import (
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

func TestLineAsLongAsAllowedIsTaken(t *testing.T) {
	block := wrapTest(t)
	line := strings.TrimSuffix(testrig.Lines(t, []unwrapRequest{{testKBPK, block, false}}), "\n")
	line += strings.Repeat(" ", maxLine-len(line))
	got := apcsim(t, line, "tr31", "unwrap", "--json", "-")
	if got.status != exitOK || !answers(t, got.out, 1)[0].OK {
		t.Errorf("%d bytes: got %+v", len(line), got)
	}
	if got := apcsim(t, line+" ", "tr31", "unwrap", "--json", "-"); got.status != exitRefused || !strings.Contains(got.out, "1048576") {
		t.Errorf("%d bytes: got %+v", len(line)+1, got)
	}
}

func TestSecretsComeFromStandardInputInOrder(t *testing.T) {
	block := wrapTest(t)
	for _, c := range []struct {
		stdin string
		args  []string
	}{
		{testKBPK + "\n" + block + "\n", []string{"tr31", "unwrap", "--kbpk", "-", "-"}},
		{testKBPK + "\n" + block, []string{"tr31", "unwrap", "-", "--kbpk=-", "--json"}},
		{testKBPK, []string{"tr31", "unwrap", "--kbpk", "-", block}},
		{block, []string{"tr31", "unwrap", "--kbpk", testKBPK, "--", "-"}},
	} {
		if got := apcsim(t, c.stdin, c.args...); got.status != exitOK || !strings.Contains(got.out, testKey) {
			t.Errorf("%q: got %+v", c.args, got)
		}
	}
	made := apcsim(t, testKBPK+"\n"+testKey+"\n", "tr31", "wrap", "--kbpk", "-", "--header", testHeader, "-")
	if made.status != exitOK {
		t.Fatalf("wrap: got %+v", made)
	}
	got := apcsim(t, "", "tr31", "unwrap", "--kbpk", testKBPK, strings.TrimSuffix(made.out, "\n"))
	if got.status != exitOK || !strings.Contains(got.out, testKey) {
		t.Errorf("what wrap made of standard input: got %+v", got)
	}
}
