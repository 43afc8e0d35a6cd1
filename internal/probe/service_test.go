package probe

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// noted notes when each request is sent, and which operations are called on which keys.
type noted struct {
	Doer
	now   func() time.Time
	times []time.Time
	gone  []string // bodies of requests that delete
}

func (n *noted) Do(r *http.Request) (*http.Response, error) {
	n.times = append(n.times, n.now())
	if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".DeleteKey") {
		body, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		text := make([]byte, 200)
		read, _ := body.Read(text)
		n.gone = append(n.gone, string(text[:read]))
	}
	return n.Doer.Do(r)
}

// service is the side of the service, but for a simulator that answers in its place and a clock that sleeping moves.
func service(t *testing.T, eng *engine.Engine) (*Service, *noted) {
	t.Helper()
	j, err := OpenJournal(filepath.Join(t.TempDir(), "journal"))
	if err != nil {
		t.Fatal(err)
	}
	s := AWS("us-east-1", canaryCredentials, j)
	clock := time.Now()
	s.now = func() time.Time { return clock }
	s.sleep = func(ctx context.Context, d time.Duration) error {
		clock = clock.Add(d)
		return ctx.Err()
	}
	n := &noted{Doer: endpoint.HTTPClient(eng, nil), now: s.now}
	s.doer = n
	return s, n
}

// TestServiceIsAskedSlowlyAndLeftClean asks the side of the service every probe: fewer than five calls in a second, no
// setting of the account, no key of another deleted, and nothing left.
func TestServiceIsAskedSlowlyAndLeftClean(t *testing.T) {
	eng := simtest.New(t, &engine.Options{})
	ours, err := eng.CreateKey(t.Context(), &engine.CreateKeyInput{Exportable: new(true), KeyAttributes: kek()})
	if err != nil {
		t.Fatal(err)
	}
	s, n := service(t, eng)
	asked := 0
	for _, p := range quick() {
		got, err := s.Run(t.Context(), &p)
		if err != nil {
			t.Fatal(err)
		}
		if p.Account && got.NotRun != problemAccount || !p.Account && got.NotRun != "" {
			t.Errorf("%s: %q", p.Name, got.NotRun)
		}
		asked++
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for i := range len(n.times) - 4 {
		if d := n.times[i+4].Sub(n.times[i]); d < time.Second {
			t.Fatalf("5 requests in %s, from number %d", d, i)
		}
	}
	for _, body := range n.gone {
		if strings.Contains(body, ours.Key.KeyArn) {
			t.Errorf("another's key was deleted: %s", body)
		}
	}
	if got := left(t, eng); len(got) != 1 || asked == 0 {
		t.Errorf("left after %d probes: %v, want %s alone", asked, got, ours.Key.KeyArn)
	}
}

// TestPlanIsNotExceeded compares what is planned with what is sent and made.
func TestPlanIsNotExceeded(t *testing.T) {
	eng := simtest.New(t, &engine.Options{})
	s, n := service(t, eng)
	probes := quick()
	for _, p := range probes {
		if _, err := s.Run(t.Context(), &p); err != nil {
			t.Fatal(err)
		}
	}
	plan := PlanFor(probes)
	if len(n.times) > plan.Calls || len(n.times) < plan.Calls*3/4 {
		t.Errorf("%d calls were sent, %d planned: want a few less", len(n.times), plan.Calls)
	}
	made, err := s.pages(t.Context(), "ListKeys", "Keys", map[string]any{"MaxResults": 100})
	if err != nil || len(made) > plan.Keys || len(made) < plan.Keys/2 || plan.Cents < 1 || plan.Cents > 100 {
		t.Errorf("%d keys were made, %d planned, for %.2f cents (%v)", len(made), plan.Keys, plan.Cents, err)
	}
}

// TestSignaturesVerify asks a server that verifies signatures: identifiers in paths and all.
func TestSignaturesVerify(t *testing.T) {
	eng := simtest.New(t, &engine.Options{})
	h := endpoint.Handler(eng, &endpoint.Options{Verify: true,
		Callers: map[string]endpoint.Credential{canaryKey: {Identity: apc.Identity{Account: canaryAccount}, Secret: canarySecret}}})
	s := serve(t, h, canaryCredentials)
	for _, p := range quick() {
		if got, err := s.Run(t.Context(), &p); err != nil || got.NotRun != "" && !p.Account {
			t.Errorf("%s: %+v, %v", p.Name, got, err)
		}
	}
	wrong := serve(t, h, anyCredentials)
	got, err := wrong.Run(t.Context(), &All()[0])
	if err == nil || !strings.Contains(err.Error(), problemCredentials+": UnrecognizedClientException") {
		t.Errorf("with another access key: got %+v, %v", got, err)
	}
}

func TestJournalIsForOneProcess(t *testing.T) {
	name := filepath.Join(t.TempDir(), "deep", "journal")
	j, err := OpenJournal(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenJournal(name); err == nil || !strings.Contains(err.Error(), problemBusy) {
		t.Errorf("a second time: got %v, want %s", err, problemBusy)
	}
	if err := j.write(entry{Run: "one"}); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := OpenJournal(name)
	if err != nil || len(again.runs) != 1 {
		t.Errorf("opened again: got %+v, %v, want one run", again, err)
	}
	again.Close()
}
