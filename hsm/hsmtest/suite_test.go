package hsmtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig/awkward"
	"github.com/seed748fb4d1/apcsim/internal/testrig/promise"
)

// software is a device with one master key, with something put wrong.
func software(put wrong) func(testing.TB) hsm.Backend {
	return func(testing.TB) hsm.Backend {
		b := &broken{Backend: hsm.NewSoftware(&hsm.SoftwareOptions{MasterKey: &[32]byte{1}})}
		if put == nil {
			return b.Backend
		}
		put(b)
		return b.backend()
	}
}

// intact is a device with every option, all of whose promises are kept.
func intact(t *testing.T) *subject {
	open := software(nil)
	return &subject{T: t, New: open, Options: Options{
		Again:  func(t testing.TB, _ hsm.Backend) hsm.Backend { return open(t) },
		Faulty: onLine(nil, nil),
		Without: map[string]func(testing.TB) hsm.Backend{
			"what an awkward device lacks": func(testing.TB) hsm.Backend { return awkward.New(nil) },
		},
		Blank: func(testing.TB) hsm.Backend { return blank(false) },
	}}
}

var errLine = errors.New("the line to the device is down")

// line is what is below a backend: it carries a request and an answer for each call, of
// which one can be lost.
type line struct {
	mu    sync.Mutex // guards both
	next  int        // messages until one is lost; 0: none is
	fired bool
}

func (l *line) arm(nth int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	fired := l.fired
	l.next, l.fired = nth, false
	return fired
}

func (l *line) carry() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.next == 0 {
		return nil
	}
	if l.next--; l.next > 0 {
		return nil
	}
	l.fired = true
	return errLine
}

// onLine is a device behind a line, which takes an outage in one method, or in all for
// "", for something else.
func onLine(in *string, as error) func(testing.TB) (hsm.Backend, func(int) bool) {
	return func(t testing.TB) (hsm.Backend, func(int) bool) {
		l := &line{}
		return &broken{Backend: software(nil)(t), around: func(method string, call func() error) error {
			err := l.carry()
			if err == nil {
				err = call()
			}
			if err == nil {
				err = l.carry()
			}
			if errors.Is(err, errLine) && in != nil && (*in == "" || *in == method) {
				return as
			}
			return err
		}}, l.arm
	}
}

// down is a device that does not come back after an outage.
func down(t testing.TB) (hsm.Backend, func(int) bool) {
	b, arm := onLine(nil, nil)(t)
	around, lost := b.(*broken).around, false
	b.(*broken).around = func(method string, call func() error) error {
		err := around(method, call)
		if lost {
			return fmt.Errorf("%w: and stays so", hsm.ErrClosed)
		}
		lost = errors.Is(err, errLine)
		return err
	}
	return b, arm
}

// blank is a device whose master key is made by Initialize: once, or each time.
func blank(eachTime bool) hsm.Backend {
	var mu sync.Mutex
	made := false
	b := &broken{Backend: hsm.NewSoftware(nil)}
	b.around = func(_ string, call func() error) error {
		mu.Lock()
		defer mu.Unlock()
		if !made {
			return hsm.ErrNoMasterKey
		}
		return call()
	}
	b.initialize = func(ctx context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if made && eachTime {
			b.Backend = hsm.NewSoftware(nil)
		}
		made = true
		return nil
	}
	return b.backend()
}

// allBroken are all broken devices: those of the tables, and a few by hand.
func allBroken() promise.Broken[*subject] {
	out := promise.Broken[*subject]{}
	add := func(name, how string, change func(*subject)) {
		if out[name] == nil {
			out[name] = map[string]func(*testing.T) *subject{}
		}
		out[name][how] = func(t *testing.T) *subject { s := intact(t); change(s); return s }
	}
	table := func(table map[string]map[string]wrong, change func(s *subject, put wrong)) {
		for name, wrongs := range table {
			for how, put := range wrongs {
				add(name, how, func(s *subject) { change(s, put) })
			}
		}
	}
	table(breaks, func(s *subject, put wrong) { s.New = software(put) })
	table(laterBreaks, func(s *subject, put wrong) {
		s.Options.Again = func(t testing.TB, _ hsm.Backend) hsm.Backend { return software(put)(t) }
	})
	table(lackingBreaks, func(s *subject, put wrong) { s.Options.Without["something"] = software(put) })
	add("BackendsOfOneDeviceShareKeys", "closes the device for others", func(s *subject) {
		s.Options.Again = func(_ testing.TB, first hsm.Backend) hsm.Backend { return &broken{Backend: first} }
	})
	add(
		"NothingWorksWithoutAMasterKey",
		"makes a new one each time",
		func(s *subject) { s.Options.Blank = func(testing.TB) hsm.Backend { return blank(true) } },
	)
	add("NothingWorksWithoutAMasterKey", "has one already", func(s *subject) { s.Options.Blank = software(nil) })
	add("OutagesOfTheBackendAreNoVerdicts", "does not come back", func(s *subject) { s.Options.Faulty = down })
	add("OutagesOfKeysAreNoVerdicts", "does not come back", func(s *subject) { s.Options.Faulty = down })
	for _, c := range []struct {
		name, how, method string
		as                error
	}{
		{"OutagesOfTheBackendAreNoVerdicts", "takes an outage for a bad key", "Open", hsm.ErrSealed},
		{"OutagesOfTheBackendAreNoVerdicts", "takes an outage for a gap", "Import", hsm.Unsupported("keys of this kind")},
		{"OutagesOfTheBackendAreNoVerdicts", "takes an outage for a success", "Random", nil},
		{"OutagesOfKeysAreNoVerdicts", "takes an outage for bad data", "DecryptRaw", hsm.ErrInput},
		{"OutagesOfKeysAreNoVerdicts", "takes an outage for a success", "Encrypt", nil},
		{"OutagesOfKeysAreNoVerdicts", "takes an outage for a refusal", "ECDH", hsm.ErrRefused},
		{"OutagesInACrowdAreNoVerdicts", "takes an outage for a bad key", "", hsm.ErrSealed},
	} {
		add(c.name, c.how, func(s *subject) { s.Options.Faulty = onLine(&c.method, c.as) })
	}
	return out
}

// TestEveryCaseCatchesItsBrokenDevices: no case passes whatever the device does.
func TestEveryCaseCatchesItsBrokenDevices(t *testing.T) {
	promise.CheckCases(t, cases(), allBroken())
}

func TestPromisesAreThoseOfTheInterface(t *testing.T) {
	promise.CheckQuotes(t, cases(), "../backend.go", "../doc.go")
}

// TestIntactDevicesPass, one whose master key Initialize has made among them.
func TestIntactDevicesPass(t *testing.T) {
	s := intact(t)
	Run(t, s.New, &s.Options)
	b := blank(false)
	if err := b.(hsm.Initializer).Initialize(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases() {
		if c.Name == "InitializingKeepsTheMasterKey" {
			c.Run(t, func(t *testing.T) *subject { return &subject{T: t, New: func(testing.TB) hsm.Backend { return b }} })
		}
	}
}
