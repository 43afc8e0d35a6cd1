package model_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest"
	"github.com/seed748fb4d1/apcsim/enginetest/draw"
)

// TestWhatContradictsIsFound gives the model answers that no right engine gives.
func TestWhatContradictsIsFound(t *testing.T) {
	ctx, w := context.Background(), draw.MachineWorld(draw.MachineLimits())
	s := enginetest.New(t, &enginetest.Options{Engine: draw.MachineOptions(w), Keep: enginetest.KeepAll})
	who := apc.Identity{Account: w.Places()[0].Account, Region: w.Places()[0].Region}
	create := &engine.CreateKeyInput{KeyAttributes: enginetest.P0TDES2.Attributes(), Exportable: new(true)}
	made, err := s.CreateKey(ctx, create)
	if err := w.Did(s.Clock.Now(), who, create, made, err); err != nil {
		t.Fatal(err)
	}
	contradicts := func(what, want string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", what, err, want)
		}
	}

	get := &engine.GetKeyInput{KeyIdentifier: made.Key.KeyArn}
	refusal := &apc.Error{Code: apc.ErrResourceNotFound, Reasons: []apc.Reason{{Rule: apc.RuleKey}}}
	contradicts("a key that must be there", "must be accepted", w.Did(s.Clock.Now(), who, get, nil, refusal))

	wrong := engine.GetKeyOutput{Key: made.Key}
	wrong.Key.KeyCheckValue = "000000"
	contradicts("another check value", "000000", w.Did(s.Clock.Now(), who, get, &wrong, nil))
	wrong.Key = made.Key
	wrong.Key.UsageStartTimestamp = new(made.Key.CreateTimestamp.Add(time.Millisecond))
	contradicts("another time stamp", "UsageStartTimestamp", w.Did(s.Clock.Now(), who, get, &wrong, nil))

	restore := &engine.RestoreKeyInput{KeyIdentifier: made.Key.KeyArn}
	contradicts(
		"a key restored that is not pending",
		"must be refused with ValidationException",
		w.Did(s.Clock.Now(), who, restore, &engine.RestoreKeyOutput{}, nil),
	)
	contradicts(
		"a refusal without a reason",
		"has no reason",
		w.Did(s.Clock.Now(), who, restore, nil, &apc.Error{Code: apc.ErrValidation}),
	)

	if err := w.Compare(ctx, s.Clock.Now(), s.As); err != nil {
		t.Errorf("the state as it is: %v", err)
	}
	s.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: made.Key.KeyArn}) // behind the model's back
	contradicts("a key deleted behind the model's back", "DELETE_PENDING", w.Compare(ctx, s.Clock.Now(), s.As))
}
