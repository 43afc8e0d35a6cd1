package dataplane_test

import (
	"errors"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/engine"
)

// macOf asks for the MAC of a message under a key.
func macOf(t *testing.T, c *engine.Caller, key string) (*dataplane.GenerateMacOutput, error) {
	return c.GenerateMac(t.Context(), &dataplane.GenerateMacInput{KeyIdentifier: key, MessageData: "00112233",
		GenerationAttributes: dataplane.MacAttributes{Algorithm: new(dataplane.MacAlgorithmISO9797Algorithm3)}})
}

// TestVerificationFailuresHaveTheServicesReason: of a MAC. Those of the other operations are in the vectors.
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
