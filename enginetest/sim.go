package enginetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/testkeys"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// T is the part of *testing.T, *testing.B, *testing.F and *rapid.T that this package uses.
type T interface {
	Helper()
	Cleanup(func())
	Name() string
	Failed() bool
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Options of a Sim. The zero value is right.
type Options struct {
	// Engine are the options of the engine. Now, Seed, IDs and HSM.Ready get values of the
	// Sim where they are zero. With Now given, [Sim.Clock] is nil, the caller moves the
	// clock, and nothing is checked 181 days later.
	Engine engine.Options

	// Seed of key ids, tokens, serial numbers and symmetric keys; 0 is Engine.Seed or else 1.
	// The environment variable ENGINETEST_SEED replaces it.
	Seed uint64

	// Start of the clock; zero is 15 January 2026, 09:00 UTC.
	Start time.Time

	// Backend, if not nil, is in place of a software HSM with the seed. The caller closes it. Sealed
	// bytes and open keys are checked only with the software HSM.
	Backend hsm.Backend

	// Store, if not nil, is in place of one in memory. The caller closes it. Key ids are then drawn
	// from the seed, because the readable ones may be taken in the store.
	Store keystore.Store

	// Keep names the keys that the end of the test does not fail for. It is called with each key in
	// CREATE_COMPLETE that the test's calls made and that has no alias. It is also called with each
	// key in another state that an alias points to, or with the zero Key if the alias points to no
	// key. True accepts the key, false fails the test. Nil is false for all. It is not called with
	// keys without an alias that were made by [Sim.Key], [Sim.Load], [Sim.Inspect] or a [Partner].
	Keep func(Key) bool
}

// KeepAll is an [Options.Keep] that lets every key be left as it is.
func KeepAll(Key) bool { return true }

// Start is where the clock of a Sim begins.
var Start = time.Date(2026, 1, 15, 9, 0, 0, 0, time.UTC)

// Sim is a simulator for one test. It embeds the engine, so that it has all operations itself.
// Any number of goroutines may share one, but no call may be under way during [Sim.Restart].
type Sim struct {
	*engine.Engine
	Clock *engine.Clock // nil with Options.Engine.Now

	t        T
	options  Options
	device   *device // nil with Options.Backend
	backend  hsm.Backend
	store    *store
	failing  *failing // the store as the engine has it
	restarts uint64
	ids      atomic.Uint64 // the last readable key id

	faults     engine.Faults
	deviceDown atomic.Bool
	running    atomic.Int64 // calls under way
	server     *server

	mu        sync.Mutex
	journal   []Call
	events    []apc.Event
	made      map[string]bool // ids of keys that recorded calls made
	known     [][]byte        // what must not be found anywhere
	inspector *engine.Engine  // nil until it is asked for
	partners  int
}

// New makes a simulator for a test and closes it when the test ends. Nil options are the defaults.
func New(t T, o *Options) *Sim {
	t.Helper()
	s := &Sim{t: t, made: map[string]bool{}}
	if o != nil {
		s.options = *o
	}
	s.fillIn()
	if err := s.open(); err != nil {
		t.Fatalf("enginetest: opening the simulator: %v", err)
	}
	t.Cleanup(s.end)
	return s
}

// fillIn sets the options that are zero.
func (s *Sim) fillIn() {
	o := &s.options
	if o.Seed == 0 {
		o.Seed = max(o.Engine.Seed, 1)
	}
	if text := os.Getenv("ENGINETEST_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil || seed == 0 {
			s.t.Fatalf("enginetest: ENGINETEST_SEED=%s: want a number above 0", text)
		}
		o.Seed = seed
	}
	if o.Start.IsZero() {
		o.Start = Start
	}
	if o.Engine.Now == nil {
		s.Clock = engine.NewClock(o.Start)
		o.Engine.Now = s.Clock.Now
		s.faults.Advance = s.passTime
	}
	if o.Engine.HSM.Ready == nil {
		o.Engine.HSM.Ready = testkeys.Ready()
	}
	if o.Engine.IDs == nil && o.Store == nil {
		o.Engine.IDs = func() string { return fmt.Sprintf("%s%013d", readable, s.ids.Add(1)) }
	}
	if o.Backend == nil {
		s.device = newDevice(o.Seed)
		o.Backend = s.device
	}
	s.backend = hsm.Wrap(o.Backend, s.beforeDevice)
	s.store = &store{Store: o.Store, refs: map[keystore.Ref]bool{}}
	if o.Store == nil {
		s.store.Store, s.store.own = keystore.NewMemory(), true
	}
	s.failing = &failing{Store: s.store}
}

