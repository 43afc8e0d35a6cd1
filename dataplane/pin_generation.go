package dataplane

import (
	"context"
	"errors"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/pin"
)

// pinKey is a PIN encryption key with a format.
type pinKey struct{ hsm.PINForm }

var pinFormats = map[PinBlockFormatForPinData]pin.Format{
	PinBlockFormatForPinDataISOFormat0: pin.ISO0, PinBlockFormatForPinDataISOFormat1: pin.ISO1,
	PinBlockFormatForPinDataISOFormat3: pin.ISO3, PinBlockFormatForPinDataISOFormat4: pin.ISO4,
}

// pinForm is a PIN encryption key with the format of a request, whose account number may be absent.
func pinForm(k *workingKey, format PinBlockFormatForPinData, pan *string, field string) (pinKey, error) {
	f := pinFormats[format]
	if pan == nil && f != pin.ISO1 { // GUESS G-pin-account-number
		return pinKey{}, missing("PrimaryAccountNumber")
	}
	return newPINKey(k, f, pan, field)
}

// newPINKey holds a key to a format: ISO format 4 needs an AES key, the others a TDES key (LIVE L-aes-format-0 for
// format 0 with an AES key, GUESS G-pin-format-key for the others).
func newPINKey(k *workingKey, f pin.Format, pan *string, field string) (pinKey, error) {
	wanted := hsm.TDES
	if f == pin.ISO4 {
		wanted = hsm.AES
	}
	if k.letter != wanted {
		return pinKey{}, core.Invalid("KeyAlgorithm of the input key "+k.arn()+" is invalid for the operation.",
			core.Because(apc.RuleKeyAlgorithm, field, problemPINAlgorithm, f.String(), cipherNames[wanted]))
	}
	out := pinKey{hsm.PINForm{Key: k.WorkingKey, Format: f}}
	if pan != nil {
		out.PAN = hsm.NewPAN(*pan)
	}
	return out, nil
}

var cipherNames = map[hsm.Algorithm]string{hsm.TDES: "a TDES working key", hsm.AES: "an AES working key"}

// block is an encrypted PIN block under the key.
func (k *pinKey) block(digits, field string) (hsm.PINBlock, error) {
	if len(digits)%2 != 0 {
		return hsm.PINBlock{}, core.Invalid(blockInvalid,
			core.Because(apc.RuleHex, field, core.ProblemOddDigits, wording.Count(len(digits), "digit"), "an even number"))
	}
	b := bytesOf(digits)
	if len(b) != k.Format.Size() {
		return hsm.PINBlock{}, core.Invalid(blockInvalid,
			core.Because(apc.RuleLength, field, problemPINBlockLength, wording.Bytes(len(b)), wording.Bytes(k.Format.Size())))
	}
	return hsm.PINBlock{Key: k.Key, Format: k.Format, Block: b, PAN: k.PAN}, nil
}

const blockInvalid = "Pin block provided is invalid. Please check your input to ensure all field values are correct."

// pinError is why a command on a PIN refused. What is wrong with a PIN block that does not decode
// is left out with Options.HideReasons: with it a PIN can be found. The fields are the member that
// has the block, and the one that has the other arguments.
func pinError(c *core.Call, block, other string, err error) error {
	if refusal, ok := errors.AsType[*apc.Error](err); ok {
		return refusal
	}
	if e, ok := errors.AsType[*hsm.PINBlockError](err); ok {
		why := core.Because(apc.RulePIN, block, e.Reason.Problem, e.Reason.Found, e.Reason.Wanted)
		if c.Cloud.HideReasons {
			why = core.Because(apc.RulePIN, block, problemPINBlock, "", "")
		}
		return core.Invalid(blockInvalid, why)
	}
	return commandError(c, other, err)
}

func ibm3624(key hsm.KeyRef, table, data, pad string) *hsm.IBM3624 {
	return &hsm.IBM3624{Key: key, Table: table, ValidationData: hsm.NewPAN(data), Pad: pad[0]}
}

// checkPINLength: PinDataLength is that of the offset where there is one (GUESS G-pin-length-offset).
func checkPINLength(asked *int, offset int, field string) error {
	if asked == nil || offset == 0 || *asked == offset {
		return nil
	}
	return core.Invalid(invalidMessage,
		core.Because(apc.RuleLength, field, problemOffsetLength, wording.Count(offset, "digit"), wording.Count(*asked, "digit")))
}

