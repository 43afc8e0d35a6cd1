package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/tr31"
)

const (
	tr31Field     = "KeyMaterial.Tr31KeyBlock"
	wrappingField = tr31Field + ".WrappingKeyIdentifier"
)

// importTR31 imports a TR-31 key block under a key block protection key.
func importTR31(ctx context.Context, c *core.Call, m *ImportTr31KeyBlock, p *importPlan) error {
	// Load and check: the wrapping key, the block's header, which is in the clear.
	p.field = tr31Field + ".WrappedKeyBlock"
	var kek core.Key
	if err := c.Key(ctx, core.Need{Field: wrappingField, Identifier: m.WrappingKeyIdentifier, Rules: unwrappingRules}, &kek); err != nil {
		return err
	}
	b, err := tr31.Parse(m.WrappedKeyBlock, tr31.Lenient)
	if err != nil {
		return core.BlockError(c, p.field, err)
	}
	if err := core.CheckBlockVersion(b.Header.Version, kek.Attributes.Alg, p.field); err != nil {
		return err
	}
	if err := p.readHeader(b.Header, m.WrappedKeyBlock); err != nil {
		return err
	}
	err = p.wrappedUnder(kek.Unchanged(), strength{table: kekStrength, by: kek.Attributes.Alg, field: wrappingField, lenient: c.Cloud.Lenient})
	if err != nil {
		return err
	}
	// HSM: the only step that handles key material.
	made, err := c.Cloud.HSM.ImportTR31(ctx, kek.Ref(), b, p.admit)
	if err != nil {
		return core.BlockError(c, p.field, err)
	}
	p.key.SetMaterial(&made)
	return nil
}
