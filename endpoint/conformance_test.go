package endpoint_test

import (
	"net/http"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// The conformance walk: requests made from the service's own description, and
// every answer held to it.

// failer is a test of either kind.
type failer interface{ Errorf(string, ...any) }

// walk counts the outcome of the requests.
type walk struct {
	d               *service
	post            func(op string, body []byte) *http.Request
	taken, refused  map[string]int // by operation
	spoilt, unbuilt int
}

func newWalk(d *service) *walk {
	return &walk{d: d, post: posted, taken: map[string]int{}, refused: map[string]int{}}
}

// simulated reports whether an operation is.
func simulated(op string) bool {
	o, _ := engine.OperationNamed(op)
	return o.Simulated
}

// unbuiltMember reports whether a request asks for more than is simulated.
func unbuiltMember(op string, _ object) bool {
	return !simulated(op)
}

// send asks, and holds the answer to the description.
func (k *walk) send(t failer, w *world, op string, body object) *reply {
	got := w.ask(k.post(op, asJSON(body)))
	for _, wrong := range k.d.checkAnswer(op, got, got.status != http.StatusOK && unbuiltMember(op, body)) {
		t.Errorf("%s %s:\n%s\n%s", op, asJSON(body), got, wrong)
	}
	switch {
	case got.status == http.StatusOK:
		k.taken[op]++
	case got.code() == "NotSimulatedException":
		k.unbuilt++
	case got.status >= 500:
		t.Errorf("%s %s: %s", op, asJSON(body), got)
	default:
		k.refused[op]++
	}
	return got
}

// good sends a request that fits the description.
func (k *walk) good(t failer, w *world, op string, body object) *reply {
	for _, wrong := range k.d.checkRequest(op, body) {
		t.Errorf("%s %s: the request itself: %s", op, asJSON(body), wrong)
	}
	got := k.send(t, w, op, body)
	if got.code() == "SerializationException" || strings.Contains(got.reason(), "satisfy ") {
		t.Errorf("%s %s: refused by its shape: %s", op, asJSON(body), got)
	}
	return got
}

// bad sends a request that does not fit, and holds the refusal to what was
// spoilt.
func (k *walk) bad(t failer, w *world, op string, s *spoiling) {
	k.spoilt++
	if len(k.d.checkRequest(op, s.body)) == 0 {
		t.Errorf("%s, %s of %s: nothing is spoilt in %s", op, s.what, s.at, asJSON(s.body))
	}
	got := k.send(t, w, op, s.body)
	switch {
	case !simulated(op):
	case s.late && (got.status == http.StatusOK || got.code() != refusedByType):
	case got.code() != s.code:
		t.Errorf("%s, %s of %s, want %s: %s", op, s.what, s.at, s.code, got)
	case s.code == refusedByShape && !strings.Contains(got.reason(), reasonPath(s.at)):
		t.Errorf("%s, %s of %s: the reason does not tell: %s", op, s.what, s.at, got)
	}
}

// reasonPath is how the engine names a place: the keys of a map are no part of
// it.
func reasonPath(at string) string {
	if i := strings.Index(at, "OptionalBlocks"); i >= 0 {
		return at[:i+len("OptionalBlocks")]
	}
	return at
}

// TestGoodRequestsAreAnsweredAsDescribed asks for every simulated operation in
// every form.
func TestGoodRequestsAreAnsweredAsDescribed(t *testing.T) {
	k, w := newWalk(described()), newWorld(t, nil)
	defer func() { w.close() }()
	for _, r := range goodRequests(t) {
		got := k.good(t, w, r.op, r.body)
		if got.status != http.StatusOK { // an earlier one may have changed what it needs
			w.close()
			w = newWorld(t, nil)
			got = k.good(t, w, r.op, r.body)
		}
		if got.status != http.StatusOK {
			t.Errorf("%s %s: %s", r.op, asJSON(r.body), got)
		}
	}
	for op := range engine.Operations() {
		if !op.DataPlane && op.Simulated != (k.taken[op.Name] > 0) {
			t.Errorf("%s succeeded %d times", op.Name, k.taken[op.Name])
		}
	}
}

// TestEverySpoilingOfAGoodRequestIsRefused spoils each good request in every
// way, one at a time.
func TestEverySpoilingOfAGoodRequestIsRefused(t *testing.T) {
	k, w := newWalk(described()), newWorld(t, nil)
	defer w.close()
	for _, r := range goodRequests(t) {
		for _, s := range k.d.spoilings(r.op, clone(r.body).(object)) {
			k.bad(t, w, r.op, &s)
		}
	}
	if k.spoilt < 1000 {
		t.Errorf("%d spoilt requests only", k.spoilt)
	}
	t.Logf("%d spoilt requests", k.spoilt)
}

// TestRandomRequestsAreAnsweredAsDescribed sends each operation sequences of
// requests that fit the description, and the same spoilt.
func TestRandomRequestsAreAnsweredAsDescribed(t *testing.T) {
	testrig.Checks(t, 20)
	d := described()
	g := newDrawer(d, goodRequests(t))
	for _, op := range d.known() {
		t.Run(op, func(t *testing.T) {
			k := newWalk(d)
			rapid.Check(t, func(t *rapid.T) {
				w := newWorld(t, nil)
				defer w.close()
				for range 3 {
					body := g.request(t, op)
					k.good(t, w, op, body)
					if spoilt := d.spoilings(op, body); len(spoilt) > 0 {
						k.bad(t, w, op, &spoilt[rapid.IntRange(0, len(spoilt)-1).Draw(t, "spoiling")])
					}
				}
			})
			t.Logf("%d taken, %d refused (%d of them spoilt), %d not simulated", k.taken[op], k.refused[op], k.spoilt, k.unbuilt)
			if simulated(op) && k.taken[op] == 0 {
				t.Errorf("no request succeeded")
			}
		})
	}
}
