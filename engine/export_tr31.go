package engine

import (
	"context"
	"errors"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// exportTR31 exports a key as a TR-31 key block under a key block protection key, which may be the key itself
// (GUESS G-wrap-itself).
func exportTR31(ctx context.Context, c *core.Call, in *ExportKeyInput, m *ExportTr31KeyBlock) (*WrappedKey, error) {
	// Load and check: both keys in one snapshot.
	keys, err := c.Keys(
		ctx,
		core.Need{Field: wrappingField, Identifier: m.WrappingKeyIdentifier, Rules: wrappingRules},
		core.Need{Field: exportField, Identifier: in.ExportKeyIdentifier, Rules: exportRules},
	)
	if err != nil {
		return nil, err
	}
	kek := &keys[0]
	p, err := planExport(&keys[1], tr31Field, in.ExportAttributes)
	if err != nil {
		return nil, err
	}
	header, err := p.header(kek.Attributes.Alg, m.KeyBlockHeaders)
	if err != nil {
		return nil, err
	}
	if err := checkStrength(kekStrength, kek.Attributes.Alg, p.as.Alg, wrappingField); err != nil {
		return nil, err
	}
	// HSM: the only step that handles key material.
	text, value, err := c.Cloud.HSM.ExportTR31(ctx, kek.Ref(), header, p.material(), p.check.Method)
	if err != nil {
		return nil, p.headerError(err)
	}
	return p.wrapped(kek, apc.WrappedKeyMaterialFormatTR31KeyBlock, text, value), nil
}

// wrapped is the answer: the wrapped key and the key that wraps it or, where none of the account does, the
// authority of the receiver's certificate or the key pair (GUESS G-wrapping-key-arn).
func (p *exportPlan) wrapped(by *core.Key, format apc.WrappedKeyMaterialFormat, material string, value kcv.Value) *WrappedKey {
	return &WrappedKey{
		WrappingKeyArn: by.ARN.String(), WrappedKeyMaterialFormat: format, KeyMaterial: material,
		KeyCheckValue: new(core.ShownCheckValue(value)), KeyCheckValueAlgorithm: new(p.check.Name),
	}
}

// headerError is the refusal for a key block that was not made. Only what the request has for the header
// can be wrong.
func (p *exportPlan) headerError(err error) error {
	if refusal, ok := errors.AsType[*tr31.Error](err); ok {
		return core.Invalid("The key block headers are not valid.", core.BlockReason(p.field+".KeyBlockHeaders", refusal))
	}
	return core.HSMError(err)
}
