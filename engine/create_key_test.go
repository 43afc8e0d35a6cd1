package engine_test

import (
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

// What is wrong with attributes says which would have been right.
func TestRefusedAttributesSayWhichFit(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	good := func() *engine.CreateKeyInput {
		return &engine.CreateKeyInput{
			KeyAttributes: attributes(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmTDES3Key, cipherModes),
			Exportable:    new(true),
		}
	}
	for _, c := range []struct {
		change func(*engine.CreateKeyInput)
		want   string
	}{
		{func(in *engine.CreateKeyInput) { in.Exportable = nil }, "Exportable: the member is missing"},
		{func(in *engine.CreateKeyInput) { in.KeyAttributes.KeyClass = "SYMMETRIC" },
			`KeyAttributes.KeyClass: the value is not one of those allowed: found "SYMMETRIC", ` +
				`wanted SYMMETRIC_KEY, ASYMMETRIC_KEY_PAIR, PRIVATE_KEY or PUBLIC_KEY`},
		{func(in *engine.CreateKeyInput) { in.KeyAttributes.KeyAlgorithm = apc.KeyAlgorithmRSA2048 },
			"KeyAttributes.KeyAlgorithm: the key usage does not allow this algorithm: found RSA_2048, wanted TDES_2KEY, TDES_3KEY, AES_128, " +
				"AES_192 or AES_256 for TR31_P0_PIN_ENCRYPTION_KEY"},
		{func(in *engine.CreateKeyInput) { in.KeyAttributes.KeyModesOfUse = macModes },
			"KeyAttributes.KeyModesOfUse: the key usage and the algorithm do not allow these modes of use: found {Generate, Verify}, wanted " +
				"{Encrypt, Decrypt, Wrap, Unwrap}, {Encrypt, Wrap}, {Decrypt, Unwrap} or {NoRestrictions} for TR31_P0_PIN_ENCRYPTION_KEY of TDES_3KEY"},
		{func(in *engine.CreateKeyInput) { in.KeyCheckValueAlgorithm = new(apc.KeyCheckValueAlgorithmHMAC) },
			"KeyCheckValueAlgorithm: keys of this algorithm have no check value of this kind: found HMAC, wanted ANSI_X9_24 or CMAC"},
		{func(in *engine.CreateKeyInput) { in.DeriveKeyUsage = new(apc.KeyUsageTR31K1KeyBlockProtectionKey) },
			"DeriveKeyUsage: only a key pair of usage TR31_K3_ASYMMETRIC_KEY_FOR_KEY_AGREEMENT has a DeriveKeyUsage: found " +
				"TR31_K1_KEY_BLOCK_PROTECTION_KEY, wanted none for TR31_P0_PIN_ENCRYPTION_KEY"},
		{func(in *engine.CreateKeyInput) { in.Tags = []apc.Tag{{Key: strings.Repeat("k", 129)}} },
			"Tags[0].Key: the value is too long: found 129 characters, wanted at most 128 characters"},
	} {
		in := good()
		c.change(in)
		_, err := eng.CreateKey(ctx, in)
		if got := sentence(t, err); got != c.want {
			t.Errorf("CreateKey:\n got %s\nwant %s", got, c.want)
		}
	}
}
