package server

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/keystore"
)

func opened(t *testing.T, wall func() time.Time, s keystore.Store) *clock {
	t.Helper()
	c, err := openClock(t.Context(), wall, s, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheClockIsInTheStore(t *testing.T) {
	s, wall := keystore.NewMemory(), engine.NewClock(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	c := opened(t, wall.Now, s)
	for range 2 {
		if err := c.advance(t.Context(), 36*time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	wall.Advance(time.Hour)
	want := time.Date(2026, 3, 4, 1, 0, 0, 0, time.UTC)
	if got := c.now(); !got.Equal(want) || c.ahead() != 72*time.Hour {
		t.Errorf("got %v, %v ahead, want %v", got, c.ahead(), want)
	}
	if got := opened(t, wall.Now, s).now(); !got.Equal(want) {
		t.Errorf("opened again: got %v, want %v", got, want)
	}
	if got := opened(t, wall.Now, keystore.NewMemory()).ahead(); got != 0 {
		t.Errorf("another store: %v ahead, want 0", got)
	}
}

func TestAnEngineOnTheStoreDoesNotMindTheClock(t *testing.T) {
	s := keystore.NewMemory()
	c := opened(t, time.Now, s)
	eng, err := engine.Open(t.Context(), hsm.NewSoftware(nil), s, &engine.Options{Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	defer eng.Close()
	if err := c.advance(t.Context(), 400*day); err != nil {
		t.Fatal(err)
	}
	if err := eng.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := opened(t, time.Now, s).ahead(); got != 400*day {
		t.Errorf("got %v ahead, want 400 days", got)
	}
}

func TestTheClockNeverGoesBack(t *testing.T) {
	wall := engine.NewClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	c := opened(t, wall.Now, keystore.NewMemory())
	before := c.now()
	wall.Advance(-time.Hour)
	if got := c.now(); !got.Equal(before) {
		t.Errorf("the wall clock is set back: got %v, want %v", got, before)
	}
	wall.Advance(time.Hour + time.Microsecond)
	if got, want := c.now(), before.Add(time.Microsecond); !got.Equal(want) {
		t.Errorf("and on again: got %v, want %v", got, want)
	}
	for _, d := range []time.Duration{-1, maxDuration + 1} {
		if err := c.advance(t.Context(), d); !errors.Is(err, errTooFar) {
			t.Errorf("%v: got %v, want a refusal", d, err)
		}
	}
	if err := c.advance(t.Context(), maxDuration); err != nil {
		t.Error(err)
	}
	if err := c.advance(t.Context(), 1); !errors.Is(err, errTooFar) || c.ahead() != maxDuration {
		t.Errorf("beyond the end: got %v, %v ahead", err, c.ahead())
	}
}

// TestAReadingFarOffIsLoggedAndNotKept: one wrong reading of the wall clock
// must not hold the simulator's time until that day comes.
func TestAReadingFarOffIsLoggedAndNotKept(t *testing.T) {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		jump    time.Duration
		follows bool // the simulator's time, once the wall clock is right again
		logged  int
	}{
		{time.Hour, false, 0},
		{24 * time.Hour, false, 0},
		{25 * time.Hour, true, 2},
		{30000 * day, true, 2},
		{-time.Hour, true, 0},
		{-25 * time.Hour, true, 2},
	} {
		wall, log := engine.NewClock(start), &testrig.Text{}
		clock, err := openClock(t.Context(), wall.Now, keystore.NewMemory(), slog.New(slog.NewTextHandler(log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		clock.now()
		wall.Advance(c.jump)
		clock.now()
		wall.Set(start.Add(time.Second))
		want := start.Add(time.Second)
		if !c.follows {
			want = start.Add(c.jump)
		}
		if got := clock.now(); !got.Equal(want) {
			t.Errorf("after a jump of %v: got %v, want %v", c.jump, got, want)
		}
		if got := strings.Count(log.String(), "more than a day"); got != c.logged {
			t.Errorf("after a jump of %v: %d lines, want %d:\n%s", c.jump, got, c.logged, log)
		}
		if err := clock.advance(t.Context(), 400*day); err != nil {
			t.Fatal(err)
		}
		if clock.now(); strings.Count(log.String(), "more than a day") != c.logged {
			t.Errorf("moving the simulator's clock is taken for a jump of the wall clock:\n%s", log)
		}
	}
}

func TestManyMoveTheClockAtOnce(t *testing.T) {
	s := keystore.NewMemory()
	clocks := []*clock{opened(t, time.Now, s), opened(t, time.Now, s)} // as of two processes
	const each = 50
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			c := clocks[i%2]
			last := c.now()
			for range each {
				if err := c.advance(t.Context(), time.Second); err != nil {
					t.Error(err)
				}
				now := c.now()
				if now.Before(last) {
					t.Errorf("%v comes after %v", now, last)
				}
				last = now
			}
		})
	}
	all.Wait()
	if got, want := opened(t, time.Now, s).ahead(), 8*each*time.Second; got != want {
		t.Errorf("got %v ahead, want %v", got, want)
	}
}

func TestADamagedClockIsRefused(t *testing.T) {
	for _, data := range []string{"", "\x01", "\x02\x00\x00\x00\x00\x00\x00\x00\x01", "\x01\xff\x00\x00\x00\x00\x00\x00\x00",
		"\x01\x7f\xff\xff\xff\xff\xff\xff\xff", "\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00"} {
		s := keystore.NewMemory()
		r := keystore.Record{Partition: offsetRecord.Partition, Kind: offsetRecord.Kind, ID: offsetRecord.ID, Data: []byte(data)}
		if err := s.Commit(t.Context(), keystore.CommitID{1}, keystore.Create(r)); err != nil {
			t.Fatal(err)
		}
		if _, err := openClock(t.Context(), time.Now, s, slog.New(slog.DiscardHandler)); !errors.Is(err, errOffset) {
			t.Errorf("%x: got %v, want a refusal", data, err)
		}
	}
}

// lossy is a store whose next commit takes effect and returns an error of
// unknown outcome.
type lossy struct {
	keystore.Store
	lose bool
}

func (s *lossy) Commit(ctx context.Context, id keystore.CommitID, changes ...keystore.Change) error {
	err := s.Store.Commit(ctx, id, changes...)
	if s.lose {
		s.lose = false
		return errors.New("the connection is lost")
	}
	return err
}

func TestAnAdvanceOfUnknownOutcomeHappensOnce(t *testing.T) {
	s := &lossy{keystore.NewMemory(), true}
	c := opened(t, time.Now, s)
	if err := c.advance(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	if got := opened(t, time.Now, s).ahead(); got != time.Hour || c.ahead() != got {
		t.Errorf("got %v in the store and %v on the clock, want 1h", got, c.ahead())
	}
	s.Close()
	if err := c.advance(t.Context(), time.Hour); err == nil || !strings.Contains(err.Error(), "closed") || c.ahead() != time.Hour {
		t.Errorf("a closed store: got %v, %v ahead", err, c.ahead())
	}
}

// overtaken is a store in which somebody is faster with the next commit.
type overtaken struct {
	keystore.Store
	first func()
}

func (s *overtaken) Commit(ctx context.Context, id keystore.CommitID, changes ...keystore.Change) error {
	if first := s.first; first != nil {
		s.first = nil
		first()
	}
	return s.Store.Commit(ctx, id, changes...)
}

func TestAnAdvanceThatIsOvertakenIsMadeOnTop(t *testing.T) {
	s := &overtaken{Store: keystore.NewMemory()}
	c, other := opened(t, time.Now, s), opened(t, time.Now, s.Store)
	for i := range 2 { // the record is new, then known
		s.first = func() {
			if err := other.advance(t.Context(), time.Hour); err != nil {
				t.Error(err)
			}
		}
		if err := c.advance(t.Context(), time.Minute); err != nil {
			t.Fatal(err)
		}
		if got, want := c.ahead(), time.Duration(i+1)*61*time.Minute; got != want {
			t.Errorf("got %v ahead, want %v", got, want)
		}
	}
}
