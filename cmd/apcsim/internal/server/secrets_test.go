package server

import (
	"slices"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	prints "github.com/seed748fb4d1/apcsim/internal/testrig/canary"
)

// TestNothingThatHoldsASecretShowsIt is the module's test of that name for the
// types here.
func TestNothingThatHoldsASecretShowsIt(t *testing.T) {
	secret := []byte("canary-of-a-key!")
	config := &Config{
		Callers: map[string]Caller{"A": {Account: "111122223333", Secret: string(secret)}},
		Keys:    []Key{{Components: []Component{{hsm.NewSecret(secret)}}}},
	}
	s, err := Listen(t.Context(), "127.0.0.1:0", &Options{Verify: true, Config: &Config{Callers: config.Callers}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	holders := map[string]any{
		"Caller": config.Callers["A"], "Component": config.Keys[0].Components[0], "Config": config, "Document": Document(`{"Statement":{}}`),
		"Key": config.Keys[0], "Options": &Options{Config: config}, "Server": s,
	}
	found := prints.Types(t, ".")
	for _, name := range found {
		name = name[len("cmd/apcsim/internal/server."):]
		v, ok := holders[name]
		if !ok {
			t.Errorf("%s can hold a secret: give it a value in holders", name)
			continue
		}
		prints.Check(t, name, v, secret)
	}
	for name := range holders {
		if !slices.Contains(found, "cmd/apcsim/internal/server."+name) {
			t.Errorf("%s is in holders and is no such type", name)
		}
	}
}