// readable is what readable key ids begin with; a number of 13 digits follows.
const readable = "key"

// open opens the engine on the device and the store.
func (s *Sim) open() (err error) {
	o := s.options.Engine
	o.Seed = s.seed(0)
	o.Intercept, o.Observe = s.intercept, s.observe
	s.Engine, err = engine.Open(context.Background(), s.backend, s.failing, &o)
	return err
}

// seed is the seed of an engine: each one that the Sim opens draws from streams of its own, because
// all of them write into one store.
func (s *Sim) seed(offset uint64) uint64 {
	const odd = 0x9E3779B97F4A7C15
	return max(s.options.Seed+(2*s.restarts+offset)*odd, 1)
}

// Seed is the seed that repeats the run.
func (s *Sim) Seed() uint64 { return s.options.Seed }

// Restart closes the engine and opens it on the same store and device, with empty caches. Callers
// made with As before belong to the closed engine; HTTPClient and URL use the new one.
func (s *Sim) Restart() {
	s.t.Helper()
	err := s.Engine.Close()
	s.restarts++
	if err := errors.Join(err, s.open()); err != nil {
		s.t.Fatalf("enginetest: restarting the simulator: %v", err)
	}
}

// Advance moves the clock and settles what is due by then. While the store is down nothing is
// settled.
func (s *Sim) Advance(d time.Duration) {
	s.t.Helper()
	if s.Clock == nil {
		s.t.Fatalf("enginetest: Advance: the clock is Options.Engine.Now, which the test moves itself")
		return
	}
	s.Clock.Advance(d)
	if s.failing.down.Load() {
		return
	}
	if err := s.Settle(context.Background()); err != nil {
		s.t.Fatalf("enginetest: settling after %v: %v", d, err)
	}
}

// Inspect returns the caller with the simulator's default identity (Options.Engine.Identity) whose
// calls get no fault and are not recorded: it is for looking at the state, and for keys that the
// test itself needs.
func (s *Sim) Inspect() *engine.Caller { return s.inspect().Caller }

// InspectAs is Inspect for another identity.
func (s *Sim) InspectAs(id apc.Identity) *engine.Caller { return s.inspect().As(id) }

// inspect is a second engine on the same device and store.
func (s *Sim) inspect() *engine.Engine {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inspector != nil {
		return s.inspector
	}
	o := s.options.Engine
	o.Seed = s.seed(1)
	o.Intercept, o.Observe = nil, nil
	eng, err := engine.Open(context.Background(), s.options.Backend, s.store, &o)
	if err != nil {
		s.t.Fatalf("enginetest: opening the simulator a second time, to look at it: %v", err)
	}
	s.inspector = eng
	return eng
}

// Events are the events so far, in the order in which they were observed.
func (s *Sim) Events() []apc.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]apc.Event(nil), s.events...)
}

func (s *Sim) observe(e apc.Event) {
	s.mu.Lock()
	s.events = append(s.events, e)
	s.mu.Unlock()
	if next := s.options.Engine.Observe; next != nil {
		next(e)
	}
}

// Secret names values, such as a PIN, an account number or a key, that must not be found in the
// store, the journal or the events when the test ends. Of a value of 16 or more bytes, unless it is
// a text of digits, any eight bytes in a row must not be found either.
func (s *Sim) Secret(values ...[]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range values {
		s.known = append(s.known, append([]byte(nil), v...))
	}
}

// madeKeys are the ids of the keys that recorded calls made.
func (s *Sim) madeKeys() map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.made)
}

// Format prints only the seed, whatever the verb.
func (s *Sim) Format(w fmt.State, _ rune) { fmt.Fprintf(w, "Sim(seed %d)", s.options.Seed) }
