package engine_test

import (
	"context"
	"crypto"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// withoutDES is a device that has no DES from a moment on.
type withoutDES struct {
	hsm.Backend
	lacks   atomic.Bool
	entered atomic.Int64 // keys that were given to the device
}

const desMechanism = "TDES encryption (CKM_DES3_ECB, CKM_DES3_CBC)"

func (b *withoutDES) Generate(ctx context.Context, a hsm.Attributes) (hsm.Sealed, hsm.Public, error) {
	if b.lacks.Load() && a.Algorithm == hsm.TDES {
		return nil, nil, hsm.Unsupported(desMechanism)
	}
	return b.Backend.Generate(ctx, a)
}

func (b *withoutDES) Import(ctx context.Context, s hsm.Secret, a hsm.Attributes) (hsm.Sealed, error) {
	if b.lacks.Load() && a.Algorithm == hsm.TDES {
		return nil, hsm.Unsupported(desMechanism)
	}
	b.entered.Add(1)
	return b.Backend.Import(ctx, s, a)
}

// tdesAttributes are those of the keys that the device cannot have.
var tdesAttributes = attributes(apc.KeyUsageTR31K0KeyEncryptionKey, apc.KeyAlgorithmTDES2Key, cipherModes)

// blockWay imports a TR-31 block. Like the ways below it makes the key material at once, while the
// device has DES, and returns the import.
func blockWay(t *testing.T, c *engine.Caller) func() error {
	t.Helper()
	source := create(t, c, tdesAttributes).KeyArn
	kek := create(t, c, kekAttributes(apc.KeyAlgorithmAES256)).KeyArn
	block, err := exportBlock(c, kek, source, nil)
	if err != nil {
		t.Fatal(err)
	}
	return func() error { _, err := importBlock(c, kek, block.KeyMaterial); return err }
}

// tokenWay imports a TR-34 key token.
func tokenWay(t *testing.T, c *engine.Caller) func() error {
	t.Helper()
	h := newHost(t, c)
	tr34 := parametersForImport(t, c, apc.KeyMaterialTypeTR34KeyBlock, apc.KeyAlgorithmRSA2048, false)
	token := h.seal(t, tr34.WrappingKeyCertificate, nil, testrig.Hex(tdesKey))
	return func() error { _, err := importToken(c, h.arm(&tr34.ImportToken, token)); return err }
}

// cryptogramWay imports an RSA cryptogram.
func cryptogramWay(t *testing.T, c *engine.Caller) func() error {
	t.Helper()
	rsa := parametersForImport(t, c, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA2048, false)
	wrapped := cryptogram(t, rsa, crypto.SHA256, testrig.Hex(tdesKey))
	return func() error {
		_, err := importMaterial(
			c,
			engine.ImportKeyMaterial{
				KeyCryptogram: &engine.ImportKeyCryptogram{
					KeyAttributes:        tdesAttributes,
					Exportable:           new(true),
					ImportToken:          rsa.ImportToken,
					WrappedKeyCryptogram: wrapped,
				},
			},
		)
		return err
	}
}

// agreementWay imports a block under an agreed key.
func agreementWay(t *testing.T, eng *engine.Engine) func() error {
	t.Helper()
	one := newECDHParty(t, eng.Caller, apc.KeyAlgorithmECCNISTP521)
	two := newECDHParty(t, eng.As(apc.Identity{Account: "444455556666"}), apc.KeyAlgorithmECCNISTP521)
	one.trusts(t, two)
	two.trusts(t, one)
	agreed := two.export(t, one, create(t, two.Caller, tdesAttributes).KeyArn, apc.KeyAlgorithmAES256)
	return func() error { _, err := one.imports(two, agreed, apc.KeyAlgorithmAES256); return err }
}

// as2805Way imports a cryptogram of AS 2805.
func as2805Way(t *testing.T, c *engine.Caller) func() error {
	t.Helper()
	source := create(t, c, tdesAttributes).KeyArn
	zone := load(t, c, tdesAttributes, tdesKey).KeyArn
	old, err := c.ExportKey(
		ctx,
		&engine.ExportKeyInput{
			ExportKeyIdentifier: source,
			KeyMaterial: engine.ExportKeyMaterial{As2805KeyCryptogram: &engine.ExportAs2805KeyCryptogram{
				As2805KeyVariant: apc.As2805KeyVariantTerminalMajorKeyVariant00, WrappingKeyIdentifier: zone}},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	return func() error {
		_, err := importMaterial(
			c,
			engine.ImportKeyMaterial{
				As2805KeyCryptogram: &engine.ImportAs2805KeyCryptogram{
					As2805KeyVariant:      apc.As2805KeyVariantTerminalMajorKeyVariant00,
					KeyModesOfUse:         cipherModes,
					KeyAlgorithm:          apc.KeyAlgorithmTDES2Key,
					Exportable:            new(true),
					WrappingKeyIdentifier: zone,
					WrappedKeyCryptogram:  old.WrappedKey.KeyMaterial,
				},
			},
		)
		return err
	}
}

// TestAKeyThatTheDeviceCannotHaveIsRefusedForGood: by every way in, with ValidationException,
// which no client tries again, and the mechanism.
func TestAKeyThatTheDeviceCannotHaveIsRefusedForGood(t *testing.T) {
	device := &withoutDES{Backend: hsm.NewSoftware(nil)}
	clock := engine.NewClock(noon)
	eng := simtest.On(t, device, keystore.NewMemory(), &engine.Options{Now: clock.Now})
	c := eng.Caller
	ways := map[string]func() error{ // their key material is made while the device has DES
		"CreateKey": func() error {
			_, err := c.CreateKey(ctx, &engine.CreateKeyInput{KeyAttributes: tdesAttributes, Exportable: new(true)})
			return err
		},
		"LoadKey": func() error {
			_, err := c.LoadKey(ctx, &engine.LoadKeyInput{KeyAttributes: tdesAttributes, Exportable: new(true),
				Components: []hsm.Secret{hsm.NewSecret(testrig.Hex(tdesKey))}})
			return err
		},
		"Tr31KeyBlock":              blockWay(t, c),
		"Tr34KeyBlock":              tokenWay(t, c),
		"KeyCryptogram":             cryptogramWay(t, c),
		"DiffieHellmanTr31KeyBlock": agreementWay(t, eng),
		"As2805KeyCryptogram":       as2805Way(t, c),
	}
	for way, enter := range ways {
		if err := enter(); err != nil {
			t.Errorf("%s, with DES: %v", way, err)
		}
	}
	device.lacks.Store(true)
	before, keys := device.entered.Load(), countKeys(t, c)
	for way, enter := range ways {
		refusal := refused(t, way, enter(), apc.ErrValidation, apc.RuleHSMMechanism)
		if got := refusal.Reasons[0]; got.Wanted != desMechanism || !strings.Contains(got.String(), "CKM_DES3_ECB") {
			t.Errorf("%s: got %v, want %s named", way, got, desMechanism)
		}
	}
	if now := device.entered.Load(); now != before || countKeys(t, c) != keys {
		t.Errorf("%d keys entered the device, and there are %d, want none and %d", now-before, countKeys(t, c), keys)
	}
	if _, err := c.CreateKey(ctx, &engine.CreateKeyInput{KeyAttributes: kekAttributes(apc.KeyAlgorithmAES128),
		Exportable: new(true)}); err != nil {
		t.Errorf("another algorithm: %v", err)
	}
}
