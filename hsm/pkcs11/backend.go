//go:build cgo

package pkcs11

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	p11 "github.com/miekg/pkcs11"

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

// errNoToken: no slot has the token.
var errNoToken = errors.New("pkcs11: no slot has the token")

// renewing says whether initialising the module anew may help. Other backends
// on it are disturbed by that: for a token that was never there it must be
// likely; one that was there may have come back, whatever the module says.
func (b *Backend) renewing(err error) bool {
	_, reported := errors.AsType[*Error](err)
	back := b.serial != "" && (reported || errors.Is(err, ErrMasterKeys)) && !errors.Is(err, ErrPIN)
	return back || errors.Is(err, errNoToken) || lost(err)
}

// login opens the sessions of a connection and finds the master keys.
func (b *Backend) login() (c *connection, err error) {
	slot, info, err := b.findSlot()
	if err != nil {
		return nil, err
	}
	c = &connection{module: b.module, api: b.module.api, slot: slot, generation: b.module.generation, caps: b.caps}
	if c.login, err = c.openSession(); err != nil {
		return nil, err
	}
	most := poolSize(b.options.PoolSize, info)
	c.homes = newPool(most, c.openSession, c.closeSession)
	c.workers = newPool(most, c.openSession, c.closeSession)
	defer func() {
		if err != nil {
			c.close()
			c = nil
		}
	}()
	if err := b.authenticate(c, info); err != nil {
		return c, err
	}
	if err := c.makeTransport(); err != nil {
		return c, err
	}
	b.serial, b.label = info.SerialNumber, info.Label
	m, err := c.findMasters(b.options.MasterLabel)
	if err != nil {
		return c, err
	}
	return c, b.adopt(c, m)
}

// adopt takes the masters that were found, if they are those of before.
func (b *Backend) adopt(c *connection, m *masters) error {
	if b.masterID != "" && (m == nil || m.id != b.masterID) {
		return fmt.Errorf("%w: they were %s when the token was opened and are not any more", ErrMasterKeys, b.masterID)
	}
	if m == nil {
		return nil
	}
	c.masters = m
	if c.caps == nil {
		if err := c.probe(b.options.Quirks); err != nil {
			return err
		}
		b.caps = c.caps
	}
	b.masterID = m.id
	return nil
}

// poolSize is how many sessions each of the two pools may have.
func poolSize(wanted int, info p11.TokenInfo) int {
	for _, most := range []uint{info.MaxSessionCount, info.MaxRwSessionCount} {
		if most != 0 && most < 1<<31-1 { // else it has no limit, or does not tell
			wanted = min(wanted, (int(most)-1)/2)
		}
	}
	return max(wanted, 1)
}

// findSlot looks for the one token that the options name.
func (b *Backend) findSlot() (uint, p11.TokenInfo, error) {
	slots, err := b.module.api.GetSlotList(true)
	if err != nil {
		return 0, p11.TokenInfo{}, failure("C_GetSlotList", err)
	}
	var found []uint
	var at p11.TokenInfo
	var seen []string
	var silent error // of a slot that may have the token
	for _, slot := range slots {
		info, err := b.module.api.GetTokenInfo(slot)
		if err != nil {
			silent = cmp.Or(silent, failure("C_GetTokenInfo", err))
			continue
		}
		if info.Flags&p11.CKF_TOKEN_INITIALIZED == 0 {
			continue
		}
		info.Label, info.SerialNumber = unpadded(info.Label), unpadded(info.SerialNumber)
		seen = append(seen, fmt.Sprintf("%q (serial %q, slot %d)", info.Label, info.SerialNumber, slot))
		if b.wanted(slot, info) {
			found, at = append(found, slot), info
		}
	}
	switch len(found) {
	case 0:
		if silent != nil {
			return 0, at, fmt.Errorf("pkcs11: looking for the token %s: %w", b.options.token(), silent)
		}
		return 0, at, fmt.Errorf("%w %s; the module shows %s", errNoToken, b.options.token(), cmp.Or(strings.Join(seen, ", "), "none"))
	case 1:
		return found[0], at, nil
	}
	return 0, at, fmt.Errorf("pkcs11: %d tokens are %s: name the serial as well; the module shows %s", len(found), b.options.token(), strings.Join(seen, ", "))
}

// wanted says whether a token is the one meant: by the options at first, after
// that the one that was found, since slots change their numbers.
func (b *Backend) wanted(slot uint, info p11.TokenInfo) bool {
	if b.serial != "" || b.label != "" {
		return info.SerialNumber == b.serial && info.Label == b.label
	}
	o := &b.options
	return (o.Label == "" || o.Label == info.Label) && (o.Serial == "" || o.Serial == info.SerialNumber) && (o.Slot == nil || *o.Slot == slot)
}

// token is how the options name it.
func (o *Options) token() string {
	var parts []string
	if o.Label != "" {
		parts = append(parts, fmt.Sprintf("with the label %q", o.Label))
	}
	if o.Serial != "" {
		parts = append(parts, fmt.Sprintf("with the serial %q", o.Serial))
	}
	if o.Slot != nil {
		parts = append(parts, fmt.Sprintf("in slot %d", *o.Slot))
	}
	return strings.Join(parts, ", ")
}

// unpadded is a text of a fixed-length field.
func unpadded(text string) string { return strings.TrimRight(text, " \x00") }

// authenticate logs in, with one attempt.
func (b *Backend) authenticate(c *connection, info p11.TokenInfo) error {
	pin, err := b.options.PIN()
	if err != nil {
		return err
	}
	defer clear(pin)
	sum := sha256.Sum256(pin)
	err = failure("C_Login", b.module.api.Login(c.login, p11.CKU_USER, string(pin)))
	switch {
	case err == nil:
		b.module.pins[info.SerialNumber] = sum
	case failedWith(err, ckrUserAlreadyLoggedIn): // by another backend, or by somebody else: the token did not look at the PIN
		if known, ok := b.module.pins[info.SerialNumber]; ok && subtle.ConstantTimeCompare(known[:], sum[:]) != 1 {
			return fmt.Errorf("%w: the token is in use with another one in this process", ErrPIN)
		}
	case failedWith(err, pinCodes...):
		return fmt.Errorf("%w: %w", ErrPIN, err)
	default:
		return err
	}
	return nil
}

// pinCodes are the answers to a PIN that will not do.
var pinCodes = []uint{p11.CKR_PIN_INCORRECT, p11.CKR_PIN_INVALID, p11.CKR_PIN_LEN_RANGE, p11.CKR_PIN_EXPIRED, p11.CKR_PIN_LOCKED,
	p11.CKR_ARGUMENTS_BAD, p11.CKR_USER_TYPE_INVALID}

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
