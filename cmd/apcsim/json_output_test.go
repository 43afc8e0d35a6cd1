package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

func TestBadLinesAreAnsweredAndTheNextGoOn(t *testing.T) {
	block := wrapTest(t)
	good := testrig.Lines(t, []unwrapRequest{{testKBPK, block, false}})
	bad := []string{
		"", "nonsense", "[]", "17", `"` + testKey + `"`, "{", `{"kbpk":` + testKey[1:17] + `,"block":"x"}`,
		`{"kbpk":"` + testKBPK + `","block":"` + block + `"} {}`,
		`{"kbpk":"` + testKBPK[:63] + `","block":"` + block + `"}`,
		"{\"kbpk\":\"\x00\"}", strings.Repeat(" ", maxLine) + "{}", strings.Repeat("x", 5*maxLine),
		`{"kbpk":"` + strings.Repeat("00", maxLine) + `"}`,
	}
	var in strings.Builder
	for _, line := range bad {
		in.WriteString(line + "\n" + good)
	}
	got := apcsim(t, in.String(), "tr31", "unwrap", "--json", "-")
	if got.status != exitRefused || got.err != "" {
		t.Errorf("status %d, %q", got.status, got.err)
	}
	for i, a := range answers(t, got.out, 2*len(bad)) {
		if i%2 == 1 {
			if !a.OK || a.Key != testKey {
				t.Errorf("the good line after %.60q: got %+v", bad[i/2], a)
			}
			continue
		}
		if a.OK || a.Error != classInput || a.Message == "" {
			t.Errorf("%.60q: got %+v, want %s", bad[i/2], a, classInput)
		}
		showsNoKey(t, a.Field+a.Message)
	}
}

func TestAnswersComeBeforeTheNextQuestion(t *testing.T) {
	in, ask := io.Pipe()
	hear, out := io.Pipe()
	done := make(chan int, 1)
	go func() {
		done <- run(t.Context(), []string{"tr31", "unwrap", "--json", "-"}, in, out, io.Discard)
	}()
	answer := bufio.NewReader(hear)
	for range 3 {
		if _, err := io.WriteString(ask, "{}\n"); err != nil {
			t.Fatal(err)
		}
		if line, err := answer.ReadString('\n'); err != nil || !strings.HasPrefix(line, `{"ok":false`) {
			t.Fatalf("got %q, %v", line, err)
		}
	}
	ask.Close()
	if status := <-done; status != exitRefused {
		t.Errorf("status %d, want %d", status, exitRefused)
	}
}

func TestReadErrorsEndTheBatch(t *testing.T) {
	broken := errors.New("the wire is cut")
	in := io.MultiReader(strings.NewReader("{}\n"), errReader{broken})
	var out, err strings.Builder
	status := run(t.Context(), []string{"tr31", "unwrap", "--json", "-"}, in, &out, &err)
	if status != exitRefused || strings.Count(out.String(), "\n") != 1 || !strings.Contains(err.String(), broken.Error()) {
		t.Errorf("got %d, %q, %q", status, &out, &err)
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

func TestACancelledBatchEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, err bytes.Buffer
	status := run(ctx, []string{"tr31", "unwrap", "--json", "-"}, strings.NewReader("{}\n"), &out, &err)
	if status != exitRefused || out.Len() != 0 || !strings.Contains(err.String(), "canceled") {
		t.Errorf("got %d, %q, %q", status, &out, &err)
	}
}
