package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/internal/core"
)

// GetParametersForExport returns an export token for TR-34, and the certificate of the key that signs
// the exports. The token is valid for any number of exports until it expires.
func (c *Caller) GetParametersForExport(ctx context.Context, in *GetParametersForExportInput) (*GetParametersForExportOutput, error) {
	return core.Run(ctx, c.caller, "GetParametersForExport", in, getParametersForExport)
}

func getParametersForExport(ctx context.Context, c *core.Call, in *GetParametersForExportInput) (*GetParametersForExportOutput, error) {
	t, ca, err := parametersFor(ctx, c, &parameters{
		purpose: core.ForExport, material: in.KeyMaterialType, alg: core.AlgorithmNamed(in.SigningKeyAlgorithm), field: "SigningKeyAlgorithm",
		reuse: in.ReuseLastGeneratedToken != nil && *in.ReuseLastGeneratedToken, allowed: exportMaterials,
	})
	if err != nil {
		return nil, err
	}
	return &GetParametersForExportOutput{
		SigningKeyCertificate: t.Certificate, SigningKeyCertificateChain: ca.Text, SigningKeyAlgorithm: t.Alg.Name,
		ExportToken: t.ID, ParametersValidUntilTimestamp: t.Expires,
	}, nil
}
