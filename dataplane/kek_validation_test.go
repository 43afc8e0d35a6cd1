package dataplane_test

import (
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/engine"
)

// TestFlowOfTheAS2805Samples: node 1 validates the key-encryption key, node 2 answers with the same
// key; then PIN and MAC under keys that were exchanged under variants.
func TestFlowOfTheAS2805Samples(t *testing.T) {
	w := newWorld(t, nil)
	kek := w.key(
		t,
		&vectorKey{
			Hex:       "0123456789ABCDEFFEDCBA9876543210",
			Usage:     apc.KeyUsageTR31K0KeyEncryptionKey,
			Algorithm: apc.KeyAlgorithmTDES2Key,
		},
	)
	request, err := w.GenerateAs2805KekValidation(
		t.Context(),
		&dataplane.GenerateAs2805KekValidationInput{
			KeyIdentifier:            kek,
			RandomKeySendVariantMask: dataplane.RandomKeySendVariantMaskVariantMask82,
			KekValidationType: dataplane.As2805KekValidationType{
				KekValidationRequest: &dataplane.KekValidationRequest{DeriveKeyAlgorithm: apc.KeyAlgorithmTDES2Key},
			},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := w.GenerateAs2805KekValidation(
		t.Context(),
		&dataplane.GenerateAs2805KekValidationInput{
			KeyIdentifier:            kek,
			RandomKeySendVariantMask: dataplane.RandomKeySendVariantMaskVariantMask82,
			KekValidationType: dataplane.As2805KekValidationType{
				KekValidationResponse: &dataplane.KekValidationResponse{RandomKeySend: request.RandomKeySend},
			},
		},
	)
	if err != nil || answer.RandomKeyReceive != request.RandomKeyReceive || len(request.RandomKeySend) != 32 {
		t.Errorf("request %+v, answer %+v, %v", request.RandomKeyReceive, answer, err)
	}
	mak := created(t, w, apc.KeyUsageTR31M0ISO16609MACKey, apc.KeyClassSymmetricKey, apc.KeyAlgorithmTDES2Key)
	exported, err := w.ExportKey(
		t.Context(),
		&engine.ExportKeyInput{
			ExportKeyIdentifier: mak,
			KeyMaterial: engine.ExportKeyMaterial{As2805KeyCryptogram: &engine.ExportAs2805KeyCryptogram{
				As2805KeyVariant: apc.As2805KeyVariantMessageAuthenticationKeyVariant24, WrappingKeyIdentifier: kek}},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	imported, err := w.ImportKey(
		t.Context(),
		&engine.ImportKeyInput{KeyMaterial: engine.ImportKeyMaterial{As2805KeyCryptogram: &engine.ImportAs2805KeyCryptogram{
			As2805KeyVariant: apc.As2805KeyVariantMessageAuthenticationKeyVariant24,
			KeyModesOfUse:    apc.KeyModesOfUse{Generate: true, Verify: true}, KeyAlgorithm: apc.KeyAlgorithmTDES2Key,
			Exportable: new(true), WrappingKeyIdentifier: kek, WrappedKeyCryptogram: exported.WrappedKey.KeyMaterial}}},
	)
	if err != nil {
		t.Fatal(err)
	}
	attributes := dataplane.MacAttributes{Algorithm: new(dataplane.MacAlgorithmAS280541)}
	made, err := w.GenerateMac(
		t.Context(),
		&dataplane.GenerateMacInput{KeyIdentifier: mak, MessageData: "0011223344556677", GenerationAttributes: attributes},
	)
	if err != nil || len(made.Mac) != 8 {
		t.Fatalf("%+v, %v", made, err)
	}
	if _, err := w.VerifyMac(t.Context(), &dataplane.VerifyMacInput{KeyIdentifier: imported.Key.KeyArn, MessageData: "0011223344556677",
		VerificationAttributes: attributes, Mac: made.Mac}); err != nil {
		t.Error(err)
	}
}
