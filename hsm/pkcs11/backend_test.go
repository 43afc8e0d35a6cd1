//go:build cgo

package pkcs11

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/canary"
	"github.com/seed748fb4d1/apcsim/internal/testrig/softtoken"
)

// TestModulesThatAreNone: each has its own reason.
func TestModulesThatAreNone(t *testing.T) {
	text := testrig.OwnFile(t, "text.so", "no library")
	for path, want := range map[string]string{
		"/nowhere/module.so": "no such file", text: "cannot be loaded", "libsofthsm2.so": "want a path", "": "is empty",
	} {
		_, err := Open(ctx, &Options{Module: path, Label: "x", PIN: PINEnv("X")})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", path, err, want)
		}
	}
}

// TestInitializeWaitsForTheLock: until its context ends.
func TestInitializeWaitsForTheLock(t *testing.T) {
	o := optionsOf(softtoken.New(t, softtoken.SoftHSM, nil))
	first, err := Open(ctx, &o)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	unlock, err := first.lock(ctx, first.serial)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Open(ctx, &o)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if err := second.Initialize(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while another one has the lock: %v", err)
	}
	unlock()
	if err := second.Initialize(ctx); err != nil {
		t.Error(err)
	}
}

func TestABackendDoesNotShowItsPIN(t *testing.T) {
	o := optionsOf(sharedToken(t, softtoken.SoftHSM))
	pin, err := o.PIN()
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(pin) // of a PIN as good as the PIN
	for name, v := range map[string]any{"Options": o, "Backend": opened(t, o)} {
		canary.Check(t, name, v, pin)
		canary.Check(t, name, v, sum[:8])
	}
}

// TestCloseInACrowd: Close waits for calls under way; later ones are refused.
func TestCloseInACrowd(t *testing.T) {
	for range 5 {
		o := optionsOf(sharedToken(t, softtoken.SoftHSM))
		b, err := Open(ctx, &o)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Initialize(ctx); err != nil {
			t.Fatal(err)
		}
		s := sealKnown(t, b)
		var wg sync.WaitGroup
		done := testrig.NewMeter()
		for g := range 8 {
			wg.Go(func() {
				for i := 0; ; i++ {
					if err := exercises[(g+i)%len(exercises)].do(ctx, b, s); err != nil {
						if done.Stop(); !errors.Is(err, hsm.ErrClosed) {
							t.Errorf("%v", err)
						}
						return
					}
					done.Add()
				}
			})
		}
		done.More(24)
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
	}
}
