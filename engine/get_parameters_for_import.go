package engine

import (
	"context"
)

// GetParametersForImport gives a token for imports by TR-34 or RSA cryptogram,
// and the certificate of the key that the sender encrypts to. The token serves
// any number of imports until it expires.
func (c *Caller) GetParametersForImport(ctx context.Context, in *GetParametersForImportInput) (*GetParametersForImportOutput, error) {
	return run(ctx, c.caller, "GetParametersForImport", in, (*call).getParametersForImport)
}

func (c *call) getParametersForImport(ctx context.Context, in *GetParametersForImportInput) (*GetParametersForImportOutput, error) {
	t, ca, err := c.parametersFor(ctx, &parameters{
		prefix: importToken, material: in.KeyMaterialType, alg: algorithmNamed(in.WrappingKeyAlgorithm), field: "WrappingKeyAlgorithm",
		reuse: in.ReuseLastGeneratedToken != nil && *in.ReuseLastGeneratedToken, allowed: importMaterials,
	})
	if err != nil {
		return nil, err
	}
	return &GetParametersForImportOutput{
		WrappingKeyCertificate: t.certificate, WrappingKeyCertificateChain: ca.text, WrappingKeyAlgorithm: t.alg.name,
		ImportToken: t.id, ParametersValidUntilTimestamp: t.expires,
	}, nil
}
