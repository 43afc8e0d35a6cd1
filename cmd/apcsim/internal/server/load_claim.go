package server

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// loadedRecord says that a store has the keys of a configuration. Its data is a version
// byte; while a server loads the keys also the end of its lease, in milliseconds since
// 1970, and 8 random bytes that name the server. Its partition is one that no ARN can name,
// its kind none of the engine's.
var loadedRecord = keystore.Ref{Partition: keystore.Partition{Account: "apcsim", Region: "apcsim"}, Kind: "server", ID: "loaded"}

const (
	loadedVersion = 1
	loadedPause   = 20 * time.Millisecond
	loadedLease   = 10 * time.Second // after which a server that does not renew it counts as stopped
	loadedRelease = 2 * time.Second  // for giving a lease back when loading has failed
)

// errClaimLost: another server has taken the claim, since this one has not renewed it.
var errClaimLost = errors.New("server: another server loads the keys of the configuration")

// claim is the right to load the keys of a configuration into a store. One goroutine uses
// it.
type claim struct {
	store  keystore.Store
	now    func() time.Time
	owner  [8]byte
	record keystore.Record // as this server last wrote it
	until  time.Time       // the end of the lease
}

// claimLoading waits until the keys of a store are this server's to load. It returns nil
// where they are loaded.
func claimLoading(ctx context.Context, store keystore.Store, now func() time.Time, log *slog.Logger) (*claim, error) {
	c := &claim{store: store, now: now}
	rand.Read(c.owner[:])
	for waiting := false; ; {
		found, err := store.Read(ctx, loadedRecord)
		if err != nil {
			return nil, err
		}
		c.record = found[0].Record
		if c.record.Exists() && len(c.record.Data) == 1 {
			return nil, nil
		}
		if until := leaseOf(c.record); now().Before(until) {
			if !waiting {
				log.Info("another server loads the keys of the configuration: waiting for it", "lease", until)
			}
			waiting = true
			select {
			case <-time.After(loadedPause):
				continue
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		if err := c.extend(ctx); !errors.Is(err, errClaimLost) {
			return c, err
		}
	}
}

// leaseOf is the end of the lease in a record, zero where there is none.
func leaseOf(r keystore.Record) time.Time {
	if len(r.Data) < 9 {
		return time.Time{}
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(r.Data[1:])))
}

// extend takes the claim for a whole lease from now on.
func (c *claim) extend(ctx context.Context) error {
	until := c.now().Add(loadedLease)
	data := binary.BigEndian.AppendUint64([]byte{loadedVersion}, uint64(until.UnixMilli()))
	if err := c.write(ctx, append(data, c.owner[:]...)); err != nil {
		return err
	}
	c.until = until
	return nil
}

// renew extends the claim once a third of its lease is over.
func (c *claim) renew(ctx context.Context) error {
	if c.until.Sub(c.now()) > loadedLease*2/3 {
		return nil
	}
	return c.extend(ctx)
}

// finish says that the keys are loaded.
func (c *claim) finish(ctx context.Context) error { return c.write(ctx, []byte{loadedVersion}) }

// release gives the claim to the next server that asks. Where that fails, the lease ends by
// itself.
func (c *claim) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadedRelease)
	defer cancel()
	_ = c.write(ctx, binary.BigEndian.AppendUint64([]byte{loadedVersion}, 0))
}

// write commits the record over the revision that was read or written last.
func (c *claim) write(ctx context.Context, data []byte) error {
	r := c.record
	change := keystore.Replace
	if !r.Exists() {
		r.Partition, r.Kind, r.ID = loadedRecord.Partition, loadedRecord.Kind, loadedRecord.ID
		change = keystore.Create
	}
	r.Data = data
	id, err := commit(ctx, c.store, change(r))
	switch {
	case errors.Is(err, keystore.ErrExists), errors.Is(err, keystore.ErrConflict), errors.Is(err, keystore.ErrNotFound):
		return errClaimLost
	case err != nil:
		return fmt.Errorf("server: the claim to load keys: %w", err)
	}
	r.Rev = id
	c.record = r
	return nil
}

// fenced is a store in which every commit requires that the claim is still held: a server
// that was stopped for longer than its lease changes nothing any more.
type fenced struct {
	keystore.Store
	claim *claim
}

func (f *fenced) Commit(ctx context.Context, id keystore.CommitID, changes ...keystore.Change) error {
	held := keystore.Unchanged(f.claim.record)
	err := f.Store.Commit(ctx, id, append([]keystore.Change{held}, changes...)...)
	if errors.Is(err, keystore.ErrConflict) || errors.Is(err, keystore.ErrNotFound) {
		found, failed := f.Store.Read(ctx, loadedRecord)
		if failed == nil && !bytes.Equal(found[0].Record.Rev[:], f.claim.record.Rev[:]) {
			return errClaimLost
		}
	}
	return err
}
