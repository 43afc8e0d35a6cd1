//go:build cgo

package pkcs11

import (
	"errors"
	"testing"
	"time"

	p11 "github.com/miekg/pkcs11"
	"github.com/seed748fb4d1/apcsim/internal/testrig/softtoken"
)

// TestAnOldLossHarmsNoNewConnection: a connection from before the module was
// initialised anew is given up, and those from after work.
func TestAnOldLossHarmsNoNewConnection(t *testing.T) {
	b, f := watched(t, nil)
	other := opened(t, optionsOf(sharedToken(t, softtoken.SoftHSM)))
	old := other.conn
	if err := f.cryptoki.Finalize(); err != nil {
		t.Fatal(err)
	}
	if err := b.Random(ctx, make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
	other.drop(old, &Error{Function: "C_Sign", Code: ckrCryptokiNotInitialized})
	f.count("C_Initialize")
	if err := errors.Join(b.Random(ctx, make([]byte, 8)), other.Random(ctx, make([]byte, 8))); err != nil || b.module.foreign ||
		f.count("C_Initialize") != 0 {
		t.Errorf("got %v, and the module was initialised again", err)
	}
}

// TestAnUnclearLoginIsNotRepeated: a token may mean the PIN.
func TestAnUnclearLoginIsNotRepeated(t *testing.T) {
	b, f := watched(t, nil)
	f.arm(func(function string) error {
		if function == "C_Login" {
			return p11.Error(p11.CKR_GENERAL_ERROR)
		}
		return nil
	}, nil)
	f.count("C_Login")
	b.drop(b.conn, &Error{Function: "C_Sign", Code: ckrDeviceError})
	for range 2 * mostUnclear {
		overdue(b)
		if err := b.Random(ctx, make([]byte, 8)); err == nil {
			t.Fatal("it works without a login")
		}
	}
	if n := f.count("C_Login"); n != mostUnclear {
		t.Errorf("the PIN was sent %d times, want %d", n, mostUnclear)
	}
	if err := b.Random(ctx, make([]byte, 8)); !errors.Is(err, ErrPIN) {
		t.Errorf("got %v", err)
	}
	f.arm(nil, nil)
}

// TestOutagesEnd: while every call fails, everything done fails with the reason; when none
// does, it works again.
func TestOutagesEnd(t *testing.T) {
	b, f := watched(t, nil)
	s := sealKnown(t, b)
	k := openKept(t, b, s)
	for _, code := range []uint{p11.CKR_DEVICE_REMOVED, p11.CKR_SESSION_HANDLE_INVALID, p11.CKR_GENERAL_ERROR, p11.CKR_TOKEN_NOT_PRESENT} {
		f.arm(func(function string) error {
			if function == "C_CloseSession" {
				return nil
			}
			return p11.Error(code)
		}, nil)
		for range 3 {
			for _, d := range exercises {
				if err := d.do(ctx, b, s); err == nil || blames(err) || !failedWith(err, code) {
					t.Errorf("%s: %s: %v", p11.Error(code), d.name, err)
				}
			}
		}
		f.arm(nil, nil)
		returns(t, b, func() error { _, err := enciphered(ctx, k); return err })
		for _, d := range exercises {
			if err := d.do(ctx, b, s); err != nil {
				t.Errorf("%s is over: %s: %v", p11.Error(code), d.name, err)
			}
		}
	}
}

// TestAttemptsAreFewInAnOutage: until the next one is due, all that is done fails with the
// reason of the last and without a call of the module. The time between two doubles.
func TestAttemptsAreFewInAnOutage(t *testing.T) {
	b, f := watched(t, nil)
	s := sealKnown(t, b)
	f.arm(func(string) error { return p11.Error(p11.CKR_DEVICE_REMOVED) }, nil)
	b.drop(b.conn, &Error{Function: "C_Sign", Code: ckrDeviceError})
	for want := shortestWait; want < 2*longestWait; want *= 2 {
		overdue(b)
		if err := b.Random(ctx, make([]byte, 8)); !failedWith(err, p11.CKR_DEVICE_REMOVED) {
			t.Errorf("an attempt: %v", err)
		}
		if got := b.outage.wait; got != min(want, longestWait) || time.Until(b.outage.until) > got {
			t.Errorf("the next attempt is due after %v, in %v, want %v", got, time.Until(b.outage.until), min(want, longestWait))
		}
		b.outage.until = time.Now().Add(time.Hour)
		before := f.all()
		for _, d := range exercises {
			if err := d.do(ctx, b, s); !failedWith(err, p11.CKR_DEVICE_REMOVED) {
				t.Errorf("%s before the next attempt: %v", d.name, err)
			}
		}
		if made := f.all() - before; made != 0 {
			t.Errorf("%d calls of the module before the next attempt, want none", made)
		}
	}
	f.arm(nil, nil)
	returns(t, b, func() error { return b.Random(ctx, make([]byte, 8)) })
	if b.outage != (outage{}) {
		t.Errorf("once it is over, the outage is %+v", b.outage)
	}
}

// TestRealLosses: sessions closed, the user logged out and the module finalised
// behind the backend's back.
func TestRealLosses(t *testing.T) {
	b, f := watched(t, nil)
	s := sealKnown(t, b)
	k := openKept(t, b, s)
	real := f.cryptoki.(*p11.Ctx)
	_, encrypt := aesBlock()
	for name, lose := range map[string]func(c *connection) error{
		"CloseAllSessions": func(c *connection) error { return real.CloseAllSessions(c.slot) },
		"Logout":           func(c *connection) error { return real.Logout(c.login) },
		"Finalize":         func(*connection) error { return real.Finalize() },
		"one session": func(c *connection) error {
			c.workers.mu.Lock()
			defer c.workers.mu.Unlock()
			return real.CloseSession(c.workers.idle[0])
		},
	} {
		for range 3 {
			got, err := enciphered(ctx, k)
			if err := same(got, err, encrypt(make([]byte, 16))); err != nil {
				t.Fatalf("before %s: %v", name, err)
			}
			if err := lose(b.conn); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got, err = enciphered(ctx, k)
			if err := same(got, err, encrypt(make([]byte, 16))); err != nil {
				t.Errorf("after %s: %v", name, err)
			}
			for _, d := range exercises {
				if err := d.do(ctx, b, s); err != nil {
					t.Errorf("after %s: %s: %v", name, d.name, err)
				}
			}
		}
	}
}
