package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// blankDevice is a device that has no master key until it is initialised. It
// writes down in what order it and the store next to it were asked.
type blankDevice struct {
	hsm.Backend
	failing error // of Initialize

	mu    sync.Mutex // guards all below
	ready bool
	asked []string
}

func (d *blankDevice) note(what string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, what)
}

func (d *blankDevice) missing() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ready {
		return nil
	}
	return fmt.Errorf("blank: %w", hsm.ErrNoMasterKey)
}

func (d *blankDevice) Initialize(ctx context.Context) error {
	d.note("Initialize")
	if d.failing != nil {
		return d.failing
	}
	if below, ok := d.Backend.(hsm.Initializer); ok {
		if err := below.Initialize(ctx); err != nil {
			return err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ready = true
	return nil
}

func (d *blankDevice) MasterKeyID(ctx context.Context) (string, error) {
	if err := d.missing(); err != nil {
		return "", err
	}
	return d.Backend.MasterKeyID(ctx)
}

func (d *blankDevice) Generate(ctx context.Context, a hsm.Attributes) (hsm.Sealed, hsm.Public, error) {
	if err := d.missing(); err != nil {
		return nil, nil, err
	}
	return d.Backend.Generate(ctx, a)
}

// askedStore is a store that notes in the device's list when it is read.
type askedStore struct {
	keystore.Store
	device *blankDevice
	broken error
}

func (s *askedStore) Read(ctx context.Context, refs ...keystore.Ref) ([]keystore.Found, error) {
	s.device.note("Read " + refs[0].ID)
	if s.broken != nil {
		return nil, s.broken
	}
	return s.Store.Read(ctx, refs...)
}

func TestADeviceWithoutMasterKeyGetsOneForANewStore(t *testing.T) {
	store := simtest.Store(t)
	device := &blankDevice{Backend: simtest.Backend(t, nil)}
	eng := simtest.On(t, device, &askedStore{Store: store, device: device}, nil)
	if want := []string{"Read master-key", "Initialize"}; !slices.Equal(device.asked[:2], want) {
		t.Errorf("asked in the order %q, want first %q", device.asked, want)
	}
	k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))

	device.asked = nil
	again := simtest.On(t, device, store, nil)
	if slices.Contains(device.asked, "Initialize") {
		t.Errorf("a device with a master key was initialised: %q", device.asked)
	}
	if _, err := exportBlock(again.Caller, k.KeyArn, k.KeyArn, nil); err != nil {
		t.Errorf("the key in another engine on the same store: %v", err)
	}
}

func TestADeviceThatLostItsMasterKeyGetsNoOtherOne(t *testing.T) {
	store := simtest.Store(t)
	first := simtest.Backend(t, nil)
	simtest.On(t, first, store, nil)
	id, err := first.MasterKeyID(ctx)
	if err != nil {
		t.Fatal(err)
	}
	device := &blankDevice{Backend: simtest.Backend(t, nil)}
	_, err = engine.Open(ctx, device, &askedStore{Store: store, device: device}, nil)
	if !errors.Is(err, engine.ErrMasterKey) || !strings.Contains(err.Error(), "it has "+id+", the backend none") {
		t.Errorf("got %v, want %v with both sides", err, engine.ErrMasterKey)
	}
	if want := []string{"Read master-key"}; !slices.Equal(device.asked, want) {
		t.Errorf("asked %q, want %q alone", device.asked, want)
	}
}

func TestAStoreThatCannotBeReadLeavesTheDeviceAsItIs(t *testing.T) {
	device := &blankDevice{Backend: simtest.Backend(t, nil)}
	_, err := engine.Open(ctx, device, &askedStore{Store: simtest.Store(t), device: device, broken: errCable}, nil)
	if !errors.Is(err, errCable) || slices.Contains(device.asked, "Initialize") {
		t.Errorf("got %v after %q, want %v and no Initialize", err, device.asked, errCable)
	}
}

// mute is a device without master key that cannot be initialised.
type mute struct{ hsm.Backend }

func (mute) MasterKeyID(context.Context) (string, error) { return "", hsm.ErrNoMasterKey }

func TestADeviceThatStaysWithoutMasterKeyIsRefused(t *testing.T) {
	full := errors.New("the token is full")
	for name, c := range map[string]struct {
		device hsm.Backend
		want   error
	}{
		"no Initializer":         {mute{simtest.Backend(t, nil)}, hsm.ErrNoMasterKey},
		"an Initializer in vain": {&blankDevice{Backend: simtest.Backend(t, nil), failing: full}, full},
	} {
		store := simtest.Store(t)
		if _, err := engine.Open(ctx, c.device, store, nil); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		// The store is as new as before: another device may have it.
		simtest.On(t, simtest.Backend(t, nil), store, nil)
	}
}

// TestManyEnginesInitialiseOneDevice: the first one makes the master key,
// and all of them work with it.
func TestManyEnginesInitialiseOneDevice(t *testing.T) {
	store, device := simtest.Store(t), &blankDevice{Backend: simtest.Backend(t, nil)}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			eng, err := engine.Open(ctx, device, store, nil)
			if err != nil {
				t.Error(err)
				return
			}
			defer eng.Close()
			if _, err := eng.CreateKey(ctx, &engine.CreateKeyInput{KeyAttributes: kekAttributes(apc.KeyAlgorithmAES128),
				Exportable: new(true)}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
