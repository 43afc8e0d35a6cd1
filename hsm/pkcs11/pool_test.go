//go:build cgo

package pkcs11

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"

	p11 "github.com/miekg/pkcs11"
)

// TestSessionsDoNotRunOut: the token allows three and does not say so, and calls
// fail in such an order that one pool might have all.
func TestSessionsDoNotRunOut(t *testing.T) {
	b, f := watched(t, func(o *Options) { o.PoolSize = 8 })
	s := sealKnown(t, b)
	n := 0
	f.arm(func(function string) error {
		n++
		if sessions, _ := f.counts(); function == "C_OpenSession" && sessions >= 3 {
			return p11.Error(p11.CKR_SESSION_COUNT)
		}
		if n%7 == 0 && (function == "C_Sign" || function == "C_EncryptInit") {
			return p11.Error(p11.CKR_FUNCTION_FAILED)
		}
		return nil
	}, nil)
	b.drop(b.conn, &Error{Function: "C_Sign", Code: ckrDeviceError})
	for range 5 {
		for _, d := range exercises {
			if err := d.do(ctx, b, s); blames(err) || failedWith(err, ckrSessionCount) {
				t.Errorf("%s: %v", d.name, err)
			}
		}
	}
	f.arm(nil, nil)
	crowd(t, 8, 4, b, s)
}

// TestFewSessions: a token with fewer sessions than the pool wants serves a
// crowd all the same.
func TestFewSessions(t *testing.T) {
	b, f := watched(t, func(o *Options) { o.PoolSize = 8 })
	s := sealKnown(t, b)
	b.module.calls.Lock()
	c := b.conn
	b.conn = nil
	c.close()
	b.module.calls.Unlock()
	f.arm(func(function string) error {
		if sessions, _ := f.counts(); function == "C_OpenSession" && sessions >= 4 {
			return p11.Error(p11.CKR_SESSION_COUNT)
		}
		return nil
	}, nil)
	crowd(t, 16, 4, b, s)
	f.arm(nil, nil)
}

// lender is where a pool's sessions come from: as many at once as most.
type lender struct {
	most, next int
	open       map[p11.SessionHandle]bool
	stays      error // what closing returns
	tried      []p11.SessionHandle
}

func (l *lender) take() (p11.SessionHandle, error) {
	if len(l.open) == l.most {
		return 0, &Error{Function: "C_OpenSession", Code: ckrSessionCount}
	}
	l.next++
	l.open[p11.SessionHandle(l.next)] = true
	return p11.SessionHandle(l.next), nil
}

func (l *lender) give(s p11.SessionHandle) error {
	l.tried = append(l.tried, s)
	if l.stays == nil {
		delete(l.open, s)
	}
	return l.stays
}

func lending(most, size int) (*lender, *pool) {
	l := &lender{most: most, open: map[p11.SessionHandle]bool{}}
	return l, newPool(size, l.take, l.give)
}

// TestAPoolShrinksToTheTokensSessions: who asks for one more waits for one that is returned.
func TestAPoolShrinksToTheTokensSessions(t *testing.T) {
	l, p := lending(2, 4)
	one, err := p.borrow(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.borrow(ctx); err != nil {
		t.Fatal(err)
	}
	waited := make(chan p11.SessionHandle)
	go func() {
		s, err := p.borrow(ctx)
		if err != nil {
			t.Error(err)
		}
		waited <- s
	}()
	for len(p.slots) < cap(p.slots) { // until it waits: both slots without a session are taken
		runtime.Gosched()
	}
	p.returned(one)
	if got := <-waited; got != one || l.next != 2 {
		t.Errorf("got session %d of %d, want %d of 2", got, l.next, one)
	}
}

// TestAPoolWithoutAnySessionReports what the token says, and keeps its size.
func TestAPoolWithoutAnySessionReports(t *testing.T) {
	l, p := lending(0, 2)
	for range 3 {
		if _, err := p.borrow(ctx); !failedWith(err, ckrSessionCount) {
			t.Errorf("got %v, want CKR_SESSION_COUNT", err)
		}
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := p.borrow(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	l.most = 2
	for range 2 {
		if _, err := p.borrow(ctx); err != nil {
			t.Errorf("with two sessions: %v", err)
		}
	}
}

// TestTheLastBrokenSessionIsReplaced at once, and any other when one is needed.
func TestTheLastBrokenSessionIsReplaced(t *testing.T) {
	l, p := lending(9, 4)
	one, _ := p.borrow(ctx)
	two, _ := p.borrow(ctx)
	p.broken(one)
	if l.next != 2 || p.all != 1 {
		t.Errorf("with another one open %d sessions were opened and %d are, want 2 and 1", l.next, p.all)
	}
	p.broken(two)
	if l.next != 3 || p.all != 1 || len(p.idle) != 1 {
		t.Errorf("of the last one %d sessions were opened and %d are, want 3 and 1", l.next, p.all)
	}
}

// TestSessionsThatDoNotCloseAreTriedAgain unless they are lost.
func TestSessionsThatDoNotCloseAreTriedAgain(t *testing.T) {
	for code, want := range map[uint][]p11.SessionHandle{ckrGeneralError: {1, 1, 2}, ckrSessionHandleInvalid: {1, 2}} {
		l, p := lending(9, 4)
		one, _ := p.borrow(ctx)
		l.stays = &Error{Function: "C_CloseSession", Code: code}
		p.broken(one) // in whose place 2 is opened
		l.stays = nil
		p.closeAll()
		if !slices.Equal(l.tried, want) || len(p.stuck)+len(p.idle)+p.all != 0 {
			t.Errorf("code 0x%X: sessions %v were closed, want %v", code, l.tried, want)
		}
	}
}
