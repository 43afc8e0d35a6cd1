//go:build cgo

package pkcs11

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/seed748fb4d1/apcsim/hsm"
)

// Backend is a token of a PKCS#11 module. Any number of goroutines may share a
// Backend; any number of backends and of processes may share a token.
type Backend struct {
	options Options
	module  *module

	// Guarded by module.calls: changed with it held for writing.
	closed   bool
	conn     *connection   // nil: down
	caps     *capabilities // once probed
	serial   string        // of the token, once found, and its label
	label    string
	masterID string // once known: another one is refused

	recovery sync.Mutex // held while one goroutine connects
	outage   outage     // guarded by recovery
}

// Open logs in to a token. One without master keys is opened too; until Initialize
// has made them every call fails with [hsm.ErrNoMasterKey].
func Open(ctx context.Context, o *Options) (*Backend, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	options, err := withDefaults(o)
	if err != nil {
		return nil, err
	}
	m, err := useModule(options.Module, options.Reserved)
	if err != nil {
		return nil, err
	}
	b := &Backend{options: options, module: m}
	if err := b.connectPatiently(ctx); err != nil {
		return nil, errors.Join(err, m.release())
	}
	return b, nil
}

// Close logs out by closing all sessions, once the calls under way are done.
func (b *Backend) Close() error {
	b.module.calls.Lock()
	if b.closed {
		b.module.calls.Unlock()
		return nil
	}
	b.closed = true
	if b.conn != nil {
		b.conn.close()
		b.conn = nil
	}
	b.module.calls.Unlock()
	return b.module.release()
}

// do runs calls that need the master keys.
func (b *Backend) do(ctx context.Context, calls func(*connection) error) error {
	return b.run(ctx, func(c *connection) error {
		if c.masters == nil {
			return hsm.ErrNoMasterKey
		}
		return calls(c)
	})
}

// run runs calls on the present connection. If the connection is lost it is made
// anew and they run once more, since nothing that they did has outlived it.
func (b *Backend) run(ctx context.Context, calls func(*connection) error) error {
	for again := false; ; again = true {
		c, err := b.enter(ctx)
		if err != nil {
			return err
		}
		err = calls(c)
		b.leave(c)
		if !lost(err) && !failedWith(err, ckrSessionCount) {
			return err
		}
		if again && !lostForGood(err) {
			return fmt.Errorf("pkcs11: on a new connection too: %w", err)
		}
		b.drop(c, err)
		if again {
			return fmt.Errorf("pkcs11: the token was lost again: %w", err)
		}
	}
}

// enter waits for a connection. On success module.calls is held for reading,
// for the caller to release.
func (b *Backend) enter(ctx context.Context) (*connection, error) {
	for {
		b.module.calls.RLock()
		if b.closed {
			b.module.calls.RUnlock()
			return nil, hsm.ErrClosed
		}
		if err := ctx.Err(); err != nil {
			b.module.calls.RUnlock()
			return nil, err
		}
		if b.alive() {
			return b.conn, nil
		}
		b.module.calls.RUnlock()
		if err := b.reconnect(ctx); err != nil {
			return nil, err
		}
	}
}

// leave ends what enter began.
func (b *Backend) leave(c *connection) {
	b.module.calls.RUnlock()
	if cause := c.failing.Load(); cause != nil {
		b.drop(c, *cause)
	}
}

// alive reports whether there is a connection and its handles are valid. The caller
// holds module.calls.
func (b *Backend) alive() bool {
	return b.conn != nil && b.module.up && b.conn.generation == b.module.generation && b.conn.losses == b.module.losses
}

// Initialize makes the master keys, if the token has none; see
// [hsm.Initializer]. Of several processes that try at once one makes them.
func (b *Backend) Initialize(ctx context.Context) error {
	c, err := b.enter(ctx)
	if err != nil {
		return err
	}
	done, serial := c.masters != nil, b.serial
	b.leave(c)
	if done {
		return nil
	}
	unlock, err := b.lock(ctx, serial)
	if err != nil {
		return err
	}
	defer unlock()
	for again := false; ; again = true {
		if err := b.attempt(ctx, true, b.initialize); !lost(err) || again {
			return err
		}
	}
}

// lock waits until no other process makes master keys on the token.
func (b *Backend) lock(ctx context.Context, serial string) (unlock func(), err error) {
	name := filepath.Join(b.options.LockDir, "apcsim-pkcs11-"+fileName(serial)+".lock")
	if unlock, err = lockFile(ctx, name); err != nil {
		return nil, fmt.Errorf("pkcs11: locking %s to make master keys: %w", name, err)
	}
	return unlock, nil
}

// initialize makes the masters, unless the connection has found them.
func (b *Backend) initialize(c *connection) error {
	if c.masters != nil {
		return nil
	}
	m, err := c.makeMasters(b.options.MasterLabel, b.options.Quirks)
	if err != nil {
		return err
	}
	b.options.Log.Info("master keys were made on the token", "token", b.serial, "label", b.options.MasterLabel, "id", m.id)
	return b.adopt(c, m)
}

// MasterKeyID is 16 hexadecimal digits computed from the master keys; each new
// connection computes them again. If there were no master keys it looks once more:
// another process may have made them.
func (b *Backend) MasterKeyID(ctx context.Context) (id string, err error) {
	read := func(c *connection) error {
		id = c.masters.id.String()
		return nil
	}
	if err = b.do(ctx, read); errors.Is(err, hsm.ErrNoMasterKey) {
		if err = b.attempt(ctx, true, nil); err == nil {
			err = b.do(ctx, read)
		}
	}
	return id, err
}

// Random fills p from the token.
func (b *Backend) Random(ctx context.Context, p []byte) error {
	return b.do(ctx, func(c *connection) error {
		if len(p) == 0 {
			return nil
		}
		out, err := c.random(ctx, len(p))
		copy(p, out)
		clear(out)
		return err
	})
}

// Capabilities are what was tried on the module, in that order, and whether it
// works; nil while there are no master keys to try with.
func (b *Backend) Capabilities() []Capability {
	b.module.calls.RLock()
	defer b.module.calls.RUnlock()
	if b.caps == nil {
		return nil
	}
	return append([]Capability(nil), b.caps.list...)
}

// Format prints the same for every verb: the hash of a PIN is in the Backend.
func (b *Backend) Format(w fmt.State, _ rune) { fmt.Fprint(w, "Backend(PKCS#11)") }

// Token names the token for people, by label and serial.
func (b *Backend) Token() string {
	b.module.calls.RLock()
	defer b.module.calls.RUnlock()
	return fmt.Sprintf("%q (serial %q)", b.label, b.serial)
}
