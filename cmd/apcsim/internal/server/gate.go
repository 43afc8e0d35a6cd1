package server

import (
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/seed748fb4d1/apcsim/internal/webguard"
)

// newGuard makes the guard that refuses calls from web pages of other sites,
// and checks the options for it. The name that the server listens at is
// allowed.
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

// listener is where a request was received.
type listener struct {
	own      bool // the listener of Options.ControlListen
	loopback bool // only this machine reaches the listener
}

// errNoToken is a request that does not show the token.
var errNoToken = &ownError{http.StatusUnauthorized, "wanted the token of --control-token: Authorization: Bearer TOKEN"}

// admit refuses a request for the simulator's own calls: without --control-token requests of other
// machines, as far as the connection and a proxy's headers show; with --control-token requests
// without the token; and requests of web pages in any case. A proxy on this machine that adds no
// header looks like a program on this machine.
func (s *Server) admit(q *request) error {
	if err := s.admitPage(q); err != nil {
		return err
	}
	if !s.token.set() {
		return nil
	}
	byHeader, byCookie := s.token.shown(q.Request)
	switch {
	case byHeader:
		return nil
	case !byCookie:
		return errNoToken
	case q.Method != http.MethodGet && q.Method != http.MethodHead && !fromItself(q.Request):
		return &ownError{http.StatusForbidden, "the cookie is for the console's own pages"}
	}
	return nil
}

// admitPage is admit without the token: for the page that asks for it.
func (s *Server) admitPage(q *request) error {
	r := q.Request
	switch {
	case !s.options.Control:
		return &ownError{http.StatusNotFound, "the simulator's own calls are off"}
	case s.control != nil && !q.listener.own:
		return &ownError{http.StatusNotFound, "the simulator's own calls are at another address (--control-listen)"}
	}
	if !s.token.set() {
		if err := fromThisMachine(r, q.listener); err != nil {
			return err
		}
	}
	check := s.guard.Check
	if !q.listener.loopback { // where it has no one name
		check = s.guard.CheckOrigin
	}
	if err := check(r); err != nil {
		return &ownError{http.StatusForbidden, err.Error() + " (--allow-host, --allow-origin)"}
	}
	switch r.Header.Get("Sec-Fetch-Site") { // of browsers: what made them ask
	case "", "none", "same-origin":
		return nil
	}
	if s.guard.FromPage(r) || r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Dest") == "document" { // a link to the console
		return nil
	}
	return &ownError{http.StatusForbidden, "the browser sent it for a web page of another origin (--allow-origin)"}
}

// fromThisMachine refuses requests of other machines.
func fromThisMachine(r *http.Request, l listener) error {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	switch {
	case err != nil || !remote.Addr().Unmap().IsLoopback():
		return &ownError{http.StatusForbidden, "the client is not on a loopback address"}
	case !l.loopback || !isLoopback(local):
		return &ownError{http.StatusForbidden, "the server is not on a loopback address"}
	case throughProxy(r.Header):
		return &ownError{http.StatusForbidden, "the request has come through a proxy, so that its client may be anywhere"}
	}
	return nil
}

// fromItself reports whether the page that the browser sent the request for is the server's own.
func fromItself(r *http.Request) bool {
	origins := r.Header.Values("Origin")
	return len(origins) == 1 && (origins[0] == "http://"+r.Host || origins[0] == "https://"+r.Host)
}

// throughProxy reports whether a header shows that a proxy passed the request
// on.
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
		return &ownError{
			http.StatusUnsupportedMediaType,
			"the Content-Type is not application/json (curl -H 'Content-Type: application/json')",
		}
	}
	return nil
}
