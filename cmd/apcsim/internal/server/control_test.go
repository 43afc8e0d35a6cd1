package server

import (
	"strings"
	"testing"
)

func TestTheSimulatorsOwnCallsAreOffUnlessAskedFor(t *testing.T) {
	r := start(t, "127.0.0.1", Options{})
	for _, path := range []string{"", "now", "advance", "reset-clock", "reset", "keys", "keys/x", "journal", "due", "graph",
		"approvals", "faults", "nothing"} {
		for _, method := range []string{"GET", "POST"} {
			status, answer, _ := r.do(t, method, "/_apcsim/"+path, "")
			if want := `{"error":"the simulator's own calls are off"}` + "\n"; status != 404 || answer != want {
				t.Errorf("%s %s: got %d, %s", method, path, status, answer)
			}
		}
	}
}

func TestTheOwnCallsListThemselves(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true})
	var got struct {
		Calls []struct{ Method, Path, Summary string }
	}
	r.own(t, "GET", "", "", &got)
	if len(got.Calls) != len(ownCalls()) {
		t.Fatalf("got %d calls, want %d", len(got.Calls), len(ownCalls()))
	}
	for _, c := range got.Calls {
		other := map[string]string{"GET": "DELETE", "POST": "PUT"}[c.Method]
		if status, answer, header := r.do(t, other, c.Path, ""); status != 405 ||
			!strings.Contains(strings.Join(header.Values("Allow"), ","), c.Method) {
			t.Errorf("%s %s: got %d, %s, %v", other, c.Path, status, answer, header)
		}
		if c.Summary == "" {
			t.Errorf("%s has no summary", c.Path)
		}
	}
	for _, path := range []string{"nothing", "keys/", "now/", "/now", "../now"} {
		if status, answer, _ := r.do(t, "GET", "/_apcsim/"+path, ""); status != 404 {
			t.Errorf("%s: got %d, %s", path, status, answer)
		}
	}
}

func TestAPageThatIsLetInMayMakeEveryOwnCall(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, AllowOrigins: []string{"https://app.example"}})
	for _, c := range ownCalls() {
		status, _, header := r.do(t, "OPTIONS", "/_apcsim/"+c.Path, "", "Origin", "https://app.example",
			"Access-Control-Request-Method", c.Method)
		if allowed := header.Get("Access-Control-Allow-Methods"); status != 204 || !strings.Contains(allowed, c.Method) {
			t.Errorf("%s %s: status %d, allowed are %q", c.Method, c.Path, status, allowed)
		}
	}
}
