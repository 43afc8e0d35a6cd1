package dataplane_test

import (
	"bytes"
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
	"github.com/seed748fb4d1/apcsim/internal/testrig"
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
	theirs, err := testrig.Certificate(t, service).PublicKey.(*ecdsa.PublicKey).ECDH()
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
	pair := created(t, w, apc.KeyUsageTR31K3AsymmetricKeyForKeyAgreement, apc.KeyClassAsymmetricKeyPair,
		apc.KeyAlgorithmECCNISTP256) // without DeriveKeyUsage
	service, err := w.GetPublicKeyCertificate(t.Context(), &engine.GetPublicKeyCertificateInput{KeyIdentifier: pair})
	if err != nil {
		t.Fatal(err)
	}
	info := []byte("shared information")
	key := p.pek(t, service.KeyCertificate, info)
	cipher := testrig.TDES(key)
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
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
		`"Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":"payment-cryptography:GenerateMac","Resource":"*"}]}`
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
