package dataplane_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/engine"
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
