package engine

import (
	"context"
	"errors"

	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr31"
)

func (k *call) exportTR31(ctx context.Context, in *ExportKeyInput, arm *ExportTr31KeyBlock) (*WrappedKey, error) {
	// Load: both keys in one snapshot.
	keys, err := k.loadKeys(ctx, arm.WrappingKeyIdentifier, in.ExportKeyIdentifier)
	if err != nil {
		return nil, err
	}
	kek, d := &keys[0], &departure{field: tr31Field, from: keys[1]}

	// Validate.
	if err := checkWrappingKey(kek, encrypt|wrap, wrappingField); err != nil {
		return nil, err
	}
	if err := d.leave(in.ExportAttributes); err != nil {
		return nil, err
	}
	header, err := d.header(kek.attributes.alg, arm.KeyBlockHeaders)
	if err != nil {
		return nil, err
	}
	if err := checkStrength(kekStrength, kek.attributes.alg, d.as.alg, wrappingField); err != nil {
		return nil, err
	}

	// HSM: the key is wrapped within the device.
	text, value, err := k.engine.hsm.ExportTR31(ctx, kek.ref(), header, d.material(), d.check.method)
	if err != nil {
		return nil, d.headerError(err)
	}
	return d.wrapped(kek, FormatTR31KeyBlock, text, value), nil
}

// wrapped is the answer: what protects the key, and the key.
func (d *departure) wrapped(by *key, format WrappedKeyMaterialFormat, material string, value kcv.Value) *WrappedKey {
	return &WrappedKey{
		WrappingKeyArn: by.arn.String(), WrappedKeyMaterialFormat: format, KeyMaterial: material,
		KeyCheckValue: new(shownCheckValue(value)), KeyCheckValueAlgorithm: new(d.check.name),
	}
}

// headerError tells why a block was not made. Only what the request put into
// the header can be at fault.
func (d *departure) headerError(err error) error {
	if refusal, ok := errors.AsType[*tr31.Error](err); ok {
		return invalid("The key block headers are not valid.", blockReason(d.field+".KeyBlockHeaders", refusal))
	}
	return hsmError(err)
}
