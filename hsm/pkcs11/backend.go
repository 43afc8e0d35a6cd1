//go:build cgo

package pkcs11

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/seed748fb4d1/apcsim/hsm"
)

// Backend is a token of a PKCS#11 module. Any number of goroutines may share
// one, any number of backends a token, and any number of processes too.
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

// outage is why there is no connection, and when to try again.
type outage struct {
	cause error
	fatal bool // nothing will help: the PIN was refused
	until time.Time
	wait  time.Duration
}

// How long a token that is not there is let alone. It doubles each time.
const (
	shortestWait = 50 * time.Millisecond
	longestWait  = 5 * time.Second
)

// Open logs in to a token. One without master keys is opened all the same;
// until Initialize has made them every call fails with [hsm.ErrNoMasterKey].
func Open(ctx context.Context, o Options) (*Backend, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	m, err := useModule(o.Module, o.Reserved)
	if err != nil {
		return nil, err
	}
	b := &Backend{options: o, module: m}
	if err := b.connectPatiently(ctx); err != nil {
		return nil, errors.Join(err, m.release())
	}
	return b, nil
}

// attempts to open a token that another process is disturbing.
const attempts = 8

// connectPatiently is the first connection. SoftHSM writes a token's file anew at
// every login, and another process sees half of it, or no token: that passes,
// for a module that is initialised anew.
func (b *Backend) connectPatiently(ctx context.Context) (err error) {
	for n := range attempts {
		b.module.calls.Lock()
		b.conn, err = b.connect()
		if err != nil && b.module.unshared() {
			err = errors.Join(err, b.module.finalize())
		}
		b.module.calls.Unlock()
		if !errors.Is(err, errNoToken) && !failedWith(err, ckrGeneralError, ckrUserPINNotInitialized) {
			break
		}
		select {
		case <-time.After(time.Millisecond << n):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return err
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

// run runs calls on the connection of the moment. If that turns out lost it is
// made anew, and they run once more: nothing they do outlives the connection.
func (b *Backend) run(ctx context.Context, calls func(*connection) error) error {
	for again := false; ; again = true {
		c, err := b.enter(ctx)
		if err != nil {
			return err
		}
		err = calls(c)
		b.leave(c)
		if !lost(err) {
			return err
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
		if err := b.reconnect(); err != nil {
			return nil, err
		}
	}
}

// leave is the end of what enter began.
func (b *Backend) leave(c *connection) {
	b.module.calls.RUnlock()
	if cause := c.failing.Load(); cause != nil {
		b.drop(c, *cause)
	}
}

// alive says whether there is a connection that the module knows of. The
// caller holds module.calls.
func (b *Backend) alive() bool {
	return b.conn != nil && b.module.up && b.conn.generation == b.module.generation
}

// drop gives a connection up that turned out lost.
func (b *Backend) drop(c *connection, cause error) {
	b.module.calls.Lock()
	defer b.module.calls.Unlock()
	if b.conn != c {
		return // another call was faster
	}
	b.options.Log.Warn("the token is lost", "cause", cause)
	b.conn = nil
	c.close()
	if failedWith(cause, ckrCryptokiNotInitialized) {
		b.module.up = false
	}
}

// reconnect makes a new connection, unless the last attempt is too short ago: then
// calls fail at once, with its reason.
func (b *Backend) reconnect() error {
	b.recovery.Lock()
	defer b.recovery.Unlock()
	b.module.calls.Lock()
	defer b.module.calls.Unlock()
	if b.closed || b.alive() {
		return nil
	}
	o := &b.outage
	if o.cause != nil && (o.fatal || time.Now().Before(o.until)) {
		return o.cause
	}
	c, err := b.connect()
	if err != nil {
		o.cause = fmt.Errorf("pkcs11: the token is not there: %w", err)
		o.fatal = errors.Is(err, ErrPIN)
		o.wait = min(cmp.Or(2*o.wait, shortestWait), longestWait)
		o.until = time.Now().Add(o.wait)
		return o.cause
	}
	*o = outage{}
	b.conn = c
	b.options.Log.Info("the token is back", "token", b.serial)
	return nil
}

// connect opens a connection; if the module does not find the token, once more
// with the module initialised anew. The caller holds module.calls for writing.
func (b *Backend) connect() (*connection, error) {
	defer b.alone()()
	fresh := !b.module.up
	if err := b.module.initialize(); err != nil {
		return nil, err
	}
	c, err := b.login()
	if err == nil || fresh || !b.renewing(err) {
		return c, err
	}
	if err := b.module.finalize(); err != nil {
		return nil, err
	}
	if err := b.module.initialize(); err != nil {
		return nil, err
	}
	return b.login()
}

// Initialize makes the master keys, if the token has none; see
// [hsm.Initializer]. Of all processes that try one does.
func (b *Backend) Initialize(ctx context.Context) error {
	c, err := b.enter(ctx)
	if err != nil {
		return err
	}
	done := c.masters != nil
	b.leave(c)
	if done {
		return nil
	}
	unlock, err := b.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	// Another process may have made them while this one looked at the token:
	// SoftHSM does not look twice at an object that it saw half made.
	b.renew()
	if c, err = b.enter(ctx); err != nil {
		return err
	}
	b.leave(c)
	err = b.initialize(c)
	if lost(err) {
		b.drop(c, err)
	}
	return err
}

// renew has the module initialised anew for the next call.
func (b *Backend) renew() {
	b.module.calls.Lock()
	defer b.module.calls.Unlock()
	if b.alive() {
		b.conn.close()
		b.conn = nil
		if err := b.module.finalize(); err != nil {
			b.options.Log.Warn("the module was not finalised", "cause", err)
		}
	}
}

// lock waits until no other process makes master keys on the token.
func (b *Backend) lock(ctx context.Context) (unlock func(), err error) {
	name := filepath.Join(b.options.LockDir, "apcsim-pkcs11-"+fileName(b.serial)+".lock")
	if unlock, err = lockFile(ctx, name); err != nil {
		return nil, fmt.Errorf("pkcs11: locking %s to make master keys: %w", name, err)
	}
	return unlock, nil
}

// initialize makes or finds the masters.
func (b *Backend) initialize(c *connection) error {
	b.module.calls.Lock()
	defer b.module.calls.Unlock()
	if b.conn != c || b.closed {
		return errors.New("pkcs11: the token was lost while master keys were to be made")
	}
	defer b.alone()()
	m, err := c.findMasters(b.options.MasterLabel)
	if err != nil {
		return err
	}
	if m == nil {
		if m, err = c.makeMasters(b.options.MasterLabel, b.options.Quirks); err != nil {
			return err
		}
		b.options.Log.Info("master keys were made on the token", "token", b.serial, "label", b.options.MasterLabel, "id", m.id)
	}
	return b.adopt(c, m)
}

// MasterKeyID is 16 hexadecimal digits that the master keys come to; each new
// connection computes them again. Where there were none it looks once more:
// another process may have made them.
func (b *Backend) MasterKeyID(ctx context.Context) (id string, err error) {
	read := func(c *connection) error {
		id = c.masters.id
		return nil
	}
	if err = b.do(ctx, read); errors.Is(err, hsm.ErrNoMasterKey) {
		b.renew()
		err = b.do(ctx, read)
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

// Capabilities are what the module was found to do, in the order in which it
// was tried; nil while there are no master keys to try with.
func (b *Backend) Capabilities() []Capability {
	b.module.calls.RLock()
	defer b.module.calls.RUnlock()
	if b.caps == nil {
		return nil
	}
	return append([]Capability(nil), b.caps.list...)
}

// Token names the token for people, by label and serial.
func (b *Backend) Token() string {
	b.module.calls.RLock()
	defer b.module.calls.RUnlock()
	return fmt.Sprintf("%q (serial %q)", b.label, b.serial)
}
