package probe

import (
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// ran is what a command line did.
type ran struct {
	differ bool
	err    error
	out    string
	said   string
}

func runs(t *testing.T, args ...string) ran {
	t.Helper()
	c := &Command{Simulator: func() (*engine.Engine, error) { return simtest.New(t, &engine.Options{}), nil }, Credentials: Environment}
	fs := flag.NewFlagSet("compare", flag.ContinueOnError)
	c.Flags(fs)
	if err := fs.Parse(args); err != nil {
		t.Fatal(err)
	}
	var out, said strings.Builder
	differ, err := c.Run(t.Context(), &out, &said, fs.Args())
	return ran{differ, err, out.String(), said.String()}
}

// TestDifferenceIsShownWithItsPlace compares the simulator with a recording that answers otherwise.
func TestDifferenceIsShownWithItsPlace(t *testing.T) {
	const text = `{"format":1,"side":"another","probes":{"alias-without-key":{"answers":{"g":{"exception":"ValidationException"}}}}}`
	file := testrig.OwnFile(t, "other.json", text)
	got := runs(t, "--only", "G-alias-without-key", file)
	if got.err != nil || !got.differ {
		t.Fatalf("got %+v, want a difference", got)
	}
	for _, want := range []string{"alias-without-key  DIFFERENT", "sim: ResourceNotFoundException",
		"another as recorded: ValidationException", "G-alias-without-key: An alias that points to no key",
		"to change: internal/core/keys.go, resolveOwn", "0 same, 1 different, 0 not run"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("the table does not say %q:\n%s", want, got.out)
		}
	}
	if got := runs(t, "--only", "alias-unknown", file); got.err == nil || got.err.Error() != problemNothing || got.differ ||
		!strings.Contains(got.out, problemNoRecord) {
		t.Errorf("a probe that was not recorded: got %+v, want the error %q", got, problemNothing)
	}
	var shown struct{ Results []Result }
	got = runs(t, "--json", "--only", "G-alias-without-key", file)
	if err := json.Unmarshal([]byte(got.out), &shown); err != nil || len(shown.Results) != 1 || len(shown.Results[0].Differences) != 1 {
		t.Errorf("as JSON: got %s, %v", got.out, err)
	}
}

// TestJournalOfAKilledComparisonIsReported compares with a server whose journal names a comparison without an end.
func TestJournalOfAKilledComparisonIsReported(t *testing.T) {
	server := httptest.NewServer(endpoint.Handler(simtest.New(t, &engine.Options{}), nil))
	t.Cleanup(server.Close)
	journal := testrig.OwnFile(t, "journal", `{"run":"0011"}`+"\n"+`{"calls":"CreateKey","pro`)
	got := runs(t, "--journal", journal, "--only", "alias-exists", server.URL)
	if got.err != nil || got.differ || !strings.Contains(got.said, problemLeft) || !strings.Contains(got.said, "[1/1] alias-exists") {
		t.Errorf("got %+v", got)
	}
	if got := runs(t, "--journal", journal, "--clean", server.URL); got.err != nil || !strings.Contains(got.out, "nothing is left there") {
		t.Errorf("--clean: got %+v", got)
	}
	if got := runs(t, "--journal", journal, "--clean", server.URL); got.err != nil || !strings.Contains(got.out, problemNoJournal) {
		t.Errorf("--clean once more: got %+v", got)
	}
}

func TestCommandLinesThatAreRefused(t *testing.T) {
	t.Setenv("CI", "")
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	for _, c := range []struct {
		args  []string
		want  string
		usage bool
	}{
		{[]string{}, "wants the two sides", true},
		{[]string{"sim", "sim", "sim"}, "wants the two sides", true},
		{[]string{"--only", "G-nothing", "sim"}, "no probe is about that", true},
		{[]string{"--clean", "sim"}, "--clean wants", true},
		{[]string{"--clean", "aws:us-east-1", "sim"}, "no further sides", true},
		{[]string{"no-such-file"}, problemSide, false},
		{[]string{"ftp://host"}, problemURL, false},
		{[]string{"--yes", "aws:US/evil"}, problemSide, false},
		{[]string{"aws:us-east-1"}, problemNoYes, false},
		{[]string{"aws:"}, problemSide, false},
		{[]string{"--only", "G-deleted-visible", "sim"}, "G-deleted-visible is not decided by calls: a key is deleted three days", true},
		{[]string{"http://127.0.0.1:1", "http://127.0.0.1:1"}, problemTwice, true},
		{[]string{"--record", filepath.Join(t.TempDir(), "none", "file"), "sim"}, "no such file", false},
		{[]string{"http://127.0.0.1:1"}, "connection refused", false},
		{[]string{"--yes", "aws:us-east-1"}, "no credentials in AWS_ACCESS_KEY_ID", false},
	} {
		got := runs(t, c.args...)
		if got.err == nil || !strings.Contains(got.err.Error(), c.want) ||
			strings.Contains(got.err.Error(), "attempts") || errors.Is(got.err, ErrUsage) != c.usage {
			t.Errorf("%q: got %v, want %q, about usage: %t", c.args, got.err, c.want, c.usage)
		}
	}
}

// TestWrongCredentialsEndAComparison asks a server without any access key for all probes.
func TestWrongCredentialsEndAComparison(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDUNKNOWN")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "any")
	var requests atomic.Int64
	h := endpoint.Handler(simtest.New(t, &engine.Options{}), &endpoint.Options{Verify: true})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	got := runs(t, "--journal", filepath.Join(t.TempDir(), "journal"), server.URL)
	if got.err == nil || !strings.Contains(got.err.Error(), server.URL+": "+problemCredentials+": UnrecognizedClientException") ||
		strings.Contains(got.err.Error(), "AKIDUNKNOWN") {
		t.Errorf("got %v, want %q and the exception", got.err, problemCredentials)
	}
	if n := requests.Load(); n > 2 {
		t.Errorf("%d requests were sent, want no more after the first refusal", n)
	}
}

// TestServerWithAnUnknownCertificateIsNotReached: nothing was asked, so there is no table.
func TestServerWithAnUnknownCertificateIsNotReached(t *testing.T) {
	server := httptest.NewUnstartedServer(endpoint.Handler(simtest.New(t, &engine.Options{}), nil))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it would log the failed handshakes
	server.StartTLS()
	t.Cleanup(server.Close)
	for url, want := range map[string]string{
		server.URL: "certificate signed by unknown authority",
		strings.Replace(server.URL, "https", "http", 1) + "/": "", // HTTP to a port of HTTPS is an answer
	} {
		got := runs(t, "--journal", filepath.Join(t.TempDir(), "journal"), "--only", "alias-exists", url)
		if got.err == nil || !strings.Contains(got.err.Error(), want) ||
			want != "" && (got.out != "" || strings.Contains(got.err.Error(), "attempts")) {
			t.Errorf("%s: got %+v, want the error %q and no table", url, got, want)
		}
	}
}
