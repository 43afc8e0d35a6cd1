package engine

import "context"

// ExportKeyInput is the request of ExportKey.
type ExportKeyInput struct {
	KeyMaterial         ExportKeyMaterial
	ExportKeyIdentifier string
	ExportAttributes    *ExportAttributes
}

// ExportKeyOutput is the answer of ExportKey.
type ExportKeyOutput struct {
	WrappedKey *WrappedKey
}

func (in *ExportKeyInput) shape(s *shape) {
	s.inside("KeyMaterial", &in.KeyMaterial)
	s.text("ExportKeyIdentifier", in.ExportKeyIdentifier, &textKeyArnOrKeyAliasType)
	if in.ExportAttributes != nil {
		s.inside("ExportAttributes", in.ExportAttributes)
	}
}

// ExportKey wraps a symmetric key for another party.
func (c *Caller) ExportKey(ctx context.Context, in *ExportKeyInput) (*ExportKeyOutput, error) {
	return run(ctx, c, "ExportKey", in, (*call).exportKey)
}

func (k *call) exportKey(ctx context.Context, in *ExportKeyInput) (*ExportKeyOutput, error) {
	out, err := k.exportMaterial(ctx, in)
	if err != nil {
		return nil, err
	}
	return &ExportKeyOutput{WrappedKey: out}, nil
}

func (k *call) exportMaterial(ctx context.Context, in *ExportKeyInput) (*WrappedKey, error) {
	switch m := &in.KeyMaterial; {
	case m.Tr34KeyBlock != nil:
		return k.exportTR34(ctx, in, m.Tr34KeyBlock)
	case m.KeyCryptogram != nil:
		return k.exportCryptogram(ctx, in, m.KeyCryptogram)
	case m.DiffieHellmanTr31KeyBlock != nil:
		return k.exportAgreed(ctx, in, m.DiffieHellmanTr31KeyBlock)
	case m.As2805KeyCryptogram != nil:
		return k.exportAS2805(ctx, in, m.As2805KeyCryptogram)
	}
	return k.exportTR31(ctx, in, in.KeyMaterial.Tr31KeyBlock) // the shape has checked that one is set
}
