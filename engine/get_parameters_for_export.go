package engine

import (
	"context"
)

// GetParametersForExport gives a token for exports by TR-34, and the certificate
// of the key that signs them. The token serves any number of exports until it
// expires.
func (c *Caller) GetParametersForExport(ctx context.Context, in *GetParametersForExportInput) (*GetParametersForExportOutput, error) {
	return run(ctx, c.caller, "GetParametersForExport", in, (*call).getParametersForExport)
}

func (c *call) getParametersForExport(ctx context.Context, in *GetParametersForExportInput) (*GetParametersForExportOutput, error) {
	t, ca, err := c.parametersFor(ctx, &parameters{
		prefix: exportToken, material: in.KeyMaterialType, alg: algorithmNamed(in.SigningKeyAlgorithm), field: "SigningKeyAlgorithm",
		reuse: in.ReuseLastGeneratedToken != nil && *in.ReuseLastGeneratedToken, allowed: exportMaterials,
	})
	if err != nil {
		return nil, err
	}
	return &GetParametersForExportOutput{
		SigningKeyCertificate: t.certificate, SigningKeyCertificateChain: ca.text, SigningKeyAlgorithm: t.alg.name,
		ExportToken: t.id, ParametersValidUntilTimestamp: t.expires,
	}, nil
}
