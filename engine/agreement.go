package engine

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/tr31"
)

const agreementField = "KeyMaterial.DiffieHellmanTr31KeyBlock"

// agreed are the members that an import and an export by key agreement share.
type agreed struct {
	pair, ca, certificate string
	derived               apc.KeyAlgorithm
	kdf                   apc.KeyDerivationFunction
	hash                  apc.KeyDerivationHashAlgorithm
	info                  *string
}

func (in *ImportDiffieHellmanTr31KeyBlock) agreed() *agreed {
	return &agreed{in.PrivateKeyIdentifier, in.CertificateAuthorityPublicKeyIdentifier, in.PublicKeyCertificate,
		in.DeriveKeyAlgorithm, in.KeyDerivationFunction, in.KeyDerivationHashAlgorithm, in.DerivationData.SharedInformation}
}

func (in *ExportDiffieHellmanTr31KeyBlock) agreed() *agreed {
	return &agreed{in.PrivateKeyIdentifier, in.CertificateAuthorityPublicKeyIdentifier, in.PublicKeyCertificate,
		in.DeriveKeyAlgorithm, in.KeyDerivationFunction, in.KeyDerivationHashAlgorithm, in.DerivationData.SharedInformation}
}

// checkUse refuses a key pair that does not derive wrapping keys, and a wrapping key that cannot be
// derived. A key pair without a DeriveKeyUsage is for the data plane (GUESS G-pair-without-derive-usage).
func (a *agreed) checkUse(pair *core.Key) error {
	if !slices.Contains(wrappingUsages, pair.DeriveUsage) {
		return core.Invalid(
			"The key cannot derive a wrapping key.",
			core.Because(apc.RuleDeriveKeyUsage, agreementField+".PrivateKeyIdentifier",
				core.ProblemDerivesOther, foundDeriveUsage(pair.DeriveUsage), "DeriveKeyUsage "+wording.Or(wrappingUsages)),
		)
	}
	if !core.Ciphers.Has(core.AlgorithmNamed(a.derived)) { // GUESS G-derived-hmac
		return attributeError(
			core.Because(apc.RuleKeyAlgorithm, agreementField+".DeriveKeyAlgorithm", core.ProblemDerivedAlgorithm,
				string(a.derived), wording.Or(core.Ciphers.Names())),
		)
	}
	return nil
}

// agreement checks the other party's certificate, and returns what the HSM derives and the
// authorities of the certificate.
func agreement(ctx context.Context, c *core.Call, a *agreed, pair, ca *core.Key) (hsm.Agreement, *core.Authorities, error) {
	peer, above, err := core.Peer(ctx, c, a.certificate, agreementField+".PublicKeyCertificate", pair, ca, authorityField(agreementField))
	if err != nil {
		return hsm.Agreement{}, nil, err
	}
	derived := core.AlgorithmNamed(a.derived)
	info, _ := hex.DecodeString(*a.info) // the shape has been checked; it may have zeros: GUESS G-shared-information
	return hsm.Agreement{Pair: pair.Ref(), Peer: peer, KDF: core.DerivationFunctions[a.kdf], Hash: core.DerivationHashes[a.hash],
		Info: info, Algorithm: derived.Letter, Bits: derived.Bits}, above, nil
}

// needs are the keys of an agreement: the key pair and the authority of the other
// party.
func (a *agreed) needs() []core.Need {
	return []core.Need{
		{Field: agreementField + ".PrivateKeyIdentifier", Identifier: a.pair, Rules: agreementRules},
		{Field: authorityField(agreementField), Identifier: a.ca, Rules: core.AuthorityRules},
	}
}

// strengths are those of the derived key and of the curve (GUESS G-agreement-strength, by the two columns of the
// table).
func (a *agreed) strengths(pair *core.Key) []strength {
	return []strength{
		{table: kekStrength, by: core.AlgorithmNamed(a.derived), field: agreementField + ".DeriveKeyAlgorithm"},
		{table: curveStrength, by: pair.Attributes.Alg, field: agreementField + ".PrivateKeyIdentifier"},
	}
}

