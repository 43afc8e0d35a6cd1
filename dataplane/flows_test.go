package dataplane_test

import (
	"bytes"
	"crypto/des"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/pin"
)

// What the service's sample programs do with the data plane, call by call.

// created is a key as a sample program creates it.
func created(t *testing.T, w *world, u apc.KeyUsage, class apc.KeyClass, a apc.KeyAlgorithm) string {
	t.Helper()
	key := vectorKey{Usage: u, Algorithm: a}
	out, err := w.CreateKey(t.Context(), &engine.CreateKeyInput{Exportable: new(true), KeyAttributes: key.attributes(class)})
	if err != nil {
		t.Fatal(err)
	}
	return out.Key.KeyArn
}

// TestFlowOfTheCVVSample: create a key, generate and verify CVV, CVV2, iCVV and the codes of
// American Express.
func TestFlowOfTheCVVSample(t *testing.T) {
	w := newWorld(t, nil)
	cvk := created(t, w, apc.KeyUsageTR31C0CardVerificationKey, apc.KeyClassSymmetricKey, apc.KeyAlgorithmTDES2Key)
	for name, a := range map[string]dataplane.CardGenerationAttributes{
		"CVV":   {CardVerificationValue1: &dataplane.CardVerificationValue1{CardExpiryDate: "0127", ServiceCode: "101"}},
		"CVV2":  {CardVerificationValue2: &dataplane.CardVerificationValue2{CardExpiryDate: "0127"}},
		"iCVV":  {CardVerificationValue1: &dataplane.CardVerificationValue1{CardExpiryDate: "0127", ServiceCode: "999"}},
		"CSC 1": {AmexCardSecurityCodeVersion1: &dataplane.AmexCardSecurityCodeVersion1{CardExpiryDate: "0127"}},
		"CSC 2": {AmexCardSecurityCodeVersion2: &dataplane.AmexCardSecurityCodeVersion2{CardExpiryDate: "0127", ServiceCode: "702"}},
	} {
		made, err := w.GenerateCardValidationData(
			t.Context(),
			&dataplane.GenerateCardValidationDataInput{
				KeyIdentifier:        cvk,
				PrimaryAccountNumber: "371449635398431",
				GenerationAttributes: a,
				ValidationDataLength: new(4),
			},
		)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		verify := &dataplane.VerifyCardValidationDataInput{
			KeyIdentifier:        cvk,
			PrimaryAccountNumber: "371449635398431",
			ValidationData:       made.ValidationData,
			VerificationAttributes: dataplane.CardVerificationAttributes{
				CardVerificationValue1:       a.CardVerificationValue1,
				CardVerificationValue2:       a.CardVerificationValue2,
				AmexCardSecurityCodeVersion1: a.AmexCardSecurityCodeVersion1,
				AmexCardSecurityCodeVersion2: a.AmexCardSecurityCodeVersion2,
			},
		}
		if _, err := w.VerifyCardValidationData(t.Context(), verify); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

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

// phone is the client of the ECDH sample: a key pair and a certificate that it signs itself.
type phone struct {
	private     *ecdsa.PrivateKey
	certificate string // base64 of PEM
}

func newPhone(t *testing.T, w *world) *phone {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "phone"},
		NotBefore:             worldTime.AddDate(-1, 0, 0),
		NotAfter:              worldTime.AddDate(10, 0, 0),
		BasicConstraintsValid: true,
		IsCA:                  true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageKeyAgreement,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	return &phone{private, base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}
}

// pek is the key that the phone derives: TDES_2KEY by the concatenation KDF with SHA-256.
func (p *phone) pek(t *testing.T, service string, info []byte) []byte {
	t.Helper()
	text, err := base64.StdEncoding.DecodeString(service)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := certificate.PublicKey.(*ecdsa.PublicKey).ECDH()
	if err != nil {
		t.Fatal(err)
	}
	ours, err := p.private.ECDH()
	if err != nil {
		t.Fatal(err)
	}
	secret, err := agree(ours, theirs)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(bytes.Join([][]byte{{0, 0, 0, 1}, secret, info}, nil))
	return sum[:16]
}

func agree(ours *ecdh.PrivateKey, theirs *ecdh.PublicKey) ([]byte, error) { return ours.ECDH(theirs) }

// TestFlowOfTheECDHSample: the holder chooses a PIN on a phone, which encrypts it under a key agreed on
// by ECDH; the service makes its PVV and translates it to the issuer's key, and verifies it.
func TestFlowOfTheECDHSample(t *testing.T) {
	w := newWorld(t, &engine.Options{Now: engine.NewClock(worldTime).Now})
	p := newPhone(t, w)
	ca := w.key(
		t,
		&vectorKey{
			Certificate: p.certificate,
			Usage:       apc.KeyUsageTR31S0AsymmetricKeyForDigitalSignature,
			Algorithm:   apc.KeyAlgorithmECCNISTP256,
		},
	)
	pvk := created(t, w, apc.KeyUsageTR31V2VisaPINVerificationKey, apc.KeyClassSymmetricKey, apc.KeyAlgorithmTDES2Key)
	pek := created(t, w, apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyClassSymmetricKey, apc.KeyAlgorithmTDES3Key)
	pair := created(
		t,
		w,
		apc.KeyUsageTR31K3AsymmetricKeyForKeyAgreement,
		apc.KeyClassAsymmetricKeyPair,
		apc.KeyAlgorithmECCNISTP256,
	) // without DeriveKeyUsage
	service, err := w.GetPublicKeyCertificate(t.Context(), &engine.GetPublicKeyCertificateInput{KeyIdentifier: pair})
	if err != nil {
		t.Fatal(err)
	}
	info := []byte("shared information")
	key := p.pek(t, service.KeyCertificate, info)
	cipher, err := des.NewTripleDESCipher(append(append([]byte(nil), key...), key[:8]...))
	if err != nil {
		t.Fatal(err)
	}
	chosen, err := pin.New("8264")
	if err != nil {
		t.Fatal(err)
	}
	block, err := pin.Encrypt(cipher, pin.ISO0, chosen, pan, nil)
	if err != nil {
		t.Fatal(err)
	}
	digits := strings.ToUpper(hex.EncodeToString(block))
	wrapped := &dataplane.WrappedKey{
		WrappedKeyMaterial: dataplane.WrappedKeyMaterial{DiffieHellmanSymmetricKey: &dataplane.EcdhDerivationAttributes{
			CertificateAuthorityPublicKeyIdentifier: ca, PublicKeyCertificate: p.certificate, KeyAlgorithm: apc.KeyAlgorithmTDES2Key,
			KeyDerivationFunction: apc.KeyDerivationFunctionNISTSP800, KeyDerivationHashAlgorithm: apc.KeyDerivationHashAlgorithmSHA256,
			SharedInformation: hex.EncodeToString(info)}},
	}
	made, err := w.GeneratePinData(
		t.Context(),
		&dataplane.GeneratePinDataInput{GenerationKeyIdentifier: pvk, EncryptionKeyIdentifier: pair, EncryptionWrappedKey: wrapped,
			PinBlockFormat: dataplane.PinBlockFormatForPinDataISOFormat0, PrimaryAccountNumber: new(pan),
			GenerationAttributes: dataplane.PinGenerationAttributes{
				VisaPinVerificationValue: &dataplane.VisaPinVerificationValue{EncryptedPinBlock: digits, PinVerificationKeyIndex: new(1)},
			}},
	)
	if err != nil {
		t.Fatal(err)
	}
	iso0 := dataplane.TranslationIsoFormats{IsoFormat0: &dataplane.TranslationPinDataIsoFormat034{PrimaryAccountNumber: pan}}
	out, err := w.TranslatePinData(
		t.Context(),
		&dataplane.TranslatePinDataInput{IncomingKeyIdentifier: pair, OutgoingKeyIdentifier: pek, IncomingWrappedKey: wrapped,
			EncryptedPinBlock: digits, IncomingTranslationAttributes: iso0, OutgoingTranslationAttributes: iso0},
	)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.VerifyPinData(
		t.Context(),
		&dataplane.VerifyPinDataInput{VerificationKeyIdentifier: pvk, EncryptionKeyIdentifier: pek, EncryptedPinBlock: out.PinBlock,
			PinBlockFormat: dataplane.PinBlockFormatForPinDataISOFormat0, PrimaryAccountNumber: new(pan),
			VerificationAttributes: dataplane.PinVerificationAttributes{
				VisaPin: &dataplane.VisaPinVerification{
					PinVerificationKeyIndex: new(1),
					VerificationValue:       *made.PinData.VerificationValue,
				},
			}},
	)
	if err != nil {
		t.Error(err)
	}
}

// TestKeyOfAnotherAccountIsUsedByItsPolicy, and without one it is refused like a key that is not there.
func TestKeyOfAnotherAccountIsUsedByItsPolicy(t *testing.T) {
	w := newWorld(t, nil)
	arn := w.key(t, &macKey)
	other := w.As(apc.Identity{Account: "444455556666"})
	if _, err := macOf(t, other, arn); refusalOf(t, err).Code != apc.ErrAccessDenied {
		t.Errorf("without a policy: %v", err)
	}
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":"payment-cryptography:GenerateMac","Resource":"*"}]}`
	if _, err := w.PutResourcePolicy(t.Context(), &engine.PutResourcePolicyInput{ResourceArn: arn, Policy: policy}); err != nil {
		t.Fatal(err)
	}
	if out, err := macOf(t, other, arn); err != nil || out.KeyArn != arn {
		t.Errorf("with a policy: %+v, %v", out, err)
	}
	_, err := other.VerifyMac(t.Context(), &dataplane.VerifyMacInput{KeyIdentifier: arn, MessageData: "00112233", Mac: "00000000",
		VerificationAttributes: dataplane.MacAttributes{Algorithm: new(dataplane.MacAlgorithmISO9797Algorithm3)}})
	if refusalOf(t, err).Code != apc.ErrAccessDenied {
		t.Errorf("another operation than the policy's: %v", err)
	}
}
