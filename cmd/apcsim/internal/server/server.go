package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/webguard"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// Options of a server. The zero value is right; nil means the same.
type Options struct {
	Config    *Config       // nil: an empty one; the server's from now on
	Account   string        // of callers whose access key is not in Config; "": engine.DefaultAccount
	Region    string        // of requests and keys that name none; "": engine.DefaultRegion
	Seed      uint64        // of ids and serial numbers, and of the symmetric keys of a software HSM; 0: fresh ones
	TokenLife time.Duration // of import and export tokens; 0: that of Config, or 30 days

	TestKeys        bool // use the ready RSA key pairs of hsm/testkeys, whose private keys are public
	Control         bool // the simulator's own calls under /_apcsim/ and the console: on a loopback address, or with ControlToken
	Verify          bool // check signatures with the secrets of Config
	Anonymous       bool // accept requests without a signature
	Explain         bool // exact reasons on every address
	ExceptionStatus bool // as endpoint.Options.ExceptionStatus

	ReasonsInMessage bool // as endpoint.Options.ReasonsInMessage

	ControlToken  hsm.Secret // that the simulator's own calls must show, as ReadControlToken reads it; empty: none
	ControlListen string     // another address for the simulator's own calls, which are there alone; "": that of Listen

	AllowOrigins []string // of web pages that may call, as endpoint.Options.AllowOrigins
	AllowHosts   []string // more names of a server on loopback, as endpoint.Options.AllowHosts

	// Backend holds the keys of every simulator of this server, one after the
	// other: a reset makes a new store on the same device, whose master key stays.
	// The caller closes it once the server has ended. Nil is a software HSM for
	// each simulator, with a master key of its own.
	Backend hsm.Backend

	// Store keeps everything, for this server, for the next one and for others at
	// the same time. The caller closes it once the server has ended. With one
	// there is no reset, and the keys of Config are loaded once in its life. Nil
	// is a new one in memory for each simulator.
	Store keystore.Store

	Log      *slog.Logger     // nil: none
	Now      func() time.Time // the wall clock; nil: time.Now
	Timeouts Timeouts
}

// Timeouts bound what others may take; zero fields are the defaults.
type Timeouts struct {
	Header   time.Duration // from a connection, or a request's first byte, to the end of its header (5 s)
	Read     time.Duration // to the end of its body (30 s)
	Write    time.Duration // from the end of its header to the end of the answer (2 min: RSA_4096 takes its time)
	Idle     time.Duration // between two requests of a connection (2 min)
	Shutdown time.Duration // for calls under way when the server stops (10 s)
	Ready    time.Duration // for the store and the device to answer GET /_apcsim/ready (1 s)
}

func (t Timeouts) withDefaults() Timeouts {
	return Timeouts{
		Header: cmp.Or(t.Header, 5*time.Second), Read: cmp.Or(t.Read, 30*time.Second), Write: cmp.Or(t.Write, 2*time.Minute),
		Idle: cmp.Or(t.Idle, 2*time.Minute), Shutdown: cmp.Or(t.Shutdown, 10*time.Second),
		Ready: cmp.Or(t.Ready, time.Second),
	}
}

// maxHeader is the longest header of a request, in bytes; net/http adds 4,096.
const maxHeader = 32 << 10

// OptionError is an option with a value that is refused.
type OptionError struct {
	Option string // "control"
	Wanted string
}

func (e *OptionError) Error() string { return e.Option + ": " + e.Wanted }

// Server is a simulator that listens. Any number of goroutines may share one.
type Server struct {
	options     Options
	home        apc.Identity // account and Region of requests that name none
	credentials map[string]endpoint.Credential
	guard       *webguard.Guard // of the simulator's own calls; the endpoint has one of its own
	log         *slog.Logger
	token       controlToken
	listener    net.Listener
	control     net.Listener  // for the simulator's own calls; nil: the other one is
	loopback    bool          // only this machine can reach it
	active      atomic.Int64  // requests being answered
	watchers    atomic.Int32  // clients that are sent each call as it happens
	stopping    chan struct{} // closed when Serve begins to stop

	mu        sync.RWMutex // guards world
	world     *world
	resetting sync.Mutex     // held by a reset
	closing   sync.WaitGroup // of worlds that were reset
}

