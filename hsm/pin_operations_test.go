package hsm_test

import (
	"cmp"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/tdes"
	"github.com/seed748fb4d1/apcsim/pin"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// The parts of requests that say which working key it is.
type (
	wrappedInput struct {
		WrappedKeyMaterial struct {
			Tr31KeyBlock              string
			DiffieHellmanSymmetricKey *struct {
				PublicKeyCertificate       string
				KeyAlgorithm               string
				KeyDerivationFunction      string
				KeyDerivationHashAlgorithm string
				SharedInformation          string
			}
		}
	}
	dukptInput struct {
		KeySerialNumber        string
		DukptDerivationType    string // of VerifyPinData
		DukptKeyDerivationType string // of TranslatePinData
		DukptKeyVariant        string
	}
	as2805Input struct{ SystemTraceAuditNumber, TransactionAmount string }
	ibmInput    struct {
		DecimalizationTable, PinValidationDataPadCharacter, PinValidationData, PinOffset, EncryptedPinBlock string
	}
	visaInput struct {
		PinVerificationKeyIndex              int
		VerificationValue, EncryptedPinBlock string
	}
)

var pinFormats = map[string]pin.Format{
	"ISO_FORMAT_0":  pin.ISO0,
	"ISO_FORMAT_1":  pin.ISO1,
	"ISO_FORMAT_3":  pin.ISO3,
	"ISO_FORMAT_4":  pin.ISO4,
	"IsoFormat0":    pin.ISO0,
	"IsoFormat1":    pin.ISO1,
	"IsoFormat3":    pin.ISO3,
	"IsoFormat4":    pin.ISO4,
	"As2805Format0": pin.AS28050,
}

// workingKey is the working key of a member of the request.
func workingKey(t *testing.T, b hsm.Backend, c *operation, member string, wrapped *wrappedInput, d *dukptInput) hsm.WorkingKey {
	t.Helper()
	k := hsm.WorkingKey{Key: loadOperationKey(t, b, c, member)}
	switch {
	case d != nil:
		name := d.DukptDerivationType + d.DukptKeyDerivationType
		if name == "" {
			name = c.Keys[member].Algorithm
		}
		k.Derive = hsm.DUKPT{KSN: d.KeySerialNumber, Type: duktypes[name], Direction: directions[d.DukptKeyVariant]}
	case wrapped != nil && wrapped.WrappedKeyMaterial.DiffieHellmanSymmetricKey != nil:
		in := wrapped.WrappedKeyMaterial.DiffieHellmanSymmetricKey
		k.Derive = hsm.ECDH{
			Peer:      peerOf(t, in.PublicKeyCertificate),
			KDF:       keyDerivations[in.KeyDerivationFunction],
			Hash:      hashNames[in.KeyDerivationHashAlgorithm],
			Info:      bytesOf(t, in.SharedInformation),
			Algorithm: algorithmOf(in.KeyAlgorithm),
			Bits:      keyLengths[in.KeyAlgorithm],
		}
	case wrapped != nil:
		block, err := tr31.Parse(wrapped.WrappedKeyMaterial.Tr31KeyBlock, tr31.Lenient)
		if err != nil {
			t.Fatal(err)
		}
		k.Derive = hsm.WrappedKey{Block: block}
	}
	return k
}

// shown is the PIN of a block that a command has made, by way of a translation to a key that
// the test has. A block that does not decode fails the test.
func shown(t *testing.T, b hsm.Backend, h *hsm.HSM, block *hsm.PINBlock) string {
	t.Helper()
	raw := bytesOf(t, "0123456789ABCDEFFEDCBA9876543210")
	to := hsm.PINForm{Key: hsm.WorkingKey{Key: load(t, h, pekAttributes, raw)}, Format: pin.ISO0, PAN: block.PAN}
	if block.Format == pin.ISO1 {
		to.PAN = hsm.NewPAN("5432101234567890")
	}
	out, err := h.TranslatePIN(ctx, block, &to)
	if err != nil {
		t.Fatalf("reading the block %X: %v", block.Block, err)
	}
	cipher, err := tdes.NewCipher(raw)
	if err != nil {
		t.Fatal(err)
	}
	p, err := pin.Decrypt(cipher, pin.ISO0, out, panText(to.PAN))
	if err != nil {
		t.Fatal(err)
	}
	return p.Digits()
}

var pekAttributes = hsm.Attributes{KeyID: "pek", Usage: "P0", Algorithm: hsm.TDES, Mode: 'B', Exportability: 'N', Bits: 128}

// pans are the account numbers of the tests by their value, since a PAN does not show its own.
var pans = []string{"5432101234567890"}

func newPAN(digits string) hsm.PAN {
	pans = append(pans, digits)
	return hsm.NewPAN(digits)
}

func panText(p hsm.PAN) string {
	for _, digits := range pans {
		if p.Equal(hsm.NewPAN(digits)) {
			return digits
		}
	}
	return ""
}

// pinInputs are the inputs of GeneratePinData and VerifyPinData.
type pinInputs struct {
	PrimaryAccountNumber string
	PinBlockFormat       string
	PinDataLength        int
	EncryptedPinBlock    string
	EncryptionWrappedKey *wrappedInput
	DukptAttributes      *dukptInput
	GenerationAttributes struct {
		VisaPin, VisaPinVerificationValue                                           *visaInput
		Ibm3624NaturalPin, Ibm3624RandomPin, Ibm3624PinFromOffset, Ibm3624PinOffset *ibmInput
	}
	VerificationAttributes struct {
		VisaPin    *visaInput
		Ibm3624Pin *ibmInput
	}
}

func (in *visaInput) method(k hsm.KeyRef, pan hsm.PAN) *hsm.VisaPVV {
	return &hsm.VisaPVV{Key: k, PAN: pan, Index: in.PinVerificationKeyIndex}
}

func (in *ibmInput) method(k hsm.KeyRef) *hsm.IBM3624 {
	return &hsm.IBM3624{
		Key:            k,
		Table:          in.DecimalizationTable,
		ValidationData: hsm.NewPAN(in.PinValidationData),
		Pad:            in.PinValidationDataPadCharacter[0],
	}
}

type pinExpected struct {
	Error, Reason     string
	EncryptedPinBlock string
	PinBlock          string
	PinData           struct{ VerificationValue, PinOffset string }
	Decoded           struct{ PIN string }
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
		return &hsm.PINBlock{Key: to.Key, Format: to.Format, Block: bytesOf(t, block), PAN: to.PAN}
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
	pvk, err := tdes.NewCipher(bytesOf(t, c.Keys["GenerationKeyIdentifier"].Hex))
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
			Format: pinFormats[in.PinBlockFormat], Block: bytesOf(t, in.EncryptedPinBlock), PAN: hsm.NewPAN(in.PrimaryAccountNumber)}
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

// translateInputs are the inputs of TranslatePinData.
type translateInputs struct {
	IncomingTranslationAttributes, OutgoingTranslationAttributes map[string]struct{ PrimaryAccountNumber string }
	EncryptedPinBlock                                            string
	IncomingDukptAttributes, OutgoingDukptAttributes             *dukptInput
	IncomingWrappedKey, OutgoingWrappedKey                       *wrappedInput
	IncomingAs2805Attributes                                     *as2805Input
}

func TestTranslatePINAsAnotherImplementation(t *testing.T) {
	onOperations(t, "TranslatePinData", func(t *testing.T, b hsm.Backend, h *hsm.HSM, c *operation) {
		in, want := read[translateInputs](t, c.Inputs), read[pinExpected](t, c.Expected)
		from := hsm.PINBlock{
			Key:   workingKey(t, b, c, "IncomingKeyIdentifier", in.IncomingWrappedKey, in.IncomingDukptAttributes),
			Block: bytesOf(t, in.EncryptedPinBlock),
		}
		if a := in.IncomingAs2805Attributes; a != nil {
			from.Key.Derive = hsm.AS2805PIN{Trace: a.SystemTraceAuditNumber, Amount: a.TransactionAmount, Under: from.Key.Derive}
		}
		to := hsm.PINForm{Key: workingKey(t, b, c, "OutgoingKeyIdentifier", in.OutgoingWrappedKey, in.OutgoingDukptAttributes)}
		for name, a := range in.IncomingTranslationAttributes {
			from.Format, from.PAN = pinFormats[name], newPAN(a.PrimaryAccountNumber)
		}
		for name, a := range in.OutgoingTranslationAttributes {
			to.Format, to.PAN = pinFormats[name], newPAN(a.PrimaryAccountNumber)
		}
		got, err := h.TranslatePIN(ctx, &from, &to)
		if want.Error != "" {
			if err == nil || !hsm.IsArgument(err) || got != nil {
				t.Errorf("got %X, %v, want %s", got, err, want.Error)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if want.PinBlock != "" && upperHex(got) != want.PinBlock {
			t.Errorf("got block %X, want %s", got, want.PinBlock)
		}
		if want.PinBlock == "" && want.Decoded.PIN == "" {
			t.Error("the case expects nothing")
		}
		if want.Decoded.PIN != "" {
			if digits := shown(t, b, h, &hsm.PINBlock{Key: to.Key, Format: to.Format, Block: got, PAN: to.PAN}); digits != want.Decoded.PIN {
				t.Errorf("got block %X of PIN %s, want %s", got, digits, want.Decoded.PIN)
			}
		}
	})
}
