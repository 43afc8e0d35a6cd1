package enginetest_test

import (
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/cvv"
	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest"
	"github.com/seed748fb4d1/apcsim/pin"
)

// TestIssuersCVVIsThePublishedOne: the example that most implementations print.
func TestIssuersCVVIsThePublishedOne(t *testing.T) {
	i := enginetest.New(t, nil).Partner(t, "Issuer").Issuer("", publishedKey)
	if got := i.CVV("4123456789012345", "8701", "101"); got != "561" {
		t.Errorf("CVV: got %s, want 561", got)
	}
	if a, b := i.PVV("4123456789012345", "1234", 1), i.PVV("4123456789012345", "1235", 1); len(a) != 4 || a == b {
		t.Errorf("PVVs of two PINs: %s and %s", a, b)
	}
}

// another is a value whose first digit is the next one.
func another(v string) string { return string('0'+(v[0]-'0'+1)%10) + v[1:] }

// TestServiceVerifiesTheIssuersCardValues: the whole family.
func TestServiceVerifiesTheIssuersCardValues(t *testing.T) {
	s := enginetest.New(t, nil)
	i := s.Partner(t, "Issuer").Issuer("", "")
	x := enginetest.Transaction{Account: account, Sequence: "00", ATC: "001A"}
	const track = "4111111111111111D29121010000000000000F"
	type how = dataplane.CardVerificationAttributes
	for _, v := range []struct {
		name, key, value string
		how              how
	}{
		{"CVV", i.CVK, i.CVV(account, "2912", "101"),
			how{CardVerificationValue1: &dataplane.CardVerificationValue1{CardExpiryDate: "2912", ServiceCode: "101"}}},
		{"iCVV", i.CVK, i.CVV(account, "2912", cvv.ICVVCode),
			how{CardVerificationValue1: &dataplane.CardVerificationValue1{CardExpiryDate: "2912", ServiceCode: "999"}}},
		{"CVV2", i.CVK, i.CVV(account, "1229", cvv.CVV2Code),
			how{CardVerificationValue2: &dataplane.CardVerificationValue2{CardExpiryDate: "1229"}}},
		{"CSC 1", i.CVK, i.CSC(account, "2912", "").Four,
			how{AmexCardSecurityCodeVersion1: &dataplane.AmexCardSecurityCodeVersion1{CardExpiryDate: "2912"}}},
		{"CSC 2", i.CVK, i.CSC(account, "2912", "702").Five,
			how{AmexCardSecurityCodeVersion2: &dataplane.AmexCardSecurityCodeVersion2{CardExpiryDate: "2912", ServiceCode: "702"}}},
		{"dCVV", i.Key(enginetest.E6TDES2), i.DynamicCVV(x, "2912", "101"),
			how{DynamicCardVerificationValue: &dataplane.DynamicCardVerificationValue{PanSequenceNumber: "00", CardExpiryDate: "2912",
				ServiceCode: "101", ApplicationTransactionCounter: x.ATC}}},
		{"CVC3", i.Key(enginetest.E4TDES2), i.CVC3(x, track, "00000899"),
			how{DynamicCardVerificationCode: &dataplane.DynamicCardVerificationCode{PanSequenceNumber: "00", UnpredictableNumber: "00000899",
				TrackData: track, ApplicationTransactionCounter: x.ATC}}},
	} {
		in := &dataplane.VerifyCardValidationDataInput{KeyIdentifier: v.key, PrimaryAccountNumber: account,
			ValidationData: v.value, VerificationAttributes: v.how}
		if _, err := s.VerifyCardValidationData(ctx, in); err != nil {
			t.Errorf("%s %s: %v", v.name, v.value, err)
		}
		in.ValidationData = another(v.value)
		if _, err := s.VerifyCardValidationData(ctx, in); err == nil {
			t.Errorf("%s %s is taken, the right one is %s", v.name, in.ValidationData, v.value)
		}
	}
}

func TestServiceVerifiesTheIssuersOffset(t *testing.T) {
	s := enginetest.New(t, nil)
	i := s.Partner(t, "Issuer").Issuer("", "")
	m := &pin.IBM3624{Table: "0123456789012345", ValidationData: account[:15], Pad: 'F'}
	offset := i.Offset(m, "2468")
	verify := func(offset string) error {
		_, err := s.VerifyPinData(ctx, &dataplane.VerifyPinDataInput{VerificationKeyIdentifier: i.Key(enginetest.V1TDES2),
			EncryptionKeyIdentifier: i.Key(enginetest.P0TDES2), EncryptedPinBlock: i.PINBlock(account, "2468"),
			PrimaryAccountNumber: new(account), PinBlockFormat: dataplane.PinBlockFormatForPinDataISOFormat0,
			VerificationAttributes: dataplane.PinVerificationAttributes{Ibm3624Pin: &dataplane.Ibm3624PinVerification{
				DecimalizationTable: m.Table, PinValidationData: m.ValidationData, PinValidationDataPadCharacter: string(m.Pad), PinOffset: offset,
			}}})
		return err
	}
	if err := verify(offset); err != nil {
		t.Errorf("offset %s: %v", offset, err)
	}
	if verify(another(offset)) == nil {
		t.Errorf("offset %s is taken, the right one is %s", another(offset), offset)
	}
}

func TestIssuerHidesWhatItComputesFrom(t *testing.T) {
	r := recorded(nil, func(r *recorder, s *enginetest.Sim) {
		i := s.Partner(r, "Issuer").Issuer("", "")
		i.PINBlock(account, "2468")
		s.DeleteAlias(ctx, &engine.DeleteAliasInput{AliasName: "alias/pin 2468"})
	})
	if len(r.errors) != 1 || !strings.Contains(r.errors[0], "in call 1 of the journal") {
		t.Errorf("a PIN of the issuer in the journal: %q", r.errors)
	}
}
