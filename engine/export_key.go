package engine

import (
	"context"
	"fmt"

	"github.com/seed748fb4d1/apcsim/internal/core"
)

// ExportKey wraps a symmetric key for another party.
func (c *Caller) ExportKey(ctx context.Context, in *ExportKeyInput) (*ExportKeyOutput, error) {
	return core.Run(ctx, c.caller, "ExportKey", in, exportKey)
}

func exportKey(ctx context.Context, c *core.Call, in *ExportKeyInput) (*ExportKeyOutput, error) {
	out, err := exportMaterial(ctx, c, in)
	if err != nil {
		return nil, err
	}
	return &ExportKeyOutput{WrappedKey: out}, nil
}

// exportMaterial wraps the key in the form asked for.
func exportMaterial(ctx context.Context, c *core.Call, in *ExportKeyInput) (*WrappedKey, error) {
	switch m := &in.KeyMaterial; {
	case m.Tr34KeyBlock != nil:
		return exportTR34(ctx, c, in, m.Tr34KeyBlock)
	case m.KeyCryptogram != nil:
		return exportCryptogram(ctx, c, in, m.KeyCryptogram)
	case m.DiffieHellmanTr31KeyBlock != nil:
		return exportECDH(ctx, c, in, m.DiffieHellmanTr31KeyBlock)
	case m.As2805KeyCryptogram != nil:
		return exportAS2805(ctx, c, in, m.As2805KeyCryptogram)
	}
	return exportTR31(ctx, c, in, in.KeyMaterial.Tr31KeyBlock) // the shape has checked that one is set
}

// hexText is upper-case hexadecimal, as key material is written.
func hexText(b []byte) string { return fmt.Sprintf("%X", b) }
