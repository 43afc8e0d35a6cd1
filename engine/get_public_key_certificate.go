package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// GetPublicKeyCertificate gives a certificate of the public half of a pair: the
// last one issued while it has enough of its life left, else a new one.
func (c *Caller) GetPublicKeyCertificate(ctx context.Context, in *GetPublicKeyCertificateInput) (*GetPublicKeyCertificateOutput, error) {
	return run(ctx, c.caller, "GetPublicKeyCertificate", in, (*call).getPublicKeyCertificate)
}

func (c *call) getPublicKeyCertificate(ctx context.Context, in *GetPublicKeyCertificateInput) (*GetPublicKeyCertificateOutput, error) {
	var pair key
	if err := c.loadPair(ctx, in.KeyIdentifier, &pair); err != nil {
		return nil, err
	}
	ca, err := c.authority(ctx)
	if err != nil {
		return nil, err
	}
	if c.certificateServes(&pair) {
		return &GetPublicKeyCertificateOutput{KeyCertificate: pair.certificate, KeyCertificateChain: ca.text}, nil
	}
	err = retry(func() error {
		c.resources = c.resources[:0]
		if err := c.loadPair(ctx, in.KeyIdentifier, &pair); err != nil || c.certificateServes(&pair) { // somebody was faster
			return err
		}
		pair.certified = c.now.Add(c.cloud.limits.CertificateLife)
		pair.certificate, err = c.certify(ctx, ca, pair.public, pairProfile(pair.attributes.alg), pair.certified)
		if err != nil {
			return err
		}
		return c.cloud.commit(ctx, keystore.Replace(pair.record(pair.due(&c.cloud.limits))))
	})
	if err != nil {
		return nil, err
	}
	return &GetPublicKeyCertificateOutput{KeyCertificate: pair.certificate, KeyCertificateChain: ca.text}, nil
}

func (c *call) certificateServes(pair *key) bool {
	return pair.certificate != "" && pair.certified.Sub(c.now) >= c.cloud.limits.CertificateReuse
}

// loadPair finds a pair that is there in full. One whose use is stopped will do:
// nothing is done with it (GUESS).
func (c *call) loadPair(ctx context.Context, identifier string, into *key) error {
	*into = key{}
	if err := c.key(ctx, need{field: "KeyIdentifier", identifier: identifier}, into); err != nil {
		return err
	}
	if into.state != apc.KeyStateCreateComplete {
		return stateError(*into, string(apc.KeyStateCreateComplete))
	}
	if class := into.attributes.class; class != apc.KeyClassAsymmetricKeyPair {
		return invalid("The key is not an asymmetric key pair.", because(apc.RuleKeyClass, "KeyIdentifier", problemNotKeyPair, string(class), string(apc.KeyClassAsymmetricKeyPair)))
	}
	return nil
}
