package engine

import (
	"context"
	"crypto"
	"crypto/rsa"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/wording"
)

const cryptogramField = "KeyMaterial.KeyCryptogram"

// wrappingHash is that of a wrapping spec, SHA-256 where there is none (GUESS).
func wrappingHash(spec *apc.WrappingKeySpec) crypto.Hash {
	if spec != nil && *spec == apc.WrappingKeySpecRSAOAEPSHA512 {
		return crypto.SHA512
	}
	return crypto.SHA256
}

// importCryptogram imports a key enciphered with RSA-OAEP to the key pair of an import token.
func importCryptogram(ctx context.Context, c *call, m *ImportKeyCryptogram, p *importPlan) error {
	// Load and check: what the request says because the cryptogram cannot, then the token.
	const attributesField, tokenField = cryptogramField + ".KeyAttributes.", cryptogramField + ".ImportToken"
	p.field = cryptogramField + ".WrappedKeyCryptogram"
	if m.ImportToken == "" { // which its pattern allows
		return missing(tokenField)
	}
	spec := parseAttributes(m.KeyAttributes)
	if spec.class != apc.KeyClassSymmetricKey {
		return attributeError(because(apc.RuleKeyClass, attributesField+"KeyClass", problemSymmetricOnly, string(spec.class), string(apc.KeyClassSymmetricKey)))
	}
	if err := p.declare(spec, attributesField, *m.Exportable); err != nil {
		return err
	}
	t, err := c.loadToken(ctx, m.ImportToken, apc.KeyMaterialTypeKeyCryptogram, tokenField)
	if err != nil {
		return err
	}
	if err := p.wrappedUnder(t.unchanged(), strength{table: rsaStrength, by: t.alg, field: tokenField}); err != nil {
		return err
	}
	cryptogram, err := cryptogramBytes(p.field, m.WrappedKeyCryptogram, t.alg.bits/8)
	if err != nil {
		return err
	}
	// HSM: the key is opened and sealed within the device.
	hash := wrappingHash(m.WrappingSpec)
	made, err := c.cloud.hsm.ImportCryptogram(ctx, t.ref(), hash, cryptogram, p.admit)
	if err != nil {
		return c.openError(p.field, hash, err)
	}
	return p.finish(ctx, &made)
}

// openError tells why an RSA cryptogram did not open.
func (c *call) openError(field string, hash crypto.Hash, err error) error {
	if errors.Is(err, hsm.ErrInput) {
		return c.foldable(because(apc.RuleOAEP, field, problemOAEP, "", fmt.Sprintf("RSA-OAEP with %s, MGF1 with %s and no label", hash, hash)))
	}
	return hsmError(err)
}

// missing refuses a request without a member that only the rest of it makes
// necessary.
func missing(field string) error {
	return invalid("A parameter is missing.", because(apc.RuleRequired, field, problemMissing, "", ""))
}

// cryptogramBytes reads a cryptogram of a size in bytes, whose digits the shape has checked.
func cryptogramBytes(field, text string, size int) ([]byte, error) {
	out, err := hex.DecodeString(text)
	if err != nil {
		return nil, invalid("The key material is invalid.", because(apc.RuleHex, field, problemOddDigits, wording.Count(len(text), "digit"), "an even number"))
	}
	if len(out) != size {
		return nil, invalid("The key material is invalid.",
			because(apc.RuleCryptogramLength, field, problemCryptogramLength, wording.Bytes(len(out)), wording.Bytes(size)))
	}
	return out, nil
}

// exportCryptogram exports a key enciphered with RSA-OAEP to the key of a certificate.
func exportCryptogram(ctx context.Context, c *call, in *ExportKeyInput, m *ExportKeyCryptogram) (*WrappedKey, error) {
	// Load and check: both keys in one snapshot, then the receiver's certificate.
	keys, err := c.keys(ctx, need{authorityField(cryptogramField), m.CertificateAuthorityPublicKeyIdentifier, authorityRules},
		need{exportField, in.ExportKeyIdentifier, exportRules})
	if err != nil {
		return nil, err
	}
	ca := &keys[0]
	p, err := planExport(&keys[1], cryptogramField, in.ExportAttributes)
	if err != nil {
		return nil, err
	}
	receiver, err := c.receiver(p, m.WrappingKeyCertificate, ca)
	if err != nil {
		return nil, err
	}
	// HSM: the key is wrapped within the device.
	public := receiver.PublicKey.(*rsa.PublicKey)
	cryptogram, value, err := c.cloud.hsm.ExportCryptogram(ctx, public, wrappingHash(m.WrappingSpec), p.material(), p.check.method)
	if err != nil {
		return nil, hsmError(err)
	}
	return p.wrapped(ca, apc.WrappedKeyMaterialFormatKeyCryptogram, hexText(cryptogram), value), nil
}
