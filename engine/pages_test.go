package engine

import (
	"context"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
)

func tokenCall(t testing.TB, op string) *call {
	eng, err := New(nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { eng.Close() })
	return &call{caller: eng.caller, op: op, now: time.Now()}
}

func TestPageTokensOpenOnlyWhereTheyWereMade(t *testing.T) {
	k := tokenCall(t, "ListKeys")
	of := pageOf{op: "ListKeys", place: k.home(), filter: "CREATE_COMPLETE"}
	token, err := k.nextToken(context.Background(), of, "position")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := k.position(context.Background(), of, token); got != "position" || err != nil {
		t.Errorf("where it was made: %q, %v", got, err)
	}
	for name, other := range map[string]pageOf{
		"another operation": {"ListAliases", of.place, of.filter},
		"another Region":    {of.op, keystore.Partition{Account: of.place.Account, Region: "eu-west-1"}, of.filter},
		"another account":   {of.op, keystore.Partition{Account: "444455556666", Region: of.place.Region}, of.filter},
		"another filter":    {of.op, of.place, ""},
	} {
		if got, err := k.position(context.Background(), other, token); err == nil {
			t.Errorf("%s: opened as %q", name, got)
		}
	}
	for i := range *token { // every character counts
		spoiled := []byte(*token)
		spoiled[i] = 'A' + (spoiled[i]-'A'+1)%26
		if spoiled[i] == (*token)[i] {
			continue
		}
		if got, err := k.position(context.Background(), of, new(string(spoiled))); err == nil {
			t.Errorf("with character %d changed: opened as %q", i, got)
		}
	}
	stranger := tokenCall(t, "ListKeys")
	if got, err := stranger.position(context.Background(), of, token); err == nil {
		t.Errorf("in another cloud: opened as %q", got)
	}
}

// FuzzPageToken: no string opens but those the engine made.
func FuzzPageToken(f *testing.F) {
	k := tokenCall(f, "ListKeys")
	of := pageOf{op: "ListKeys", place: k.home()}
	made, err := k.nextToken(context.Background(), of, "kwapwa6qaifllw2h")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(*made)
	f.Add("")
	f.Add("AQA")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := k.position(context.Background(), of, &s)
		if err == nil && (s != *made || got != "kwapwa6qaifllw2h") {
			t.Fatalf("%q opens as %q", s, got)
		}
	})
}
