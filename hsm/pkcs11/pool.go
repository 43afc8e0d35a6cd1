//go:build cgo

package pkcs11

import (
	"context"
	"sync"

	p11 "github.com/miekg/pkcs11"
)

// pool lends sessions, each to one caller at a time. It opens them on demand, up to
// its size.
type pool struct {
	open  func() (p11.SessionHandle, error)
	close func(p11.SessionHandle) error
	slots chan struct{} // one in it for every session lent

	mu    sync.Mutex // guards all below
	idle  []p11.SessionHandle
	stuck []p11.SessionHandle // that the module failed to close
	all   int                 // open, lent or not
}

func newPool(size int, open func() (p11.SessionHandle, error), close func(p11.SessionHandle) error) *pool {
	return &pool{open: open, close: close, slots: make(chan struct{}, size)}
}

// borrow waits for a session. The caller returns it by returned or broken.
func (p *pool) borrow(ctx context.Context) (p11.SessionHandle, error) {
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		select {
		case p.slots <- struct{}{}:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		s, err := p.take()
		if err == nil {
			return s, nil
		}
		if !failedWith(err, ckrSessionCount) || !p.others() {
			<-p.slots
			return 0, err
		}
		// The token has no more sessions than those: the slot stays taken, so that
		// the pool is smaller from now on, and another session is waited for.
	}
}

// take is an idle session, or a new one.
func (p *pool) take() (p11.SessionHandle, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.idle); n > 0 {
		s := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return s, nil
	}
	p.closeStuck()
	s, err := p.open()
	if err == nil {
		p.all++
	}
	return s, err
}

// others reports whether the pool has any session.
func (p *pool) others() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all > 0
}

// returned takes back a session that has no operation under way.
func (p *pool) returned(s p11.SessionHandle) {
	p.mu.Lock()
	p.idle = append(p.idle, s)
	p.mu.Unlock()
	<-p.slots
}

// broken takes back a session that may have an operation under way, and closes it.
// In the place of the last one another is opened at once: where sessions are few,
// another pool might take it and keep it.
func (p *pool) broken(s p11.SessionHandle) {
	p.mu.Lock()
	p.all--
	p.shut(s)
	if p.all == 0 {
		p.add()
	}
	p.mu.Unlock()
	<-p.slots
}

// reserve opens the first session.
func (p *pool) reserve() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.add()
}

// add opens a session that is idle. The caller holds mu.
func (p *pool) add() error {
	s, err := p.open()
	if err == nil {
		p.all++
		p.idle = append(p.idle, s)
	}
	return err
}

// shut closes a session, now or when the next one is opened or closed. The
// caller holds mu.
func (p *pool) shut(s p11.SessionHandle) {
	if err := p.close(s); err != nil && !lost(err) {
		p.stuck = append(p.stuck, s)
	}
}

func (p *pool) closeStuck() {
	stuck := p.stuck
	p.stuck = nil
	for _, s := range stuck {
		p.shut(s)
	}
}

// closeAll closes every session. None is lent.
func (p *pool) closeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closeStuck()
	for _, s := range p.idle {
		p.shut(s)
	}
	p.all, p.idle = 0, nil
	p.closeStuck()
}
