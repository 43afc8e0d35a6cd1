package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/core"
)

// ImportKey imports a key, or the public key of a certificate.
func (c *Caller) ImportKey(ctx context.Context, in *ImportKeyInput) (*ImportKeyOutput, error) {
	return core.Run(ctx, c.caller, "ImportKey", in, importKey)
}

func importKey(ctx context.Context, c *core.Call, in *ImportKeyInput) (*ImportKeyOutput, error) {
	tags, err := core.NewTags(in.Tags)
	if err != nil {
		return nil, err
	}
	if err := c.CheckRegions(c.Identity.Region, in.ReplicationRegions); err != nil {
		return nil, err
	}
	implyForNewKey(c, in.Tags, in.ReplicationRegions)
	if err := c.Settle(ctx); err != nil {
		return nil, err
	}
	out := new(ImportKeyOutput)
	a := c.Attempts()
	for a.Next() {
		var made core.Key
		c.Resources = c.Resources[:0]
		c.NewKey(&made, a.ID, core.Attributes{}, apc.KeyOriginExternal, in.Enabled, tags)
		plan := importPlan{c: c, in: in, key: &made}
		if a.Err = importMaterial(ctx, c, &plan); a.Err != nil {
			continue
		}
		if a.Err = planApproval(ctx, c, &plan); a.Err != nil {
			continue
		}
		replicas, err := c.PlanReplicas(ctx, in.ReplicationRegions, &made)
		if err == nil {
			err = c.CommitNewKey(ctx, &made, &replicas, plan.requires)
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

// importMaterial imports the key material of the request. It completes p.key, and adds to p.requires
// the records that must be unchanged when the key is stored.
func importMaterial(ctx context.Context, c *core.Call, p *importPlan) error {
	switch m := &p.in.KeyMaterial; {
	case m.RootCertificatePublicKey != nil:
		return importRoot(ctx, c, m.RootCertificatePublicKey, p)
	case m.TrustedCertificatePublicKey != nil:
		return importTrusted(ctx, c, m.TrustedCertificatePublicKey, p)
	case m.Tr34KeyBlock != nil:
		return importTR34(ctx, c, m.Tr34KeyBlock, p)
	case m.KeyCryptogram != nil:
		return importCryptogram(ctx, c, m.KeyCryptogram, p)
	case m.DiffieHellmanTr31KeyBlock != nil:
		return importECDH(ctx, c, m.DiffieHellmanTr31KeyBlock, p)
	case m.As2805KeyCryptogram != nil:
		return importAS2805(ctx, c, m.As2805KeyCryptogram, p)
	}
	return importTR31(ctx, c, p.in.KeyMaterial.Tr31KeyBlock, p) // the shape has checked that one is set
}
