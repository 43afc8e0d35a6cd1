package dataplane_test

import (
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
)

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
