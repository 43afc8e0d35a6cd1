package engine

import (
	"context"
	"net/netip"

	"github.com/seed748fb4d1/apcsim/internal/core"
)

// WithSource returns a context whose operations came from an address, over TLS or not: the condition keys
// aws:SourceIp and aws:SecureTransport of policies. The endpoint does it for every request; without it
// both keys are absent.
func WithSource(ctx context.Context, address netip.Addr, secure bool) context.Context {
	return core.WithSource(ctx, core.Source{Address: address, Secure: secure})
}
