package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/internal/core"
)

// GetParametersForImport returns an import token for TR-34 or RSA cryptograms, and the certificate of
// the key that the sender encrypts to. The token is valid for any number of imports until it expires.
func (c *Caller) GetParametersForImport(ctx context.Context, in *GetParametersForImportInput) (*GetParametersForImportOutput, error) {
	return core.Run(ctx, c.caller, "GetParametersForImport", in, getParametersForImport)
}

func getParametersForImport(ctx context.Context, c *core.Call, in *GetParametersForImportInput) (*GetParametersForImportOutput, error) {
	t, ca, err := parametersFor(ctx, c, &parameters{
		purpose: core.ForImport, material: in.KeyMaterialType, alg: core.AlgorithmNamed(in.WrappingKeyAlgorithm), field: "WrappingKeyAlgorithm",
		reuse: in.ReuseLastGeneratedToken != nil && *in.ReuseLastGeneratedToken, allowed: importMaterials,
	})
	if err != nil {
		return nil, err
	}
	return &GetParametersForImportOutput{
		WrappingKeyCertificate: t.Certificate, WrappingKeyCertificateChain: ca.Text, WrappingKeyAlgorithm: t.Alg.Name,
		ImportToken: t.ID, ParametersValidUntilTimestamp: t.Expires,
	}, nil
}
