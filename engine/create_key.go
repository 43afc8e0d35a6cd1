package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// CreateKey generates a symmetric key or a key pair.
func (c *Caller) CreateKey(ctx context.Context, in *CreateKeyInput) (*CreateKeyOutput, error) {
	return core.Run(ctx, c.caller, "CreateKey", in, createKey)
}

func createKey(ctx context.Context, c *core.Call, in *CreateKeyInput) (*CreateKeyOutput, error) {
	// Parse: the request as the rules see it.
	tags, err := core.NewTags(in.Tags)
	if err != nil {
		return nil, err
	}
	spec := core.ParseAttributes(in.KeyAttributes)
	if err := c.CheckRegions(c.Identity.Region, in.ReplicationRegions); err != nil {
		return nil, err
	}
	implyForNewKey(c, in.Tags, in.ReplicationRegions)
	if err := c.PermitImplied(ctx); err != nil {
		return nil, err
	}

	// Check: the tables decide.
	check, err := checkCreate(spec, in)
	if err != nil {
		return nil, err
	}

	if err := c.Settle(ctx); err != nil {
		return nil, err
	}
	out := new(CreateKeyOutput)
	a := c.Attempts()
	for a.Next() {
		var made core.Key
		c.NewKey(&made, a.ID, spec, apc.KeyOriginAWSPaymentCryptography, in.Enabled, tags)
		made.Exportable, made.Bits, made.Check = *in.Exportable, spec.Alg.Bits, check.Name
		if in.DeriveKeyUsage != nil {
			made.DeriveUsage = *in.DeriveKeyUsage
		}
		replicas, err := c.PlanReplicas(ctx, in.ReplicationRegions, &made)
		if err == nil {
			err = generate(ctx, c, &made, check.Method)
		}
		if err == nil {
			err = c.CommitNewKey(ctx, &made, &replicas, nil)
		}
		if a.Err = err; err == nil {
			describeKey(&out.Key, &made)
			showInProgress(&out.Key, replicas.Regions, apc.KeyReplicationStateInProgress)
		}
	}
	if a.Err != nil {
		return nil, core.Refused(a.Err)
	}
	return out, nil
}

// checkCreate checks what the key is to be, and returns the method of its check value.
func checkCreate(spec core.Attributes, in *CreateKeyInput) (core.CheckMethod, error) {
	if err := checkAttributes(spec, created, "KeyAttributes."); err != nil {
		return core.CheckMethod{}, err
	}
	if err := checkDeriveUsage(spec, in.DeriveKeyUsage); err != nil {
		return core.CheckMethod{}, err
	}
	return chooseCheck(spec.Alg, in.KeyCheckValueAlgorithm, "KeyCheckValueAlgorithm")
}

// implyForNewKey notes the operations that making a key implies: to tag one with tags, and to create its replicas,
// but not those of the default Regions (GUESS G-default-regions-permission).
func implyForNewKey(c *core.Call, tags []apc.Tag, regions []string) {
	if len(tags) > 0 {
		c.Imply("TagResource", c.Home())
	}
	for _, r := range regions {
		c.Imply("CreateKey", keystore.Partition{Account: c.Identity.Account, Region: r})
	}
}

// generate generates the key in the HSM.
func generate(ctx context.Context, c *core.Call, out *core.Key, check kcv.Method) error {
	made, err := c.Cloud.HSM.GenerateKey(ctx, out.HSMAttributes(), check)
	if err != nil {
		return core.HSMError(err)
	}
	out.SetMaterial(&made)
	return nil
}

// checkDeriveUsage refuses a DeriveKeyUsage for keys other than K3 key pairs (GUESS G-derive-usage).
func checkDeriveUsage(a core.Attributes, u *apc.KeyUsage) error {
	if u == nil || a.Usage == core.UsageK3 {
		return nil
	}
	return core.Invalid("DeriveKeyUsage is only valid for key agreement keys.",
		core.Because(apc.RuleDeriveKeyUsage, "DeriveKeyUsage", core.ProblemDeriveUsage, string(*u), "none for "+string(a.Usage)))
}

// chooseCheck returns the check value method that a request asks for or, where it asks for none, the
// algorithm's default. One that does not fit the algorithm is refused (GUESS G-check-value-method).
func chooseCheck(a *core.Algorithm, asked *apc.KeyCheckValueAlgorithm, field string) (core.CheckMethod, error) {
	var name apc.KeyCheckValueAlgorithm
	if asked != nil {
		name = *asked
	}
	m, ok := a.Check(name)
	if ok {
		return m, nil
	}
	return m, core.Invalid("The key check value algorithm is not valid for the key algorithm.",
		core.Because(apc.RuleKeyCheckValueAlgorithm, field, core.ProblemCheckAlgorithm, string(name), a.CheckNames()))
}
