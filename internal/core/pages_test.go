package core

import (
	"context"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/testkeys"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// testCaller is a caller of a cloud in memory.
func testCaller(t testing.TB) *Caller {
	backend, store := hsm.NewSoftware(nil), keystore.NewMemory()
	t.Cleanup(func() { store.Close(); backend.Close() })
	c := NewCloud(&CloudConfig{Backend: backend, Store: store, HSM: hsm.Options{Ready: testkeys.Ready()}})
	return &Caller{Cloud: c, Identity: apc.Identity{Account: "111122223333", Region: "us-east-1", ARN: "arn:aws:iam::111122223333:root"}}
}

func tokenCall(t testing.TB, op string) *Call {
	return &Call{Caller: testCaller(t), Op: op, Now: time.Now()}
}

func TestPageTokensOpenOnlyWhereTheyWereMade(t *testing.T) {
	k := tokenCall(t, "ListKeys")
	of := PageOf{Op: "ListKeys", Place: k.Home(), Filter: "CREATE_COMPLETE"}
	token, err := k.NextToken(context.Background(), of, "position")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := k.Position(context.Background(), of, token); got != "position" || err != nil {
		t.Errorf("where it was made: %q, %v", got, err)
	}
	for name, other := range map[string]PageOf{
		"another operation": {"ListAliases", of.Place, of.Filter},
		"another Region":    {of.Op, keystore.Partition{Account: of.Place.Account, Region: "eu-west-1"}, of.Filter},
		"another account":   {of.Op, keystore.Partition{Account: "444455556666", Region: of.Place.Region}, of.Filter},
		"another filter":    {of.Op, of.Place, ""},
	} {
		if got, err := k.Position(context.Background(), other, token); err == nil {
			t.Errorf("%s: opened as %q", name, got)
		}
	}
	for i := range *token { // every character counts
		spoiled := []byte(*token)
		spoiled[i] = 'A' + (spoiled[i]-'A'+1)%26
		if spoiled[i] == (*token)[i] {
			continue
		}
		if got, err := k.Position(context.Background(), of, new(string(spoiled))); err == nil {
			t.Errorf("with character %d changed: opened as %q", i, got)
		}
	}
	stranger := tokenCall(t, "ListKeys")
	if got, err := stranger.Position(context.Background(), of, token); err == nil {
		t.Errorf("in another cloud: opened as %q", got)
	}
}

// FuzzPageToken: no string opens but those the engine made.
func FuzzPageToken(f *testing.F) {
	k := tokenCall(f, "ListKeys")
	of := PageOf{Op: "ListKeys", Place: k.Home()}
	made, err := k.NextToken(context.Background(), of, "kwapwa6qaifllw2h")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(*made)
	f.Add("")
	f.Add("AQA")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := k.Position(context.Background(), of, &s)
		if err == nil && (s != *made || got != "kwapwa6qaifllw2h") {
			t.Fatalf("%q opens as %q", s, got)
		}
	})
}