// Format prints where it listens and no secret of a caller, whatever the verb.
func (s *Server) Format(w fmt.State, _ rune) { fmt.Fprintf(w, "Server(%s)", s.URL()) }

// Listen opens a simulator at a TCP address, "127.0.0.1:8089"; port 0 picks one.
// Requests are answered once Serve is called.
func Listen(ctx context.Context, address string, o *Options) (*Server, error) {
	s := &Server{stopping: make(chan struct{})}
	if o != nil {
		s.options = *o
	}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	if err := s.newGuard(address); err != nil {
		return nil, err
	}
	var l net.ListenConfig
	var err error
	if s.listener, err = l.Listen(ctx, "tcp", address); err != nil {
		return nil, err
	}
	s.loopback = isLoopback(s.listener.Addr())
	if err = s.openControl(ctx); err == nil {
		s.world, err = s.newWorld(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.closeListeners())
	}
	s.logMasterKey(ctx)
	s.warn()
	return s, nil
}

// openControl opens the listener of the simulator's own calls, if they have one, and refuses an
// address that other machines reach without a token.
func (s *Server) openControl(ctx context.Context) (err error) {
	at := s.listener
	if s.options.ControlListen != "" {
		var l net.ListenConfig
		if s.control, err = l.Listen(ctx, "tcp", s.options.ControlListen); err != nil {
			return err
		}
		at = s.control
	}
	s.token = newControlToken(s.options.ControlToken)
	if s.options.Control && !s.token.set() && !isLoopback(at.Addr()) {
		return &OptionError{
			"control",
			"the simulator's own calls are for clients on loopback addresses, or with a token (--control-token, --control-listen)",
		}
	}
	return nil
}

func (s *Server) closeListeners() error {
	if s.control == nil {
		return s.listener.Close()
	}
	return errors.Join(s.listener.Close(), s.control.Close())
}

// controlURL is where the simulator's own calls are: "http://127.0.0.1:8089/_apcsim/"; "" where
// they are off.
func (s *Server) controlURL() string {
	switch {
	case !s.options.Control:
		return ""
	case s.control != nil:
		return "http://" + s.control.Addr().String() + ownPath
	}
	return s.URL() + ownPath
}

