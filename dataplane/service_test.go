package dataplane_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

var (
	macKey = vectorKey{
		Hex:       "0123456789ABCDEFFEDCBA9876543210",
		Usage:     apc.KeyUsageTR31M3ISO97973MACKey,
		Algorithm: apc.KeyAlgorithmTDES2Key,
	}
	pinKey = vectorKey{
		Hex:       "DDDDEEEEFFFFAAAABBBBCCCCDDDDEEEE",
		Usage:     apc.KeyUsageTR31P0PINEncryptionKey,
		Algorithm: apc.KeyAlgorithmTDES2Key,
	}
	pvk = vectorKey{
		Hex:       "0123456789ABCDEFFEDCBA9876543210",
		Usage:     apc.KeyUsageTR31V2VisaPINVerificationKey,
		Algorithm: apc.KeyAlgorithmTDES2Key,
	}
	bdk = vectorKey{
		Hex:       "0123456789ABCDEFFEDCBA9876543210",
		Usage:     apc.KeyUsageTR31B0BaseDerivationKey,
		Algorithm: apc.KeyAlgorithmTDES2Key,
	}
)

const pan = "4111111111111111"

func refusalOf(t *testing.T, err error) *apc.Error {
	t.Helper()
	e, ok := errors.AsType[*apc.Error](err)
	if !ok {
		t.Fatalf("got %v, want a refusal", err)
	}
	return e
}

// macOf asks for the MAC of a message under a key.
func macOf(t *testing.T, c *engine.Caller, key string) (*dataplane.GenerateMacOutput, error) {
	return c.GenerateMac(t.Context(), &dataplane.GenerateMacInput{KeyIdentifier: key, MessageData: "00112233",
		GenerationAttributes: dataplane.MacAttributes{Algorithm: new(dataplane.MacAlgorithmISO9797Algorithm3)}})
}

// TestKeysAreNamedByAliasesToo, and the answer has the ARN.
func TestKeysAreNamedByAliasesToo(t *testing.T) {
	w := newWorld(t, nil)
	arn := w.key(t, &macKey)
	if _, err := w.CreateAlias(t.Context(), &engine.CreateAliasInput{AliasName: "alias/mac", KeyArn: &arn}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{arn, "alias/mac", strings.Split(arn, "key/")[0] + "alias/mac"} {
		if out, err := macOf(t, w.Caller, name); err != nil || out.KeyArn != arn || len(out.Mac) != 8 {
			t.Errorf("%s: got %+v, %v", name, out, err)
		}
	}
	if _, err := macOf(t, w.Caller, "alias/none"); refusalOf(t, err).Code != apc.ErrResourceNotFound ||
		refusalOf(t, err).Resource != "alias/none" {
		t.Errorf("an alias that is not there: %v", err)
	}
}

// TestKeysThatCannotBeUsedAreRefused: stopped, about to be deleted, of another account.
func TestKeysThatCannotBeUsedAreRefused(t *testing.T) {
	w := newWorld(t, nil)
	arn := w.key(t, &macKey)
	if _, err := w.StopKeyUsage(t.Context(), &engine.StopKeyUsageInput{KeyIdentifier: arn}); err != nil {
		t.Fatal(err)
	}
	if _, err := macOf(t, w.Caller, arn); refusalOf(t, err).Reasons[0].Rule != apc.RuleKeyEnabled ||
		refusalOf(t, err).Code != apc.ErrValidation {
		t.Errorf("a stopped key: %v", err)
	}
	if _, err := w.DeleteKey(t.Context(), &engine.DeleteKeyInput{KeyIdentifier: arn}); err != nil {
		t.Fatal(err)
	}
	if _, err := macOf(t, w.Caller, arn); refusalOf(t, err).Reasons[0].Rule != apc.RuleKeyState {
		t.Errorf("a key that is about to be deleted: %v", err)
	}
	other := w.As(apc.Identity{Account: "444455556666"})
	_, there := macOf(t, other, arn)
	_, absent := macOf(t, other, strings.Replace(arn, arn[len(arn)-4:], "zzzz", 1))
	if refusalOf(t, there).Code != apc.ErrAccessDenied || refusalOf(t, absent).Code != apc.ErrAccessDenied ||
		refusalOf(t, there).Reasons[0] != refusalOf(t, absent).Reasons[0] {
		t.Errorf("a key of another account: %v; one that is not there: %v", there, absent)
	}
}

// TestShapesAreRefusedWithAFieldList names each member that is wrong.
func TestShapesAreRefusedWithAFieldList(t *testing.T) {
	w := newWorld(t, nil)
	_, err := w.GenerateMac(t.Context(), &dataplane.GenerateMacInput{KeyIdentifier: "alias/a", MessageData: "0", MacLength: new(3)})
	e := refusalOf(t, err)
	want := []apc.InvalidField{
		{
			Path:    "MessageData",
			Message: "Member must have length greater than or equal to 2",
		}, {Path: "MessageData", Message: "Member must satisfy regular expression pattern: (?:[0-9a-fA-F][0-9a-fA-F])+"},
		{
			Path:    "GenerationAttributes",
			Message: "Member must have exactly one member set",
		}, {Path: "MacLength", Message: "Member must have value greater than or equal to 4"},
	}
	if e.Code != apc.ErrValidation || fmt.Sprint(e.Fields) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", e.Fields, want)
	}
}

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

