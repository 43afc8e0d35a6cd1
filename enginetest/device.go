package enginetest

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// errDown is what a device or a store fails with that the test made fail.
var errDown = errors.New("enginetest: made to fail by the test")

// DeviceDown makes every call of the device fail, below the engine, until up is called.
func (s *Sim) DeviceDown() (up func()) {
	s.deviceDown.Store(true)
	return func() { s.deviceDown.Store(false) }
}

func (s *Sim) beforeDevice(context.Context, string) error {
	if s.deviceDown.Load() {
		return errDown
	}
	return nil
}

// device is the software HSM with a record of what it sealed and a count of open keys.
type device struct {
	*hsm.Software
	open atomic.Int64

	mu     sync.Mutex
	sealed map[string][]hsm.Sealed // by the id of the key
}

func newDevice(seed uint64) *device {
	return &device{Software: hsm.NewSoftware(&hsm.SoftwareOptions{Seed: seed}), sealed: map[string][]hsm.Sealed{}}
}

func (d *device) record(id string, s hsm.Sealed) {
	if s == nil { // it failed
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sealed[id] = append(d.sealed[id], bytes.Clone(s))
}

func (d *device) Generate(ctx context.Context, a hsm.Attributes) (hsm.Sealed, hsm.Public, error) {
	s, public, err := d.Software.Generate(ctx, a)
	d.record(a.KeyID, s)
	return s, public, err
}

func (d *device) GenerateOpen(ctx context.Context, a hsm.Attributes) (hsm.Sealed, hsm.Public, hsm.Key, error) {
	s, public, k, err := d.Software.GenerateOpen(ctx, a)
	if err != nil {
		return nil, nil, nil, err
	}
	d.record(a.KeyID, s)
	k, _ = d.counted(k, nil)
	return s, public, k, nil
}

func (d *device) Import(ctx context.Context, secret hsm.Secret, a hsm.Attributes) (hsm.Sealed, error) {
	s, err := d.Software.Import(ctx, secret, a)
	d.record(a.KeyID, s)
	return s, err
}

func (d *device) Reseal(ctx context.Context, old hsm.Sealed, from, to hsm.Attributes) (hsm.Sealed, error) {
	s, err := d.Software.Reseal(ctx, old, from, to)
	d.record(to.KeyID, s)
	return s, err
}

func (d *device) Open(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (hsm.Key, error) {
	return d.counted(d.Software.Open(ctx, s, a))
}

func (d *device) counted(k hsm.Key, err error) (hsm.Key, error) {
	if err != nil {
		return nil, err
	}
	d.open.Add(1)
	return &openKey{Key: k, device: d}, nil
}

// openKey is an open key that is counted.
type openKey struct {
	hsm.Key
	device *device
	closed atomic.Bool
}

func (k *openKey) DeriveKBPK(ctx context.Context, v tr31.Version) (kbek, kbak hsm.Key, err error) {
	kbek, kbak, err = k.Key.DeriveKBPK(ctx, v)
	if err != nil {
		return nil, nil, err
	}
	kbek, _ = k.device.counted(kbek, nil)
	kbak, _ = k.device.counted(kbak, nil)
	return kbek, kbak, nil
}

func (k *openKey) Close() error {
	if k.closed.CompareAndSwap(false, true) {
		k.device.open.Add(-1)
	}
	return k.Key.Close()
}
