package engine_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/testkeys"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// founder is a device on which the key pairs of authorities take until they are
// released.
type founder struct {
	*hsm.Software
	begun, release chan struct{}
	pairs          atomic.Int32 // of authorities
	keys           atomic.Int32 // of any kind
}

func newFounder(t *testing.T) *founder {
	f := &founder{Software: hsm.NewSoftware(nil), begun: make(chan struct{}, 100), release: make(chan struct{})}
	t.Cleanup(func() { f.Close() })
	return f
}

func (f *founder) Generate(ctx context.Context, a hsm.Attributes) (hsm.Sealed, hsm.Public, error) {
	f.keys.Add(1)
	if a.Usage == "S1" {
		f.pairs.Add(1)
		f.begun <- struct{}{}
		<-f.release
		private, public, ok := testkeys.Ready().Next(a.Bits) // as if it had been generated here
		if !ok {
			return nil, nil, errors.New("there is no ready key pair")
		}
		sealed, err := f.Software.Import(ctx, private, a)
		return sealed, public, err
	}
	return f.Software.Generate(ctx, a)
}

// signingPair makes an RSA key pair, whose certificate needs the RSA authority.
func signingPair(t *testing.T, eng *engine.Engine) string {
	return create(t, eng.Caller, apc.KeyAttributes{KeyUsage: apc.KeyUsageTR31S0AsymmetricKeyForDigitalSignature,
		KeyClass: apc.KeyClassAsymmetricKeyPair, KeyAlgorithm: apc.KeyAlgorithmRSA2048, KeyModesOfUse: apc.KeyModesOfUse{Sign: true}}).KeyArn
}

func (f *founder) GenerateOpen(ctx context.Context, a hsm.Attributes) (hsm.Sealed, hsm.Public, hsm.Key, error) {
	f.keys.Add(1)
	return f.Software.GenerateOpen(ctx, a)
}

// noneReady has no ready key pairs.
type noneReady struct{}

func (noneReady) Next(int) (hsm.Secret, hsm.Public, bool) { return hsm.Secret{}, nil, false }

// TestOneGenerationServesAllFirstCallersOfAnAuthority: even if the one it began
// for leaves.
func TestOneGenerationServesAllFirstCallersOfAnAuthority(t *testing.T) {
	device := newFounder(t)
	eng := simtest.On(t, device, simtest.Store(t), &engine.Options{HSM: hsm.Options{Ready: noneReady{}, Generations: 4}})
	pair := signingPair(t, eng)
	ask := func(ctx context.Context) (string, error) {
		out, err := eng.GetPublicKeyCertificate(ctx, &engine.GetPublicKeyCertificateInput{KeyIdentifier: pair})
		if err != nil {
			return "", err
		}
		return out.KeyCertificateChain, nil
	}
	leaving, cancel := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := ask(leaving)
		left <- err
	}()
	<-device.begun
	var all sync.WaitGroup
	var roots [8]string
	for i := range roots {
		all.Go(func() {
			var err error
			if roots[i], err = ask(t.Context()); err != nil {
				t.Errorf("caller %d: %v", i, err)
			}
		})
	}
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) || !errors.Is(err, apc.ErrServiceUnavailable) {
		t.Errorf("the caller that left: %v", err)
	}
	close(device.release)
	all.Wait()
	for i, root := range roots {
		if root == "" || root != roots[0] {
			t.Errorf("caller %d has another root than caller 0: %q, %q", i, root, roots[0])
		}
	}
	if n := device.pairs.Load(); n != 1 {
		t.Errorf("%d key pairs were made for one authority", n)
	}
}

// TestACallerLeavesTheMakingOfAnAuthority: one that only waits for it.
func TestACallerLeavesTheMakingOfAnAuthority(t *testing.T) {
	device := newFounder(t)
	eng := simtest.On(t, device, simtest.Store(t), &engine.Options{HSM: hsm.Options{Ready: noneReady{}}})
	in := &engine.GetPublicKeyCertificateInput{KeyIdentifier: signingPair(t, eng)}
	first := make(chan error)
	go func() {
		_, err := eng.GetPublicKeyCertificate(t.Context(), in)
		first <- err
	}()
	<-device.begun
	waiting, cancel := context.WithCancel(t.Context())
	second := make(chan error)
	go func() {
		_, err := eng.GetPublicKeyCertificate(waiting, in)
		second <- err
	}()
	cancel()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("the caller that left: %v", err)
	}
	close(device.release)
	if err := <-first; err != nil {
		t.Errorf("the caller that stayed: %v", err)
	}
}

// TestARegionWithoutTheServiceIsRefused: before anything is made for it.
func TestARegionWithoutTheServiceIsRefused(t *testing.T) {
	device := newFounder(t)
	close(device.release)
	eng := simtest.On(t, device, simtest.Store(t), &engine.Options{Regions: []string{"xx-new-1"}})
	for _, region := range []string{"xx-nowhere-1", "us-east-9", "US-EAST-1"} {
		c := eng.As(apc.Identity{Region: region})
		_, err := c.CreateKey(ctx, &engine.CreateKeyInput{KeyAttributes: kekAttributes(apc.KeyAlgorithmAES128), Exportable: new(true)})
		refused(t, "CreateKey in "+region, err, apc.ErrValidation, "region")
		_, err = c.GetParametersForImport(
			ctx,
			&engine.GetParametersForImportInput{
				KeyMaterialType:      apc.KeyMaterialTypeTR34KeyBlock,
				WrappingKeyAlgorithm: apc.KeyAlgorithmRSA2048,
			},
		)
		refused(t, "GetParametersForImport in "+region, err, apc.ErrValidation, "region")
		_, err = c.ListKeys(ctx, nil)
		refused(t, "ListKeys in "+region, err, apc.ErrValidation, "region")
	}
	if n := device.keys.Load(); n != 0 {
		t.Errorf("%d keys were made", n)
	}
	create(t, eng.As(apc.Identity{Region: "xx-new-1"}), kekAttributes(apc.KeyAlgorithmAES128))
	create(t, eng.As(apc.Identity{Region: "af-south-1"}), kekAttributes(apc.KeyAlgorithmAES128))
}
