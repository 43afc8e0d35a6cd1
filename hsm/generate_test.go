package hsm_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/kcv"
)

var pairAttributes = hsm.Attributes{KeyID: "kwapwa6qaifllw2h", Usage: "K2", Algorithm: hsm.RSA, Mode: 'D', Exportability: 'N', Bits: 2048}

// slow is a software device whose RSA key pairs take until they are released.
type slow struct {
	*hsm.Software
	begun, release chan struct{}
	fail           func() error // asked before each generation; may panic
	generations    atomic.Int32
	now, most      atomic.Int32 // at once
}

func newSlow(t *testing.T) *slow {
	s := &slow{Software: hsm.NewSoftware(nil), begun: make(chan struct{}, 100), release: make(chan struct{})}
	t.Cleanup(func() { s.Close() })
	return s
}

func (s *slow) Generate(ctx context.Context, a hsm.Attributes) (hsm.Sealed, hsm.Public, error) {
	s.generations.Add(1)
	n := s.now.Add(1)
	defer s.now.Add(-1)
	for most := s.most.Load(); n > most && !s.most.CompareAndSwap(most, n); most = s.most.Load() {
	}
	s.begun <- struct{}{}
	<-s.release
	if s.fail != nil {
		if err := s.fail(); err != nil {
			return nil, nil, err
		}
	}
	return s.Software.Generate(ctx, a)
}

// unsealing is a device that cannot seal anew.
type unsealing struct{ hsm.Backend }

// leaver makes a key pair for a caller that leaves once the generation has begun.
func leaver(t *testing.T, h *hsm.HSM, s *slow, a hsm.Attributes) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := h.GenerateKey(ctx, a, kcv.SHA1)
		left <- err
	}()
	<-s.begun
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Fatalf("the caller that left: %v, want %v", err, context.Canceled)
	}
}

func TestRSAPairsAreMadeAFewAtOnce(t *testing.T) {
	device := newSlow(t)
	h := hsm.New(device, &hsm.Options{Generations: 2})
	defer h.Close()
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			if _, err := h.GenerateKey(t.Context(), pairAttributes, kcv.SHA1); err != nil {
				t.Errorf("GenerateKey: %v", err)
			}
		})
	}
	<-device.begun
	<-device.begun
	close(device.release)
	all.Wait()
	if most := device.most.Load(); most != 2 {
		t.Errorf("%d key pairs were made at once, want 2", most)
	}
}

func TestACallerThatWaitsForASlotLeaves(t *testing.T) {
	device := newSlow(t)
	h := hsm.New(device, &hsm.Options{Generations: 1})
	defer h.Close()
	first := make(chan error)
	go func() {
		_, err := h.GenerateKey(t.Context(), pairAttributes, kcv.SHA1)
		first <- err
	}()
	<-device.begun
	ctx, cancel := context.WithCancel(t.Context())
	second := make(chan error)
	go func() {
		_, err := h.GenerateKey(ctx, pairAttributes, kcv.SHA1)
		second <- err
	}()
	cancel()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("the caller that left: %v, want %v", err, context.Canceled)
	}
	close(device.release)
	if err := <-first; err != nil {
		t.Errorf("the first caller: %v", err)
	}
	if n := device.generations.Load(); n != 1 {
		t.Errorf("%d generations, want 1", n)
	}
}

