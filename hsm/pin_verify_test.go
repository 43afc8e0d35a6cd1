package hsm_test

import (
	"bytes"
	"cmp"
	"errors"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/tdes"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/pin"
)

// TestVerificationHasThreeOutcomes: verified, not verified, and a failure.
func TestVerificationHasThreeOutcomes(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, b hsm.Backend, h *hsm.HSM) {
		k := loadPINKeys(t, b)
		for name, form := range k.forms() {
			translated, err := h.TranslatePIN(ctx, k.given(), form)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			block := hsm.PINBlock{Key: form.Key, Format: form.Format, Block: translated, PAN: form.PAN}
			pvv, err := h.PVV(ctx, &block, k.visa(), len(canaryPIN))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			offset, err := h.PINOffset(ctx, &block, k.ibm(), len(canaryPIN))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			check := func(what string, got hsm.Verdict, err error, want hsm.Verdict) {
				t.Helper()
				if got != want || (err != nil) != (want == hsm.Undecided) {
					t.Errorf("%s, %s: got %v, %v, want %v", name, what, got, err, want)
				}
			}
			verdict, err := h.VerifyPVV(ctx, &block, k.visa(), pvv.Value)
			check("PVV", verdict, err, hsm.Verified)
			verdict, err = h.VerifyPVV(ctx, &block, k.visa(), changed(pvv.Value))
			check("wrong PVV", verdict, err, hsm.NotVerified)
			verdict, err = h.VerifyOffset(ctx, &block, k.ibm(), offset.Value)
			check("offset", verdict, err, hsm.Verified)
			verdict, err = h.VerifyOffset(ctx, &block, k.ibm(), changed(offset.Value))
			check("wrong offset", verdict, err, hsm.NotVerified)
			verdict, err = h.VerifyOffset(ctx, &block, k.ibm(), offset.Value[:4])
			check("short offset", verdict, err, hsm.NotVerified)
			verdict, err = h.VerifyOffset(ctx, &block, k.ibm(), "12F4")
			check("offset of no digits", verdict, err, hsm.Undecided)
			block.Block = bytes.Repeat([]byte{0x55}, len(block.Block))
			verdict, err = h.VerifyPVV(ctx, &block, k.visa(), pvv.Value)
			check("no PIN block", verdict, err, hsm.Undecided)
			if _, ok := errors.AsType[*hsm.PINBlockError](err); !ok {
				t.Errorf("%s: no PIN block: got %v, want a PINBlockError", name, err)
			}
		}
	})
}

// changed is a value with another last digit.
func changed(value string) string {
	last := value[len(value)-1]
	return value[:len(value)-1] + string('0'+(last-'0'+1)%10)
}

func TestGeneratedPINsAreTheDevicesRandom(t *testing.T) {
	seen := map[string]bool{}
	for range 2 {
		b := hsm.NewSoftware(&hsm.SoftwareOptions{Seed: 7})
		h := hsm.New(b, nil)
		k := loadPINKeys(t, b)
		for range 3 {
			got, err := h.GenerateOffset(ctx, k.forms()["format 0"], k.ibm(), 12)
			if err != nil {
				t.Fatal(err)
			}
			seen[got.Value] = true
		}
	}
	if len(seen) != 3 {
		t.Errorf("3 PINs from each of two devices with one seed have %d offsets, want 3", len(seen))
	}
}

func TestGeneratePINAsAnotherImplementation(t *testing.T) {
	onOperations(t, "GeneratePinData", func(t *testing.T, b hsm.Backend, h *hsm.HSM, c *operation) {
		in, want := read[pinInputs](t, c.Inputs), read[pinExpected](t, c.Expected)
		to := hsm.PINForm{
			Key:    workingKey(t, b, c, "EncryptionKeyIdentifier", in.EncryptionWrappedKey, nil),
			Format: pinFormats[in.PinBlockFormat],
			PAN:    newPAN(in.PrimaryAccountNumber),
		}
		got, random, err := generatePIN(t, b, h, c, &in, &to)
		if err != nil {
			t.Fatal(err)
		}
		digits := shown(t, b, h, &hsm.PINBlock{Key: to.Key, Format: to.Format, Block: got.Block, PAN: to.PAN})
		if want.EncryptedPinBlock != "" && upperHex(got.Block) != want.EncryptedPinBlock ||
			want.Decoded.PIN != "" && digits != want.Decoded.PIN {
			t.Errorf("got block %X of PIN %s, want %+v", got.Block, digits, want)
		}
		value := want.PinData.VerificationValue + want.PinData.PinOffset
		if value == "" {
			value = valueByHand(t, c, &in, digits)
		}
		if random {
			length := in.PinDataLength
			if length == 0 {
				length = 4
			}
			if len(digits) != length {
				t.Errorf("got a PIN of %d digits, want %d", len(digits), length)
			}
		}
		if got.Value != value {
			t.Errorf("got value %s for PIN %s, want %s", got.Value, digits, value)
		}
	})
}

