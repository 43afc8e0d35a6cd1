package engine

import "context"

// ImportKeyInput is the request of ImportKey.
type ImportKeyInput struct {
	KeyMaterial            ImportKeyMaterial
	KeyCheckValueAlgorithm *KeyCheckValueAlgorithm
	Enabled                *bool
	Tags                   []Tag
	ReplicationRegions     []string
	RequesterComment       *string
}

// ImportKeyOutput is the answer of ImportKey.
type ImportKeyOutput struct {
	Key Key
}

func (in *ImportKeyInput) shape(s *shape) {
	s.inside("KeyMaterial", &in.KeyMaterial)
	maybeOneOf(s, "KeyCheckValueAlgorithm", in.KeyCheckValueAlgorithm, allKeyCheckValueAlgorithm)
	s.tags(in.Tags)
	s.regions("ReplicationRegions", in.ReplicationRegions)
	s.maybeText("RequesterComment", in.RequesterComment, &textMpaRequesterComment)
}

// ImportKey brings in a key, or the public key of a certificate.
func (c *Caller) ImportKey(ctx context.Context, in *ImportKeyInput) (*ImportKeyOutput, error) {
	return run(ctx, c, "ImportKey", in, (*call).importKey)
}

func (k *call) importKey(ctx context.Context, in *ImportKeyInput) (*ImportKeyOutput, error) {
	switch {
	case len(in.ReplicationRegions) > 0:
		return nil, notSimulated("ReplicationRegions")
	case in.RequesterComment != nil:
		return nil, notSimulated("RequesterComment")
	}
	var made key
	if err := k.importMaterial(ctx, in, &made); err != nil {
		return nil, err
	}
	out := &ImportKeyOutput{}
	made.describe(&out.Key)
	return out, nil
}

func (k *call) importMaterial(ctx context.Context, in *ImportKeyInput, out *key) error {
	switch m := &in.KeyMaterial; {
	case m.RootCertificatePublicKey != nil:
		return k.importRoot(ctx, in, m.RootCertificatePublicKey, out)
	case m.TrustedCertificatePublicKey != nil:
		return k.importTrusted(ctx, in, m.TrustedCertificatePublicKey, out)
	case m.Tr34KeyBlock != nil:
		return k.importTR34(ctx, in, m.Tr34KeyBlock, out)
	case m.KeyCryptogram != nil:
		return k.importCryptogram(ctx, in, m.KeyCryptogram, out)
	case m.DiffieHellmanTr31KeyBlock != nil:
		return k.importAgreed(ctx, in, m.DiffieHellmanTr31KeyBlock, out)
	case m.As2805KeyCryptogram != nil:
		return k.importAS2805(ctx, in, m.As2805KeyCryptogram, out)
	}
	return k.importTR31(ctx, in, in.KeyMaterial.Tr31KeyBlock, out) // the shape has checked that one is set
}
