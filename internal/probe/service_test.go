package probe

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
