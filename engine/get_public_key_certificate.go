package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// GetPublicKeyCertificate returns a certificate of the public half of a key pair: the last one issued,
// while it is valid for long enough, else a new one.
func (c *Caller) GetPublicKeyCertificate(ctx context.Context, in *GetPublicKeyCertificateInput) (*GetPublicKeyCertificateOutput, error) {
	return core.Run(ctx, c.caller, "GetPublicKeyCertificate", in, getPublicKeyCertificate)
}

func getPublicKeyCertificate(
	ctx context.Context,
	c *core.Call,
	in *GetPublicKeyCertificateInput,
) (*GetPublicKeyCertificateOutput, error) {
	pair, err := loadPair(ctx, c, in.KeyIdentifier)
	if err != nil {
		return nil, err
	}
	owner := c.For(pair.Partition())
	ca, err := owner.Authority(ctx, pair.Attributes.Alg)
	if err != nil {
		return nil, err
	}
	if certificateServes(c, &pair, ca) {
		return &GetPublicKeyCertificateOutput{KeyCertificate: pair.Certificate, KeyCertificateChain: ca.Text}, nil
	}
	err = core.Retry(func() error {
		c.Resources = c.Resources[:0]
		if pair, err = loadPair(ctx, c, in.KeyIdentifier); err != nil || certificateServes(c, &pair, ca) { // another caller was faster
			return err
		}
		pair.Certified = c.Now.Add(c.Cloud.Limits.CertificateLife)
		pair.Certificate, err = owner.Certify(ctx, ca, pair.Public, core.PairProfile(pair.Attributes.Alg), pair.Certified)
		if err != nil {
			return err
		}
		return c.Cloud.Commit(ctx, keystore.Replace(pair.Record(pair.Due(&c.Cloud.Limits))))
	})
	if err != nil {
		return nil, err
	}
	return &GetPublicKeyCertificateOutput{KeyCertificate: pair.Certificate, KeyCertificateChain: ca.Text}, nil
}

// certificateServes reports whether the certificate that a key pair has is given once more. That of an ECC
// key pair in a store of the first versions is of the RSA authority, whose chain is not given with it.
func certificateServes(c *core.Call, pair *core.Key, ca *core.Authority) bool {
	return pair.Certificate != "" && pair.Certified.Sub(c.Now) >= c.Cloud.Limits.CertificateReuse &&
		(pair.Attributes.Alg.Letter != hsm.EC || c.Issued(ca, pair))
}

// loadPair finds a key pair that is CREATE_COMPLETE. It may be one that is not enabled, since its
// private key is not used for a caller (GUESS G-stopped-pair). Another key is ValidationException
// (GUESS G-not-a-pair).
func loadPair(ctx context.Context, c *core.Call, identifier string) (core.Key, error) {
	var pair core.Key
	if err := c.Key(ctx, core.Need{Field: "KeyIdentifier", Identifier: identifier}, &pair); err != nil {
		return pair, err
	}
	if pair.State != apc.KeyStateCreateComplete {
		return pair, core.StateError(pair, string(apc.KeyStateCreateComplete))
	}
	if class := pair.Attributes.Class; class != apc.KeyClassAsymmetricKeyPair {
		return pair, core.Invalid(
			"The key is not an asymmetric key pair.",
			core.Because(apc.RuleKeyClass, "KeyIdentifier", core.ProblemNotKeyPair, string(class), string(apc.KeyClassAsymmetricKeyPair)),
		)
	}
	return pair, nil
}
