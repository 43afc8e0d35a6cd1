package engine_test

import (
	"context"
	"errors"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

var ctx = context.Background()

// Modes of use as the tests name them.
var (
	cipherModes = apc.KeyModesOfUse{Encrypt: true, Decrypt: true, Wrap: true, Unwrap: true}
	wrapOnly    = apc.KeyModesOfUse{Encrypt: true, Wrap: true}
	unwrapOnly  = apc.KeyModesOfUse{Decrypt: true, Unwrap: true}
	macModes    = apc.KeyModesOfUse{Generate: true, Verify: true}
	deriveModes = apc.KeyModesOfUse{DeriveKey: true}
)

func attributes(u apc.KeyUsage, a apc.KeyAlgorithm, m apc.KeyModesOfUse) apc.KeyAttributes {
	return apc.KeyAttributes{KeyUsage: u, KeyClass: apc.KeyClassSymmetricKey, KeyAlgorithm: a, KeyModesOfUse: m}
}

func kekAttributes(a apc.KeyAlgorithm) apc.KeyAttributes {
	return attributes(apc.KeyUsageTR31K1KeyBlockProtectionKey, a, cipherModes)
}

func create(t testing.TB, c *engine.Caller, a apc.KeyAttributes) engine.Key {
	t.Helper()
	out, err := c.CreateKey(ctx, &engine.CreateKeyInput{KeyAttributes: a, Exportable: new(true)})
	if err != nil {
		t.Fatalf("CreateKey %v: %v", a, err)
	}
	return out.Key
}

// load makes a key of known bytes, from the bytes and a zero component.
func load(t testing.TB, c *engine.Caller, a apc.KeyAttributes, key string) engine.Key {
	t.Helper()
	raw := testrig.Hex(key)
	out, err := c.LoadKey(ctx, &engine.LoadKeyInput{
		KeyAttributes: a, Exportable: new(true),
		Components: []hsm.Secret{hsm.NewSecret(raw), hsm.NewSecret(make([]byte, len(raw)))},
	})
	if err != nil {
		t.Fatalf("LoadKey %v: %v", a, err)
	}
	return out.Key
}

func importBlock(c *engine.Caller, kek, block string) (engine.Key, error) {
	out, err := c.ImportKey(ctx, &engine.ImportKeyInput{KeyMaterial: engine.ImportKeyMaterial{
		Tr31KeyBlock: &engine.ImportTr31KeyBlock{WrappingKeyIdentifier: kek, WrappedKeyBlock: block},
	}})
	if err != nil {
		return engine.Key{}, err
	}
	return out.Key, nil
}

func exportBlock(c *engine.Caller, kek, key string, h *engine.KeyBlockHeaders) (*engine.WrappedKey, error) {
	out, err := c.ExportKey(ctx, &engine.ExportKeyInput{
		ExportKeyIdentifier: key,
		KeyMaterial: engine.ExportKeyMaterial{
			Tr31KeyBlock: &engine.ExportTr31KeyBlock{WrappingKeyIdentifier: kek, KeyBlockHeaders: h},
		},
	})
	if err != nil {
		return nil, err
	}
	return out.WrappedKey, nil
}

// refused checks that an operation was refused with an exception, by a rule.
func refused(t testing.TB, what string, err error, code apc.Code, rule apc.Rule) *apc.Error {
	t.Helper()
	refusal, ok := errors.AsType[*apc.Error](err)
	if !ok {
		t.Errorf("%s: got %v, want %s", what, err, code)
		return &apc.Error{Reasons: []apc.Reason{{}}}
	}
	if refusal.Code != code || !errors.Is(err, code) {
		t.Errorf("%s: got %v, want %s", what, err, code)
	}
	if len(refusal.Reasons) == 0 || refusal.Reasons[0].Rule != rule {
		t.Errorf("%s: got reasons %v, want rule %s", what, refusal.Reasons, rule)
	}
	return refusal
}
