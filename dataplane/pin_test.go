package dataplane_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/tdes"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/pin"
)

// badPIN is a request with a PIN block that decrypts to nothing.
func badPIN(w *world, t *testing.T) *dataplane.VerifyPinDataInput {
	return &dataplane.VerifyPinDataInput{
		VerificationKeyIdentifier: w.key(t, &pvk),
		EncryptionKeyIdentifier:   w.key(t, &pinKey),
		EncryptedPinBlock:         "0011223344556677",
		PrimaryAccountNumber:      new(pan),
		PinBlockFormat:            dataplane.PinBlockFormatForPinDataISOFormat0,
		VerificationAttributes: dataplane.PinVerificationAttributes{
			VisaPin: &dataplane.VisaPinVerification{PinVerificationKeyIndex: new(1), VerificationValue: "1234"},
		},
	}
}

// TestReasonOfABadPINBlockIsHidden where reasons are hidden; the service's text is the same.
func TestReasonOfABadPINBlockIsHidden(t *testing.T) {
	const message = "Pin block provided is invalid. Please check your input to ensure all field values are correct."
	for _, hidden := range []bool{false, true} {
		w := newWorld(t, &engine.Options{HideReasons: hidden})
		_, err := w.VerifyPinData(t.Context(), badPIN(w, t))
		e := refusalOf(t, err)
		if e.Message != message || e.Code != apc.ErrValidation || e.Reasons[0].Rule != apc.RulePIN ||
			(e.Reasons[0].Problem == "the PIN block does not decode") != hidden {
			t.Errorf("hidden %t: %v", hidden, e)
		}
		if strings.Contains(e.Error(), pan) {
			t.Errorf("the account number is in %v", e)
		}
	}
}

// TestPINBlockOfAnotherLength has the text about PIN blocks, whether or not the digits are whole bytes.
func TestPINBlockOfAnotherLength(t *testing.T) {
	const message = "Pin block provided is invalid. Please check your input to ensure all field values are correct."
	w := newWorld(t, nil)
	in := badPIN(w, t)
	for block, rule := range map[string]apc.Rule{"00112233445566771": apc.RuleHex, "001122334455667788": apc.RuleLength} {
		in.EncryptedPinBlock = block
		_, err := w.VerifyPinData(t.Context(), in)
		e := refusalOf(t, err)
		if e.Message != message || e.Reasons[0].Rule != rule || e.Reasons[0].Field != "EncryptedPinBlock" {
			t.Errorf("%s: %v", block, e)
		}
	}
}

