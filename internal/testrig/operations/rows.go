package operations

import (
	"bytes"
	"context"
	"slices"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/tdes"
	"github.com/seed748fb4d1/apcsim/internal/testrig/floors"
	"github.com/seed748fb4d1/apcsim/pin"
)

const (
	pan    = "4123456789012345"
	serial = "FFFF9876543210E00003"
)

var (
	message = bytes.Repeat([]byte("16 bytes of text"), 128)

	both      = apc.KeyModesOfUse{Encrypt: true, Decrypt: true, Wrap: true, Unwrap: true}
	generates = apc.KeyModesOfUse{Generate: true, Verify: true}
	derives   = apc.KeyModesOfUse{DeriveKey: true}

	dataKey = key(apc.KeyUsageTR31D0SymmetricDataEncryptionKey, apc.KeyAlgorithmAES128, both)
	macKey  = key(apc.KeyUsageTR31M6ISO97975CMACKey, apc.KeyAlgorithmAES128, generates)
	cvk     = key(apc.KeyUsageTR31C0CardVerificationKey, apc.KeyAlgorithmTDES2Key, generates)
	pek     = key(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmTDES2Key, both)
	longPEK = key(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmTDES3Key, both)
	pvk     = key(apc.KeyUsageTR31V2VisaPINVerificationKey, apc.KeyAlgorithmTDES2Key, generates)
	issuer  = key(apc.KeyUsageTR31E0EMVMKeyAppCryptograms, apc.KeyAlgorithmTDES2Key, derives)
	bdk     = key(apc.KeyUsageTR31B0BaseDerivationKey, apc.KeyAlgorithmTDES2Key, derives)

	cbc     = dataplane.SymmetricEncryptionAttributes{Mode: dataplane.EncryptionModeCBC}
	cmac    = dataplane.MacAttributes{Algorithm: new(dataplane.MacAlgorithmCMAC)}
	iso0    = dataplane.TranslationIsoFormats{IsoFormat0: &dataplane.TranslationPinDataIsoFormat034{PrimaryAccountNumber: pan}}
	session = dataplane.SessionKeyDerivation{EmvCommon: &dataplane.SessionKeyEmvCommon{
		PrimaryAccountNumber: pan, PanSequenceNumber: "00", ApplicationTransactionCounter: "0001"}}
)

func key(u apc.KeyUsage, a apc.KeyAlgorithm, m apc.KeyModesOfUse) apc.KeyAttributes {
	return apc.KeyAttributes{KeyUsage: u, KeyClass: apc.KeyClassSymmetricKey, KeyAlgorithm: a, KeyModesOfUse: m}
}

// All are operations of each kind.
func All() []Operation { return slices.Concat(data(), macs(), cards(), pins()) }

func data() []Operation {
	encrypt := func(size int) func(context.Context, *engine.Engine, []string) *dataplane.EncryptDataInput {
		return func(_ context.Context, _ *engine.Engine, arns []string) *dataplane.EncryptDataInput {
			return &dataplane.EncryptDataInput{KeyIdentifier: arns[0], PlainText: upper(message[:size]),
				EncryptionAttributes: dataplane.EncryptionDecryptionAttributes{Symmetric: &cbc}}
		}
	}
	keys := []apc.KeyAttributes{dataKey}
	return []Operation{
		row("EncryptData, 16 bytes", "Encrypt CBC, 16 bytes", "/keys/*/encrypt", keys, (*engine.Engine).EncryptData, encrypt(16)),
		row("EncryptData, 2048 bytes", "Encrypt CBC, 2048 bytes", "/keys/*/encrypt", keys, (*engine.Engine).EncryptData, encrypt(2048)),
		row("ReEncryptData, DUKPT", "ReEncrypt CBC, 48 bytes, DUKPT TDES", "/keys/*/reencrypt", []apc.KeyAttributes{bdk, dataKey},
			(*engine.Engine).ReEncryptData,
			func(_ context.Context, _ *engine.Engine, arns []string) *dataplane.ReEncryptDataInput {
				return &dataplane.ReEncryptDataInput{
					IncomingKeyIdentifier: arns[0],
					OutgoingKeyIdentifier: arns[1],
					CipherText:            upper(message[:48]),
					IncomingEncryptionAttributes: dataplane.ReEncryptionAttributes{Dukpt: &dataplane.DukptEncryptionAttributes{
						KeySerialNumber: serial, DukptKeyVariant: new(dataplane.DukptKeyVariantRequest)}},
					OutgoingEncryptionAttributes: dataplane.ReEncryptionAttributes{Symmetric: &cbc},
				}
			}),
	}
}

func macs() []Operation {
	generate := func(_ context.Context, _ *engine.Engine, arns []string) *dataplane.GenerateMacInput {
		return &dataplane.GenerateMacInput{KeyIdentifier: arns[0], MessageData: upper(message[:48]), GenerationAttributes: cmac}
	}
	keys := []apc.KeyAttributes{macKey}
	return []Operation{
		row("GenerateMac", "CMAC, AES", "/mac/generate", keys, (*engine.Engine).GenerateMac, generate),
		row("VerifyMac", "CMAC, AES", "/mac/verify", keys, (*engine.Engine).VerifyMac,
			func(ctx context.Context, e *engine.Engine, arns []string) *dataplane.VerifyMacInput {
				made := floors.Sure(e.GenerateMac(ctx, generate(ctx, e, arns)))
				return &dataplane.VerifyMacInput{KeyIdentifier: arns[0], MessageData: upper(message[:48]), Mac: made.Mac,
					VerificationAttributes: cmac}
			}),
	}
}

