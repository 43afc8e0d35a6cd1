//go:build cgo

package pkcs11

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed748fb4d1/apcsim/hsm"
)

// outage is why there is no connection, and when to try again.
type outage struct {
	cause   error
	fatal   bool // no attempt can succeed: the PIN was refused
	unclear int  // logins in a row that failed without a reason
	until   time.Time
	wait    time.Duration
}

// How long no attempt is made for a token that is not there. It doubles each time.
const (
	shortestWait = 50 * time.Millisecond
	longestWait  = 5 * time.Second
)

// mostUnclear is how many logins in a row may fail without a reason. Some tokens
// answer a wrong PIN in this way, and lock after a few.
const mostUnclear = 2

// attempts to open a token that another process is disturbing.
const attempts = 8

// connectPatiently is the first connection. SoftHSM writes a token's file anew at
// every login, and another process may read half of it, or see no token; after
// initialising the module again it reads the whole. A login is not tried again,
// unless the token was seen to have no PIN.
func (b *Backend) connectPatiently(ctx context.Context) (err error) {
	for n := range attempts {
		err = b.attempt(ctx, false, nil)
		disturbed := errors.Is(err, errNoToken) || failedWith(err, ckrGeneralError) && !errors.Is(err, errLogin)
		if !disturbed && !failedWith(err, ckrUserPINNotInitialized) {
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

// attempt connects once, if there is no connection, or if renewed is set: then with
// the module initialised anew, since SoftHSM does not read an object again that it
// has read while it was being written. After that it calls then, if there is one,
// while no other call is in the module. What takes time, and the PIN function,
// which is the user's, run before module.calls is held.
func (b *Backend) attempt(ctx context.Context, renewed bool, then func(*connection) error) error {
	pin, err := b.options.PIN()
	if err != nil {
		return err
	}
	defer clear(pin)
	done, err := b.alone(ctx)
	if err != nil {
		return err
	}
	defer done()
	b.module.calls.Lock()
	defer b.module.calls.Unlock()
	if b.closed {
		return hsm.ErrClosed
	}
	if !b.alive() || renewed {
		if err := b.replace(pin, renewed); err != nil {
			return err
		}
	}
	if then == nil {
		return nil
	}
	if err = then(b.conn); lost(err) {
		b.giveUp(b.conn, err)
	}
	return err
}

// replace puts a new connection in the place of one that was lost. The caller holds
// module.calls for writing.
func (b *Backend) replace(pin []byte, renewed bool) error {
	if b.conn != nil {
		b.conn.close()
		b.conn = nil
	}
	if renewed {
		if err := b.module.finalize(); err != nil {
			b.options.Log.Warn("the module was not finalised", "cause", err)
		}
	}
	c, err := b.connect(pin)
	if err != nil {
		if b.serial == "" && b.module.unshared() {
			err = errors.Join(err, b.module.finalize())
		}
		return err
	}
	b.conn = c
	return nil
}

// connect opens a connection; if the module does not find the token, once more
// with the module initialised anew, but for one login at most. The caller holds
// module.calls for writing.
func (b *Backend) connect(pin []byte) (*connection, error) {
	fresh := !b.module.up
	if err := b.module.initialize(); err != nil {
		return nil, err
	}
	c, err := b.login(pin)
	if failedWith(err, ckrCryptokiNotInitialized) { // other code of the process had initialised it and has finalised it
		b.module.up, b.module.foreign = false, false
	}
	switch {
	case err == nil, fresh, !b.renewing(err):
		return c, err
	case errors.Is(err, errLogin):
		return nil, errors.Join(err, b.module.finalize()) // the next attempt begins anew
	}
	if err := b.module.finalize(); err != nil {
		return nil, err
	}
	if err := b.module.initialize(); err != nil {
		return nil, err
	}
	return b.login(pin)
}

// drop gives up a connection that was lost.
func (b *Backend) drop(c *connection, cause error) {
	b.module.calls.Lock()
	defer b.module.calls.Unlock()
	if b.conn == c { // else another call was faster
		b.giveUp(c, cause)
	}
}

// giveUp is drop for a caller that holds module.calls for writing.
func (b *Backend) giveUp(c *connection, cause error) {
	b.options.Log.Warn("the token is lost", "cause", cause)
	b.conn = nil
	c.close()
	if c.generation != b.module.generation {
		return // the module was initialised anew since then: the loss was of an earlier connection
	}
	if lostForGood(cause) {
		b.module.losses++ // other backends' handles may be gone as well
	}
	if failedWith(cause, ckrCryptokiNotInitialized) {
		b.module.up, b.module.foreign = false, false
	}
}

// reconnect makes a new connection. If the last attempt was too short a time ago it
// fails at once, with the reason of that attempt.
func (b *Backend) reconnect(ctx context.Context) error {
	b.recovery.Lock()
	defer b.recovery.Unlock()
	o := &b.outage
	if o.cause != nil && (o.fatal || time.Now().Before(o.until)) {
		return o.cause
	}
	err := b.attempt(ctx, false, nil)
	switch {
	case err == nil:
		*o = outage{}
		b.options.Log.Info("the token is connected", "token", b.Token())
		return nil
	case errors.Is(err, hsm.ErrClosed), ctx.Err() != nil:
		return err
	}
	if errors.Is(err, errLogin) && !lost(err) && !failedWith(err, ckrUserPINNotInitialized) {
		o.unclear++
	}
	o.cause = fmt.Errorf("pkcs11: the token is not there: %w", err)
	o.fatal = errors.Is(err, ErrPIN)
	if o.unclear >= mostUnclear {
		o.fatal, o.cause = true, fmt.Errorf("%w, since it may be wrong: %w", ErrPIN, err)
	}
	o.wait = min(cmp.Or(2*o.wait, shortestWait), longestWait)
	o.until = time.Now().Add(o.wait)
	return o.cause
}