// TestThePairOfACallerThatLeftIsTheNextOnes: of one that comes while it is made,
// and of one that comes later.
func TestThePairOfACallerThatLeftIsTheNextOnes(t *testing.T) {
	for what, late := range map[string]bool{"while it is made": false, "later": true} {
		t.Run(what, func(t *testing.T) {
			device := newSlow(t)
			h := hsm.New(device, &hsm.Options{Generations: 1})
			defer h.Close()
			leaver(t, h, device, pairAttributes)
			if late {
				close(device.release)
			}
			next := pairAttributes
			next.KeyID, next.Usage, next.Mode = "tqv5yij6wtxx64pi", "S0", 'S'
			done := make(chan hsm.Made)
			go func() {
				made, err := h.GenerateKey(t.Context(), next, kcv.SHA1)
				if err != nil {
					t.Errorf("the next caller: %v", err)
				}
				done <- made
			}()
			if !late {
				close(device.release)
			}
			made := <-done
			if n := device.generations.Load(); n != 1 {
				t.Errorf("%d generations, want 1", n)
			}
			signer, err := h.Signer(t.Context(), hsm.KeyRef{Sealed: made.Sealed, Attributes: next}, made.Public)
			if err != nil {
				t.Fatal(err)
			}
			digest := make([]byte, 32)
			sig, err := signer.Sign(nil, digest, crypto.SHA256)
			if err != nil || rsa.VerifyPKCS1v15(signer.Public().(*rsa.PublicKey), crypto.SHA256, digest, sig) != nil {
				t.Errorf("the key pair under the next caller's attributes: %v", err)
			}
			other := next
			other.KeyID = "aaaaaaaaaaaaaaaa"
			go func() { <-device.begun }()
			again, err := h.GenerateKey(t.Context(), other, kcv.SHA1)
			if err != nil || string(again.Public) == string(made.Public) {
				t.Errorf("the caller after that has the same key pair, or %v", err)
			}
		})
	}
}

// TestAKeyPairIsKeptForItsSizeAndExportabilityOnly: others get one of their own.
func TestAKeyPairIsKeptForItsSizeAndExportabilityOnly(t *testing.T) {
	device := newSlow(t)
	h := hsm.New(device, &hsm.Options{Generations: 2})
	defer h.Close()
	leaver(t, h, device, pairAttributes)
	close(device.release)
	exportable, longer := pairAttributes, pairAttributes
	exportable.Exportability, longer.Bits = 'E', 3072
	for i, a := range []hsm.Attributes{exportable, longer} {
		if _, err := h.GenerateKey(t.Context(), a, kcv.SHA1); err != nil {
			t.Fatal(err)
		}
		if n := int(device.generations.Load()); n != i+2 {
			t.Errorf("%+v: %d generations, want %d", a, n, i+2)
		}
	}
}

func TestADeviceThatCannotSealAnewMakesAnotherPair(t *testing.T) {
	device := newSlow(t)
	h := hsm.New(unsealing{device}, &hsm.Options{Generations: 1})
	defer h.Close()
	leaver(t, h, device, pairAttributes)
	close(device.release)
	if _, err := h.GenerateKey(t.Context(), pairAttributes, kcv.SHA1); err != nil {
		t.Errorf("the next caller: %v", err)
	}
	if n := device.generations.Load(); n != 2 {
		t.Errorf("%d generations, want 2", n)
	}
}

// TestAFailedGenerationFailsNoOtherCaller: neither an error nor a panic of the device
// keeps its slot, or is the next caller's.
func TestAFailedGenerationFailsNoOtherCaller(t *testing.T) {
	broken := errors.New("broken")
	for what, fail := range map[string]func() error{"an error": func() error { return broken }, "a panic": func() error { panic(broken) }} {
		t.Run(what, func(t *testing.T) {
			device := newSlow(t)
			var failed atomic.Bool
			device.fail = func() error {
				if failed.CompareAndSwap(false, true) {
					return fail()
				}
				return nil
			}
			h := hsm.New(device, &hsm.Options{Generations: 1})
			defer h.Close()
			leaver(t, h, device, pairAttributes)
			close(device.release)
			if _, err := h.GenerateKey(t.Context(), pairAttributes, kcv.SHA1); err != nil {
				t.Errorf("the next caller: %v", err)
			}
			failed.Store(false)
			if _, err := h.GenerateKey(t.Context(), pairAttributes, kcv.SHA1); err == nil {
				t.Error("the failure of a caller's own generation is lost")
			}
		})
	}
}
