package engine_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// handles is a device that lists its open keys.
type handles struct {
	hsm.Backend
	mu   sync.Mutex // guards open
	open map[string]int
}

func (d *handles) Open(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (hsm.Key, error) {
	k, err := d.Backend.Open(ctx, s, a)
	if err != nil {
		return nil, err
	}
	d.count(a.KeyID, 1)
	return &handle{Key: k, device: d, id: a.KeyID}, nil
}

func (d *handles) count(id string, n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open[id] += n
}

func (d *handles) of(arn string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.open[arn[len(arn)-16:]]
}

type handle struct {
	hsm.Key
	device *handles
	id     string
	once   sync.Once
}

func (h *handle) Close() error {
	h.once.Do(func() { h.device.count(h.id, -1) })
	return h.Key.Close()
}

// TestNoHandleOutlivesItsKey: keys that were exported and keys that wrapped stay
// open in the device until their deletion is settled, and no longer.
func TestNoHandleOutlivesItsKey(t *testing.T) {
	clock := engine.NewClock(time.Time{})
	device := &handles{Backend: simtest.Backend(t, nil), open: map[string]int{}}
	eng := simtest.On(t, device, simtest.Store(t), &engine.Options{Now: clock.Now})
	kek := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256)).KeyArn
	key := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128)).KeyArn
	if _, err := exportBlock(eng.Caller, kek, key, nil); err != nil {
		t.Fatal(err)
	}
	for _, arn := range []string{key, kek} {
		if n := device.of(arn); n != 1 {
			t.Errorf("%s: %d handles after its use, want 1", arn, n)
		}
		if _, err := eng.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: arn, DeleteKeyInDays: new(3)}); err != nil {
			t.Fatal(err)
		}
		clock.Advance(4 * 24 * time.Hour)
		if err := eng.Settle(ctx); err != nil {
			t.Fatal(err)
		}
		if n := device.of(arn); n != 0 {
			t.Errorf("%s: %d handles after its deletion", arn, n)
		}
	}
}
