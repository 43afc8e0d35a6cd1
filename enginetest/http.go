package enginetest

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/seed748fb4d1/apcsim/endpoint"
)

// HTTPClient is an HTTP client for an AWS SDK for Go, and a transport of net/http, whose requests go to
// the simulator without a socket. Faults happen to its calls, and they are in the journal. Where an answer or a
// request is lost it fails as a broken connection does.
func (s *Sim) HTTPClient() endpoint.Client { return client{s} }

type client struct{ sim *Sim }

func (c client) RoundTrip(r *http.Request) (*http.Response, error) { return c.Do(r) }

func (c client) Do(r *http.Request) (*http.Response, error) {
	return endpoint.HTTPClient(c.sim.Engine, nil).Do(r)
}

// server is what URL starts.
type server struct {
	url  string
	http http.Server
	done chan struct{} // closed when it serves no more
}

// URL is the address of a server on loopback that answers for the simulator: it is started when
// URL is first called and closed when the test ends. A lost answer closes the connection.
func (s *Sim) URL() string {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil {
		return s.server.url
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatalf("enginetest: URL: %v", err)
	}
	v := &server{url: "http://" + l.Addr().String(), done: make(chan struct{})}
	v.http.Handler = http.HandlerFunc(s.serve)
	go func() {
		defer close(v.done)
		v.http.Serve(l) // it returns when the server is closed
	}()
	s.server = v
	return v.url
}

// patience is how long a server waits for its connections when the test ends.
var patience = 10 * time.Second

// close stops the server. It waits until no connection has a request under way, or breaks those
// that have one.
func (v *server) close(hard bool) (err error) {
	defer func() { <-v.done }()
	if hard {
		return v.http.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err = v.http.Shutdown(ctx); err != nil {
		err = errors.Join(err, v.http.Close())
	}
	return err
}

// serve answers a request that came over a socket, by the engine of this moment.
func (s *Sim) serve(w http.ResponseWriter, r *http.Request) {
	endpoint.Handler(s.Engine, nil).ServeHTTP(w, r)
}
