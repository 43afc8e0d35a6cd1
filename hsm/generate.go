package hsm

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/seed748fb4d1/apcsim/kcv"
)

// generations bounds how many RSA key pairs are generated at once, since each takes
// a processor or the device for up to seconds. It keeps the generations whose
// callers have left.
type generations struct {
	slots chan struct{} // one for each that may be under way

	mu   sync.Mutex    // guards free and closed
	free []*generation // under way or ended: their callers have left
	// closed: what ends from now on is dropped.
	closed bool
}

// generation is the making of one RSA key pair.
type generation struct {
	done chan struct{} // closed when it has ended

	// What it made, once done is closed, and the attributes it is sealed with.
	attributes Attributes
	sealed     Sealed
	public     Public
	err        error
}

func newGenerations(most int) *generations {
	if most <= 0 {
		most = max(1, runtime.GOMAXPROCS(0)-1) // all of them would hold up everything else for milliseconds
	}
	return &generations{slots: make(chan struct{}, most)}
}

// take returns a generation whose caller has left and whose key pair can be sealed
// with these attributes; nil if there is none.
func (g *generations) take(a Attributes) *generation {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, x := range g.free {
		if x.attributes.CheckReseal(a) == nil {
			g.free = slices.Delete(g.free, i, i+1)
			return x
		}
	}
	return nil
}

// leave gives back a generation whose caller has left.
func (g *generations) leave(x *generation) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.free = append(g.free, x)
	}
}

func (g *generations) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	g.free = nil
}

// generateRSA makes an RSA key pair, or takes over one whose caller has left.
func (h *HSM) generateRSA(ctx context.Context, a Attributes, m kcv.Method) (Made, error) {
	if err := a.Check(); err != nil {
		return Made{}, err
	}
	for {
		if err := ctx.Err(); err != nil {
			return Made{}, err
		}
		x, adopted, err := h.generation(ctx, a)
		if err != nil {
			return Made{}, err
		}
		select {
		case <-x.done:
		case <-ctx.Done():
		}
		if err := ctx.Err(); err != nil {
			h.keep(x)
			return Made{}, err
		}
		switch {
		case x.err != nil && adopted:
			continue // another caller's failure
		case x.err != nil:
			return Made{}, x.err
		case !adopted:
			return made(ctx, KeyRef{x.sealed, a}, x.public, nil, m)
		}
		sealed, err := h.backend.(Resealer).Reseal(ctx, x.sealed, x.attributes, a)
		if err != nil {
			if ctx.Err() != nil {
				h.keep(x)
			}
			return Made{}, err
		}
		return made(ctx, KeyRef{sealed, a}, x.public, nil, m)
	}
}

// keep keeps a generation for the next caller, if the device can seal its key
// pair anew.
func (h *HSM) keep(x *generation) {
	if _, ok := h.backend.(Resealer); ok {
		h.generations.leave(x)
	}
}

// generation is one to wait for: a caller's that has left, or a new one as soon
// as there is a slot.
func (h *HSM) generation(ctx context.Context, a Attributes) (x *generation, adopted bool, err error) {
	g := h.generations
	if x := g.take(a); x != nil {
		return x, true, nil
	}
	select {
	case g.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
	if x := g.take(a); x != nil { // it may have been what held the slot
		<-g.slots
		return x, true, nil
	}
	x = &generation{done: make(chan struct{}), attributes: a}
	if ctx.Done() == nil { // this caller cannot leave
		h.run(ctx, x)
	} else {
		go h.run(context.WithoutCancel(ctx), x)
	}
	return x, false, nil
}

// run makes the key pair, whether its caller still waits or not. A panic of the
// backend is an error of this generation.
func (h *HSM) run(ctx context.Context, x *generation) {
	begun := time.Now()
	h.log.Info("generating an RSA key pair, which may take seconds", "bits", x.attributes.Bits)
	defer func() {
		if p := recover(); p != nil {
			x.err = fmt.Errorf("hsm: making an RSA key pair: %v", p)
		}
		h.logEnd(x, time.Since(begun))
		close(x.done)
		<-h.generations.slots
	}()
	x.sealed, x.public, x.err = h.backend.Generate(ctx, x.attributes)
}

// logEnd logs that a generation has ended. Why one failed is the error of the call that waits for it.
func (h *HSM) logEnd(x *generation, took time.Duration) {
	if x.err != nil {
		h.log.Warn("no RSA key pair was generated", "bits", x.attributes.Bits, "took", took.Round(time.Millisecond))
		return
	}
	h.log.Info("generated an RSA key pair", "bits", x.attributes.Bits, "took", took.Round(time.Millisecond))
}
