package engine

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/tr31"
)

const agreementField = "KeyMaterial.DiffieHellmanTr31KeyBlock"

// agreed are the members that an import and an export by key agreement share.
type agreed struct {
	pair, ca, certificate string
	derived               KeyAlgorithm
	kdf                   KeyDerivationFunction
	hash                  KeyDerivationHashAlgorithm
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
	derivationFunctions = map[KeyDerivationFunction]hsm.KDF{KDFNISTSP800: hsm.ConcatKDF, KDFANSIX963: hsm.X963KDF}
	derivationHashes    = map[KeyDerivationHashAlgorithm]crypto.Hash{HashSHA256: crypto.SHA256, HashSHA384: crypto.SHA384, HashSHA512: crypto.SHA512}
)

// agreement judges a key agreement: the pair and what it may derive, the other
// party's certificate, and what is derived.
func (k *call) agreement(a *agreed, pair, ca *key) (hsm.Agreement, error) {
	refuse := func(err error) (hsm.Agreement, error) { return hsm.Agreement{}, err }
	const pairField, certificateField = agreementField + ".PrivateKeyIdentifier", agreementField + ".PublicKeyCertificate"
	if err := checkPair(pair, TR31K3AsymmetricKeyForKeyAgreement, deriveKey, pairField); err != nil {
		return refuse(err)
	}
	issuer, err := checkAuthority(ca, agreementField+".CertificateAuthorityPublicKeyIdentifier")
	if err != nil {
		return refuse(err)
	}
	// For key transport the pair says that it derives wrapping keys; one that
	// says nothing serves the data plane (GUESS).
	if u := pair.deriveUsage; u != TR31K1KeyBlockProtectionKey && u != TR31K0KeyEncryptionKey {
		return refuse(invalid("The key cannot derive a wrapping key.", because(RuleDeriveKeyUsage, pairField, problemDerivesOther, foundDeriveUsage(u), "DeriveKeyUsage "+wrappingUsages)))
	}
	derived := algorithmNamed(a.derived)
	if !ciphers.has(derived) { // GUESS
		return refuse(attributeError(because(RuleKeyAlgorithm, agreementField+".DeriveKeyAlgorithm", problemDerivedAlgorithm, string(a.derived), wording.Or(ciphers.names()))))
	}
	peer, alg, err := readCertificate(a.certificate, certificateField)
	if err != nil {
		return refuse(err)
	}
	if alg != pair.attributes.alg {
		return refuse(invalid("The certificate does not have the key's curve.",
			because(RuleKeyAlgorithm, certificateField, problemOtherCurve, string(alg.name), string(pair.attributes.alg.name))))
	}
	if err := k.checkTrusted(peer, certificateField, issuer, agreementField+".CertificateAuthorityPublicKeyIdentifier"); err != nil {
		return refuse(err)
	}
	point, err := peer.PublicKey.(*ecdsa.PublicKey).ECDH()
	if err != nil {
		return refuse(internal(err)) // the curve is one of the service's
	}
	info, _ := hex.DecodeString(*a.info) // the shape has been checked
	return hsm.Agreement{Pair: pair.ref(), Peer: point.Bytes(), KDF: derivationFunctions[a.kdf], Hash: derivationHashes[a.hash],
		Info: info, Algorithm: derived.letter, Bits: derived.bits}, nil
}

// agreementStrength: the derived key must be strong enough, and the curve
// (GUESS, by the two columns of the table).
func agreementStrength(a *agreed, pair *key, moved *algorithm) error {
	if err := checkStrength(kekStrength, algorithmNamed(a.derived), moved, agreementField+".DeriveKeyAlgorithm"); err != nil {
		return err
	}
	return checkStrength(curveStrength, pair.attributes.alg, moved, agreementField+".PrivateKeyIdentifier")
}

