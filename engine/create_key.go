package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/kcv"
)

// CreateKey generates a symmetric key or a pair.
func (c *Caller) CreateKey(ctx context.Context, in *CreateKeyInput) (*CreateKeyOutput, error) {
	return run(ctx, c.caller, "CreateKey", in, (*call).createKey)
}

func (c *call) createKey(ctx context.Context, in *CreateKeyInput) (*CreateKeyOutput, error) {
	// Parse: the request as the rules see it.
	if len(in.ReplicationRegions) > 0 {
		return nil, notSimulated("ReplicationRegions")
	}
	spec := parseAttributes(in.KeyAttributes)

	// Validate: the tables decide.
	if err := checkAttributes(spec, created, "KeyAttributes."); err != nil {
		return nil, err
	}
	if err := checkDeriveUsage(spec, in.DeriveKeyUsage); err != nil {
		return nil, err
	}
	check, err := chooseCheck(spec.alg, in.KeyCheckValueAlgorithm, "KeyCheckValueAlgorithm")
	if err != nil {
		return nil, err
	}
	tags, err := c.newTags(in.Tags)
	if err != nil {
		return nil, err
	}

	if err := c.settle(ctx); err != nil {
		return nil, err
	}
	var made key
	a := c.attempts()
	for a.next() {
		c.newKey(&made, a.id, spec, apc.KeyOriginAWSPaymentCryptography, in.Enabled, tags)
		made.exportable, made.bits, made.check = *in.Exportable, spec.alg.bits, check.name
		if in.DeriveKeyUsage != nil {
			made.deriveUsage = *in.DeriveKeyUsage
		}
		if a.err = c.generate(ctx, &made, check.method); a.err == nil {
			a.err = c.commitNewKey(ctx, &made, nil)
		}
	}
	if a.err != nil {
		return nil, refused(a.err)
	}
	out := &CreateKeyOutput{}
	describeKey(&made, &out.Key)
	return out, nil
}

// generate has the HSM make the key.
func (c *call) generate(ctx context.Context, out *key, check kcv.Method) error {
	made, err := c.cloud.hsm.GenerateKey(ctx, out.hsmAttributes(), check)
	if err != nil {
		return hsmError(err)
	}
	out.setMaterial(&made)
	return nil
}

// checkDeriveUsage: only a K3 pair has a usage to derive for (GUESS).
func checkDeriveUsage(a attributes, u *apc.KeyUsage) error {
	if u == nil || a.usage == usageK3 {
		return nil
	}
	return invalid("DeriveKeyUsage is only valid for key agreement keys.",
		because(apc.RuleDeriveKeyUsage, "DeriveKeyUsage", problemDeriveUsage, string(*u), "none for "+string(a.usage)))
}

// chooseCheck is the check value asked for or the algorithm's default. One
// that does not fit the key is refused (GUESS).
func chooseCheck(a *algorithm, asked *apc.KeyCheckValueAlgorithm, field string) (checkMethod, error) {
	var name apc.KeyCheckValueAlgorithm
	if asked != nil {
		name = *asked
	}
	m, ok := a.check(name)
	if ok {
		return m, nil
	}
	var fit []apc.KeyCheckValueAlgorithm
	for _, c := range a.checks {
		fit = append(fit, c.name)
	}
	return m, invalid("The key check value algorithm is not valid for the key algorithm.",
		because(apc.RuleKeyCheckValueAlgorithm, field, problemCheckAlgorithm, string(name), wording.Or(fit)))
}
