package engine

import (
	"context"
	"errors"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
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
		return blockError(c, p.field, err)
	}
	if err := checkVersion(b.Header.Version, kek.Attributes.Alg, p.field); err != nil {
		return err
	}
	if err := p.readHeader(b.Header, m.WrappedKeyBlock); err != nil {
		return err
	}
	err = p.wrappedUnder(unchanged(&kek), strength{kekStrength, kek.Attributes.Alg, wrappingField, c.Cloud.Lenient})
	if err != nil {
		return err
	}
	// HSM: the key is opened and sealed within the device.
	made, err := c.Cloud.HSM.ImportTR31(ctx, kek.Ref(), b, p.admit)
	if err != nil {
		return blockError(c, p.field, err)
	}
	return p.finish(ctx, &made)
}

// checkVersion: A, B and C under TDES, D under AES; the service does not know
// E (tr31-mapping, section 7).
func checkVersion(v tr31.Version, kek *core.Algorithm, field string) error {
	wanted := "A, B or C under a TDES key"
	fits := v == tr31.VersionA || v == tr31.VersionB || v == tr31.VersionC
	if kek.Letter == hsm.AES {
		wanted, fits = "D under an AES key", v == tr31.VersionD
	}
	if fits {
		return nil
	}
	return core.Invalid("The key block version does not fit the wrapping key.",
		apc.Reason{Rule: apc.RuleKeyBlockVersion, Field: field, Problem: core.ProblemBlockVersion, Found: v.String(), Wanted: wanted, Offset: 0})
}

// blockReason is why a key block was refused.
func blockReason(field string, e *tr31.Error) apc.Reason {
	return apc.Reason{Rule: apc.Rule(e.Class), Field: field, Problem: e.Problem, Found: e.Found, Wanted: e.Wanted, Offset: e.Offset}
}

// blockError tells why a block was refused: a *tr31.Error by its class, the
// rest as the device's.
func blockError(c *core.Call, field string, err error) error {
	refusal, ok := errors.AsType[*tr31.Error](err)
	if !ok {
		return core.HSMError(err)
	}
	if refusal.Class == tr31.ErrMAC || refusal.Class == tr31.ErrKeyLength {
		return foldable(c, blockReason(field, refusal))
	}
	out := core.Invalid("The key block is invalid.", blockReason(field, refusal))
	out.Err = refusal
	return out
}