func (k *call) importAgreed(ctx context.Context, in *ImportKeyInput, arm *ImportDiffieHellmanTr31KeyBlock, out *key) error {
	// Parse: the block's header, in the clear.
	field := agreementField + ".WrappedKeyBlock"
	b, err := tr31.Parse(arm.WrappedKeyBlock, tr31.Lenient)
	if err != nil {
		return k.blockError(field, err)
	}
	asked := arm.agreed()
	return k.storeArrival(ctx, in, out, func() (*arrival, error) {
		// Load and validate.
		keys, err := k.loadKeys(ctx, asked.pair, asked.ca)
		if err != nil {
			return nil, err
		}
		pair, ca := &keys[0], &keys[1]
		agreement, err := k.agreement(asked, pair, ca)
		if err != nil {
			return nil, err
		}
		if err := checkVersion(b.Header.Version, algorithmNamed(asked.derived), field); err != nil {
			return nil, err
		}
		a := &arrival{
			field: field, participants: []keystore.Change{pair.unchanged(), ca.unchanged()}, through: pair.arn.key + " " + ca.arn.key,
			refuse: func(err error) error { return k.agreementError(field, asked, pair, err) },
			strong: func(moved *algorithm) error { return agreementStrength(asked, pair, moved) },
			open: func(ctx context.Context, admit hsm.Admit) (hsm.Made, error) {
				return k.engine.hsm.ImportECDH(ctx, agreement, b, admit)
			},
		}
		return a, a.readHeader(b.Header, arm.WrappedKeyBlock[:16])
	})
}

// agreementError tells why a block under an agreed key did not open.
func (k *call) agreementError(field string, a *agreed, pair *key, err error) error {
	if errors.Is(err, hsm.ErrInput) {
		return invalid("The certificate is not valid.", because(RuleKeyPoint, agreementField+".PublicKeyCertificate", problemPoint, "", ""))
	}
	if errors.Is(err, tr31.ErrMAC) {
		return k.foldable(because(RuleMAC, field, problemAgreedMAC, a.derivation(pair), "the derivation of the sender"))
	}
	return k.blockError(field, err)
}

// derivation says how the wrapping key was derived.
func (a *agreed) derivation(pair *key) string {
	return fmt.Sprintf("%s by %s with %s and %s of SharedInformation from ECDH on %s",
		a.derived, a.kdf, a.hash, wording.Bytes(len(*a.info)/2), pair.attributes.alg.name)
}

// foundDeriveUsage is the DeriveKeyUsage of a key pair, which may have none.
func foundDeriveUsage(u KeyUsage) string {
	if u == "" {
		return "no DeriveKeyUsage"
	}
	return "DeriveKeyUsage " + string(u)
}

func (k *call) exportAgreed(ctx context.Context, in *ExportKeyInput, arm *ExportDiffieHellmanTr31KeyBlock) (*WrappedKey, error) {
	// Load: all keys in one snapshot.
	asked := arm.agreed()
	keys, err := k.loadKeys(ctx, asked.pair, asked.ca, in.ExportKeyIdentifier)
	if err != nil {
		return nil, err
	}
	pair, ca, d := &keys[0], &keys[1], &departure{field: agreementField, from: keys[2]}

	// Validate.
	if err := d.leave(in.ExportAttributes); err != nil {
		return nil, err
	}
	agreement, err := k.agreement(asked, pair, ca)
	if err != nil {
		return nil, err
	}
	header, err := d.header(algorithmNamed(asked.derived), arm.KeyBlockHeaders)
	if err != nil {
		return nil, err
	}
	if err := agreementStrength(asked, pair, d.as.alg); err != nil {
		return nil, err
	}

	// HSM: the key is wrapped within the device.
	text, value, err := k.engine.hsm.ExportECDH(ctx, agreement, header, d.material(), d.check.method)
	if err != nil {
		return nil, d.headerError(err)
	}
	return d.wrapped(pair, FormatTR31KeyBlock, text, value), nil
}
