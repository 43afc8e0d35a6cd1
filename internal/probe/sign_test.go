package probe

import (
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

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
