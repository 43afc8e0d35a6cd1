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
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/internal/wording"
)

const cryptogramField = "KeyMaterial.KeyCryptogram"

// wrappingHash is that of a wrapping spec, SHA-256 where there is none (GUESS G-wrapping-spec).
func wrappingHash(spec *apc.WrappingKeySpec) crypto.Hash {
	if spec != nil && *spec == apc.WrappingKeySpecRSAOAEPSHA512 {
		return crypto.SHA512
	}
	return crypto.SHA256
}

// importCryptogram imports a key enciphered with RSA-OAEP to the key pair of an import token.
func importCryptogram(ctx context.Context, c *core.Call, m *ImportKeyCryptogram, p *importPlan) error {
	// Load and check: the token, and the attributes, which a cryptogram does not hold.
	const attributesField, tokenField = cryptogramField + ".KeyAttributes.", cryptogramField + ".ImportToken"
	p.field = cryptogramField + ".WrappedKeyCryptogram"
	if m.ImportToken == "" { // which its pattern allows
		return missing(tokenField)
	}
	t, err := c.FindToken(ctx, m.ImportToken, tokenField)
	if err != nil {
		return err
	}
	if err := c.PermitImplied(ctx); err != nil {
		return err
	}
	spec := core.ParseAttributes(m.KeyAttributes)
	if spec.Class != apc.KeyClassSymmetricKey {
		return attributeError(
			core.Because(apc.RuleKeyClass, attributesField+"KeyClass", core.ProblemSymmetricOnly, string(spec.Class),
				string(apc.KeyClassSymmetricKey)),
		)
	}
	if err := p.declare(spec, attributesField, *m.Exportable); err != nil {
		return err
	}
	if err := p.wrappedUnder(t.Unchanged(), strength{table: rsaStrength, by: t.Alg, field: tokenField}); err != nil {
		return err
	}
	if err := t.Check(c.Now, apc.KeyMaterialTypeKeyCryptogram, tokenField); err != nil {
		return err
	}
	cryptogram, err := cryptogramBytes(p.field, m.WrappedKeyCryptogram, t.Alg.Bits/8)
	if err != nil {
		return err
	}
	// HSM: the only step that handles key material.
	hash := wrappingHash(m.WrappingSpec)
	made, err := c.Cloud.HSM.ImportCryptogram(ctx, t.Ref(), hash, cryptogram, p.admit)
	if err != nil {
		return openError(c, p.field, hash, err)
	}
	p.key.SetMaterial(&made)
	return nil
}

// openError is the refusal for an RSA cryptogram that does not open.
func openError(c *core.Call, field string, hash crypto.Hash, err error) error {
	if errors.Is(err, hsm.ErrInput) {
		return core.Foldable(
			c,
			core.Because(apc.RuleOAEP, field, core.ProblemOAEP, "",
				fmt.Sprintf("RSA-OAEP with %s, MGF1 with %s and no label", hash, hash)),
		)
	}
	return core.HSMError(err)
}

// missing refuses a request without a member that other members of it make necessary.
func missing(field string) error {
	return core.Invalid("A parameter is missing.", core.Because(apc.RuleRequired, field, core.ProblemMissing, "", ""))
}

// cryptogramBytes reads a cryptogram of a size in bytes, whose digits the shape has checked.
func cryptogramBytes(field, text string, size int) ([]byte, error) {
	out, err := hex.DecodeString(text)
	if err != nil {
		return nil, core.Invalid(
			"The key material is invalid.",
			core.Because(apc.RuleHex, field, core.ProblemOddDigits, wording.Count(len(text), "digit"), "an even number"),
		)
	}
	if len(out) != size {
		return nil, core.Invalid("The key material is invalid.",
			core.Because(apc.RuleCryptogramLength, field, core.ProblemCryptogramLength, wording.Bytes(len(out)), wording.Bytes(size)))
	}
	return out, nil
}

// exportCryptogram exports a key enciphered with RSA-OAEP to the key of a certificate, also one that was
// imported for key blocks alone (GUESS G-cryptogram-exportable).
func exportCryptogram(ctx context.Context, c *core.Call, in *ExportKeyInput, m *ExportKeyCryptogram) (*WrappedKey, error) {
	// Load and check: both keys in one snapshot, then the receiver's certificate.
	keys, err := c.Keys(
		ctx,
		core.Need{
			Field:      authorityField(cryptogramField),
			Identifier: m.CertificateAuthorityPublicKeyIdentifier,
			Rules:      core.AuthorityRules,
		},
		core.Need{Field: exportField, Identifier: in.ExportKeyIdentifier, Rules: exportRules},
	)
	if err != nil {
		return nil, err
	}
	ca := &keys[0]
	p, err := planExport(&keys[1], cryptogramField, in.ExportAttributes)
	if err != nil {
		return nil, err
	}
	receiver, err := readReceiver(ctx, c, p, m.WrappingKeyCertificate, ca)
	if err != nil {
		return nil, err
	}
	// HSM: the only step that handles key material.
	public := receiver.PublicKey.(*rsa.PublicKey)
	cryptogram, value, err := c.Cloud.HSM.ExportCryptogram(ctx, public, wrappingHash(m.WrappingSpec), p.material(), p.check.Method)
	if err != nil {
		return nil, core.HSMError(err)
	}
	return p.wrapped(ca, apc.WrappedKeyMaterialFormatKeyCryptogram, hexText(cryptogram), value), nil
}