// prepare fills in what the options leave out, and checks them.
func (s *Server) prepare() (err error) {
	o := &s.options
	if o.Config == nil {
		o.Config = &Config{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Control = o.Control || o.ControlListen != ""
	o.Timeouts = o.Timeouts.withDefaults()
	if s.log = o.Log; s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.home = apc.Identity{Account: cmp.Or(o.Account, engine.DefaultAccount), Region: cmp.Or(o.Region, engine.DefaultRegion)}
	switch {
	case !accountPattern.MatchString(s.home.Account):
		return &OptionError{"account", "wanted 12 digits"}
	case !regionPattern.MatchString(s.home.Region):
		return &OptionError{"region", `wanted a Region like "us-east-1"`}
	}
	if err := o.Config.checkAliases(s.home); err != nil {
		return err
	}
	s.credentials, err = o.Config.credentials(o.Verify)
	return err
}

// URL is where the server listens: "http://127.0.0.1:8089".
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// Serve answers requests until the context is cancelled. Then it takes no new
// ones, gives those under way Timeouts.Shutdown to finish, and returns nil. It is
// called once, and closes the server.
//
// While it serves the first requests it settles what came due in the store while no server
// was open.
func (s *Server) Serve(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	servers, broken := s.serveAll(cancel)
	settled := s.settle(ctx)
	<-ctx.Done()
	patience := s.options.Timeouts.Shutdown
	s.log.Info("stopping", "inflight", s.active.Load(), "patience", patience)
	close(s.stopping)
	bound, enough := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer enough()
	var late, err error
	for _, h := range servers {
		late = errors.Join(late, h.Shutdown(bound))
		if failed := <-broken; !errors.Is(failed, http.ErrServerClosed) { // by Shutdown
			err = errors.Join(err, failed)
		}
	}
	if late != nil {
		s.log.Warn("calls under way were cut off", "after", patience)
		for _, h := range servers {
			err = errors.Join(err, h.Close())
		}
		return err
	}
	select {
	case <-settled:
	case <-bound.Done():
		s.log.Warn("the store does not answer, and was not closed", "after", patience)
		return err
	}
	s.closing.Wait()
	return errors.Join(err, s.now().close())
}

// serveAll answers at every listener, and returns a channel with what ends each one. It calls
// cancel when one ends.
func (s *Server) serveAll(cancel context.CancelFunc) ([]*http.Server, <-chan error) {
	t := s.options.Timeouts
	newServer := func(h http.Handler) *http.Server {
		return &http.Server{
			Handler: h, ReadHeaderTimeout: t.Header, ReadTimeout: t.Read, WriteTimeout: t.Write, IdleTimeout: t.Idle,
			MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
		}
	}
	servers, listeners := []*http.Server{newServer(s)}, []net.Listener{s.listener}
	if s.control != nil {
		servers, listeners = append(servers, newServer(controlDoor{s})), append(listeners, s.control)
	}
	broken := make(chan error, len(servers))
	for i, h := range servers {
		go func() { broken <- h.Serve(listeners[i]); cancel() }()
	}
	return servers, broken
}

// settle settles what is due in a store that was there before, and returns a channel that
// is closed when that has ended.
func (s *Server) settle(ctx context.Context) <-chan struct{} {
	done := make(chan struct{})
	if s.options.Store == nil {
		close(done)
		return done
	}
	go func() {
		defer close(done)
		if err := s.now().engine.Settle(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("what came due while no server was open is not settled", "error", err)
		}
	}()
	return done
}

// Close gives up a server that Serve was not called on.
func (s *Server) Close() error { return errors.Join(s.closeListeners(), s.now().close()) }

// now is the present simulator.
func (s *Server) now() *world {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.world
}

// ServeHTTP answers one request: paths below /_apcsim/ are the simulator's own, all
// others the service's. A call that was received is made to its end, also for a client
// that has closed the connection.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.options.Control && s.control == nil && asksForConsole(r) {
		http.Redirect(w, r, ownPath, http.StatusSeeOther)
		return
	}
	s.serve(w, r, listener{loopback: s.loopback})
}

// controlDoor answers at the listener of the simulator's own calls: nothing else is there.
type controlDoor struct{ *Server }

func (s controlDoor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case asksForConsole(r):
		http.Redirect(w, r, ownPath, http.StatusSeeOther)
	case !strings.HasPrefix(r.URL.Path, ownPath):
		answerJSON(w, http.StatusNotFound, refusalView{Error: "the simulator's own calls are here, below " + ownPath})
	default:
		s.serve(w, r, listener{own: true, loopback: isLoopback(s.control.Addr())})
	}
}

// asksForConsole reports whether a browser asks for the first page.
func asksForConsole(r *http.Request) bool {
	return r.Method == http.MethodGet && r.URL.Path == "/" && wantsHTML(r)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request, at listener) {
	world := s.enter()
	leave := sync.OnceFunc(world.using.Done)
	defer leave()
	s.active.Add(1)
	defer s.active.Add(-1)
	client := r.Context()
	r = r.WithContext(context.WithoutCancel(client))
	if strings.HasPrefix(r.URL.Path, ownPath) {
		s.serveOwn(w, &request{Request: r, server: s, world: world, listener: at, client: client, leave: leave})
		return
	}
	world.api.ServeHTTP(w, r)
}

// isLoopback reports whether only this machine reaches an address.
func isLoopback(a net.Addr) bool {
	if a == nil {
		return false
	}
	at, err := netip.ParseAddrPort(a.String())
	return err == nil && at.Addr().Unmap().IsLoopback()
}

// version is the program's, as the go command stamped it.
var version = sync.OnceValue(func() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
})
