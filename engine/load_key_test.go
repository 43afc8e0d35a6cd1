package engine_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// loadUnder is a load of an AES key of 16 bytes of one value, under an id.
func loadUnder(id string, value byte) *engine.LoadKeyInput {
	part := []byte(strings.Repeat(string(value), 16))
	return &engine.LoadKeyInput{
		KeyAttributes: kekAttributes(apc.KeyAlgorithmAES128), Exportable: new(true), KeyID: &id,
		Components: []hsm.Secret{hsm.NewSecret(part), hsm.NewSecret(make([]byte, 16))},
	}
}

func TestLoadKeyAgainUnderItsIDReturnsTheSameKey(t *testing.T) {
	eng := simtest.New(t, nil)
	const id = "zoneKey000000000001"
	first, err := eng.LoadKey(ctx, loadUnder(id, 1))
	if err != nil {
		t.Fatal(err)
	}
	if want := "arn:aws:payment-cryptography:us-east-1:111122223333:key/" + id; first.Key.KeyArn != want {
		t.Errorf("got %s, want %s", first.Key.KeyArn, want)
	}
	if _, err := eng.StopKeyUsage(ctx, &engine.StopKeyUsageInput{KeyIdentifier: first.Key.KeyArn}); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			again, err := eng.LoadKey(ctx, loadUnder(id, 1))
			if err != nil || again.Key.KeyArn != first.Key.KeyArn || again.Key.Enabled || again.ComponentCheckValues[0] != first.ComponentCheckValues[0] {
				t.Errorf("again: got %+v, %v, want the key as it is now", again, err)
			}
			other, err := eng.LoadKey(ctx, loadUnder("together0000000001", 2)) // of several at once one stores it
			if err != nil || !strings.HasSuffix(other.Key.KeyArn, "together0000000001") {
				t.Errorf("together: got %+v, %v", other, err)
			}
		})
	}
	all.Wait()
	keys, err := eng.ListKeys(ctx, &engine.ListKeysInput{})
	if err != nil || len(keys.Keys) != 2 {
		t.Errorf("got %d keys, %v, want 2", len(keys.Keys), err)
	}
}

func TestLoadKeyRefusesAnotherKeyUnderTheID(t *testing.T) {
	eng := simtest.New(t, nil)
	const id = "zoneKey000000000001"
	if _, err := eng.LoadKey(ctx, loadUnder(id, 1)); err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]*engine.LoadKeyInput{
		"other components": loadUnder(id, 2),
		"not exportable":   func() *engine.LoadKeyInput { in := loadUnder(id, 1); in.Exportable = new(false); return in }(),
		"another usage": func() *engine.LoadKeyInput {
			in := loadUnder(id, 1)
			in.KeyAttributes.KeyUsage = apc.KeyUsageTR31K0KeyEncryptionKey
			return in
		}(),
	} {
		_, err := eng.LoadKey(ctx, in)
		refused(t, name, err, apc.ErrConflict, "key-exists")
	}
	for _, id := range []string{"", "short", strings.Repeat("a", 65), "sixteen-letters-"} {
		_, err := eng.LoadKey(ctx, loadUnder(id, 1))
		refusal := refused(t, "id "+id, err, apc.ErrValidation, map[bool]apc.Rule{true: "length", false: "pattern"}[len(id) < 16 || len(id) > 64])
		if len(refusal.Reasons) > 0 && refusal.Reasons[0].Field != "KeyID" {
			t.Errorf("id %q: got %+v, want KeyID named", id, refusal.Reasons)
		}
	}
}
