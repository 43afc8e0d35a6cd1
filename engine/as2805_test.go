package engine_test

import (
	"crypto/cipher"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/kcv"
)

// zoneBytes is the key that keys are wrapped under.
const zoneBytes = "0123456789ABCDEFFEDCBA9876543210"

func TestAS2805KeysAreExchangedUnderTheirVariant(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	key := testrig.Hex("A1B2C3D4E5F60718293A4B5C6D7E8F90")
	kek := load(t, eng.Caller, attributes(apc.KeyUsageTR31K0KeyEncryptionKey, apc.KeyAlgorithmTDES2Key, cipherModes), zoneBytes)
	want, _ := kcv.TDES(key)
	for _, c := range []struct {
		variant apc.As2805KeyVariant
		mask    [2]byte
		usage   apc.KeyUsage
		modes   apc.KeyModesOfUse
	}{
		{apc.As2805KeyVariantTerminalMajorKeyVariant00, [2]byte{}, apc.KeyUsageTR31K0KeyEncryptionKey, cipherModes},
		{apc.As2805KeyVariantPINEncryptionKeyVariant28, [2]byte{0x28, 0xC0}, apc.KeyUsageTR31P0PINEncryptionKey, cipherModes},
		{apc.As2805KeyVariantMessageAuthenticationKeyVariant24, [2]byte{0x24, 0xC0}, apc.KeyUsageTR31M0ISO16609MACKey, macModes},
		{apc.As2805KeyVariantDataEncryptionKeyVariant22, [2]byte{0x22, 0xC0}, apc.KeyUsageTR31D0SymmetricDataEncryptionKey, cipherModes},
	} {
		masked := testrig.Hex(zoneBytes)
		for i := range masked {
			masked[i] ^= c.mask[i%2]
		}
		block := testrig.TDES(masked)
		wrapped := slices.Clone(key)
		cipher.NewCBCEncrypter(block, make([]byte, 8)).CryptBlocks(wrapped, wrapped)
		text := strings.ToUpper(hex.EncodeToString(wrapped))
		k, err := importMaterial(eng.Caller, engine.ImportKeyMaterial{As2805KeyCryptogram: &engine.ImportAs2805KeyCryptogram{
			As2805KeyVariant: c.variant, KeyModesOfUse: c.modes, KeyAlgorithm: apc.KeyAlgorithmTDES2Key, Exportable: new(true),
			WrappingKeyIdentifier: kek.KeyArn, WrappedKeyCryptogram: text}})
		if err != nil || k.KeyCheckValue != want || k.KeyAttributes.KeyUsage != c.usage {
			t.Fatalf("%s: imported as %+v, %v", c.variant, k, err)
		}
		out, err := eng.ExportKey(
			ctx,
			&engine.ExportKeyInput{
				ExportKeyIdentifier: k.KeyArn,
				KeyMaterial: engine.ExportKeyMaterial{As2805KeyCryptogram: &engine.ExportAs2805KeyCryptogram{
					WrappingKeyIdentifier: kek.KeyArn, As2805KeyVariant: c.variant}},
			},
		)
		if err != nil || out.WrappedKey.KeyMaterial != text ||
			out.WrappedKey.WrappedKeyMaterialFormat != apc.WrappedKeyMaterialFormatKeyCryptogram {
			t.Errorf("%s: exported %+v, %v, want %s", c.variant, out, err, text)
		}
	}
}

func TestAS2805ExportsThatDoNotFitAreRefused(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	kek := load(t, eng.Caller, attributes(apc.KeyUsageTR31K0KeyEncryptionKey, apc.KeyAlgorithmTDES2Key, cipherModes), zoneBytes)
	pin := create(t, eng.Caller, attributes(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmTDES2Key, cipherModes))
	bdk := create(t, eng.Caller, attributes(apc.KeyUsageTR31B0BaseDerivationKey, apc.KeyAlgorithmTDES2Key, deriveModes))
	k1 := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmTDES2Key))
	aes := create(t, eng.Caller, attributes(apc.KeyUsageTR31K0KeyEncryptionKey, apc.KeyAlgorithmAES128, cipherModes))
	three := create(t, eng.Caller, attributes(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmTDES3Key, cipherModes))
	for _, c := range []struct {
		what, key, kek string
		variant        apc.As2805KeyVariant
		rule           apc.Rule
	}{
		{"a PIN key as a data key", pin.KeyArn, kek.KeyArn, apc.As2805KeyVariantDataEncryptionKeyVariant22, "as2805-variant"},
		{"a base derivation key", bdk.KeyArn, kek.KeyArn, apc.As2805KeyVariantPINEncryptionKeyVariant28, "as2805-variant"},
		{"under K1", pin.KeyArn, k1.KeyArn, apc.As2805KeyVariantPINEncryptionKeyVariant28, "wrapping-key-usage"},
		{"under AES", pin.KeyArn, aes.KeyArn, apc.As2805KeyVariantPINEncryptionKeyVariant28, "wrapping-key-algorithm"},
		{"TDES_3KEY under TDES_2KEY", three.KeyArn, kek.KeyArn, apc.As2805KeyVariantPINEncryptionKeyVariant28, "wrapping-strength"},
	} {
		_, err := eng.ExportKey(
			ctx,
			&engine.ExportKeyInput{
				ExportKeyIdentifier: c.key,
				KeyMaterial: engine.ExportKeyMaterial{As2805KeyCryptogram: &engine.ExportAs2805KeyCryptogram{
					WrappingKeyIdentifier: c.kek, As2805KeyVariant: c.variant}},
			},
		)
		refused(t, c.what, err, apc.ErrValidation, c.rule)
	}
}

func TestAS2805ImportsThatDoNotFitAreRefused(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	kek := load(t, eng.Caller, attributes(apc.KeyUsageTR31K0KeyEncryptionKey, apc.KeyAlgorithmTDES2Key, cipherModes), zoneBytes)
	for what, c := range map[string]struct {
		a    apc.KeyAlgorithm
		m    apc.KeyModesOfUse
		rule apc.Rule
	}{
		"an AES key":                     {apc.KeyAlgorithmAES128, cipherModes, "key-algorithm"},
		"stronger than the wrapping key": {apc.KeyAlgorithmTDES3Key, cipherModes, "wrapping-strength"},
		"with other modes":               {apc.KeyAlgorithmTDES2Key, macModes, "key-modes-of-use"},
	} {
		_, err := importMaterial(eng.Caller, engine.ImportKeyMaterial{As2805KeyCryptogram: &engine.ImportAs2805KeyCryptogram{
			As2805KeyVariant: apc.As2805KeyVariantPINEncryptionKeyVariant28, KeyModesOfUse: c.m, KeyAlgorithm: c.a, Exportable: new(true),
			WrappingKeyIdentifier: kek.KeyArn, WrappedKeyCryptogram: strings.Repeat("0", 32)}})
		refused(t, what, err, apc.ErrValidation, c.rule)
	}
	_, err := importMaterial(eng.Caller, engine.ImportKeyMaterial{As2805KeyCryptogram: &engine.ImportAs2805KeyCryptogram{
		As2805KeyVariant: apc.As2805KeyVariantPINEncryptionKeyVariant28, KeyModesOfUse: cipherModes, KeyAlgorithm: apc.KeyAlgorithmTDES2Key,
		Exportable: new(true), WrappingKeyIdentifier: kek.KeyArn, WrappedKeyCryptogram: strings.Repeat("0", 48)}})
	refused(t, "of another length", err, apc.ErrValidation, apc.RuleCryptogramLength)
}
