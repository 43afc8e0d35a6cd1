package endpoint_test

import (
	"testing"

	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// TestUnreadableBodyIsLocated names the byte at which a body is no JSON.
func TestUnreadableBodyIsLocated(t *testing.T) {
	h := endpoint.Handler(simtest.New(t, nil), nil)
	for body, at := range map[string]string{"\uFEFF{}": "0", `{"MaxResults":x}`: "14", `{} x`: "2"} {
		_, got := ask(t, h, post("ListKeys", body))
		if want := "The body is not one JSON value (at byte " + at + ")."; got["Message"] != want {
			t.Errorf("%q: got %q, want %q", body, got["Message"], want)
		}
	}
}
