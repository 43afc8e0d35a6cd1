package probe

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// The secrets that a recording must not have.
const (
	canaryAccount = "987654321098"
	canaryKey     = "AKIACANARYCANARYCANA"
	canarySecret  = "canary/secret/canary/secret/canary/secre"
	canarySession = "canarySession//canarySession//canarySession=="
)

func canaryCredentials(context.Context) (Credentials, error) {
	return Credentials{AccessKey: canaryKey, Secret: canarySecret, Session: canarySession}, nil
}

// echo is a server that repeats the whole request in the message of every refusal.
type echo struct{ http.Handler }

func (e echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	kept := &keptAnswer{header: http.Header{}, status: http.StatusOK}
	e.Handler.ServeHTTP(kept, r)
	for name, values := range kept.header {
		if name != "Content-Length" {
			w.Header()[name] = values
		}
	}
	text := kept.body.String()
	if kept.status != http.StatusOK {
		said := strings.NewReplacer(`"`, "'", `\`, "/", "\n", " ").Replace(string(body) + " " + r.Header.Get("Authorization") + " " +
			r.Header.Get("X-Amz-Security-Token") + " of arn:aws:iam::" + canaryAccount + ":user/canary-user")
		text = strings.Replace(text, `essage":"`, `essage":"`+said+" ", 1)
	}
	w.WriteHeader(kept.status)
	io.WriteString(w, text)
}

type keptAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (k *keptAnswer) Header() http.Header         { return k.header }
func (k *keptAnswer) WriteHeader(status int)      { k.status = status }
func (k *keptAnswer) Write(b []byte) (int, error) { return k.body.Write(b) }

var (
	cardDigit = regexp.MustCompile(`"PrimaryAccountNumber":\s*"(\d+)"`)
)

// TestRecordingHasNoSecretAndReplays records a server that repeats every request, reads the recording, and compares:
// the table is the same, and nothing in the file is secret.
func TestRecordingHasNoSecretAndReplays(t *testing.T) {
	eng := simtest.New(t, &engine.Options{})
	h := endpoint.Handler(eng, &endpoint.Options{Default: apc.Identity{Account: canaryAccount}})
	a := record(t, Sim(simtest.New(t, &engine.Options{}), nil))
	file := filepath.Join(t.TempDir(), "recording.json")
	live, recording := &Comparison{A: a, B: serve(t, echo{h}, canaryCredentials)}, &Recording{Format: recordingFormat, Side: "a server",
		Probes: map[string]*Recorded{}}
	live.Record = recording
	results, err := live.Run(t.Context(), All())
	if err != nil {
		t.Fatal(err)
	}
	if err := recording.Write(file); err != nil {
		t.Fatal(err)
	}
	b, err := ReadRecording(file)
	if err != nil {
		t.Fatal(err)
	}
	again, err := (&Comparison{A: a, B: b}).Run(t.Context(), All())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := tableOf(again), tableOf(results); got != want {
		t.Errorf("the recording's table:\n%s\nthe live one:\n%s", got, want)
	}
	holdsNoSecret(t, file)
}

func tableOf(results []Result) string {
	var b strings.Builder
	for i := range results { // which side did not run is said by its name
		results[i].NotRun = strings.ReplaceAll(results[i].NotRun, " as recorded", "")
		if _, why, ok := strings.Cut(results[i].NotRun, ": "); ok {
			results[i].NotRun = why
		}
	}
	Table(&b, "A", "B", results)
	return b.String()
}

func holdsNoSecret(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{canaryAccount, canaryKey, canarySecret, canarySession, "canary-user"}
	for _, p := range All() {
		for _, s := range p.Steps {
			if s.Clear != "" {
				secrets = append(secrets, s.Clear)
			}
			if s.Do == "wrap" {
				secrets = append(secrets, s.Args[0], s.Args[2])
			}
			for _, m := range cardDigit.FindAllStringSubmatch(s.Raw, -1) {
				secrets = append(secrets, m[1])
			}
		}
	}
	for _, secret := range secrets {
		if i := bytes.Index(text, []byte(secret)); i >= 0 {
			t.Errorf("the recording has %s: %.200s", secret, text[max(0, i-100):])
		}
	}
}

// TestRecordingsOfTheServiceStillHold compares the simulator with every recording of docs/recordings: what the service
// has answered once is what the simulator answers.
func TestRecordingsOfTheServiceStillHold(t *testing.T) {
	files, err := filepath.Glob("../../docs/recordings/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	a := record(t, Sim(simtest.New(t, &engine.Options{}), nil))
	for _, file := range files {
		b, err := ReadRecording(file)
		if err != nil {
			t.Fatal(err)
		}
		results, err := (&Comparison{A: a, B: b}).Run(t.Context(), All())
		if err != nil {
			t.Fatal(err)
		}
		decided := 0
		for _, r := range results {
			for _, d := range r.Differences {
				t.Errorf("%s: %s: %+v", file, r.Probe, d)
			}
			if b.Probes[r.Probe] != nil && r.Same > 0 {
				decided++
			}
		}
		if decided != len(b.Probes) {
			t.Errorf("%s: %d of %d probes were decided: the others are unknown, or say nothing", file, decided, len(b.Probes))
		}
		holdsNoSecret(t, file)
	}
}

func TestRecordingsThatAreRefused(t *testing.T) {
	for _, text := range []string{"", "[]", `{"format":2}`, `{"format":1,"probes":[]}`} {
		if r, err := ParseRecording([]byte(text)); err == nil {
			t.Errorf("%q: got %+v, want an error", text, r)
		}
	}
	p := &All()[0]
	old := &Recording{Probes: map[string]*Recorded{p.Name: {Steps: "0000"}}}
	if got, _ := old.Run(t.Context(), p); got.NotRun != problemOther {
		t.Errorf("a recording of other steps: got %+v", got)
	}
}
