package draw

import (
	"slices"

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

func imports(m engine.ImportKeyMaterial) any { return &engine.ImportKeyInput{KeyMaterial: m} }

func (r *Requests) importRoot(t *rapid.T, p model.Place) any {
	in := r.rootOf(apc.KeyAlgorithmRSA2048)
	if rapid.Bool().Draw(t, "EC") {
		in = r.rootOf(apc.KeyAlgorithmECCNISTP256)
	}
	if rapid.IntRange(0, 3).Draw(t, "comment") == 3 {
		in.RequesterComment = nil
	}
	in.Tags, in.ReplicationRegions = r.newTags(t), r.newRegions(t)
	return in
}

// rootOf is the import of one of the partner's authorities.
func (r *Requests) rootOf(a apc.KeyAlgorithm) *engine.ImportKeyInput {
	certificate := r.Partner.RootCertificate()
	if a == apc.KeyAlgorithmECCNISTP256 {
		certificate = r.Partner.CurveRootCertificate()
	}
	return &engine.ImportKeyInput{
		KeyMaterial:      engine.ImportKeyMaterial{RootCertificatePublicKey: root(certificate, a)},
		RequesterComment: new("for the team"),
	}
}

func (r *Requests) importTR34(t *rapid.T, p model.Place) any {
	ca := r.authority(t, p, apc.KeyAlgorithmRSA2048)
	id, krd := r.token(t, false)
	return imports(
		engine.ImportKeyMaterial{
			Tr34KeyBlock: r.Partner.SealTR34(&engine.GetParametersForImportOutput{ImportToken: id, WrappingKeyCertificate: krd},
				"D9999K0TB00E0000", knownKey, &enginetest.Sealing{Authority: ca}),
		},
	)
}

func (r *Requests) importRSA(t *rapid.T, p model.Place) any {
	id, krd := r.token(t, false)
	return imports(
		engine.ImportKeyMaterial{
			KeyCryptogram: &engine.ImportKeyCryptogram{KeyAttributes: enginetest.P0TDES2.Attributes(), Exportable: new(true),
				ImportToken: id, WrappedKeyCryptogram: r.Partner.Encrypt(krd, knownKey)},
		},
	)
}

func root(certificate string, a apc.KeyAlgorithm) *engine.RootCertificatePublicKey {
	attributes := apc.KeyAttributes{KeyUsage: apc.KeyUsageTR31S0AsymmetricKeyForDigitalSignature, KeyClass: apc.KeyClassPublicKey,
		KeyAlgorithm: a, KeyModesOfUse: apc.KeyModesOfUse{Verify: true}}
	return &engine.RootCertificatePublicKey{KeyAttributes: attributes, PublicKeyCertificate: certificate}
}

// exports draws the key of an export: mostly one that fits, at times any that works.
func (r *Requests) exports(t *rapid.T, p model.Place, m engine.ExportKeyMaterial, fits func(*model.Key) bool) any {
	if rapid.IntRange(0, 4).Draw(t, "any key") == 4 {
		fits = (*model.Key).Usable
	}
	return &engine.ExportKeyInput{ExportKeyIdentifier: r.key(t, p, fits), KeyMaterial: m}
}

// kek draws the wrapping key of an export: mostly one that fits, at times any that wraps or unwraps keys.
func (r *Requests) kek(t *rapid.T, p model.Place, fits func(*model.Key) bool) string {
	if rapid.IntRange(0, 4).Draw(t, "any KEK") == 4 {
		fits = func(k *model.Key) bool {
			u := k.Attributes.KeyUsage
			return u == apc.KeyUsageTR31K0KeyEncryptionKey || u == apc.KeyUsageTR31K1KeyBlockProtectionKey
		}
	}
	return r.key(t, p, fits)
}

func (r *Requests) exportTR31(t *rapid.T, p model.Place) any {
	return r.exports(
		t,
		p,
		engine.ExportKeyMaterial{Tr31KeyBlock: &engine.ExportTr31KeyBlock{WrappingKeyIdentifier: r.kek(t, p, (*model.Key).Wraps)}},
		(*model.Key).Exports,
	)
}

func (r *Requests) exportTR34(t *rapid.T, p model.Place) any {
	ca := r.authority(t, p, apc.KeyAlgorithmRSA2048)
	id, _ := r.token(t, true)
	return r.exports(
		t,
		p,
		engine.ExportKeyMaterial{
			Tr34KeyBlock: &engine.ExportTr34KeyBlock{
				CertificateAuthorityPublicKeyIdentifier: ca,
				WrappingKeyCertificate:                  r.Partner.Certificate(),
				ExportToken:                             &id,
				RandomNonce:                             new(enginetest.Nonce),
				KeyBlockFormat:                          apc.Tr34KeyBlockFormatX9TR342012,
			},
		},
		leavesTDES,
	)
}

func (r *Requests) exportRSA(t *rapid.T, p model.Place) any {
	return r.exports(t, p, engine.ExportKeyMaterial{KeyCryptogram: &engine.ExportKeyCryptogram{
		CertificateAuthorityPublicKeyIdentifier: r.authority(
			t,
			p,
			apc.KeyAlgorithmRSA2048,
		), WrappingKeyCertificate: r.Partner.Certificate()}}, leavesTDES)
}

func (r *Requests) exportECDH(t *rapid.T, p model.Place) any {
	return r.exports(t, p, engine.ExportKeyMaterial{DiffieHellmanTr31KeyBlock: &engine.ExportDiffieHellmanTr31KeyBlock{
		PrivateKeyIdentifier:                    r.key(t, p, agrees),
		CertificateAuthorityPublicKeyIdentifier: r.authority(t, p, apc.KeyAlgorithmECCNISTP256),
		PublicKeyCertificate:                    r.Partner.CurveCertificate(), DeriveKeyAlgorithm: apc.KeyAlgorithmAES256,
		KeyDerivationFunction:      apc.KeyDerivationFunctionNISTSP800,
		KeyDerivationHashAlgorithm: apc.KeyDerivationHashAlgorithmSHA256,
		DerivationData:             engine.DiffieHellmanDerivationData{SharedInformation: new("AB")}}}, leavesTDES)
}

func (r *Requests) exportAS2805(t *rapid.T, p model.Place) any {
	return r.exports(t, p, engine.ExportKeyMaterial{As2805KeyCryptogram: &engine.ExportAs2805KeyCryptogram{
		WrappingKeyIdentifier: r.kek(t, p, (*model.Key).WrapsNodes),
		As2805KeyVariant:      apc.As2805KeyVariantPINEncryptionKeyVariant28,
	}}, leavesTDES)
}

func leavesTDES(k *model.Key) bool {
	return k.Exports() && k.Attributes.KeyUsage == apc.KeyUsageTR31P0PINEncryptionKey &&
		k.Attributes.KeyAlgorithm == apc.KeyAlgorithmTDES2Key
}

func agrees(k *model.Key) bool { return k.Usable() && k.Agrees != nil }

// need is what a request needs before it, and the call that makes it.
type need struct {
	op      string
	missing func(*model.World, model.Place) bool // nil: it is made each time
	make    func(*Requests, model.Place) any     // nil: it cannot be made now
}

// noKey reports whether no key of a place fits.
func noKey(fits func(*model.Key) bool) func(*model.World, model.Place) bool {
	return func(w *model.World, p model.Place) bool { return len(w.Keys(p, fits)) == 0 }
}

func keyNeed(k enginetest.KeyKind, fits func(*model.Key) bool) need {
	return need{"CreateKey", noKey(fits), func(*Requests, model.Place) any {
		return &engine.CreateKeyInput{KeyAttributes: k.Attributes(), Exportable: new(true)}
	}}
}

func rootNeed(a apc.KeyAlgorithm) need {
	return need{"ImportKey", noKey(func(k *model.Key) bool { return k.Certifies(a) }),
		func(r *Requests, _ model.Place) any { return r.rootOf(a) }}
}

func importToken(m apc.KeyMaterialType) need {
	return need{"GetParametersForImport", nil, func(*Requests, model.Place) any {
		return &engine.GetParametersForImportInput{
			KeyMaterialType:         m,
			WrappingKeyAlgorithm:    apc.KeyAlgorithmRSA2048,
			ReuseLastGeneratedToken: new(true),
		}
	}}
}

var (
	pinKey   = keyNeed(enginetest.P0TDES2, leavesTDES)
	pairNeed = need{"CreateKey", noKey(agrees), func(*Requests, model.Place) any {
		return &engine.CreateKeyInput{
			KeyAttributes:  enginetest.K3P256.Attributes(),
			Exportable:     new(true),
			DeriveKeyUsage: new(apc.KeyUsageTR31K1KeyBlockProtectionKey),
		}
	}}
	exportToken = need{"GetParametersForExport", nil, func(*Requests, model.Place) any {
		return &engine.GetParametersForExportInput{
			KeyMaterialType:         apc.KeyMaterialTypeTR34KeyBlock,
			SigningKeyAlgorithm:     apc.KeyAlgorithmRSA2048,
			ReuseLastGeneratedToken: new(true),
		}
	}}
)

// needs are those of each operation.
var needs = map[string][]need{
	"ImportKey by TR-34":   {rootNeed(apc.KeyAlgorithmRSA2048), importToken(apc.KeyMaterialTypeTR34KeyBlock)},
	"ImportKey by RSA":     {importToken(apc.KeyMaterialTypeKeyCryptogram)},
	"ExportKey by TR-31":   {pinKey, keyNeed(enginetest.K1AES256, (*model.Key).Wraps)},
	"ExportKey by TR-34":   {pinKey, rootNeed(apc.KeyAlgorithmRSA2048), exportToken},
	"ExportKey by RSA":     {pinKey, rootNeed(apc.KeyAlgorithmRSA2048)},
	"ExportKey by ECDH":    {pinKey, pairNeed, rootNeed(apc.KeyAlgorithmECCNISTP256), keyNeed(enginetest.K1AES256, (*model.Key).Wraps)},
	"ExportKey by AS 2805": {pinKey, keyNeed(enginetest.K0TDES3, (*model.Key).WrapsNodes)},

	"VerifyPinData":               pinNeeds,
	"GetPublicKeyCertificate":     {pairNeed},
	"RemoveKeyReplicationRegions": {replicatedNeed},
	"RestoreKey":                  {pendingNeed},
	"GetAlias":                    {aliasNeed},
	"UpdateAlias":                 {aliasNeed},
	"DeleteAlias":                 {aliasNeed},
	"DisassociateMpaTeam":         {teamNeed},
	"DecideApproval":              {teamNeed, sessionNeed},
}

var (
	pendingNeed = need{"DeleteKey", noKey(inState(apc.KeyStateDeletePending)), func(r *Requests, p model.Place) any {
		for _, k := range r.World.Keys(p, func(k *model.Key) bool { return k.State == apc.KeyStateCreateComplete && !k.Replica() }) {
			return &engine.DeleteKeyInput{KeyIdentifier: k.ARN}
		}
		return nil
	}}
	aliasNeed = need{"CreateAlias", func(w *model.World, p model.Place) bool { return len(w.Aliases(p)) == 0 },
		func(*Requests, model.Place) any { return &engine.CreateAliasInput{AliasName: "alias/a"} }}
	replicatedNeed = need{"CreateKey", noKey((*model.Key).Replicated), func(r *Requests, p model.Place) any {
		return &engine.CreateKeyInput{KeyAttributes: enginetest.K1AES256.Attributes(), Exportable: new(true),
			ReplicationRegions: others(r.World.Regions(), p.Region)}
	}}
	teamNeed = need{"AssociateMpaTeam", func(w *model.World, p model.Place) bool { return !w.HasTeam(p) },
		func(_ *Requests, p model.Place) any {
			return &engine.AssociateMpaTeamInput{Action: guarded, MpaTeamArn: teamOf(p, "first")}
		}}
	sessionNeed = need{"ImportKey", func(w *model.World, _ model.Place) bool { return !slices.ContainsFunc(w.Sessions(), w.Pending) },
		func(r *Requests, _ model.Place) any { return r.rootOf(apc.KeyAlgorithmRSA2048) }}
)

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
			DeriveKeyAlgorithm: d.DeriveKeyAlgorithm, KeyDerivationFunction: d.KeyDerivationFunction,
			KeyDerivationHashAlgorithm: d.KeyDerivationHashAlgorithm,
			DerivationData:             d.DerivationData, WrappedKeyBlock: text}
	case from.As2805KeyCryptogram != nil:
		m.As2805KeyCryptogram = &engine.ImportAs2805KeyCryptogram{
			As2805KeyVariant:      from.As2805KeyCryptogram.As2805KeyVariant,
			KeyAlgorithm:          a,
			Exportable:            new(true),
			KeyModesOfUse:         enginetest.P0TDES2.Attributes().KeyModesOfUse,
			WrappingKeyIdentifier: from.As2805KeyCryptogram.WrappingKeyIdentifier,
			WrappedKeyCryptogram:  text,
		}
	default:
		return nil
	}
	return &engine.ImportKeyInput{KeyMaterial: *m}
}
