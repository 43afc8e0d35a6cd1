package server

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// offsetRecord holds by how much a clock is ahead: a version and the
// nanoseconds, 8 bytes, big endian. Its partition is one that no ARN can name,
// its kind none of the engine's.
var offsetRecord = keystore.Ref{Partition: keystore.Partition{Account: "apcsim", Region: "apcsim"}, Kind: "clock", ID: "offset"}

const offsetVersion = 1

// Failures of a clock.
var (
	errTooFar = errors.New("the clock would be more than 36525 days ahead")
	errOffset = errors.New("server: the clock's record in the store is damaged")
)

// clock is the wall clock and an offset in a store, so that what was made in the future
// of another run is still of the past in this one. Where the wall clock is set back by
// up to a day, it does not move. A reading that is further off is logged, and followed
// in both directions: one wrong reading is not kept.
//
// Goroutines may share one; another process that moves the clock of the same store is
// noticed at the next advance.
type clock struct {
	wall   func() time.Time
	store  keystore.Store
	log    *slog.Logger
	settle func(context.Context) error // writes into the store what the time has decided; nil: nothing to write
	moving sync.Mutex                  // held while the offset changes
	offset atomic.Int64                // nanoseconds
	latest atomic.Int64                // the latest reading of the wall clock, microseconds since 1970; 0: none

	mu   sync.RWMutex // guards held
	held time.Time    // what the clock shows while it is set back; zero: it runs
}

// openClock reads the offset, which is zero in a new store.
func openClock(ctx context.Context, wall func() time.Time, s keystore.Store, log *slog.Logger) (*clock, error) {
	c := &clock{wall: wall, store: s, log: log}
	_, offset, err := c.read(ctx)
	c.offset.Store(int64(offset))
	return c, err
}

// now is the simulator's time.
func (c *clock) now() time.Time {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.shown()
}

// shown is now for a caller that holds mu.
func (c *clock) shown() time.Time {
	if !c.held.IsZero() {
		return c.held
	}
	return time.UnixMicro(c.reading()).UTC().Add(c.ahead())
}

// reading is the wall clock, which does not move where it was set back a little.
func (c *clock) reading() int64 {
	const far = int64(day / time.Microsecond)
	for {
		last, read := c.latest.Load(), c.wall().UnixMicro()
		if last != 0 && read <= last && last-read <= far {
			return last
		}
		if !c.latest.CompareAndSwap(last, read) {
			continue
		}
		switch {
		case last == 0:
		case read-last > far:
			c.logJump(
				"the wall clock is more than a day ahead of its last reading: it was set, or the simulator was not asked for so long",
				last,
				read,
			)
		case last-read > far:
			c.logJump("the wall clock is more than a day behind its last reading: the simulator's time goes back with it", last, read)
		}
		return read
	}
}

func (c *clock) logJump(text string, last, read int64) {
	c.log.Warn(text, "last", time.UnixMicro(last).UTC(), "reading", time.UnixMicro(read).UTC())
}

// ahead is the offset.
func (c *clock) ahead() time.Duration { return time.Duration(c.offset.Load()) }

// advance moves the clock forward. The store has the new offset before it is used.
func (c *clock) advance(ctx context.Context, d time.Duration) error { return c.move(ctx, d, false) }

// reset sets the clock to the wall clock. What is due until now is settled first and stays settled: no
// deleted key and no expired token comes back.
func (c *clock) reset(ctx context.Context) error { return c.move(ctx, 0, true) }

// move sets the offset to d more than the store's, or to d alone. Where the clock goes back, also because
// another process has reset it, it does not move until what is due is settled, so that no operation sees
// a time between that and the reset.
func (c *clock) move(ctx context.Context, d time.Duration, alone bool) error {
	c.moving.Lock()
	defer c.moving.Unlock()
	defer c.resume()
	for {
		r, offset, err := c.read(ctx)
		if err != nil {
			return err
		}
		if alone {
			offset = 0
		}
		if d < 0 || d > maxDuration-offset {
			return errTooFar
		}
		if offset+d < c.ahead() {
			if err := c.hold(ctx); err != nil {
				return err
			}
		}
		err = c.write(ctx, r, offset+d)
		if errors.Is(err, keystore.ErrConflict) || errors.Is(err, keystore.ErrExists) {
			continue // another process was faster
		}
		if err != nil {
			return fmt.Errorf("server: keeping the clock: %w", err)
		}
		c.offset.Store(int64(offset + d))
		return nil
	}
}

// hold stops the clock and settles what is due.
func (c *clock) hold(ctx context.Context) error {
	c.mu.Lock()
	c.held = c.shown()
	c.mu.Unlock()
	if c.settle == nil {
		return nil
	}
	return c.settle(ctx)
}

func (c *clock) resume() {
	c.mu.Lock()
	c.held = time.Time{}
	c.mu.Unlock()
}

func (c *clock) read(ctx context.Context) (keystore.Record, time.Duration, error) {
	found, err := c.store.Read(ctx, offsetRecord)
	if err != nil {
		return keystore.Record{}, 0, fmt.Errorf("server: reading the clock: %w", err)
	}
	r := found[0].Record
	if !r.Exists() {
		return keystore.Record{Partition: offsetRecord.Partition, Kind: offsetRecord.Kind, ID: offsetRecord.ID}, 0, nil
	}
	if len(r.Data) != 9 || r.Data[0] != offsetVersion {
		return r, 0, errOffset
	}
	offset := time.Duration(binary.BigEndian.Uint64(r.Data[1:]))
	if offset < 0 || offset > maxDuration {
		return r, 0, errOffset
	}
	return r, offset, nil
}

// write commits an offset over the record that was read.
func (c *clock) write(ctx context.Context, r keystore.Record, offset time.Duration) error {
	r.Data = binary.BigEndian.AppendUint64([]byte{offsetVersion}, uint64(offset))
	change := keystore.Create(r)
	if r.Exists() {
		change = keystore.Replace(r)
	}
	_, err := commit(ctx, c.store, change)
	return err
}

// commit commits a change of one of the server's own records, and returns the record's
// new revision. An outcome that is unknown is asked once more under the same id.
func commit(ctx context.Context, s keystore.Store, change keystore.Change) (keystore.CommitID, error) {
	var id keystore.CommitID
	rand.Read(id[:])
	err := s.Commit(ctx, id, change)
	if err == nil || errors.Is(err, keystore.ErrConflict) || errors.Is(err, keystore.ErrExists) ||
		ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return id, err
	}
	return id, s.Commit(context.WithoutCancel(ctx), id, change)
}
