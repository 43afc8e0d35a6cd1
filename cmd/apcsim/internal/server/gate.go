package server

import (
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/seed748fb4d1/apcsim/internal/webguard"
)

// newGuard makes what keeps web pages away, and checks the options for it. The
// name that the server listens at is allowed.
func (s *Server) newGuard(address string) error {
	o := &s.options
	for _, text := range o.AllowOrigins {
		if _, err := webguard.Origin(text); err != nil {
			return &OptionError{"allow-origin", err.Error()}
		}
	}
	for _, text := range o.AllowHosts {
		if _, err := webguard.Host(text); err != nil {
			return &OptionError{"allow-host", err.Error()}
		}
	}
	if host, err := webguard.Host(address); err == nil {
		o.AllowHosts = append(o.AllowHosts[:len(o.AllowHosts):len(o.AllowHosts)], host)
	}
	s.guard = webguard.New(o.AllowOrigins, o.AllowHosts)
	return nil
}

// admit refuses who may not make the simulator's own calls: other machines, as far
// as the connection and a proxy's headers say, and web pages. A proxy on this
// machine that adds no header looks like a program on this machine.
func (s *Server) admit(r *http.Request) error {
	if !s.options.Control {
		return &ownError{http.StatusNotFound, "the simulator's own calls are off"}
	}
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	switch {
	case err != nil || !remote.Addr().Unmap().IsLoopback():
		return &ownError{http.StatusForbidden, "the client is not on a loopback address"}
	case !s.loopback || !isLoopback(local):
		return &ownError{http.StatusForbidden, "the server is not on a loopback address"}
	case throughProxy(r.Header):
		return &ownError{http.StatusForbidden, "the request has come through a proxy, so that its client may be anywhere"}
	}
	if err := s.guard.Check(r); err != nil {
		return &ownError{http.StatusForbidden, err.Error() + " (--allow-host, --allow-origin)"}
	}
	switch r.Header.Get("Sec-Fetch-Site") { // of browsers: what made them ask
	case "", "none", "same-origin":
		return nil
	}
	if s.guard.FromPage(r) {
		return nil
	}
	return &ownError{http.StatusForbidden, "a web page of another origin made the browser ask (--allow-origin)"}
}

// throughProxy reports whether a proxy shows itself.
func throughProxy(h http.Header) bool {
	for name := range h {
		switch {
		case name == "Forwarded", name == "Via", name == "X-Real-Ip", strings.HasPrefix(name, "X-Forwarded-"):
			return true
		}
	}
	return false
}

// isJSON refuses the types of content that a web page may send without asking. A
// body of no bytes needs no type.
func isJSON(contentType string, length int) error {
	if contentType == "" && length == 0 {
		return nil
	}
	if kind, _, err := mime.ParseMediaType(contentType); err != nil || kind != "application/json" {
		return &ownError{http.StatusUnsupportedMediaType, "the Content-Type is not application/json (curl -H 'Content-Type: application/json')"}
	}
	return nil
}
