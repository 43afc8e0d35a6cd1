package server

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// twoKeys is a configuration of a key with an alias and two without, which are the same.
const twoKeys = `{"keys":[{"alias":"alias/zone-key",` + components + aKey + `,{` + components + aKey + `,{` + components + aKey + `]}`

// keysIn are the ARNs of the keys of the default account, and what the alias names.
func keysIn(t *testing.T, b hsm.Backend, s keystore.Store) (arns []string, alias string) {
	t.Helper()
	eng, err := engine.Open(t.Context(), b, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := eng.ListKeys(t.Context(), &engine.ListKeysInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys.Keys {
		arns = append(arns, k.KeyArn)
	}
	out, err := eng.GetAlias(t.Context(), &engine.GetAliasInput{AliasName: "alias/zone-key"})
	if err != nil || out.Alias.KeyArn == nil {
		t.Fatalf("the alias: %+v, %v", out, err)
	}
	return arns, *out.Alias.KeyArn
}

// TestAnEditedConfigurationIsRefusedAfterLoadingWasCutOff: the store has a key in the place
// of another one.
func TestAnEditedConfigurationIsRefusedAfterLoadingWasCutOff(t *testing.T) {
	b, s := hsm.NewSoftware(nil), newLent(t)
	listen := func(text string) error {
		srv, err := Listen(t.Context(), "127.0.0.1:0", &Options{Config: parsed(t, text), Backend: b, Store: s})
		if err == nil {
			srv.listener.Close()
		}
		return err
	}
	broken := `{"keys":[{` + components + aKey + `,{"components":["00","00"],` + aKey + `]}`
	if err := listen(broken); err == nil || !strings.HasPrefix(err.Error(), "keys[1]: ") {
		t.Fatalf("got %v, want a refusal of keys[1]", err)
	}
	other := strings.ReplaceAll(`{"keys":[{`+components+aKey+`]}`, "22222222", "33333333")
	if err := listen(other); err == nil || !strings.HasPrefix(err.Error(), "keys[0]: the store has another key in its place") {
		t.Errorf("another key: got %v", err)
	}
	if err := listen(`{"keys":[{` + components + aKey + `]}`); err != nil {
		t.Errorf("the same key: %v", err)
	}
}

func TestTheARNsOfConfiguredKeysAreTheSameInEveryRun(t *testing.T) {
	var before []string
	for run := range 2 {
		b, s := hsm.NewSoftware(nil), newLent(t)
		srv, err := Listen(t.Context(), "127.0.0.1:0", &Options{Config: parsed(t, twoKeys), Backend: b, Store: s})
		if err != nil {
			t.Fatal(err)
		}
		srv.listener.Close()
		arns, _ := keysIn(t, b, s)
		if run > 0 && !slices.Equal(arns, before) || len(arns) != 3 {
			t.Errorf("got %q, want %q", arns, before)
		}
		before = arns
	}
}