// TestPinDataLengthIsThatOfThePIN, or the request is refused.
func TestPinDataLengthIsThatOfThePIN(t *testing.T) {
	w := newWorld(t, nil)
	in := badPIN(w, t)
	made, err := w.GeneratePinData(
		t.Context(),
		&dataplane.GeneratePinDataInput{
			GenerationKeyIdentifier: in.VerificationKeyIdentifier,
			EncryptionKeyIdentifier: in.EncryptionKeyIdentifier,
			GenerationAttributes: dataplane.PinGenerationAttributes{
				VisaPin: &dataplane.VisaPin{PinVerificationKeyIndex: new(1)},
			},
			PinDataLength:        new(6),
			PrimaryAccountNumber: new(pan),
			PinBlockFormat:       dataplane.PinBlockFormatForPinDataISOFormat0,
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	in.EncryptedPinBlock, in.VerificationAttributes.VisaPin.VerificationValue = made.EncryptedPinBlock, *made.PinData.VerificationValue
	for _, length := range []*int{nil, new(6), new(4)} {
		in.PinDataLength = length
		_, err := w.VerifyPinData(t.Context(), in)
		if wrong := length != nil && *length == 4; wrong != errors.Is(err, apc.ErrValidation) || !wrong && err != nil {
			t.Errorf("PinDataLength %v of a PIN of 6 digits: %v", length, err)
		}
	}
}

// TestQuirkOfTheLiveServiceIsASwitch: VisaPin under a DUKPT key.
func TestQuirkOfTheLiveServiceIsASwitch(t *testing.T) {
	for _, on := range []bool{false, true} {
		w := newWorld(t, &engine.Options{Quirks: apc.Quirks{VisaPINWithDUKPT: on}})
		in := badPIN(w, t)
		in.EncryptionKeyIdentifier = w.key(t, &bdk)
		in.DukptAttributes = &dataplane.DukptAttributes{
			KeySerialNumber:     "FFFF9876543210E00001",
			DukptDerivationType: apc.KeyAlgorithmTDES2Key,
		}
		_, err := w.VerifyPinData(t.Context(), in)
		if got := refusalOf(t, err).Code == apc.ErrInternalServer; got != on {
			t.Errorf("switched on %t: got %v", on, err)
		}
	}
}

// TestPINsTranslatedThereAndBackAreTheSame: format 0 of a PIN is one block for a key and an account
// number, so that the block comes back to the digit, by way of every other format.
func TestPINsTranslatedThereAndBackAreTheSame(t *testing.T) {
	w := newWorld(t, nil)
	home := w.key(t, &pinKey)
	iso0 := dataplane.TranslationIsoFormats{IsoFormat0: &dataplane.TranslationPinDataIsoFormat034{PrimaryAccountNumber: pan}}
	withPAN := &dataplane.TranslationPinDataIsoFormat034{PrimaryAccountNumber: pan}
	ways := map[string]struct {
		key    *vectorKey
		format dataplane.TranslationIsoFormats
	}{
		"format 0": {&otherPinKey, iso0},
		"format 3": {&otherPinKey, dataplane.TranslationIsoFormats{IsoFormat3: withPAN}},
		"format 4": {&aesPinKey, dataplane.TranslationIsoFormats{IsoFormat4: withPAN}},
	}
	raw := testrig.Hex(pinKey.Hex)
	cipher, err := tdes.NewCipher(raw)
	if err != nil {
		t.Fatal(err)
	}
	translate := func(r *rapid.T, from, to, block string, in, out dataplane.TranslationIsoFormats) string {
		answer, err := w.TranslatePinData(
			t.Context(),
			&dataplane.TranslatePinDataInput{IncomingKeyIdentifier: from, OutgoingKeyIdentifier: to,
				EncryptedPinBlock: block, IncomingTranslationAttributes: in, OutgoingTranslationAttributes: out},
		)
		if err != nil {
			r.Fatal(err)
		}
		return answer.PinBlock
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			away := w.key(t, way.key)
			rapid.Check(t, func(r *rapid.T) {
				p, err := pin.New(rapid.StringMatching(`[0-9]{4,12}`).Draw(r, "PIN"))
				if err != nil {
					r.Fatal(err)
				}
				raw, err := pin.Encrypt(cipher, pin.ISO0, p, pan, nil)
				if err != nil {
					r.Fatal(err)
				}
				block := strings.ToUpper(hex.EncodeToString(raw))
				back := translate(r, away, home, translate(r, home, away, block, iso0, way.format), way.format, iso0)
				if back != block {
					r.Fatalf("%s comes back as %s", block, back)
				}
			})
		})
	}
}

// TestAKeyIsOfTheCipherOfItsPINFormat: format 4 is under AES, the others are under TDES; all but format 1 have an account number.
func TestAKeyIsOfTheCipherOfItsPINFormat(t *testing.T) {
	w := newWorld(t, nil)
	const another = "EncryptionKeyIdentifier: the format of the PIN block needs a working key of another algorithm: found "
	for _, c := range []struct {
		format  string
		key     *vectorKey
		account bool
		want    string
	}{
		{"ISO_FORMAT_0", &pinKey, true, "taken"}, {"ISO_FORMAT_1", &pinKey, false, ""}, {"ISO_FORMAT_3", &pinKey, true, "taken"},
		{"ISO_FORMAT_4", &aesPinKey, true, "taken"},
		{"ISO_FORMAT_0", &aesPinKey, true, another + "ISO format 0, wanted a TDES working key"},
		{"ISO_FORMAT_4", &pinKey, true, another + "ISO format 4, wanted an AES working key"},
		{"ISO_FORMAT_0", &pinKey, false, "PrimaryAccountNumber: the member is missing"},
		{"ISO_FORMAT_3", &pinKey, false, "PrimaryAccountNumber: the member is missing"},
		{"ISO_FORMAT_4", &aesPinKey, false, "PrimaryAccountNumber: the member is missing"},
	} {
		// A natural PIN of IBM 3624 is made without an account number; a Visa PIN is not.
		body := fromJSON(t, fmt.Appendf(nil, `{"GenerationKeyIdentifier":%q,"EncryptionKeyIdentifier":%q,"PinBlockFormat":%q,`+
			`"GenerationAttributes":{"Ibm3624NaturalPin":{"DecimalizationTable":"0123456789012345","PinValidationData":"4111111111111111",`+
			`"PinValidationDataPadCharacter":"D"}}}`, w.key(t, &ibmKey), w.key(t, c.key), c.format))
		if c.account {
			body["PrimaryAccountNumber"] = pan
		}
		want := c.want
		if want == "" {
			want = "taken"
		}
		if got := w.saidOf(t, "GeneratePinData", body); got != want {
			t.Errorf("%s under %s, account number %t: got %s, want %s", c.format, c.key.Algorithm, c.account, got, want)
		}
		body["GenerationKeyIdentifier"], body["GenerationAttributes"] = w.key(t, &pvk), map[string]any{
			"VisaPin": map[string]any{"PinVerificationKeyIndex": 1}}
		if c.want == "" {
			want = "PrimaryAccountNumber: the member is missing"
		}
		if got := w.saidOf(t, "GeneratePinData", body); got != want {
			t.Errorf("a Visa PIN, %s under %s, account number %t: got %s, want %s", c.format, c.key.Algorithm, c.account, got, want)
		}
	}
}

