package endpoint

import (
	"context"
	"net/http"
	"net/netip"

	"github.com/seed748fb4d1/apcsim/engine"
)

// withSource is the request's context with the address of its client, for policies. A request that came
// over no socket has neither address nor transport. Headers of proxies are ignored: anyone can write them.
func withSource(r *http.Request) context.Context {
	if r.RemoteAddr == "" {
		return r.Context()
	}
	from, _ := netip.ParseAddrPort(r.RemoteAddr)
	return engine.WithSource(r.Context(), from.Addr(), r.TLS != nil)
}
