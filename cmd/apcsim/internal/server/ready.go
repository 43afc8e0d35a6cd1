package server

import (
	"context"
	"net/http"
	"sync"

	"github.com/seed748fb4d1/apcsim/hsm"
)

// probe asks one thing whether it answers. Of several requests at the same time one asks,
// and all wait for that answer: what hangs holds one goroutine, however often it is asked.
// Goroutines may share one.
type probe struct {
	ask func(context.Context) error

	mu      sync.Mutex // guards running
	running *asking    // nil: no question is under way
}

// asking is a question under way.
type asking struct {
	done chan struct{} // closed once err is set
	err  error
}

// check asks, for as long as the context lasts.
func (p *probe) check(ctx context.Context) error {
	a := p.join(ctx)
	select {
	case <-a.done:
		return a.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// join is the question under way, or a new one, which ends with the context where the thing
// asked takes contexts.
func (p *probe) join(ctx context.Context) *asking {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running != nil {
		return p.running
	}
	a := &asking{done: make(chan struct{})}
	p.running = a
	go func() {
		a.err = p.ask(ctx)
		p.mu.Lock()
		p.running = nil
		p.mu.Unlock()
		close(a.done)
	}()
	return a
}

// askStore reads a record.
func (w *world) askStore(ctx context.Context) error {
	_, err := w.store.Read(ctx, offsetRecord)
	return err
}

// askDevice asks for the id of the master key and, of a token, for a random byte: a token
// may have the id in memory. The random bytes of the software HSM may follow a seed,
// which being asked must not change.
func (w *world) askDevice(ctx context.Context) error {
	_, err := w.backend.MasterKeyID(ctx)
	if _, software := w.backend.(*hsm.Software); err != nil || software {
		return err
	}
	return w.backend.Random(ctx, make([]byte, 1))
}

// readyView is the answer of GET ready. Why something does not answer is in the log.
type readyView struct {
	Status string `json:"status"` // "ready" or "not ready"
	Store  string `json:"store"`  // "ok" or "no answer"
	Device string `json:"device"`
}

// status is the HTTP status of the answer.
func (v readyView) status() int {
	if v.Status == statusReady {
		return http.StatusOK
	}
	return http.StatusServiceUnavailable
}

const (
	statusReady    = "ready"
	statusNotReady = "not ready"
)

// ready asks the store and the device, both at once, for at most Timeouts.Ready.
func (q *request) ready() (any, error) {
	ctx, cancel := context.WithTimeout(q.Context(), q.server.options.Timeouts.Ready)
	defer cancel()
	view := readyView{statusReady, "ok", "ok"}
	var both sync.WaitGroup
	both.Go(func() { view.Store = q.probe(ctx, "store", &q.world.storeProbe) })
	both.Go(func() { view.Device = q.probe(ctx, "device", &q.world.deviceProbe) })
	both.Wait()
	if view.Store != "ok" || view.Device != "ok" {
		view.Status = statusNotReady
	}
	return view, nil
}

func (q *request) probe(ctx context.Context, what string, p *probe) string {
	if err := p.check(ctx); err != nil {
		q.server.log.Warn("not ready: the "+what+" does not answer", "error", err)
		return "no answer"
	}
	return "ok"
}
