package engine

import (
	"context"
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/keystore"
)

const cryptogramField = "KeyMaterial.KeyCryptogram"

// wrappingHash is that of a wrapping spec, SHA-256 where there is none (GUESS).
func wrappingHash(spec *WrappingKeySpec) crypto.Hash {
	if spec != nil && *spec == RSAOAEPSHA512 {
		return crypto.SHA512
	}
	return crypto.SHA256
}

func (k *call) importCryptogram(ctx context.Context, in *ImportKeyInput, arm *ImportKeyCryptogram, out *key) error {
	// Parse: the request says what the cryptogram cannot.
	cryptogram, err := cryptogramBytes(cryptogramField+".WrappedKeyCryptogram", arm.WrappedKeyCryptogram)
	if err != nil {
		return err
	}
	spec := arm.KeyAttributes.parse()
	if spec.class != SymmetricKey {
		return attributeError(because(RuleKeyClass, cryptogramField+".KeyAttributes.KeyClass", problemSymmetricOnly, string(spec.class), string(SymmetricKey)))
	}
	if arm.ImportToken == "" { // which its pattern allows
		return missing(cryptogramField + ".ImportToken")
	}
	if err := checkAttributes(spec, imported, cryptogramField+".KeyAttributes."); err != nil {
		return err
	}
	return k.storeArrival(ctx, in, out, func() (*arrival, error) {
		// Load and validate.
		t, err := k.loadToken(ctx, arm.ImportToken, MaterialKeyCryptogram, cryptogramField+".ImportToken")
		if err != nil {
			return nil, err
		}
		strong := func(moved *algorithm) error {
			return checkStrength(rsaStrength, t.alg, moved, cryptogramField+".ImportToken")
		}
		if err := strong(spec.alg); err != nil {
			return nil, err
		}
		if len(cryptogram) != t.alg.bits/8 {
			return nil, lengthError(cryptogramField+".WrappedKeyCryptogram", len(cryptogram), t.alg.bits/8)
		}
		return &arrival{
			field: cryptogramField + ".WrappedKeyCryptogram", usage: spec.usage, modes: spec.modes, candidates: []*algorithm{spec.alg},
			within: cryptogramField + ".KeyAttributes.", exportable: *arm.Exportable,
			participants: []keystore.Change{t.unchanged()}, through: t.id, strong: strong,
			refuse: func(err error) error {
				return k.openError(cryptogramField+".WrappedKeyCryptogram", wrappingHash(arm.WrappingSpec), err)
			},
			open: func(ctx context.Context, admit hsm.Admit) (hsm.Made, error) {
				return k.engine.hsm.ImportCryptogram(ctx, t.ref(), wrappingHash(arm.WrappingSpec), cryptogram, admit)
			},
		}, nil
	})
}

// openError tells why an RSA cryptogram did not open.
func (k *call) openError(field string, hash crypto.Hash, err error) error {
	if errors.Is(err, hsm.ErrInput) {
		return k.foldable(because(RuleOAEP, field, problemOAEP, "", fmt.Sprintf("RSA-OAEP with %s, MGF1 with %s and no label", hash, hash)))
	}
	return hsmError(err)
}

// missing refuses a request without a member that only the rest of it makes
// necessary.
func missing(field string) error {
	return invalid("A parameter is missing.", because(RuleRequired, field, problemMissing, "", ""))
}

func (k *call) exportCryptogram(ctx context.Context, in *ExportKeyInput, arm *ExportKeyCryptogram) (*WrappedKey, error) {
	// Load: both keys in one snapshot.
	keys, err := k.loadKeys(ctx, arm.CertificateAuthorityPublicKeyIdentifier, in.ExportKeyIdentifier)
	if err != nil {
		return nil, err
	}
	ca, d := &keys[0], &departure{field: cryptogramField, from: keys[1]}

	// Validate.
	if err := d.leave(in.ExportAttributes); err != nil {
		return nil, err
	}
	to, err := k.receiver(d, arm.WrappingKeyCertificate, ca)
	if err != nil {
		return nil, err
	}

	// HSM: the key is wrapped within the device.
	cryptogram, value, err := k.engine.hsm.ExportCryptogram(ctx, to.PublicKey.(*rsa.PublicKey), wrappingHash(arm.WrappingSpec), d.material(), d.check.method)
	if err != nil {
		return nil, hsmError(err)
	}
	return d.wrapped(ca, FormatKeyCryptogram, upperHexOf(cryptogram), value), nil
}
