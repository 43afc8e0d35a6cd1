package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// GetPublicKeyCertificateInput is the request of GetPublicKeyCertificate.
type GetPublicKeyCertificateInput struct {
	KeyIdentifier string
}

// GetPublicKeyCertificateOutput is the answer of GetPublicKeyCertificate.
type GetPublicKeyCertificateOutput struct {
	KeyCertificate      string
	KeyCertificateChain string
}

func (in *GetPublicKeyCertificateInput) shape(s *shape) {
	s.text("KeyIdentifier", in.KeyIdentifier, &textKeyArnOrKeyAliasType)
}

// GetPublicKeyCertificate gives a certificate of the public half of a pair: the
// last one issued while it has enough of its life left, else a new one.
func (c *Caller) GetPublicKeyCertificate(ctx context.Context, in *GetPublicKeyCertificateInput) (*GetPublicKeyCertificateOutput, error) {
	return run(ctx, c, "GetPublicKeyCertificate", in, (*call).getPublicKeyCertificate)
}

func (k *call) getPublicKeyCertificate(ctx context.Context, in *GetPublicKeyCertificateInput) (*GetPublicKeyCertificateOutput, error) {
	var pair key
	if err := k.loadPair(ctx, in.KeyIdentifier, &pair); err != nil {
		return nil, err
	}
	ca, err := k.authority(ctx)
	if err != nil {
		return nil, err
	}
	if k.certificateServes(&pair) {
		return &GetPublicKeyCertificateOutput{KeyCertificate: pair.certificate, KeyCertificateChain: ca.text}, nil
	}
	err = retry(func() error {
		k.resources = k.resources[:0]
		if err := k.loadPair(ctx, in.KeyIdentifier, &pair); err != nil || k.certificateServes(&pair) { // somebody was faster
			return err
		}
		pair.certified = k.now.Add(k.engine.limits.CertificateLife)
		pair.certificate, err = k.certify(ctx, ca, pair.public, pairProfile(pair.attributes.alg), pair.certified)
		if err != nil {
			return err
		}
		return k.engine.commit(ctx, keystore.Replace(pair.record(pair.due(&k.engine.limits))))
	})
	if err != nil {
		return nil, err
	}
	return &GetPublicKeyCertificateOutput{KeyCertificate: pair.certificate, KeyCertificateChain: ca.text}, nil
}

func (k *call) certificateServes(pair *key) bool {
	return pair.certificate != "" && pair.certified.Sub(k.now) >= k.engine.limits.CertificateReuse
}

// loadPair finds a pair that is there in full. One whose use is stopped will do:
// nothing is done with it (GUESS).
func (k *call) loadPair(ctx context.Context, identifier string, into *key) error {
	*into = key{}
	if err := k.key(ctx, need{field: "KeyIdentifier", identifier: identifier}, into); err != nil {
		return err
	}
	if into.state != CreateComplete {
		return stateError(*into, string(CreateComplete))
	}
	if c := into.attributes.class; c != AsymmetricKeyPair {
		return invalid("The key is not an asymmetric key pair.", because(RuleKeyClass, "KeyIdentifier", problemNotKeyPair, string(c), string(AsymmetricKeyPair)))
	}
	return nil
}
