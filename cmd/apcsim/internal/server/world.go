package server

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/cmd/apcsim/internal/console"
	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/testkeys"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// world is one simulator and all that is below it: what lasts from one reset
// to the next.
type world struct {
	backend hsm.Backend
	store   keystore.Store
	own     []func() error // closes what is this world's, and not the server's caller's
	clock   *clock
	engine  *engine.Engine
	api     http.Handler // the service's operations
	calls   calls
	faults  engine.Faults
	skipped atomic.Int64   // reports of records that could not be read
	using   sync.WaitGroup // requests that are in it

	storeProbe, deviceProbe probe
}

// newWorld opens a simulator and loads the keys of the configuration into it.
func (s *Server) newWorld(ctx context.Context) (*world, error) {
	o := &s.options
	w := &world{backend: o.Backend, store: o.Store}
	w.calls.done = make(chan struct{})
	w.storeProbe.ask, w.deviceProbe.ask = w.askStore, w.askDevice
	if w.store == nil {
		w.store = keystore.NewMemory()
		w.own = append(w.own, w.store.Close)
	}
	if w.backend == nil {
		w.backend = hsm.NewSoftware(&hsm.SoftwareOptions{Seed: o.Seed})
		w.own = append(w.own, w.backend.Close)
	}
	err := w.open(ctx, s)
	if err == nil {
		err = s.loadOnce(ctx, w)
	}
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	w.api = endpoint.Handler(w.engine, &endpoint.Options{
		Callers: s.credentials, Default: s.home, Verify: o.Verify, Anonymous: o.Anonymous,
		ExceptionStatus: o.ExceptionStatus, ReasonsInMessage: o.ReasonsInMessage, Public: !s.loopback, Now: o.Now,
		AllowOrigins: o.AllowOrigins, AllowHosts: o.AllowHosts,
		Observe: func(c endpoint.Call) {
			s.logCall(c)
			if o.Control && !reachedEngine(c) {
				w.calls.add(console.Call{Time: w.clock.now(), Operation: c.Operation, Region: c.Caller.Region, Account: c.Caller.Account,
					Duration: c.Duration, Error: c.Code, Message: c.Reason})
			}
		},
	})
	return w, nil
}

// reachedEngine reports whether the engine has received a call and reported it. What is no
// request of the protocol, and what is not simulated at all, ends before the engine.
func reachedEngine(c endpoint.Call) bool {
	switch apc.Code(c.Code) {
	case apc.ErrAccessDenied:
		return c.Operation != "" // else the request was not even read
	case "", apc.ErrConflict, apc.ErrInternalServer, apc.ErrResourceNotFound, apc.ErrServiceQuotaExceeded,
		apc.ErrServiceUnavailable, apc.ErrThrottling, apc.ErrValidation, apc.ErrPublicPolicy, apc.ErrVerificationFailed:
		return true
	case apc.ErrNotSimulated:
		op, _ := engine.OperationNamed(c.Operation)
		return op.Simulated
	}
	return false
}

func (w *world) open(ctx context.Context, s *Server) (err error) {
	o := &s.options
	if w.clock, err = openClock(ctx, o.Now, w.store, s.log); err != nil {
		return err
	}
	var ready hsm.Ready
	if o.TestKeys {
		ready = testkeys.Ready()
	}
	options := s.engineOptions(w.clock)
	options.Seed, options.HideReasons = o.Seed, !s.loopback && !o.Explain
	options.Observe = func(e apc.Event) { w.observe(s, e) }
	options.HSM = hsm.Options{Ready: ready, Log: s.log}
	if o.Control {
		options.Intercept, w.faults.Advance = w.intercept, w.clock.advance
	}
	if w.engine, err = engine.Open(ctx, w.backend, w.store, options); err == nil {
		w.clock.settle = w.engine.Settle
	}
	return err
}

// observe logs what the simulator found and did by itself.
func (w *world) observe(s *Server, e apc.Event) {
	if e.EventType != apc.ServiceEvent {
		return
	}
	if e.EventName == apc.EventRecordSkipped {
		reasons := make([]string, len(e.Reasons))
		for i, r := range e.Reasons {
			reasons[i] = r.String()
		}
		s.log.Error("a stored record was skipped", "event", e.EventName, "account", e.AccountID, "region", e.AWSRegion,
			"resources", e.Resources, "reasons", reasons, "count", w.skipped.Add(1))
		return
	}
	s.log.Info("a change without a call", "event", e.EventName, "account", e.AccountID, "region", e.AWSRegion,
		"resources", e.Resources, "details", e.ServiceEventDetails)
}

// close ends a simulator that no request is in.
func (w *world) close() error {
	var err error
	if w.engine != nil {
		err = w.engine.Close()
	}
	for _, f := range w.own {
		err = errors.Join(err, f())
	}
	return err
}

// enter is the present world, held until its using is done.
func (s *Server) enter() *world {
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.world.using.Add(1)
	return s.world
}

// reset puts a new world in the place of the old one. Requests that are in the
// old one finish there; then it is closed.
func (s *Server) reset(ctx context.Context) (*world, error) {
	fresh, err := s.newWorld(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	old := s.world
	last, _ := old.calls.lastNumber()
	fresh.calls.continueAfter(last)
	s.world = fresh
	s.mu.Unlock()
	close(old.calls.done)
	s.closing.Go(func() {
		old.using.Wait()
		if err := old.close(); err != nil {
			s.log.Error("closing the simulator before the reset", "error", err)
		}
	})
	return fresh, nil
}
