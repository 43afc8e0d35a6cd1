package enginetest_test

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/enginetest"
)

const account = "4111111111111111"

func verifyPIN(
	s *enginetest.Sim,
	x *enginetest.Terminal,
	i *enginetest.Issuer,
	algorithm apc.KeyAlgorithm,
	format dataplane.PinBlockFormatForPinData,
	block, pvv string,
) error {
	_, err := s.VerifyPinData(
		ctx,
		&dataplane.VerifyPinDataInput{VerificationKeyIdentifier: i.PVK, EncryptionKeyIdentifier: x.BDK, EncryptedPinBlock: block,
			PrimaryAccountNumber: new(
				account,
			), PinBlockFormat: format, DukptAttributes: &dataplane.DukptAttributes{KeySerialNumber: x.KSN(), DukptDerivationType: algorithm},
			VerificationAttributes: dataplane.PinVerificationAttributes{
				VisaPin: &dataplane.VisaPinVerification{PinVerificationKeyIndex: new(1), VerificationValue: pvv},
			}},
	)
	return err
}

// TestServiceVerifiesWhatATerminalSends: PIN blocks and MACs of five transactions, TDES and AES.
func TestServiceVerifiesWhatATerminalSends(t *testing.T) {
	for _, k := range []struct {
		kind      enginetest.KeyKind
		algorithm apc.KeyAlgorithm
		format    dataplane.PinBlockFormatForPinData
	}{{enginetest.B0TDES2, apc.KeyAlgorithmTDES2Key, dataplane.PinBlockFormatForPinDataISOFormat0},
		{enginetest.B0AES128, apc.KeyAlgorithmAES128, dataplane.PinBlockFormatForPinDataISOFormat4}} {
		s := enginetest.New(t, nil)
		p := s.Partner(t, "Acquirer")
		x, i := p.Terminal(k.kind, ""), p.Issuer("", "")
		for range 5 {
			block, pvv := x.PINBlock(account, "2468"), i.PVV(account, "2468", 1)
			if err := verifyPIN(s, x, i, k.algorithm, k.format, block, pvv); err != nil {
				t.Errorf("%s, transaction %s: %v", k.kind, x.KSN(), err)
			}
			message := []byte("amount 00012.50 ") // whole blocks, as the service takes them
			by := &dataplane.MacAlgorithmDukpt{
				KeySerialNumber:     x.KSN(),
				DukptKeyVariant:     dataplane.DukptKeyVariantRequest,
				DukptDerivationType: &k.algorithm,
			}
			attributes := dataplane.MacAttributes{DukptIso9797Algorithm3: by}
			if k.kind != enginetest.B0TDES2 {
				attributes = dataplane.MacAttributes{DukptCmac: by}
			}
			if _, err := s.VerifyMac(ctx, &dataplane.VerifyMacInput{KeyIdentifier: x.BDK,
				MessageData: strings.ToUpper(hex.EncodeToString(message)), Mac: x.MAC(message)[:8],
				MacLength: new(4), VerificationAttributes: attributes}); err != nil {
				t.Errorf("%s, transaction %s: %v", k.kind, x.KSN(), err)
			}
			x.Next()
			if err := verifyPIN(s, x, i, k.algorithm, k.format, block, pvv); err == nil {
				t.Errorf("%s: the PIN block of the last transaction is taken under %s", k.kind, x.KSN())
			}
		}
	}
}

// TestDataPlaneHasItsOwnExceptions: it has no ServiceUnavailableException.
func TestDataPlaneHasItsOwnExceptions(t *testing.T) {
	s := enginetest.New(t, nil)
	k := s.Key(t, enginetest.D0AES128)
	for effect, want := range map[enginetest.Effect]apc.Code{enginetest.Unavailable: apc.ErrInternalServer,
		enginetest.Throttled: apc.ErrThrottling} {
		s.Arm(enginetest.Fault{Operation: "EncryptData", Effect: effect})
		_, err := s.EncryptData(ctx, &dataplane.EncryptDataInput{KeyIdentifier: k.KeyArn, PlainText: "00112233445566778899AABBCCDDEEFF",
			EncryptionAttributes: dataplane.EncryptionDecryptionAttributes{
				Symmetric: &dataplane.SymmetricEncryptionAttributes{Mode: dataplane.EncryptionModeECB},
			}})
		if !errors.Is(err, want) {
			t.Errorf("%v: got %v, want %s", effect, err, want)
		}
	}
	for _, c := range s.Journal() {
		if strings.Contains(c.String(), "00112233") {
			t.Errorf("the journal shows the plain text: %v", c)
		}
	}
}
