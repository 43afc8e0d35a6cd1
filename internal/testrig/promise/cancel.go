package promise

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"
	"time"
)

const (
	mostLooks = 20                     // at a context that are tried in one call
	moments   = 6                      // spread over the length of a call
	longest   = 200 * time.Millisecond // a call that took longer was unlucky
	shortest  = time.Millisecond       // what takes less is over before a timer cancels it
)

// Cancelled yields contexts that are cancelled while a call runs, each for one call, and when
// that is: at the first, second and later moment at which the call looks at its context, until
// it looks no more, which a machine that is busy does not change; and, where a call usually
// takes 1 ms or more, at moments spread over that length.
func Cancelled(parent context.Context, length time.Duration) iter.Seq2[string, context.Context] {
	return func(yield func(string, context.Context) bool) {
		for n, looked := 1, true; looked && n <= mostLooks; n++ {
			c := newAtLook(parent, n)
			more := yield(fmt.Sprintf("cancelled at look %d", n), c)
			looked = c.left.Load() <= 0
			if c.end(); !more {
				return
			}
		}
		length = min(length, longest)
		for i := 0; length >= shortest && i < moments; i++ {
			c, cancel := context.WithCancel(parent)
			timer := time.AfterFunc(length*time.Duration(i)/moments, cancel)
			more := yield(fmt.Sprintf("cancelled after %d/%d of its time", i, moments), c)
			timer.Stop()
			if cancel(); !more {
				return
			}
		}
	}
}

// atLook is a context that ends when a call looks at it for the n-th time.
type atLook struct {
	context.Context
	left atomic.Int64 // looks until then
	end  context.CancelFunc
}

func newAtLook(parent context.Context, n int) *atLook {
	c := &atLook{}
	c.Context, c.end = context.WithCancel(parent)
	c.left.Store(int64(n))
	return c
}

func (c *atLook) look() {
	if c.left.Add(-1) == 0 {
		c.end()
	}
}

func (c *atLook) Done() <-chan struct{} { c.look(); return c.Context.Done() }

func (c *atLook) Err() error { c.look(); return c.Context.Err() }
