package engine

import (
	"context"
	"net/netip"

	"github.com/seed748fb4d1/apcsim/internal/core"
)

// WithSource returns a context for operations that come from an address, with or without TLS. Policies
// find both in the condition keys aws:SourceIp and aws:SecureTransport, which are absent without
// WithSource. Package endpoint calls it for every request.
func WithSource(ctx context.Context, address netip.Addr, secure bool) context.Context {
	return core.WithSource(ctx, core.Source{Address: address, Secure: secure})
}
