package hsm_test

import (
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/tdes"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
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
			Info:      testrig.Hex(in.SharedInformation),
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
	raw := testrig.Hex("0123456789ABCDEFFEDCBA9876543210")
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
