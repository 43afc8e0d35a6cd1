package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/cmd/apcsim/internal/server"
	"github.com/seed748fb4d1/apcsim/cmd/apcsim/internal/servertest"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

func callAt(t *testing.T, url, operation, body string) {
	t.Helper()
	req, _ := http.NewRequestWithContext(t.Context(), "POST", url, strings.NewReader(body))
	req.Header.Set("X-Amz-Target", "PaymentCryptographyControlPlane."+operation)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
}

// watchOf runs the command until the test ends, and returns what it prints.
func watchOf(t *testing.T, args ...string) *testrig.Text {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	out, done := &testrig.Text{}, make(chan int, 1)
	go func() {
		done <- run(ctx, append([]string{"watch"}, args...), strings.NewReader(""), out, &testrig.Text{})
	}()
	t.Cleanup(func() {
		stop()
		if status := <-done; status != exitOK {
			t.Errorf("watch %v: exit status %d", args, status)
		}
	})
	return out
}

func TestWatchShowsCallsAsTheyHappen(t *testing.T) {
	s := servertest.Serve(t, &server.Options{Control: true, Anonymous: true})
	callAt(t, s.URL(), "ListKeys", "{}")
	all, refused := watchOf(t, s.URL()), watchOf(t, "--refused", s.URL()+"/")
	all.WaitFor(t, "ListKeys  111122223333 us-east-1")
	callAt(t, s.URL(), "GetKey", `{"KeyIdentifier":"alias/no\u001b[31mne"}`)
	callAt(t, s.URL(), "GetKey", `{"KeyIdentifier":"alias/none"}`)
	for _, out := range []*testrig.Text{all, refused} {
		out.WaitFor(t, "    KeyIdentifier: there is no such alias")
		if strings.Contains(out.String(), "\x1b") {
			t.Errorf("no terminal, and colours or a client's control characters: %q", out)
		}
	}
	if got := refused.String(); strings.Contains(got, "ListKeys") || !strings.Contains(got, "ResourceNotFoundException") {
		t.Errorf("refused alone: %s", got)
	}
}

func TestWatchShowsTheToken(t *testing.T) {
	path := testrig.OwnFile(t, "token", "control-token-of-a-test-0123456789\n")
	token, err := server.ReadControlToken(path)
	if err != nil {
		t.Fatal(err)
	}
	s := servertest.Serve(t, &server.Options{ControlToken: token, Control: true, Anonymous: true})
	callAt(t, s.URL(), "ListKeys", "{}")
	watchOf(t, "--token", path, s.URL()).WaitFor(t, "ListKeys")
	for args, want := range map[string]string{
		s.URL(): "Bearer TOKEN; give its file as --token FILE", s.URL() + "/x": "the server answers", "http://127.0.0.1:1": "refused",
		"nonsense": "the URL does not have the form", "a b": "wants one URL",
	} {
		var errs testrig.Text
		status := run(t.Context(), append([]string{"watch"}, strings.Fields(args)...), strings.NewReader(""), &testrig.Text{}, &errs)
		if status == exitOK || !strings.Contains(errs.String(), want) {
			t.Errorf("watch %s: status %d, %s", args, status, errs.String())
		}
	}
}

func TestColoursAreForTerminals(t *testing.T) {
	var out testrig.Text
	w := &watcher{paint: painter{&out, true}}
	if err := w.show(`{"number":7,"operation":"GetKey","error":"X","why":["a\u001b[1mb"]}`); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, "\x1b[31mX\x1b[0m") || strings.Contains(got, "\x1b[1mb") || w.last != 7 {
		t.Errorf("got %q", got)
	}
	for cells, want := range map[[3]string]string{
		{"header", "D0112", "what \x1b[1m it may do"}: "\x1b[1mheader\x1b[0m  D0112  \x1b[2m" + `"what \x1b[1m it may do"` + "\x1b[0m",
		{"", "D0112", ""}:       "  D0112",
		{"header", "D0112", ""}: "\x1b[1mheader\x1b[0m  D0112",
	} {
		line := strings.TrimRight(shown(cells[0])+"  "+cells[1]+"  "+shown(cells[2]), " ")
		if got := (painter{&out, true}).row(line, cells); got != want {
			t.Errorf("a row of a table: got %q, want %q", got, want)
		}
	}
	if p := paintFor(harmless{&out}); p.on {
		t.Error("a buffer is taken for a terminal")
	}
	t.Setenv("NO_COLOR", "1")
	if p := paintFor(harmless{os.Stdout}); p.on || fmt.Sprint(p.in(red, "x")) != "x" {
		t.Error("NO_COLOR is not obeyed")
	}
}
