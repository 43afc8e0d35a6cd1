package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
)

const as2805Field = "KeyMaterial.As2805KeyCryptogram"

// as2805Variants are the variants of AS 2805.6.1, each with the usage of its keys and the mask of the
// key-encryption key (control-plane, section 11.9; the
// masks are those of the service's samples).
var as2805Variants = []struct {
	variant apc.As2805KeyVariant
	usage   apc.KeyUsage
	mask    hsm.Variant
}{
	{apc.As2805KeyVariantTerminalMajorKeyVariant00, core.UsageK0, hsm.Variant{}}, // no mask: GUESS G-as2805-variant-00
	{apc.As2805KeyVariantPINEncryptionKeyVariant28, core.UsageP0, hsm.Variant{0x28, 0xC0}},
	{apc.As2805KeyVariantMessageAuthenticationKeyVariant24, core.UsageM0, hsm.Variant{0x24, 0xC0}},
	{apc.As2805KeyVariantDataEncryptionKeyVariant22, core.UsageD0, hsm.Variant{0x22, 0xC0}},
}

func as2805Variant(v apc.As2805KeyVariant) (apc.KeyUsage, hsm.Variant) {
	for _, row := range as2805Variants {
		if row.variant == v {
			return row.usage, row.mask
		}
	}
	return "", hsm.Variant{} // the shape has been checked
}

// importAS2805 imports an AS 2805.6.1 cryptogram under a variant of a key encryption key.
func importAS2805(ctx context.Context, c *core.Call, m *ImportAs2805KeyCryptogram, p *importPlan) error {
	// Load and check: the wrapping key, and what the request says because the cryptogram cannot.
	const kekField = as2805Field + ".WrappingKeyIdentifier"
	p.field = as2805Field + ".WrappedKeyCryptogram"
	var kek core.Key
	if err := c.Key(ctx, core.Need{Field: kekField, Identifier: m.WrappingKeyIdentifier, Rules: as2805ImportRules}, &kek); err != nil {
		return err
	}
	usage, mask := as2805Variant(m.As2805KeyVariant)
	alg := core.AlgorithmNamed(m.KeyAlgorithm)
	if alg.Letter != hsm.TDES { // in all that is published; GUESS G-as2805-algorithm for the rest
		return attributeError(
			core.Because(apc.RuleKeyAlgorithm, as2805Field+".KeyAlgorithm", core.ProblemVariantAlgorithm,
				string(alg.Name), "TDES_2KEY or TDES_3KEY"),
		)
	}
	if err := p.declare(core.Attributes{Usage: usage, Alg: alg, Modes: core.ModesOf(m.KeyModesOfUse)}, as2805Field+".",
		*m.Exportable); err != nil {
		return err
	}
	err := p.wrappedUnder(kek.Unchanged(), strength{table: kekStrength, by: kek.Attributes.Alg, field: kekField})
	if err != nil {
		return err
	}
	cryptogram, err := cryptogramBytes(p.field, m.WrappedKeyCryptogram, alg.Bits/8)
	if err != nil {
		return err
	}
	// HSM: the only step that handles key material.
	made, err := c.Cloud.HSM.ImportAS2805(ctx, kek.Ref(), mask, cryptogram, p.admit)
	if err != nil {
		return core.HSMError(err)
	}
	p.key.SetMaterial(&made)
	return nil
}

// exportAS2805 exports a key as a cryptogram under a variant of a key encryption key.
func exportAS2805(ctx context.Context, c *core.Call, in *ExportKeyInput, m *ExportAs2805KeyCryptogram) (*WrappedKey, error) {
	// Load and check: both keys in one snapshot.
	const kekField = as2805Field + ".WrappingKeyIdentifier"
	keys, err := c.Keys(
		ctx,
		core.Need{Field: kekField, Identifier: m.WrappingKeyIdentifier, Rules: as2805ExportRules},
		core.Need{Field: exportField, Identifier: in.ExportKeyIdentifier, Rules: exportRules},
	)
	if err != nil {
		return nil, err
	}
	kek, key := &keys[0], &keys[1]
	p, err := planExport(key, as2805Field, in.ExportAttributes)
	if err != nil {
		return nil, err
	}
	usage, mask := as2805Variant(m.As2805KeyVariant)
	if p.ksn != nil {
		return nil, notInThisForm()
	}
	if p.as.Usage != usage { // GUESS G-as2805-usage
		return nil, core.Invalid(
			"The variant does not fit the key.",
			core.Because(apc.RuleAS2805Variant, as2805Field+".As2805KeyVariant", core.ProblemVariantUsage,
				string(m.As2805KeyVariant)+" for "+string(p.as.Usage), string(usage)+" for this variant"),
		)
	}
	if p.as.Alg.Letter != hsm.TDES {
		return nil, attributeError(
			core.Because(apc.RuleKeyAlgorithm, exportField, core.ProblemVariantAlgorithm, string(p.as.Alg.Name),
				"TDES_2KEY or TDES_3KEY"),
		)
	}
	if err := checkStrength(kekStrength, kek.Attributes.Alg, p.as.Alg, kekField); err != nil {
		return nil, err
	}
	// HSM: the only step that handles key material.
	cryptogram, value, err := c.Cloud.HSM.ExportAS2805(ctx, kek.Ref(), mask, p.material(), p.check.Method)
	if err != nil {
		return nil, core.HSMError(err)
	}
	return p.wrapped(kek, apc.WrappedKeyMaterialFormatKeyCryptogram, hexText(cryptogram), value), nil // GUESS G-as2805-prefix: none
}

// notInThisForm refuses an initial key where it cannot be asked for (GUESS G-initial-key-form).
func notInThisForm() error {
	return core.Invalid(
		"The initial key cannot be exported in this form.",
		core.Because(apc.RuleExportForm, dukptField, core.ProblemInitialForm, "",
			"a TR-31 key block, a TR-34 key token or an RSA cryptogram"),
	)
}
