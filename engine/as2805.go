package engine

import (
	"context"
	"encoding/hex"
	"strings"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/keystore"
)

const as2805Field = "KeyMaterial.As2805KeyCryptogram"

// as2805Variants pairs each variant of AS 2805.6.1 with the usage it stands for
// and the mask of its key-encryption key (control-plane, section 11.9; the
// masks are those of the service's samples).
var as2805Variants = []struct {
	variant As2805KeyVariant
	usage   KeyUsage
	mask    hsm.Variant
}{
	{TerminalMajorKeyVariant00, TR31K0KeyEncryptionKey, hsm.Variant{}}, // no mask: GUESS
	{PINEncryptionKeyVariant28, TR31P0PINEncryptionKey, hsm.Variant{0x28, 0xC0}},
	{MessageAuthenticationKeyVariant24, TR31M0ISO16609MACKey, hsm.Variant{0x24, 0xC0}},
	{DataEncryptionKeyVariant22, TR31D0SymmetricDataEncryptionKey, hsm.Variant{0x22, 0xC0}},
}

func as2805Variant(v As2805KeyVariant) (KeyUsage, hsm.Variant) {
	for _, row := range as2805Variants {
		if row.variant == v {
			return row.usage, row.mask
		}
	}
	return "", hsm.Variant{} // the shape has been checked
}

func (k *call) importAS2805(ctx context.Context, in *ImportKeyInput, arm *ImportAs2805KeyCryptogram, out *key) error {
	// Parse: the request says what the cryptogram cannot.
	cryptogram, err := cryptogramBytes(as2805Field+".WrappedKeyCryptogram", arm.WrappedKeyCryptogram)
	if err != nil {
		return err
	}
	usage, mask := as2805Variant(arm.As2805KeyVariant)
	return k.storeArrival(ctx, in, out, func() (*arrival, error) {
		// Load and validate.
		var kek key
		if err := k.loadKey(ctx, arm.WrappingKeyIdentifier, &kek); err != nil {
			return nil, err
		}
		if err := checkAS2805Key(&kek, decrypt|unwrap); err != nil {
			return nil, err
		}
		alg := algorithmNamed(arm.KeyAlgorithm)
		if alg.letter != hsm.TDES { // in all that is published; GUESS for the rest
			return nil, attributeError(because(RuleKeyAlgorithm, as2805Field+".KeyAlgorithm", problemVariantAlgorithm, string(alg.name), "TDES_2KEY or TDES_3KEY"))
		}
		if len(cryptogram)*8 != alg.bits {
			return nil, lengthError(as2805Field+".WrappedKeyCryptogram", len(cryptogram), alg.bits/8)
		}
		return &arrival{
			field: as2805Field + ".WrappedKeyCryptogram", usage: usage, modes: arm.KeyModesOfUse.set(), candidates: []*algorithm{alg},
			within: as2805Field + ".", exportable: *arm.Exportable,
			participants: []keystore.Change{kek.unchanged()}, through: kek.arn.key, refuse: func(err error) error { return hsmError(err) },
			strong: func(moved *algorithm) error {
				return checkStrength(kekStrength, kek.attributes.alg, moved, as2805Field+".WrappingKeyIdentifier")
			},
			open: func(ctx context.Context, admit hsm.Admit) (hsm.Made, error) {
				return k.engine.hsm.ImportAS2805(ctx, kek.ref(), mask, cryptogram, admit)
			},
		}, nil
	})
}

// checkAS2805Key: the wrapping key is a TDES K0 key.
func checkAS2805Key(kek *key, need modes) error {
	const field = as2805Field + ".WrappingKeyIdentifier"
	if err := checkWrappingKey(kek, need, field); err != nil {
		return err
	}
	if kek.attributes.usage != TR31K0KeyEncryptionKey {
		return invalid("The wrapping key cannot be used to wrap keys.",
			because(RuleWrappingKeyUsage, field, problemWrappingUsage, string(kek.attributes.usage), string(TR31K0KeyEncryptionKey)))
	}
	if kek.attributes.alg.letter != hsm.TDES {
		return invalid("The wrapping key cannot be used to wrap keys.",
			because(RuleWrappingKeyAlgorithm, field, problemWrappingAlgorithm, string(kek.attributes.alg.name), "TDES_2KEY or TDES_3KEY"))
	}
	return nil
}

func (k *call) exportAS2805(ctx context.Context, in *ExportKeyInput, arm *ExportAs2805KeyCryptogram) (*WrappedKey, error) {
	// Load: both keys in one snapshot.
	keys, err := k.loadKeys(ctx, arm.WrappingKeyIdentifier, in.ExportKeyIdentifier)
	if err != nil {
		return nil, err
	}
	kek, d := &keys[0], &departure{field: as2805Field, from: keys[1]}

	// Validate.
	if err := checkAS2805Key(kek, encrypt|wrap); err != nil {
		return nil, err
	}
	if err := d.leave(in.ExportAttributes); err != nil {
		return nil, err
	}
	usage, mask := as2805Variant(arm.As2805KeyVariant)
	if d.ksn != nil {
		return nil, notInThisForm()
	}
	if d.as.usage != usage {
		return nil, invalid("The variant does not fit the key.", because(RuleAS2805Variant, as2805Field+".As2805KeyVariant", problemVariantUsage,
			string(arm.As2805KeyVariant)+" for "+string(d.as.usage), string(usage)+" for this variant"))
	}
	if d.as.alg.letter != hsm.TDES {
		return nil, attributeError(because(RuleKeyAlgorithm, exportField, problemVariantAlgorithm, string(d.as.alg.name), "TDES_2KEY or TDES_3KEY"))
	}
	if err := checkStrength(kekStrength, kek.attributes.alg, d.as.alg, as2805Field+".WrappingKeyIdentifier"); err != nil {
		return nil, err
	}

	// HSM: the key is wrapped within the device.
	cryptogram, value, err := k.engine.hsm.ExportAS2805(ctx, kek.ref(), mask, d.material(), d.check.method)
	if err != nil {
		return nil, hsmError(err)
	}
	return d.wrapped(kek, FormatKeyCryptogram, upperHexOf(cryptogram), value), nil
}

// notInThisForm refuses an initial key where it cannot be asked for (GUESS).
func notInThisForm() error {
	return invalid("The initial key cannot be exported in this form.",
		because(RuleExportForm, dukptField, problemInitialForm, "", "a TR-31 key block, a TR-34 key token or an RSA cryptogram"))
}

// cryptogramBytes reads a cryptogram, whose digits the shape has checked.
func cryptogramBytes(field, text string) ([]byte, error) {
	out, err := hex.DecodeString(text)
	if err != nil {
		return nil, invalid("The key material is invalid.", because(RuleHex, field, problemOddDigits, wording.Count(len(text), "digit"), "an even number"))
	}
	return out, nil
}

func lengthError(field string, found, wanted int) error {
	return invalid("The key material is invalid.",
		because(RuleCryptogramLength, field, problemCryptogramLength, wording.Bytes(found), wording.Bytes(wanted)))
}

func upperHexOf(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }
