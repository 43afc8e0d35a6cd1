package dataplane

import (
	"context"
	"errors"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/pin"
)

// GeneratePinData makes a PIN or what a PIN is verified with, and encrypts the PIN.
func (c *Caller) GeneratePinData(ctx context.Context, in *GeneratePinDataInput) (*GeneratePinDataOutput, error) {
	return core.Run(ctx, c.caller, "GeneratePinData", in, generatePinData)
}

func generatePinData(ctx context.Context, c *core.Call, in *GeneratePinDataInput) (*GeneratePinDataOutput, error) {
	// Load and check: both keys in one snapshot, then what the PIN is made from.
	form := in.GenerationAttributes.form()
	var keys [2]workingKey
	err := loadKeys(
		ctx,
		c,
		keys[:],
		keyRequest{form: form, member: fieldGenerator, identifier: in.GenerationKeyIdentifier},
		keyRequest{
			form:       form,
			member:     fieldPEK,
			identifier: in.EncryptionKeyIdentifier,
			wrapped:    in.EncryptionWrappedKey,
			within:     "EncryptionWrappedKey",
		},
	)
	if err != nil {
		return nil, err
	}
	defer closeKeys(keys[:])
	to, err := pinForm(&keys[1], in.PinBlockFormat, in.PrimaryAccountNumber, fieldPEK)
	if err != nil {
		return nil, err
	}
	g := &pinGeneration{c: c, key: keys[0].Key, to: to, length: in.PinDataLength}
	if in.PrimaryAccountNumber != nil {
		g.pan = *in.PrimaryAccountNumber
	}
	// HSM.
	value, data, err := g.generate(ctx, &in.GenerationAttributes)
	if err != nil {
		return nil, err
	}
	return &GeneratePinDataOutput{
		GenerationKeyArn: keys[0].arn(), GenerationKeyCheckValue: keys[0].checkValue, EncryptionKeyArn: keys[1].arn(),
		EncryptionKeyCheckValue: keys[1].checkValue,
		EncryptedPinBlock:       hexOf(value.Block), PinData: *data,
	}, nil
}

// VerifyPinData compares a PIN with what it is verified with.
func (c *Caller) VerifyPinData(ctx context.Context, in *VerifyPinDataInput) (*VerifyPinDataOutput, error) {
	return core.Run(ctx, c.caller, "VerifyPinData", in, verifyPinData)
}

func verifyPinData(ctx context.Context, c *core.Call, in *VerifyPinDataInput) (*VerifyPinDataOutput, error) {
	// Load and check: both keys in one snapshot, then the PIN block and the method.
	verification, encryption := in.keys()
	var keys [2]workingKey
	if err := loadKeys(ctx, c, keys[:], verification, encryption); err != nil {
		return nil, err
	}
	defer closeKeys(keys[:])
	if d := in.DukptAttributes; d != nil {
		if in.EncryptionWrappedKey != nil {
			return nil, excluded("DukptAttributes", problemWithBlock, "one of the two")
		}
		if err := keys[1].derive(&terminal{ksn: d.KeySerialNumber, algorithm: &d.DukptDerivationType, field: "DukptAttributes"}); err != nil {
			return nil, err
		}
	}
	form, err := pinForm(&keys[1], in.PinBlockFormat, in.PrimaryAccountNumber, fieldPEK)
	if err != nil {
		return nil, err
	}
	block, err := form.block(in.EncryptedPinBlock, "EncryptedPinBlock")
	if err != nil {
		return nil, err
	}
	if c.Cloud.Quirks.VisaPINWithDUKPT && in.VerificationAttributes.VisaPin != nil && in.DukptAttributes != nil { // LIVE L-visa-dukpt-fault
		return nil, core.Internal(errVisaDUKPT)
	}
	// HSM.
	verdict, err := in.verify(ctx, c, keys[0].Key, &block)
	if err != nil {
		return nil, pinError(c, "EncryptedPinBlock", "VerificationAttributes", err)
	}
	if verdict != hsm.Verified {
		return nil, notVerified(apc.InvalidPIN, pinMessage, "EncryptedPinBlock", problemPIN)
	}
	return &VerifyPinDataOutput{VerificationKeyArn: keys[0].arn(), VerificationKeyCheckValue: keys[0].checkValue,
		EncryptionKeyArn: keys[1].arn(), EncryptionKeyCheckValue: keys[1].checkValue}, nil
}

var errVisaDUKPT = errors.New("dataplane: Options.Quirks.VisaPINWithDUKPT")

const pinMessage = "Pin block verification failed."

// keys are the two keys of the request.
func (in *VerifyPinDataInput) keys() (verification, encryption keyRequest) {
	form := "Ibm3624Pin"
	if in.VerificationAttributes.VisaPin != nil {
		form = "VisaPin"
	}
	verification = keyRequest{form: form, member: fieldVerifier, identifier: in.VerificationKeyIdentifier}
	encryption = keyRequest{
		form:       form,
		member:     fieldPEK,
		identifier: in.EncryptionKeyIdentifier,
		wrapped:    in.EncryptionWrappedKey,
		within:     "EncryptionWrappedKey",
	}
	if in.DukptAttributes != nil {
		encryption.form += ", Dukpt"
	}
	return verification, encryption
}

// verify asks for the verdict on a PIN block.
func (in *VerifyPinDataInput) verify(ctx context.Context, c *core.Call, key hsm.KeyRef, block *hsm.PINBlock) (hsm.Verdict, error) {
	if v := in.VerificationAttributes.VisaPin; v != nil {
		if in.PrimaryAccountNumber == nil { // GUESS G-pin-account-number
			return hsm.Undecided, missing("PrimaryAccountNumber")
		}
		method := &hsm.VisaPVV{Key: key, PAN: hsm.NewPAN(*in.PrimaryAccountNumber), Index: *v.PinVerificationKeyIndex}
		if in.PinDataLength != nil { // the PIN must have it (GUESS G-pin-length-verify), and a PVV does not say how long the PIN is
			if _, err := c.Cloud.HSM.PVV(ctx, block, method, *in.PinDataLength); err != nil {
				return hsm.Undecided, err
			}
		}
		return c.Cloud.HSM.VerifyPVV(ctx, block, method, v.VerificationValue)
	}
	v := in.VerificationAttributes.Ibm3624Pin
	const offsetField = "VerificationAttributes.Ibm3624Pin.PinOffset"
	if err := checkPINLength(in.PinDataLength, len(v.PinOffset), offsetField); err != nil {
		return hsm.Undecided, err
	}
	return c.Cloud.HSM.VerifyOffset(
		ctx,
		block,
		ibm3624(key, v.DecimalizationTable, v.PinValidationData, v.PinValidationDataPadCharacter),
		v.PinOffset,
	)
}

// TranslatePinData decrypts a PIN block and encrypts the PIN under another key, in the same format
// or another.
func (c *Caller) TranslatePinData(ctx context.Context, in *TranslatePinDataInput) (*TranslatePinDataOutput, error) {
	return core.Run(ctx, c.caller, "TranslatePinData", in, translatePinData)
}

func translatePinData(ctx context.Context, c *core.Call, in *TranslatePinDataInput) (*TranslatePinDataOutput, error) {
	// Load and check: both keys in one snapshot, then the two formats.
	var keys [2]workingKey
	if err := loadKeys(ctx, c, keys[:], in.incomingKey(), in.outgoingKey()); err != nil {
		return nil, err
	}
	defer closeKeys(keys[:])
	if err := in.derive(keys[:]); err != nil {
		return nil, err
	}
	from, err := in.IncomingTranslationAttributes.pinForm(&keys[0], fieldIncoming)
	if err != nil {
		return nil, err
	}
	to, err := in.OutgoingTranslationAttributes.pinForm(&keys[1], fieldOutgoing)
	if err != nil {
		return nil, err
	}
	block, err := from.block(in.EncryptedPinBlock, "EncryptedPinBlock")
	if err != nil {
		return nil, err
	}
	// HSM.
	out, err := c.Cloud.HSM.TranslatePIN(ctx, &block, &to.PINForm)
	if err != nil {
		return nil, pinError(c, "EncryptedPinBlock", "OutgoingTranslationAttributes", err)
	}
	return &TranslatePinDataOutput{PinBlock: hexOf(out), KeyArn: keys[1].arn(), KeyCheckValue: keys[1].checkValue}, nil
}

func (in *TranslatePinDataInput) incomingKey() keyRequest {
	r := keyRequest{
		form:       "PIN",
		member:     fieldIncoming,
		identifier: in.IncomingKeyIdentifier,
		wrapped:    in.IncomingWrappedKey,
		within:     "IncomingWrappedKey",
	}
	switch {
	case in.IncomingDukptAttributes != nil:
		r.form = "Dukpt"
	case in.IncomingAs2805Attributes != nil:
		r.form = formAS2805
	}
	return r
}

func (in *TranslatePinDataInput) outgoingKey() keyRequest {
	r := keyRequest{
		form:       "PIN",
		member:     fieldOutgoing,
		identifier: in.OutgoingKeyIdentifier,
		wrapped:    in.OutgoingWrappedKey,
		within:     "OutgoingWrappedKey",
	}
	if in.OutgoingDukptAttributes != nil {
		r.form = "Dukpt"
	}
	return r
}

// derive makes the keys those of DUKPT and of AS 2805 where the request says so.
func (in *TranslatePinDataInput) derive(keys []workingKey) error {
	for i, side := range []struct {
		dukpt   *DukptDerivationAttributes
		wrapped *WrappedKey
		field   string
	}{
		{in.IncomingDukptAttributes, in.IncomingWrappedKey, "IncomingDukptAttributes"},
		{in.OutgoingDukptAttributes, in.OutgoingWrappedKey, "OutgoingDukptAttributes"},
	} {
		if side.dukpt == nil {
			continue
		}
		if side.wrapped != nil {
			return excluded(side.field, problemWithBlock, "one of the two")
		}
		if err := keys[i].derive(&terminal{ksn: side.dukpt.KeySerialNumber, variant: side.dukpt.DukptKeyVariant,
			algorithm: side.dukpt.DukptKeyDerivationType, field: side.field}); err != nil {
			return err
		}
	}
	a := in.IncomingAs2805Attributes
	switch {
	case a == nil:
		return nil
	case in.IncomingDukptAttributes != nil:
		return excluded("IncomingAs2805Attributes", problemDukptKey, "one of the two")
	case keys[0].letter != hsm.TDES:
		return core.Invalid(
			invalidMessage,
			core.Because(apc.RuleKeyAlgorithm, fieldIncoming, problemMACCipher, "AES", string(core.TDES2)),
		)
	}
	keys[0].Derive = hsm.AS2805PIN{Trace: a.SystemTraceAuditNumber, Amount: a.TransactionAmount, Under: keys[0].Derive}
	return nil
}

// pinForm is the format of one side. AS 2805 format 0 without IncomingAs2805Attributes is under the
// key as it is (GUESS G-as2805-pin-key).
func (f *TranslationIsoFormats) pinForm(k *workingKey, field string) (pinKey, error) {
	switch {
	case f.IsoFormat0 != nil:
		return newPINKey(k, pin.ISO0, &f.IsoFormat0.PrimaryAccountNumber, field)
	case f.IsoFormat1 != nil:
		return newPINKey(k, pin.ISO1, nil, field)
	case f.IsoFormat3 != nil:
		return newPINKey(k, pin.ISO3, &f.IsoFormat3.PrimaryAccountNumber, field)
	case f.IsoFormat4 != nil:
		return newPINKey(k, pin.ISO4, &f.IsoFormat4.PrimaryAccountNumber, field)
	}
	return newPINKey(k, pin.AS28050, &f.As2805Format0.PrimaryAccountNumber, field)
}