var ibmKey = madeKey(apc.KeyUsageTR31V1IBM3624PINVerificationKey, apc.KeyAlgorithmTDES2Key, tdesDigits)

// TestOffsetHasTheLengthThatIsAskedFor, when a PIN is made of it and when one is verified with it.
func TestOffsetHasTheLengthThatIsAskedFor(t *testing.T) {
	w := newWorld(t, nil)
	const method = `{"DecimalizationTable":"0123456789012345","PinValidationData":"4111111111111111","PinValidationDataPadCharacter":"D",` +
		`"PinOffset":%q}`
	made, refused := typedDoor(w.Caller)(t, "GeneratePinData", fromJSON(t, fmt.Appendf(nil, `{"GenerationKeyIdentifier":%q,`+
		`"EncryptionKeyIdentifier":%q,"PinBlockFormat":"ISO_FORMAT_1","GenerationAttributes":{"Ibm3624PinFromOffset":`+method+`}}`,
		w.key(t, &ibmKey), w.key(t, &pinKey), "12345")))
	if refused != nil {
		t.Fatal(refused)
	}
	for length, want := range map[string]string{
		"": "taken", `,"PinDataLength":5`: "taken",
		`,"PinDataLength":4`: ".PinOffset: the offset does not have the length that was asked for: found 5 digits, wanted 4 digits",
		`,"PinDataLength":6`: ".PinOffset: the offset does not have the length that was asked for: found 5 digits, wanted 6 digits",
	} {
		for op, body := range map[string]string{
			"GeneratePinData": `{"GenerationKeyIdentifier":%q,"EncryptionKeyIdentifier":%q,"GenerationAttributes":` +
				`{"Ibm3624PinFromOffset":` + method + `}`,
			"VerifyPinData": `{"VerificationKeyIdentifier":%q,"EncryptionKeyIdentifier":%q,"VerificationAttributes":{"Ibm3624Pin":` + method +
				`},"EncryptedPinBlock":"` + text(made["EncryptedPinBlock"]) + `"`,
		} {
			wanted := want
			if want != "taken" {
				wanted = map[string]string{"GeneratePinData": "GenerationAttributes.Ibm3624PinFromOffset",
					"VerifyPinData": "VerificationAttributes.Ibm3624Pin"}[op] + want
			}
			got := w.said(t, op, fmt.Sprintf(body, w.key(t, &ibmKey), w.key(t, &pinKey), "12345")+length+`,"PinBlockFormat":"ISO_FORMAT_1"}`)
			if got != wanted {
				t.Errorf("%s%s: got %s, want %s", op, length, got, wanted)
			}
		}
	}
}

// TestAKeyInARequestExcludesDerivedOnes: a key block or an agreement excludes DUKPT, and DUKPT excludes AS 2805.
func TestAKeyInARequestExcludesDerivedOnes(t *testing.T) {
	w := newWorld(t, nil)
	v := vectorWith(t, "TranslatePinData", `"IncomingDukptAttributes"`)
	body := v.request(t, w)
	body["IncomingAs2805Attributes"] = map[string]any{"SystemTraceAuditNumber": "000001", "TransactionAmount": "000000001000"}
	want := "IncomingAs2805Attributes: a key derived by DUKPT cannot be used together with this member: wanted one of the two"
	if got := w.saidOf(t, v.Op, body); got != want {
		t.Errorf("AS 2805 with DUKPT: got %s, want %s", got, want)
	}
	for member, dukpt := range map[string]string{
		"IncomingWrappedKey": "IncomingDukptAttributes", "OutgoingWrappedKey": "OutgoingDukptAttributes",
	} {
		v := vectorWith(t, "TranslatePinData", `"`+member+`"`)
		body := v.request(t, w)
		body[dukpt] = map[string]any{"KeySerialNumber": "FFFF9876543210E00001"}
		want := dukpt + ": a key that comes with the request cannot be used together with this member: wanted one of the two"
		if got := w.saidOf(t, v.Op, body); got != want {
			t.Errorf("%s with DUKPT: got %s, want %s", member, got, want)
		}
	}
}