// generatePIN calls the command of the request's form.
func generatePIN(
	t *testing.T,
	b hsm.Backend,
	h *hsm.HSM,
	c *operation,
	in *pinInputs,
	to *hsm.PINForm,
) (out hsm.PINValue, random bool, err error) {
	t.Helper()
	pvk := loadOperationKey(t, b, c, "GenerationKeyIdentifier")
	given := func(block string) *hsm.PINBlock {
		return &hsm.PINBlock{Key: to.Key, Format: to.Format, Block: testrig.Hex(block), PAN: to.PAN}
	}
	length := in.PinDataLength
	if length == 0 {
		length = 4
	}
	switch form := in.GenerationAttributes; {
	case form.VisaPin != nil:
		out, err = h.GeneratePVV(ctx, to, form.VisaPin.method(pvk, to.PAN), length)
		return out, true, err
	case form.VisaPinVerificationValue != nil:
		v := form.VisaPinVerificationValue
		out, err = h.PVV(ctx, given(v.EncryptedPinBlock), v.method(pvk, to.PAN), in.PinDataLength)
	case form.Ibm3624NaturalPin != nil:
		out, err = h.NaturalPIN(ctx, to, form.Ibm3624NaturalPin.method(pvk), length)
	case form.Ibm3624RandomPin != nil:
		out, err = h.GenerateOffset(ctx, to, form.Ibm3624RandomPin.method(pvk), length)
		return out, true, err
	case form.Ibm3624PinFromOffset != nil:
		m := form.Ibm3624PinFromOffset
		out, err = h.PINFromOffset(ctx, to, m.method(pvk), m.PinOffset)
	case form.Ibm3624PinOffset != nil:
		m := form.Ibm3624PinOffset
		out, err = h.PINOffset(ctx, given(m.EncryptedPinBlock), m.method(pvk), in.PinDataLength)
	default:
		t.Fatalf("a request of no form: %s", c.Inputs)
	}
	return out, false, err
}

// valueByHand is what a PIN is verified with, by package pin and the clear key.
func valueByHand(t *testing.T, c *operation, in *pinInputs, digits string) (value string) {
	t.Helper()
	pvk, err := tdes.NewCipher(testrig.Hex(c.Keys["GenerationKeyIdentifier"].Hex))
	if err != nil {
		t.Fatal(err)
	}
	p, err := pin.New(digits)
	if err != nil {
		t.Fatal(err)
	}
	form := &in.GenerationAttributes
	if v := cmp.Or(form.VisaPin, form.VisaPinVerificationValue); v != nil {
		value, err = pin.PVV(pvk, in.PrimaryAccountNumber, v.PinVerificationKeyIndex, p)
	} else {
		m := cmp.Or(form.Ibm3624NaturalPin, form.Ibm3624RandomPin, form.Ibm3624PinFromOffset, form.Ibm3624PinOffset)
		value, err = (&pin.IBM3624{Table: m.DecimalizationTable, ValidationData: m.PinValidationData,
			Pad: m.PinValidationDataPadCharacter[0]}).Offset(pvk, p)
	}
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestVerifyPINAsAnotherImplementation(t *testing.T) {
	onOperations(t, "VerifyPinData", func(t *testing.T, b hsm.Backend, h *hsm.HSM, c *operation) {
		in, expected := read[pinInputs](t, c.Inputs), read[pinExpected](t, c.Expected)
		pvk := loadOperationKey(t, b, c, "VerificationKeyIdentifier")
		block := hsm.PINBlock{Key: workingKey(t, b, c, "EncryptionKeyIdentifier", in.EncryptionWrappedKey, in.DukptAttributes),
			Format: pinFormats[in.PinBlockFormat], Block: testrig.Hex(in.EncryptedPinBlock), PAN: hsm.NewPAN(in.PrimaryAccountNumber)}
		var got hsm.Verdict
		var err error
		if v := in.VerificationAttributes.VisaPin; v != nil {
			got, err = h.VerifyPVV(ctx, &block, v.method(pvk, block.PAN), v.VerificationValue)
		} else {
			m := in.VerificationAttributes.Ibm3624Pin
			got, err = h.VerifyOffset(ctx, &block, m.method(pvk), m.PinOffset)
		}
		want := hsm.Verified
		if expected.Reason == "INVALID_PIN" {
			want = hsm.NotVerified
		}
		if err != nil || got != want {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	})
}
