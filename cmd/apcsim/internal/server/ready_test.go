package server

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// sick is what answers as it is set to, where it is set.
type sick struct {
	mu     sync.Mutex // guards answer
	answer func(context.Context) error
}

func (s *sick) set(answer func(context.Context) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

func (s *sick) ask(ctx context.Context) error {
	s.mu.Lock()
	answer := s.answer
	s.mu.Unlock()
	if answer == nil {
		return nil
	}
	return answer(ctx)
}

// sickStore is a store whose reads answer as they are set to.
type sickStore struct {
	lent
	sick
}

func (s *sickStore) Read(ctx context.Context, refs ...keystore.Ref) ([]keystore.Found, error) {
	if err := s.ask(ctx); err != nil {
		return nil, err
	}
	return s.lent.Read(ctx, refs...)
}

// sickDevice is a token whose random bytes answer as they are set to.
type sickDevice struct {
	hsm.Backend
	sick
}

func (d *sickDevice) Random(ctx context.Context, p []byte) error {
	if err := d.ask(ctx); err != nil {
		return err
	}
	return d.Backend.Random(ctx, p)
}

// askReady is the status and the answer of GET ready.
func (r *running) askReady(t *testing.T) (int, readyView) {
	t.Helper()
	status, answer, _ := r.do(t, "GET", "/_apcsim/ready", "")
	var view readyView
	if err := json.Unmarshal([]byte(answer), &view); err != nil {
		t.Errorf("%v: %s", err, answer)
	}
	return status, view
}

func TestReadyAsksTheStoreAndTheDevice(t *testing.T) {
	hanging := make(chan struct{})
	defer close(hanging)
	hangs := func(context.Context) error { <-hanging; return nil } // as a module of a token, which takes no context
	waits := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	fails := func(context.Context) error { return errors.New("host=db.internal user=sim: no route") }
	for _, c := range []struct {
		name          string
		store, device func(context.Context) error
		bound         time.Duration
		want          readyView // "": may be either
	}{
		{"both answer", nil, nil, patience, readyView{"ready", "ok", "ok"}},
		{"the store fails", fails, nil, patience, readyView{"not ready", "no answer", "ok"}},
		{"the device fails", nil, fails, patience, readyView{"not ready", "ok", "no answer"}},
		{"the store waits", waits, nil, time.Millisecond, readyView{"not ready", "no answer", ""}},
		{"the device hangs", nil, hangs, time.Millisecond, readyView{"not ready", "", "no answer"}},
		{"both", fails, waits, time.Millisecond, readyView{"not ready", "no answer", "no answer"}},
	} {
		s, d := &sickStore{lent: newLent(t)}, &sickDevice{Backend: hsm.NewSoftware(nil)}
		r := start(t, "127.0.0.1", Options{Backend: d, Store: s, Timeouts: Timeouts{Ready: c.bound}})
		s.set(c.store)
		d.set(c.device)
		status, got := r.askReady(t)
		if c.want.Store == "" {
			got.Store = ""
		}
		if c.want.Device == "" {
			got.Device = ""
		}
		if want := map[string]int{"ready": 200, "not ready": 503}[c.want.Status]; status != want || got != c.want {
			t.Errorf("%s: got %d, %+v, want %d, %+v", c.name, status, got, want, c.want)
		}
		if status, answer, _ := r.do(t, "GET", "/_apcsim/health", ""); status != 200 {
			t.Errorf("%s: health: %d, %s", c.name, status, answer)
		}
		if c.bound == patience && strings.Contains(r.log.String(), "no route") != (status == 503) {
			t.Errorf("%s: the log:\n%s", c.name, r.log)
		}
		s.set(nil)
		d.set(nil)
		if c.bound == patience {
			if status, got := r.askReady(t); status != 200 {
				t.Errorf("after %s: got %d, %+v, want 200", c.name, status, got)
			}
		}
	}
}

// TestWhatHangsIsAskedOnce: probes come again and again.
func TestWhatHangsIsAskedOnce(t *testing.T) {
	hanging, asked := make(chan struct{}), 0
	p := &probe{ask: func(context.Context) error { asked++; <-hanging; return nil }}
	for range 5 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		if err := p.check(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
		cancel()
	}
	a := p.join(t.Context())
	close(hanging)
	<-a.done
	if asked != 1 {
		t.Errorf("asked %d times, want once", asked)
	}
	if err := p.check(t.Context()); err != nil || asked != 2 {
		t.Errorf("afterwards: %v, asked %d times", err, asked)
	}
}

// TestBeingAskedChangesNoSeed: a seeded HSM gives the same keys however often it is asked whether it is
// ready.
func TestBeingAskedChangesNoSeed(t *testing.T) {
	value := func(asks int) string {
		b := hsm.NewSoftware(&hsm.SoftwareOptions{Seed: 7})
		r := start(t, "127.0.0.1", Options{Backend: b, Timeouts: Timeouts{Ready: patience}})
		for range asks {
			if status, got := r.askReady(t); status != 200 {
				t.Errorf("got %d, %+v", status, got)
			}
		}
		var drawn [8]byte
		if err := b.Random(t.Context(), drawn[:]); err != nil {
			t.Fatal(err)
		}
		return string(drawn[:])
	}
	if value(0) != value(3) {
		t.Error("the random bytes of a seed depend on how often GET ready was asked")
	}
}
