package draw

import (
	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest"
	"github.com/seed748fb4d1/apcsim/enginetest/model"
)

// token draws a token of any place, or one that never was, and the certificate that came with it.
func (r *Requests) token(t *rapid.T, export bool) (id, certificate string) {
	all := r.World.Tokens(export)
	n := rapid.IntRange(0, len(all)).Draw(t, "token")
	if n < len(all) {
		return all[n].ID, all[n].Certificate
	}
	if export {
		return "export-token-aaaaaaaaaaaaaaaa", r.Partner.Certificate()
	}
	return "import-token-aaaaaaaaaaaaaaaa", r.Partner.Certificate()
}

// authority draws one of the partner's authorities.
func (r *Requests) authority(t *rapid.T, p model.Place, a apc.KeyAlgorithm) string {
	return r.key(t, p, func(k *model.Key) bool { return k.Certifies(a) })
}

// importKey draws an import of a root certificate, a TR-34 token or an RSA cryptogram. Key material under
// keys of the simulator is imported where it was exported, by [Machine].
func (r *Requests) importKey(t *rapid.T, p model.Place) any {
	in := &engine.ImportKeyInput{}
	m := &in.KeyMaterial
	switch rapid.SampledFrom([]string{"root", "EC root", "TR-34", "RSA"}).Draw(t, "form") {
	case "root":
		m.RootCertificatePublicKey = root(r.Partner.RootCertificate(), apc.KeyAlgorithmRSA2048)
	case "EC root":
		m.RootCertificatePublicKey = root(r.Partner.CurveRootCertificate(), apc.KeyAlgorithmECCNISTP256)
	case "TR-34":
		ca := r.authority(t, p, apc.KeyAlgorithmRSA2048)
		id, krd := r.token(t, false)
		m.Tr34KeyBlock = r.Partner.SealTR34(&engine.GetParametersForImportOutput{ImportToken: id, WrappingKeyCertificate: krd}, "D9999K0TB00E0000", knownKey, &enginetest.Sealing{Authority: ca})
	case "RSA":
		id, krd := r.token(t, false)
		m.KeyCryptogram = &engine.ImportKeyCryptogram{KeyAttributes: enginetest.P0TDES2.Attributes(), Exportable: new(true),
			ImportToken: id, WrappedKeyCryptogram: r.Partner.Encrypt(krd, knownKey)}
	}
	return in
}

func root(certificate string, a apc.KeyAlgorithm) *engine.RootCertificatePublicKey {
	attributes := apc.KeyAttributes{KeyUsage: apc.KeyUsageTR31S0AsymmetricKeyForDigitalSignature, KeyClass: apc.KeyClassPublicKey,
		KeyAlgorithm: a, KeyModesOfUse: apc.KeyModesOfUse{Verify: true}}
	return &engine.RootCertificatePublicKey{KeyAttributes: attributes, PublicKeyCertificate: certificate}
}

// exportKey draws an export in any form.
func (r *Requests) exportKey(t *rapid.T, p model.Place) any {
	in := &engine.ExportKeyInput{}
	m := &in.KeyMaterial
	switch rapid.SampledFrom([]string{"TR-31", "TR-34", "RSA", "ECDH", "AS 2805"}).Draw(t, "form") {
	case "TR-31":
		m.Tr31KeyBlock = &engine.ExportTr31KeyBlock{WrappingKeyIdentifier: r.key(t, p, (*model.Key).Wraps)}
	case "TR-34":
		ca := r.authority(t, p, apc.KeyAlgorithmRSA2048)
		id, _ := r.token(t, true)
		m.Tr34KeyBlock = &engine.ExportTr34KeyBlock{CertificateAuthorityPublicKeyIdentifier: ca, WrappingKeyCertificate: r.Partner.Certificate(),
			ExportToken: &id, RandomNonce: new(enginetest.Nonce), KeyBlockFormat: apc.Tr34KeyBlockFormatX9TR342012}
	case "RSA":
		m.KeyCryptogram = &engine.ExportKeyCryptogram{CertificateAuthorityPublicKeyIdentifier: r.authority(t, p, apc.KeyAlgorithmRSA2048), WrappingKeyCertificate: r.Partner.Certificate()}
	case "ECDH":
		m.DiffieHellmanTr31KeyBlock = &engine.ExportDiffieHellmanTr31KeyBlock{
			PrivateKeyIdentifier:                    r.key(t, p, func(k *model.Key) bool { return k.Usable() && k.Agrees != nil }),
			CertificateAuthorityPublicKeyIdentifier: r.authority(t, p, apc.KeyAlgorithmECCNISTP256),
			PublicKeyCertificate:                    r.Partner.CurveCertificate(), DeriveKeyAlgorithm: apc.KeyAlgorithmAES256, KeyDerivationFunction: apc.KeyDerivationFunctionNISTSP800,
			KeyDerivationHashAlgorithm: apc.KeyDerivationHashAlgorithmSHA256, DerivationData: engine.DiffieHellmanDerivationData{SharedInformation: new("AB")}}
	case "AS 2805":
		m.As2805KeyCryptogram = &engine.ExportAs2805KeyCryptogram{WrappingKeyIdentifier: r.key(t, p, (*model.Key).WrapsNodes), As2805KeyVariant: apc.As2805KeyVariantPINEncryptionKeyVariant28}
	}
	in.ExportKeyIdentifier = r.key(t, p, (*model.Key).Leaves)
	return in
}

// back is the import of what was exported, where the simulator has the key that it is wrapped with; nil
// for others.
func back(in *engine.ExportKeyInput, out *engine.WrappedKey, a apc.KeyAlgorithm) *engine.ImportKeyInput {
	m, text := &engine.ImportKeyMaterial{}, out.KeyMaterial
	switch from := &in.KeyMaterial; {
	case from.Tr31KeyBlock != nil:
		m.Tr31KeyBlock = &engine.ImportTr31KeyBlock{WrappingKeyIdentifier: from.Tr31KeyBlock.WrappingKeyIdentifier, WrappedKeyBlock: text}
	case from.DiffieHellmanTr31KeyBlock != nil:
		d := from.DiffieHellmanTr31KeyBlock
		m.DiffieHellmanTr31KeyBlock = &engine.ImportDiffieHellmanTr31KeyBlock{PrivateKeyIdentifier: d.PrivateKeyIdentifier,
			CertificateAuthorityPublicKeyIdentifier: d.CertificateAuthorityPublicKeyIdentifier, PublicKeyCertificate: d.PublicKeyCertificate,
			DeriveKeyAlgorithm: d.DeriveKeyAlgorithm, KeyDerivationFunction: d.KeyDerivationFunction, KeyDerivationHashAlgorithm: d.KeyDerivationHashAlgorithm,
			DerivationData: d.DerivationData, WrappedKeyBlock: text}
	case from.As2805KeyCryptogram != nil:
		m.As2805KeyCryptogram = &engine.ImportAs2805KeyCryptogram{As2805KeyVariant: from.As2805KeyCryptogram.As2805KeyVariant, KeyAlgorithm: a, Exportable: new(true),
			KeyModesOfUse: enginetest.P0TDES2.Attributes().KeyModesOfUse, WrappingKeyIdentifier: from.As2805KeyCryptogram.WrappingKeyIdentifier, WrappedKeyCryptogram: text}
	default:
		return nil
	}
	return &engine.ImportKeyInput{KeyMaterial: *m}
}
