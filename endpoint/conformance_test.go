package endpoint_test

import (
	"net/http"
	"testing"
)

// TestGoodRequestsAreAnsweredAsDescribed asks for every simulated operation in
// every form.
func TestGoodRequestsAreAnsweredAsDescribed(t *testing.T) {
	d := described(t)
	w := newWorld(t, nil)
	defer w.close()
	for _, r := range goodRequests(t) {
		for _, wrong := range d.checkRequest(r.op, r.body) {
			t.Errorf("%s %s: the request itself: %s", r.op, asJSON(r.body), wrong)
		}
		got := w.ask(posted(r.op, asJSON(r.body)))
		if got.status != http.StatusOK {
			t.Errorf("%s %s: %s", r.op, asJSON(r.body), got)
		}
		for _, wrong := range d.checkAnswer(r.op, got, false) {
			t.Errorf("%s: %s: %s", r.op, got, wrong)
		}
	}
}