// form is the row of the table of keys.
func (a *PinGenerationAttributes) form() string {
	switch {
	case a.VisaPin != nil:
		return "VisaPin"
	case a.VisaPinVerificationValue != nil:
		return "VisaPinVerificationValue"
	case a.Ibm3624PinOffset != nil:
		return "Ibm3624PinOffset"
	case a.Ibm3624NaturalPin != nil:
		return "Ibm3624NaturalPin"
	case a.Ibm3624RandomPin != nil:
		return "Ibm3624RandomPin"
	}
	return "Ibm3624PinFromOffset"
}

// pinGeneration is a PIN that is to be made.
type pinGeneration struct {
	c      *core.Call
	key    hsm.KeyRef // that verifies PINs
	to     pinKey
	pan    string
	length *int // PinDataLength
}

const defaultPINLength = 4 // GUESS G-pin-length-absent

// given is PinDataLength, or the default.
func (g *pinGeneration) given(absent int) int {
	if g.length == nil {
		return absent
	}
	return *g.length
}

// generate makes the PIN, or what the given one is verified with.
func (g *pinGeneration) generate(ctx context.Context, a *PinGenerationAttributes) (value hsm.PINValue, data *PinData, err error) {
	device := g.c.Cloud.HSM
	var block hsm.PINBlock
	switch {
	case a.VisaPin != nil, a.VisaPinVerificationValue != nil:
		return g.visa(ctx, a)
	case a.Ibm3624PinOffset != nil:
		m := a.Ibm3624PinOffset
		if block, err = g.to.block(m.EncryptedPinBlock, "GenerationAttributes.Ibm3624PinOffset.EncryptedPinBlock"); err == nil {
			method := ibm3624(g.key, m.DecimalizationTable, m.PinValidationData, m.PinValidationDataPadCharacter)
			value, err = device.PINOffset(ctx, &block, method, g.given(0))
		}
	case a.Ibm3624NaturalPin != nil:
		m := a.Ibm3624NaturalPin
		method := ibm3624(g.key, m.DecimalizationTable, m.PinValidationData, m.PinValidationDataPadCharacter)
		value, err = device.NaturalPIN(ctx, &g.to.PINForm, method, g.given(defaultPINLength))
	case a.Ibm3624RandomPin != nil:
		m := a.Ibm3624RandomPin
		method := ibm3624(g.key, m.DecimalizationTable, m.PinValidationData, m.PinValidationDataPadCharacter)
		value, err = device.GenerateOffset(ctx, &g.to.PINForm, method, g.given(defaultPINLength))
	default:
		m := a.Ibm3624PinFromOffset
		if err = checkPINLength(g.length, len(m.PinOffset), "GenerationAttributes.Ibm3624PinFromOffset.PinOffset"); err == nil {
			method := ibm3624(g.key, m.DecimalizationTable, m.PinValidationData, m.PinValidationDataPadCharacter)
			value, err = device.PINFromOffset(ctx, &g.to.PINForm, method, m.PinOffset)
		}
	}
	if err != nil {
		return value, nil, pinError(g.c, "GenerationAttributes."+a.form()+".EncryptedPinBlock", "GenerationAttributes."+a.form(), err)
	}
	return value, &PinData{PinOffset: &value.Value}, nil
}

// visa makes a PIN with its PVV, or the PVV of a given PIN.
func (g *pinGeneration) visa(ctx context.Context, a *PinGenerationAttributes) (value hsm.PINValue, data *PinData, err error) {
	if g.pan == "" { // GUESS G-pin-account-number
		return value, nil, missing("PrimaryAccountNumber")
	}
	method := &hsm.VisaPVV{Key: g.key, PAN: hsm.NewPAN(g.pan)}
	if a.VisaPin != nil {
		method.Index = *a.VisaPin.PinVerificationKeyIndex
		value, err = g.c.Cloud.HSM.GeneratePVV(ctx, &g.to.PINForm, method, g.given(defaultPINLength))
	} else {
		var block hsm.PINBlock
		m := a.VisaPinVerificationValue
		method.Index = *m.PinVerificationKeyIndex
		if block, err = g.to.block(m.EncryptedPinBlock, "GenerationAttributes.VisaPinVerificationValue.EncryptedPinBlock"); err == nil {
			value, err = g.c.Cloud.HSM.PVV(ctx, &block, method, g.given(0))
		}
	}
	if err != nil {
		return value, nil, pinError(g.c, "GenerationAttributes."+a.form()+".EncryptedPinBlock", "GenerationAttributes."+a.form(), err)
	}
	return value, &PinData{VerificationValue: &value.Value}, nil
}
