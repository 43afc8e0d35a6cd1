package engine

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
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

var (
	derivationFunctions = map[apc.KeyDerivationFunction]hsm.KDF{apc.KeyDerivationFunctionNISTSP800: hsm.ConcatKDF, apc.KeyDerivationFunctionANSIX963: hsm.X963KDF}
	derivationHashes    = map[apc.KeyDerivationHashAlgorithm]crypto.Hash{apc.KeyDerivationHashAlgorithmSHA256: crypto.SHA256, apc.KeyDerivationHashAlgorithmSHA384: crypto.SHA384, apc.KeyDerivationHashAlgorithmSHA512: crypto.SHA512}
)

// agreement checks a key agreement beyond the rules of its keys: what the pair may derive, the
// other party's certificate, and what is derived.
func (c *call) agreement(a *agreed, pair, ca *key) (hsm.Agreement, error) {
	// For key transport the pair says that it derives wrapping keys; one that says nothing serves
	// the data plane (GUESS).
	if !slices.Contains(wrappingUsages, pair.deriveUsage) {
		return hsm.Agreement{}, invalid("The key cannot derive a wrapping key.", because(apc.RuleDeriveKeyUsage, agreementField+".PrivateKeyIdentifier",
			problemDerivesOther, foundDeriveUsage(pair.deriveUsage), "DeriveKeyUsage "+wording.Or(wrappingUsages)))
	}
	derived := algorithmNamed(a.derived)
	if !ciphers.has(derived) { // GUESS
		return hsm.Agreement{}, attributeError(because(apc.RuleKeyAlgorithm, agreementField+".DeriveKeyAlgorithm", problemDerivedAlgorithm, string(a.derived), wording.Or(ciphers.names())))
	}
	const certificateField = agreementField + ".PublicKeyCertificate"
	peer, alg, err := readCertificate(a.certificate, certificateField)
	if err != nil {
		return hsm.Agreement{}, err
	}
	if alg != pair.attributes.alg {
		return hsm.Agreement{}, invalid("The certificate does not have the key's curve.",
			because(apc.RuleKeyAlgorithm, certificateField, problemOtherCurve, string(alg.name), string(pair.attributes.alg.name)))
	}
	if err := c.checkTrusted(peer, certificateField, ca, authorityField(agreementField)); err != nil {
		return hsm.Agreement{}, err
	}
	point, err := peer.PublicKey.(*ecdsa.PublicKey).ECDH()
	if err != nil {
		return hsm.Agreement{}, internal(err) // the curve is one of the service's
	}
	info, _ := hex.DecodeString(*a.info) // the shape has been checked
	return hsm.Agreement{Pair: pair.ref(), Peer: point.Bytes(), KDF: derivationFunctions[a.kdf], Hash: derivationHashes[a.hash],
		Info: info, Algorithm: derived.letter, Bits: derived.bits}, nil
}

// needs are the keys of an agreement: the pair and the authority of the other party.
func (a *agreed) needs() []need {
	return []need{{agreementField + ".PrivateKeyIdentifier", a.pair, agreementRules}, {authorityField(agreementField), a.ca, authorityRules}}
}

// strengths are those of the derived key and of the curve (GUESS, by the two columns of the
// table).
func (a *agreed) strengths(pair *key) []strength {
	return []strength{
		{table: kekStrength, by: algorithmNamed(a.derived), field: agreementField + ".DeriveKeyAlgorithm"},
		{table: curveStrength, by: pair.attributes.alg, field: agreementField + ".PrivateKeyIdentifier"},
	}
}

// importECDH imports a TR-31 key block under a key that both parties derive.
func importECDH(ctx context.Context, c *call, m *ImportDiffieHellmanTr31KeyBlock, p *importPlan) error {
	// Load and check: pair and authority, the block's header, the other party's certificate.
	p.field = agreementField + ".WrappedKeyBlock"
	asked := m.agreed()
	keys, err := c.keys(ctx, asked.needs()...)
	if err != nil {
		return err
	}
	pair, ca := &keys[0], &keys[1]
	b, err := tr31.Parse(m.WrappedKeyBlock, tr31.Lenient)
	if err != nil {
		return c.blockError(p.field, err)
	}
	agreement, err := c.agreement(asked, pair, ca)
	if err != nil {
		return err
	}
	if err := checkVersion(b.Header.Version, algorithmNamed(asked.derived), p.field); err != nil {
		return err
	}
	if err := p.readHeader(b.Header, m.WrappedKeyBlock); err != nil {
		return err
	}
	p.requires = append(p.requires, ca.unchanged())
	if err := p.wrappedUnder(pair.unchanged(), asked.strengths(pair)...); err != nil {
		return err
	}
	// HSM: the key is opened and sealed within the device.
	made, err := c.cloud.hsm.ImportECDH(ctx, agreement, b, p.admit)
	if err != nil {
		return c.agreementError(p.field, asked, pair, err)
	}
	return p.finish(ctx, &made)
}

// agreementError tells why a block under an agreed key did not open.
func (c *call) agreementError(field string, a *agreed, pair *key, err error) error {
	if errors.Is(err, hsm.ErrInput) {
		return invalid("The certificate is not valid.", because(apc.RuleKeyPoint, agreementField+".PublicKeyCertificate", problemPoint, "", ""))
	}
	if errors.Is(err, tr31.ErrMAC) {
		return c.foldable(because(apc.RuleMAC, field, problemAgreedMAC, a.derivation(pair), "the derivation of the sender"))
	}
	return c.blockError(field, err)
}

// derivation says how the wrapping key was derived.
func (a *agreed) derivation(pair *key) string {
	return fmt.Sprintf("%s by %s with %s and %s of SharedInformation from ECDH on %s",
		a.derived, a.kdf, a.hash, wording.Bytes(len(*a.info)/2), pair.attributes.alg.name)
}

// foundDeriveUsage is the DeriveKeyUsage of a key pair, which may have none.
func foundDeriveUsage(u apc.KeyUsage) string {
	if u == "" {
		return "no DeriveKeyUsage"
	}
	return "DeriveKeyUsage " + string(u)
}

// exportECDH exports a key as a TR-31 key block under a key that both parties derive.
func exportECDH(ctx context.Context, c *call, in *ExportKeyInput, m *ExportDiffieHellmanTr31KeyBlock) (*WrappedKey, error) {
	// Load and check: all keys in one snapshot.
	asked := m.agreed()
	keys, err := c.keys(ctx, append(asked.needs(), need{exportField, in.ExportKeyIdentifier, exportRules})...)
	if err != nil {
		return nil, err
	}
	pair, ca := &keys[0], &keys[1]
	p, err := planExport(&keys[2], agreementField, in.ExportAttributes)
	if err != nil {
		return nil, err
	}
	header, err := p.header(algorithmNamed(asked.derived), m.KeyBlockHeaders)
	if err != nil {
		return nil, err
	}
	for _, s := range asked.strengths(pair) {
		if err := s.check(p.as.alg); err != nil {
			return nil, err
		}
	}
	agreement, err := c.agreement(asked, pair, ca)
	if err != nil {
		return nil, err
	}
	// HSM: the key is wrapped within the device.
	text, value, err := c.cloud.hsm.ExportECDH(ctx, agreement, header, p.material(), p.check.method)
	if err != nil {
		return nil, p.headerError(err)
	}
	return p.wrapped(pair, apc.WrappedKeyMaterialFormatTR31KeyBlock, text, value), nil
}