// importECDH imports a TR-31 key block under a key that both parties derive.
func importECDH(ctx context.Context, c *core.Call, m *ImportDiffieHellmanTr31KeyBlock, p *importPlan) error {
	// Load and check: key pair and authority, the block's header, the other party's certificate.
	p.field = agreementField + ".WrappedKeyBlock"
	asked := m.agreed()
	keys, err := c.Keys(ctx, asked.needs()...)
	if err != nil {
		return err
	}
	pair, ca := &keys[0], &keys[1]
	if err := asked.checkUse(pair); err != nil {
		return err
	}
	b, err := tr31.Parse(m.WrappedKeyBlock, tr31.Lenient)
	if err != nil {
		return core.BlockError(c, p.field, err)
	}
	if err := core.CheckBlockVersion(b.Header.Version, core.AlgorithmNamed(asked.derived), p.field); err != nil {
		return err
	}
	if err := p.readHeader(b.Header, m.WrappedKeyBlock); err != nil {
		return err
	}
	if err := p.wrappedUnder(pair.Unchanged(), asked.strengths(pair)...); err != nil {
		return err
	}
	agreement, above, err := agreement(ctx, c, asked, pair, ca)
	if err != nil {
		return err
	}
	p.requires = append(p.requires, above.Unchanged()...)
	// HSM: the only step that handles key material.
	made, err := c.Cloud.HSM.ImportECDH(ctx, agreement, b, p.admit)
	if err != nil {
		return agreementError(c, p.field, asked, pair, err)
	}
	p.key.SetMaterial(&made)
	return nil
}

// agreementError is the refusal for a key block that does not open under an agreed key.
func agreementError(c *core.Call, field string, a *agreed, pair *core.Key, err error) error {
	if errors.Is(err, hsm.ErrInput) {
		return core.Invalid(
			core.CertificateMessage,
			core.Because(apc.RuleKeyPoint, agreementField+".PublicKeyCertificate", core.ProblemPoint, "", ""),
		)
	}
	derivation := &core.Derivation{Derived: a.derived, KDF: a.kdf, Hash: a.hash, Info: *a.info}
	return core.AgreedBlockError(c, field, derivation, pair, err)
}

// foundDeriveUsage is the DeriveKeyUsage of a key pair, which may have none.
func foundDeriveUsage(u apc.KeyUsage) string {
	if u == "" {
		return "no DeriveKeyUsage"
	}
	return "DeriveKeyUsage " + string(u)
}

// exportECDH exports a key, or an initial DUKPT key, as a TR-31 key block under a
// key that both parties derive.
func exportECDH(ctx context.Context, c *core.Call, in *ExportKeyInput, m *ExportDiffieHellmanTr31KeyBlock) (*WrappedKey, error) {
	// Load and check: all keys in one snapshot.
	asked := m.agreed()
	keys, err := c.Keys(
		ctx,
		append(asked.needs(), core.Need{Field: exportField, Identifier: in.ExportKeyIdentifier, Rules: exportRules})...)
	if err != nil {
		return nil, err
	}
	pair, ca := &keys[0], &keys[1]
	if err := asked.checkUse(pair); err != nil {
		return nil, err
	}
	p, err := planExport(&keys[2], agreementField, in.ExportAttributes)
	if err != nil {
		return nil, err
	}
	header, err := p.header(core.AlgorithmNamed(asked.derived), m.KeyBlockHeaders)
	if err != nil {
		return nil, err
	}
	for _, s := range asked.strengths(pair) {
		if err := s.check(p.as.Alg); err != nil {
			return nil, err
		}
	}
	agreement, _, err := agreement(ctx, c, asked, pair, ca)
	if err != nil {
		return nil, err
	}
	// HSM: the only step that handles key material.
	text, value, err := c.Cloud.HSM.ExportECDH(ctx, agreement, header, p.material(), p.check.Method)
	if err != nil {
		return nil, p.headerError(err)
	}
	return p.wrapped(pair, apc.WrappedKeyMaterialFormatTR31KeyBlock, text, value), nil
}
