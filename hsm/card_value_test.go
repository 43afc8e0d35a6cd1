package hsm_test

import (
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
)

var cardForms = map[string]hsm.CardForm{
	"CardVerificationValue1": hsm.CardCVV, "CardVerificationValue2": hsm.CardCVV, "CardHolderVerificationValue": hsm.CardHolder,
	"DynamicCardVerificationCode": hsm.CardCVC3, "DynamicCardVerificationValue": hsm.CardDCVV,
	"AmexCardSecurityCodeVersion1": hsm.CardCSC1, "AmexCardSecurityCodeVersion2": hsm.CardCSC2,
	"DiscoverDynamicCardVerificationCode": hsm.CardDiscover,
}

func (d *dataCase) card(attributes string) hsm.CardData {
	form, m := d.in.union(attributes)
	out := hsm.CardData{
		Form:        cardForms[form],
		PAN:         hsm.NewPAN(d.in.text("PrimaryAccountNumber")),
		Expiry:      m.text("CardExpiryDate"),
		ServiceCode: m.text("ServiceCode"),
		PSN:         m.text("PanSequenceNumber"),
		ATC:         m.text("ApplicationTransactionCounter"),
		UN:          m.text("UnpredictableNumber"),
		Track:       hsm.NewSecret(d.hex(m.text("TrackData"))),
	}
	if form == "CardVerificationValue2" {
		out.ServiceCode = "000"
	}
	return out
}

func TestCardValueAsAnotherImplementation(t *testing.T) {
	onDataCases(t, "GenerateCardValidationData", func(d *dataCase) {
		got, err := d.h.CardValue(ctx, d.key("KeyIdentifier"), d.card("GenerationAttributes"), d.in.number("ValidationDataLength", 3))
		d.is("ValidationData", got, err)
	})
}

func TestVerifyCardValueAsAnotherImplementation(t *testing.T) {
	onDataCases(t, "VerifyCardValidationData", func(d *dataCase) {
		d.verdict(d.h.VerifyCardValue(ctx, d.key("KeyIdentifier"), d.card("VerificationAttributes"), d.in.text("ValidationData")))
	})
}
