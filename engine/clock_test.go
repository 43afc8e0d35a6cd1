package engine_test

import (
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

var (
	epoch = time.Unix(0, 0).UTC()
	end   = time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC)
)

// TestAClockThatNoRecordCanHoldIsRefused: before 1970 and after 9999 nothing is
// done, at the ends everything is.
func TestAClockThatNoRecordCanHoldIsRefused(t *testing.T) {
	clock := engine.NewClock(noon)
	eng := simtest.New(t, &engine.Options{Now: clock.Now})
	k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128)).KeyArn
	for _, at := range []time.Time{epoch.Add(-1), {}, end.Add(time.Millisecond), end.AddDate(30000, 0, 0)} {
		clock.Set(at)
		if at.IsZero() { // the zero Clock begins in 2026
			clock.Set(at.Add(1))
		}
		_, err := eng.CreateKey(ctx, &engine.CreateKeyInput{KeyAttributes: kekAttributes(apc.KeyAlgorithmAES128), Exportable: new(true)})
		refused(t, "CreateKey at "+at.String(), err, apc.ErrInternalServer, "clock")
		_, err = eng.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: k})
		refused(t, "GetKey at "+at.String(), err, apc.ErrInternalServer, "clock")
		refused(t, "Settle at "+at.String(), eng.Settle(ctx), apc.ErrInternalServer, "clock")
	}
	for _, at := range []time.Time{epoch, end} {
		clock.Set(at)
		made := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
		if got, err := eng.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: made.KeyArn}); err != nil ||
			!got.Key.CreateTimestamp.Equal(at) {
			t.Errorf("at %s: %v, %v", at, got, err)
		}
	}
}

// TestWhatWouldEndAfter9999IsRefused: dates that the clock's lead to are held to
// the same years, and nothing is half done.
func TestWhatWouldEndAfter9999IsRefused(t *testing.T) {
	clock := engine.NewClock(end.Add(-time.Hour))
	eng := simtest.New(t, &engine.Options{Now: clock.Now})
	k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128)).KeyArn
	_, err := eng.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: k})
	refused(t, "DeleteKey", err, apc.ErrInternalServer, "clock")
	if got, err := eng.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: k}); err != nil || got.Key.KeyState != apc.KeyStateCreateComplete {
		t.Errorf("after it: %+v, %v", got, err)
	}
	_, err = eng.GetParametersForImport(
		ctx,
		&engine.GetParametersForImportInput{
			KeyMaterialType:      apc.KeyMaterialTypeKeyCryptogram,
			WrappingKeyAlgorithm: apc.KeyAlgorithmRSA2048,
		},
	)
	refused(t, "GetParametersForImport", err, apc.ErrInternalServer, "clock")
	clock.Advance(-30 * day)
	parametersForImport(t, eng.Caller, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA2048,
		false) // under a root of less than 30 years
}
