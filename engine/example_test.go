package engine_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

// A key's life in a test that owns the clock: made, scheduled for deletion,
// deleted when the wait is over.
func Example() {
	ctx := context.Background()
	clock := engine.NewClock(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC))
	eng := engine.New(&engine.Options{Now: clock.Now})
	defer eng.Close()

	made, err := eng.CreateKey(ctx, &engine.CreateKeyInput{
		KeyAttributes: apc.KeyAttributes{
			KeyUsage: apc.KeyUsageTR31B0BaseDerivationKey, KeyClass: apc.KeyClassSymmetricKey,
			KeyAlgorithm: apc.KeyAlgorithmAES256, KeyModesOfUse: apc.KeyModesOfUse{DeriveKey: true},
		},
		Exportable: new(true),
	})
	if err != nil {
		log.Fatal(err)
	}
	deleted, err := eng.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: made.Key.KeyArn})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(deleted.Key.KeyState, "until", deleted.Key.DeletePendingTimestamp.Format(time.DateOnly))

	clock.Advance(7 * 24 * time.Hour)
	now, err := eng.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: made.Key.KeyArn})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(now.Key.KeyState)
	_, err = eng.RestoreKey(ctx, &engine.RestoreKeyInput{KeyIdentifier: made.Key.KeyArn})
	refusal := err.(*apc.Error)
	fmt.Println(refusal.Code, refusal.Reasons[0])
	// Output:
	// DELETE_PENDING until 2026-05-08
	// DELETE_COMPLETE
	// ValidationException KeyState: the state of the key does not allow this operation: found DELETE_COMPLETE, wanted DELETE_PENDING
}
