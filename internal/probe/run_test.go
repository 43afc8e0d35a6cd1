package probe

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// quick are the probes that need no RSA key made here.
func quick() (out []Probe) {
	for _, p := range All() {
		if !strings.Contains(p.Text(), "RSA") {
			out = append(out, p)
		}
	}
	return out
}

// Text is the steps of a probe.
func (p *Probe) Text() (text string) {
	for _, s := range p.Steps {
		text += s.Text + "\n"
	}
	return text
}

// awkward spoils requests by their number: some are throttled, some lose their answers after they were
// done, some before, some are not answered until the client gives up.
type awkward struct {
	http.Handler
	requests atomic.Int64
	giveUp   sync.Map // by the number of a request: what ends it for the client
}

const numberHeader = "X-Number"

// RoundTrip sends the client's requests, which have no timeout but end when the server hangs.
func (a *awkward) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(r.Context())
	r = r.Clone(ctx)
	number := rand.Text()
	r.Header.Set(numberHeader, number)
	a.giveUp.Store(number, cancel)
	return http.DefaultTransport.RoundTrip(r)
}

func (a *awkward) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch n := a.requests.Add(1); {
	case n%5 == 0:
		w.Header().Set("X-Amzn-Errortype", "ThrottlingException")
		w.WriteHeader(http.StatusBadRequest)
		w.Write([]byte(`{"__type":"ThrottlingException"}`))
	case n%17 == 0:
		a.Handler.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	case n%23 == 0:
		panic(http.ErrAbortHandler)
	case n%151 == 0:
		io.Copy(io.Discard, r.Body) // a server sees that a client has gone after that alone
		giveUp, _ := a.giveUp.Load(r.Header.Get(numberHeader))
		giveUp.(context.CancelFunc)()
		<-r.Context().Done()
	default:
		a.Handler.ServeHTTP(w, r)
	}
}

// serve is a side of a server in this process, with a journal, that waits for nothing.
func serve(t *testing.T, h http.Handler, c CredentialsFunc) *Service {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	j, err := OpenJournal(filepath.Join(t.TempDir(), "journal"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Server(server.URL, "us-east-1", c, j)
	if err != nil {
		t.Fatal(err)
	}
	s.sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return s
}

// leavesNothing closes a side, which deletes what it made on its server.
func leavesNothing(t *testing.T, s *Service, eng *engine.Engine) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := left(t, eng); len(got) > 0 {
		t.Errorf("left on the server: %v", got)
	}
}

// left are the keys and aliases of a simulator that a comparison should not leave.
func left(t *testing.T, eng *engine.Engine) (out []string) {
	t.Helper()
	s := Sim(eng, nil)
	keys, err := s.pages(t.Context(), "ListKeys", "Keys", map[string]any{"KeyState": "CREATE_COMPLETE"})
	if err != nil {
		t.Fatal(err)
	}
	aliases, err := s.pages(t.Context(), "ListAliases", "Aliases", map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		out = append(out, fmt.Sprint(k["KeyArn"]))
	}
	for _, a := range aliases {
		out = append(out, fmt.Sprint(a["AliasName"]))
	}
	return out
}

// TestAwkwardServerIsLeftClean asks a server that throttles, drops answers and answers too late: the comparison ends,
// differs in nothing, says what it could not decide, and leaves nothing.
func TestAwkwardServerIsLeftClean(t *testing.T) {
	eng := simtest.New(t, &engine.Options{})
	a := &awkward{Handler: endpoint.Handler(eng, nil)}
	s := serve(t, a, nil)
	s.doer.(*http.Client).Timeout, s.doer.(*http.Client).Transport = 0, a
	results, err := (&Comparison{A: Sim(simtest.New(t, &engine.Options{}), nil), B: s}).Run(t.Context(), quick())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if len(r.Differences) > 0 {
			t.Errorf("%s: %+v", r.Probe, r.Differences)
		}
	}
	c := Count(results)
	if c.NotRun == 0 || c.Same < c.NotRun {
		t.Errorf("the comparison found %s: want most the same, and some that were not decided", c)
	}
	leavesNothing(t, s, eng)
}

// TestServerThatNeverAnswersIsReported asks a server that always fails.
func TestServerThatNeverAnswersIsReported(t *testing.T) {
	s := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), nil)
	tr, err := s.Run(t.Context(), &All()[0])
	if err != nil || !strings.Contains(tr.NotRun, "no answer in 5 attempts") {
		t.Errorf("got %+v, %v", tr, err)
	}
	if err := s.Close(); err == nil {
		t.Error("nothing was said of what may be left")
	}
}

// TestInterruptedComparisonLeavesNothing ends the context in the middle.
func TestInterruptedComparisonLeavesNothing(t *testing.T) {
	eng := simtest.New(t, &engine.Options{})
	ctx, stop := context.WithCancel(t.Context())
	n := 0
	inner := endpoint.Handler(eng, nil)
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner.ServeHTTP(w, r)
		if n++; n == 40 {
			stop()
		}
	}), nil)
	_, err := (&Comparison{A: s, B: s}).Run(ctx, quick())
	if err != context.Canceled {
		t.Fatalf("got %v, want %v", err, context.Canceled)
	}
	leavesNothing(t, s, eng)
}

// TestFullAccountRefutesNothing asks a server that takes no more keys: no guess is about that.
func TestFullAccountRefutesNothing(t *testing.T) {
	eng := simtest.New(t, &engine.Options{Limits: apc.Limits{Keys: 1}})
	results, err := (&Comparison{A: Sim(simtest.New(t, &engine.Options{}), nil), B: serve(t, endpoint.Handler(eng, nil), nil)}).Run(
		t.Context(), Choice{Only: "L-parity"}.Chosen())
	if err != nil {
		t.Fatal(err)
	}
	last := results[len(results)-1]
	if len(last.Differences) > 0 || !strings.Contains(last.NotRun, "ServiceQuotaExceededException") {
		t.Errorf("got %+v, want no difference and the quota as the reason", last)
	}
}
