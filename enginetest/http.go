package enginetest

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/seed748fb4d1/apcsim/endpoint"
)

// errReset is what a client gets in place of an answer that was lost.
var errReset = errors.New("enginetest: connection reset by the test's fault")

// HTTPClient is an HTTP client for an AWS SDK for Go, and a transport of net/http, whose requests go to
// the simulator without a socket. Faults happen to its calls, and they are in the journal. Where an answer or a
// request is lost it fails as a broken connection does.
func (s *Sim) HTTPClient() endpoint.Client { return client{s} }

type client struct{ sim *Sim }

func (c client) RoundTrip(r *http.Request) (*http.Response, error) { return c.Do(r) }

func (c client) Do(r *http.Request) (*http.Response, error) {
	lost := new(atomic.Bool)
	res, err := endpoint.HTTPClient(c.sim.Engine, nil).Do(r.WithContext(context.WithValue(r.Context(), lostKey{}, lost)))
	if lost.Load() && err == nil {
		res.Body.Close()
		return nil, errReset
	}
	return res, err
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

// close stops the server. It waits until no connection has a request under way, or breaks those
// that have one.
func (v *server) close(hard bool) (err error) {
	defer func() { <-v.done }()
	if hard {
		return v.http.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err = v.http.Shutdown(ctx); err != nil {
		err = errors.Join(err, v.http.Close())
	}
	return err
}

// serve answers a request that came over a socket.
func (s *Sim) serve(w http.ResponseWriter, r *http.Request) {
	lost := new(atomic.Bool)
	answer := &buffered{header: w.Header()}
	endpoint.Handler(s.Engine, nil).ServeHTTP(answer, r.WithContext(context.WithValue(r.Context(), lostKey{}, lost)))
	if lost.Load() {
		panic(http.ErrAbortHandler) // net/http closes the connection
	}
	if answer.status != 0 {
		w.WriteHeader(answer.status)
	}
	w.Write(answer.body.Bytes())
}

// buffered is an answer that is not sent yet.
type buffered struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (b *buffered) Header() http.Header         { return b.header }
func (b *buffered) Write(p []byte) (int, error) { return b.body.Write(p) }
func (b *buffered) WriteHeader(status int)      { b.status = status }
