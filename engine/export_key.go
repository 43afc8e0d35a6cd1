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

// ExportKey wraps a symmetric key for another party. Of the material forms
// TR-31 key blocks are simulated; the others are refused by name.
func (c *Caller) ExportKey(ctx context.Context, in *ExportKeyInput) (*ExportKeyOutput, error) {
	return run(ctx, c, "ExportKey", in, (*call).exportKey)
}

func (k *call) exportKey(ctx context.Context, in *ExportKeyInput) (*ExportKeyOutput, error) {
	if in.KeyMaterial.Tr31KeyBlock == nil {
		return nil, notSimulated("KeyMaterial." + in.KeyMaterial.arms()[0])
	}
	out, err := k.exportTR31(ctx, in, in.KeyMaterial.Tr31KeyBlock)
	if err != nil {
		return nil, err
	}
	return &ExportKeyOutput{WrappedKey: out}, nil
}
