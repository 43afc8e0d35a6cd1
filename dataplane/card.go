package dataplane

import (
	"context"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/cvv"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
)

// GenerateCardValidationData computes a CVV or another card validation value.
func (c *Caller) GenerateCardValidationData(
	ctx context.Context,
	in *GenerateCardValidationDataInput,
) (*GenerateCardValidationDataOutput, error) {
	return core.Run(ctx, c.caller, "GenerateCardValidationData", in, generateCardValidationData)
}

func generateCardValidationData(
	ctx context.Context,
	c *core.Call,
	in *GenerateCardValidationDataInput,
) (*GenerateCardValidationDataOutput, error) {
	// Load and check: the key, then what the value is computed from.
	var r cardRequest
	if err := r.load(ctx, c, in.KeyIdentifier, "GenerationAttributes", in.GenerationAttributes.sameAs(),
		in.PrimaryAccountNumber); err != nil {
		return nil, err
	}
	// HSM.
	length := 3 // GUESS G-card-value-length
	if in.ValidationDataLength != nil {
		length = *in.ValidationDataLength
	}
	value, err := c.Cloud.HSM.CardValue(ctx, r.key.Key, r.data, length)
	if err != nil {
		return nil, commandError(c, "PrimaryAccountNumber", err)
	}
	return &GenerateCardValidationDataOutput{KeyArn: r.key.arn(), KeyCheckValue: r.key.checkValue, ValidationData: value}, nil
}

// VerifyCardValidationData compares a value with the card's.
func (c *Caller) VerifyCardValidationData(
	ctx context.Context,
	in *VerifyCardValidationDataInput,
) (*VerifyCardValidationDataOutput, error) {
	return core.Run(ctx, c.caller, "VerifyCardValidationData", in, verifyCardValidationData)
}

func verifyCardValidationData(
	ctx context.Context,
	c *core.Call,
	in *VerifyCardValidationDataInput,
) (*VerifyCardValidationDataOutput, error) {
	// Load and check: the key, then what the value is computed from.
	var r cardRequest
	err := r.load(ctx, c, in.KeyIdentifier, "VerificationAttributes", &in.VerificationAttributes, in.PrimaryAccountNumber)
	if err != nil {
		return nil, err
	}
	// HSM.
	verdict, err := c.Cloud.HSM.VerifyCardValue(ctx, r.key.Key, r.data, in.ValidationData)
	if err != nil {
		return nil, commandError(c, "PrimaryAccountNumber", err)
	}
	if verdict != hsm.Verified {
		return nil, notVerified(
			apc.InvalidValidationData,
			"Card validation data verification failed.",
			"ValidationData",
			problemCardValue,
		)
	}
	return &VerifyCardValidationDataOutput{KeyArn: r.key.arn(), KeyCheckValue: r.key.checkValue}, nil
}

// sameAs is the union of the other operation, which has one member more.
func (a *CardGenerationAttributes) sameAs() *CardVerificationAttributes {
	return &CardVerificationAttributes{
		AmexCardSecurityCodeVersion1: a.AmexCardSecurityCodeVersion1, AmexCardSecurityCodeVersion2: a.AmexCardSecurityCodeVersion2,
		CardVerificationValue1: a.CardVerificationValue1, CardVerificationValue2: a.CardVerificationValue2,
		CardHolderVerificationValue: a.CardHolderVerificationValue,
		DynamicCardVerificationCode: a.DynamicCardVerificationCode, DynamicCardVerificationValue: a.DynamicCardVerificationValue,
	}
}

// cardRequest is a value to be computed.
type cardRequest struct {
	key  workingKey
	data hsm.CardData
}

// load finds the key of a request and reads what a value is computed from.
func (r *cardRequest) load(
	ctx context.Context,
	c *core.Call,
	identifier, field string,
	in *CardVerificationAttributes,
	pan string,
) error {
	var form string
	form, r.data = in.card()
	if err := r.key.load(ctx, c, keyRequest{form: form, member: fieldKey, identifier: identifier}); err != nil {
		return err
	}
	if track := in.DynamicCardVerificationCode; track != nil {
		data, err := evenBytes(track.TrackData, field+".DynamicCardVerificationCode.TrackData")
		if err != nil {
			return err
		}
		r.data.Track = hsm.NewSecret(data)
	}
	r.data.PAN = hsm.NewPAN(pan)
	return nil
}

// card is the form of a value and its members.
func (in *CardVerificationAttributes) card() (form string, card hsm.CardData) {
	switch {
	case in.CardVerificationValue1 != nil:
		a := in.CardVerificationValue1
		return "CardVerificationValue1", hsm.CardData{Form: hsm.CardCVV, Expiry: a.CardExpiryDate, ServiceCode: a.ServiceCode}
	case in.CardVerificationValue2 != nil:
		return "CardVerificationValue2", hsm.CardData{
			Form:        hsm.CardCVV,
			Expiry:      in.CardVerificationValue2.CardExpiryDate,
			ServiceCode: cvv.CVV2Code,
		}
	case in.AmexCardSecurityCodeVersion1 != nil:
		return "AmexCardSecurityCodeVersion1", hsm.CardData{Form: hsm.CardCSC1, Expiry: in.AmexCardSecurityCodeVersion1.CardExpiryDate}
	case in.AmexCardSecurityCodeVersion2 != nil:
		a := in.AmexCardSecurityCodeVersion2
		return "AmexCardSecurityCodeVersion2", hsm.CardData{Form: hsm.CardCSC2, Expiry: a.CardExpiryDate, ServiceCode: a.ServiceCode}
	case in.CardHolderVerificationValue != nil:
		a := in.CardHolderVerificationValue
		return "CardHolderVerificationValue", hsm.CardData{
			Form: hsm.CardHolder,
			PSN:  a.PanSequenceNumber,
			ATC:  a.ApplicationTransactionCounter,
			UN:   a.UnpredictableNumber,
		}
	case in.DynamicCardVerificationCode != nil:
		a := in.DynamicCardVerificationCode
		return "DynamicCardVerificationCode", hsm.CardData{
			Form: hsm.CardCVC3,
			PSN:  a.PanSequenceNumber,
			ATC:  a.ApplicationTransactionCounter,
			UN:   a.UnpredictableNumber,
		}
	case in.DynamicCardVerificationValue != nil:
		a := in.DynamicCardVerificationValue
		return "DynamicCardVerificationValue", hsm.CardData{
			Form:        hsm.CardDCVV,
			PSN:         a.PanSequenceNumber,
			Expiry:      a.CardExpiryDate,
			ServiceCode: a.ServiceCode,
			ATC:         a.ApplicationTransactionCounter,
		}
	}
	a := in.DiscoverDynamicCardVerificationCode
	return "DiscoverDynamicCardVerificationCode", hsm.CardData{
		Form:   hsm.CardDiscover,
		Expiry: a.CardExpiryDate,
		ATC:    a.ApplicationTransactionCounter,
		UN:     a.UnpredictableNumber,
	}
}
