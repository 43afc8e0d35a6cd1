package engine

import (
	"context"
	"errors"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/tr31"
)

const (
	tr31Field     = "KeyMaterial.Tr31KeyBlock"
	wrappingField = tr31Field + ".WrappingKeyIdentifier"
)

// importTR31 imports a TR-31 key block under a key block protection key.
func importTR31(ctx context.Context, c *call, m *ImportTr31KeyBlock, p *importPlan) error {
	// Load and check: the wrapping key, the block's header, which is in the clear.
	p.field = tr31Field + ".WrappedKeyBlock"
	var kek key
	if err := c.key(ctx, need{wrappingField, m.WrappingKeyIdentifier, unwrappingRules}, &kek); err != nil {
		return err
	}
	b, err := tr31.Parse(m.WrappedKeyBlock, tr31.Lenient)
	if err != nil {
		return c.blockError(p.field, err)
	}
	if err := checkVersion(b.Header.Version, kek.attributes.alg, p.field); err != nil {
		return err
	}
	if err := p.readHeader(b.Header, m.WrappedKeyBlock); err != nil {
		return err
	}
	err = p.wrappedUnder(kek.unchanged(), strength{kekStrength, kek.attributes.alg, wrappingField, c.cloud.lenient})
	if err != nil {
		return err
	}
	// HSM: the key is opened and sealed within the device.
	made, err := c.cloud.hsm.ImportTR31(ctx, kek.ref(), b, p.admit)
	if err != nil {
		return c.blockError(p.field, err)
	}
	return p.finish(ctx, &made)
}

// checkVersion: A, B and C under TDES, D under AES; the service does not know
// E (tr31-mapping, section 7).
func checkVersion(v tr31.Version, kek *algorithm, field string) error {
	wanted := "A, B or C under a TDES key"
	fits := v == tr31.VersionA || v == tr31.VersionB || v == tr31.VersionC
	if kek.letter == hsm.AES {
		wanted, fits = "D under an AES key", v == tr31.VersionD
	}
	if fits {
		return nil
	}
	return invalid("The key block version does not fit the wrapping key.",
		apc.Reason{Rule: apc.RuleKeyBlockVersion, Field: field, Problem: problemBlockVersion, Found: v.String(), Wanted: wanted, Offset: 0})
}

// blockReason is why a key block was refused.
func blockReason(field string, e *tr31.Error) apc.Reason {
	return apc.Reason{Rule: apc.Rule(e.Class), Field: field, Problem: e.Problem, Found: e.Found, Wanted: e.Wanted, Offset: e.Offset}
}

// blockError tells why a block was refused: a *tr31.Error by its class, the
// rest as the device's.
func (c *call) blockError(field string, err error) error {
	refusal, ok := errors.AsType[*tr31.Error](err)
	if !ok {
		return hsmError(err)
	}
	if refusal.Class == tr31.ErrMAC || refusal.Class == tr31.ErrKeyLength {
		return c.foldable(blockReason(field, refusal))
	}
	out := invalid("The key block is invalid.", blockReason(field, refusal))
	out.Err = refusal
	return out
}