// TestVerificationFailuresHaveTheServicesReason for each of the four operations.
func TestVerificationFailuresHaveTheServicesReason(t *testing.T) {
	w := newWorld(t, nil)
	_, err := w.VerifyMac(
		t.Context(),
		&dataplane.VerifyMacInput{KeyIdentifier: w.key(t, &macKey), MessageData: "00112233", Mac: "00000000",
			VerificationAttributes: dataplane.MacAttributes{Algorithm: new(dataplane.MacAlgorithmISO9797Algorithm3)}},
	)
	e := refusalOf(t, err)
	if !errors.Is(err, apc.ErrVerificationFailed) || e.Failed != apc.InvalidMAC || e.Message != "MAC verification failed." ||
		len(e.Reasons) != 1 {
		t.Errorf("got %v", e)
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

// TestRatesAreCountedBySecondsOfTheClock, for symmetric keys and for key pairs apart.
func TestRatesAreCountedBySecondsOfTheClock(t *testing.T) {
	clock := engine.NewClock(worldTime)
	w := newWorld(t, &engine.Options{Now: clock.Now, Limits: apc.Limits{SymmetricRate: 3, AsymmetricRate: 1}})
	key := w.key(t, &macKey)
	for second := range 2 {
		for i := range 5 {
			_, err := macOf(t, w.Caller, key)
			if throttled := errors.Is(err, apc.ErrThrottling); throttled != (i >= 3) || err != nil && !throttled {
				t.Errorf("second %d, request %d: %v", second, i, err)
			}
		}
		if _, err := macOf(t, w.As(apc.Identity{Region: "eu-west-1"}), key); errors.Is(err, apc.ErrThrottling) {
			t.Errorf("another Region: %v", err)
		}
		clock.Advance(time.Second)
	}
}

// TestEventsHaveTheKeysAndNothingElseOfARequest.
func TestEventsHaveTheKeysAndNothingElseOfARequest(t *testing.T) {
	var events []apc.Event
	w := newWorld(t, &engine.Options{Observe: func(e apc.Event) { events = append(events, e) }})
	in := badPIN(w, t)
	events = nil
	w.VerifyPinData(t.Context(), in)
	if len(events) != 1 || events[0].EventName != "VerifyPinData" || !events[0].ReadOnly || len(events[0].Resources) != 2 ||
		events[0].ErrorCode != apc.ErrValidation {
		t.Fatalf("got %+v", events)
	}
	if text := fmt.Sprintf("%+v", events[0]); strings.Contains(text, pan) || strings.Contains(text, in.EncryptedPinBlock) {
		t.Errorf("the request is in the event: %s", text)
	}
}

// TestSeedMakesThePINs: the same seed, the same PIN, on a device that follows seeds.
func TestSeedMakesThePINs(t *testing.T) {
	if !simtest.FollowsSeeds(t) {
		t.Log("the device draws its own")
		return
	}
	draw := func(seed uint64) string {
		eng := engine.New(&engine.Options{Seed: seed})
		defer eng.Close()
		w := &world{Engine: eng, keys: map[vectorKeyID]string{}}
		out, err := w.GeneratePinData(
			t.Context(),
			&dataplane.GeneratePinDataInput{GenerationKeyIdentifier: w.key(t, &pvk), EncryptionKeyIdentifier: w.key(t, &pinKey),
				GenerationAttributes: dataplane.PinGenerationAttributes{
					VisaPin: &dataplane.VisaPin{PinVerificationKeyIndex: new(1)},
				}, PinDataLength: new(12),
				PrimaryAccountNumber: new(pan), PinBlockFormat: dataplane.PinBlockFormatForPinDataISOFormat0},
		)
		if err != nil {
			t.Fatal(err)
		}
		return out.EncryptedPinBlock
	}
	if a, b, c := draw(7), draw(7), draw(8); a != b || a == c {
		t.Errorf("seed 7: %s and %s, seed 8: %s", a, b, c)
	}
}