func cards() []Operation {
	ask := func(_ context.Context, _ *engine.Engine, arns []string) *dataplane.GenerateAuthRequestCryptogramInput {
		return &dataplane.GenerateAuthRequestCryptogramInput{KeyIdentifier: arns[0], TransactionData: upper(message[:48]),
			MajorKeyDerivationMode: dataplane.MajorKeyDerivationModeEMVOptionA, SessionKeyDerivationAttributes: session}
	}
	return []Operation{
		row("GenerateCardValidationData", "CardValue CVV", "/cardvalidationdata/generate", []apc.KeyAttributes{cvk},
			(*engine.Engine).GenerateCardValidationData,
			func(_ context.Context, _ *engine.Engine, arns []string) *dataplane.GenerateCardValidationDataInput {
				return &dataplane.GenerateCardValidationDataInput{
					KeyIdentifier:        arns[0],
					PrimaryAccountNumber: pan,
					GenerationAttributes: dataplane.CardGenerationAttributes{
						CardVerificationValue1: &dataplane.CardVerificationValue1{CardExpiryDate: "2712", ServiceCode: "101"}},
				}
			}),
		row("GenerateAuthRequestCryptogram", "ARQC", "/cryptogram/generate", []apc.KeyAttributes{issuer},
			(*engine.Engine).GenerateAuthRequestCryptogram, ask),
		row("VerifyAuthRequestCryptogram", "VerifyARQC, with an ARPC", "/cryptogram/verify", []apc.KeyAttributes{issuer},
			(*engine.Engine).VerifyAuthRequestCryptogram,
			func(ctx context.Context, e *engine.Engine, arns []string) *dataplane.VerifyAuthRequestCryptogramInput {
				in := ask(ctx, e, arns)
				return &dataplane.VerifyAuthRequestCryptogramInput{
					KeyIdentifier:                  in.KeyIdentifier,
					TransactionData:                in.TransactionData,
					AuthRequestCryptogram:          floors.Sure(e.GenerateAuthRequestCryptogram(ctx, in)).AuthRequestCryptogram,
					MajorKeyDerivationMode:         in.MajorKeyDerivationMode,
					SessionKeyDerivationAttributes: in.SessionKeyDerivationAttributes,
					AuthResponseAttributes: &dataplane.CryptogramAuthResponse{
						ArpcMethod1: &dataplane.CryptogramVerificationArpcMethod1{AuthResponseCode: "0000"}},
				}
			}),
	}
}

func pins() []Operation {
	generate := func(_ context.Context, _ *engine.Engine, arns []string) *dataplane.GeneratePinDataInput {
		return &dataplane.GeneratePinDataInput{
			GenerationKeyIdentifier: arns[1],
			EncryptionKeyIdentifier: arns[0],
			GenerationAttributes:    dataplane.PinGenerationAttributes{VisaPin: &dataplane.VisaPin{PinVerificationKeyIndex: new(1)}},
			PrimaryAccountNumber:    new(pan),
			PinBlockFormat:          dataplane.PinBlockFormatForPinDataISOFormat0,
		}
	}
	keys := []apc.KeyAttributes{pek, pvk}
	return []Operation{
		row("GeneratePinData", "GeneratePVV", "/pindata/generate", keys, (*engine.Engine).GeneratePinData, generate),
		row("VerifyPinData", "VerifyPVV", "/pindata/verify", keys, (*engine.Engine).VerifyPinData,
			func(ctx context.Context, e *engine.Engine, arns []string) *dataplane.VerifyPinDataInput {
				made := floors.Sure(e.GeneratePinData(ctx, generate(ctx, e, arns)))
				return &dataplane.VerifyPinDataInput{
					VerificationKeyIdentifier: arns[1],
					EncryptionKeyIdentifier:   arns[0],
					VerificationAttributes: dataplane.PinVerificationAttributes{VisaPin: &dataplane.VisaPinVerification{
						PinVerificationKeyIndex: new(1), VerificationValue: *made.PinData.VerificationValue}},
					EncryptedPinBlock:    made.EncryptedPinBlock,
					PrimaryAccountNumber: new(pan),
					PinBlockFormat:       dataplane.PinBlockFormatForPinDataISOFormat0,
				}
			}),
		row("TranslatePinData", "TranslatePIN 0 to 0", "/pindata/translate", []apc.KeyAttributes{pek, longPEK},
			(*engine.Engine).TranslatePinData,
			func(_ context.Context, _ *engine.Engine, arns []string) *dataplane.TranslatePinDataInput {
				block := floors.Sure(tdes.NewCipher(clearKey(pek)))
				return &dataplane.TranslatePinDataInput{
					IncomingKeyIdentifier:         arns[0],
					OutgoingKeyIdentifier:         arns[1],
					IncomingTranslationAttributes: iso0,
					OutgoingTranslationAttributes: iso0,
					EncryptedPinBlock:             upper(floors.Sure(pin.Encrypt(block, pin.ISO0, floors.Sure(pin.New("1234")), pan, nil))),
				}
			}),
	}
}
