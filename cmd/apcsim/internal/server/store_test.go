package server

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// lent is a store that outlives its servers.
type lent struct{ keystore.Store }

// Close would be somebody's mistake: who made the store closes it.
func (lent) Close() error { return errors.New("closed by the server") }

func newLent(t *testing.T) lent {
	s := keystore.NewMemory()
	t.Cleanup(func() { s.Close() })
	return lent{s}
}

// TestAStoreOutlivesServers: keys, and how far the clock is ahead. The keys of the
// configuration are loaded once, and there is no reset.
func TestAStoreOutlivesServers(t *testing.T) {
	o := Options{Control: true, Anonymous: true, Config: parsed(t, zoneKey), Backend: hsm.NewSoftware(nil), Store: newLent(t)}
	var made string
	for run := range 3 {
		r := start(t, "127.0.0.1", o)
		if run == 0 {
			made = r.create(t)
			var at timeView
			r.own(t, "POST", "advance", `{"duration":"36h"}`, &at)
		}
		if status, answer, _ := r.call(t, "GetKey", `{"KeyIdentifier":"`+made+`"}`); status != http.StatusOK {
			t.Errorf("run %d: the key of the first: %d, %s", run, status, answer)
		}
		var at timeView
		if r.own(t, "GET", "now", "", &at); at.Offset != "36h0m0s" {
			t.Errorf("run %d: the clock is %s ahead", run, at.Offset)
		}
		var keys pageView
		if r.own(t, "GET", "keys", "", &keys); len(keys.Keys) != 2 {
			t.Errorf("run %d: %d keys, want the one that was made and that of the configuration", run, len(keys.Keys))
		}
		status, answer, _ := r.do(t, "POST", "/_apcsim/reset", "")
		if status != http.StatusConflict || !strings.Contains(string(answer), "store") {
			t.Errorf("run %d: reset: %d, %s", run, status, answer)
		}
		r.end(t)
		if said := strings.Contains(r.log.String(), "are not loaded"); said != (run > 0) {
			t.Errorf("run %d: the log says that keys were loaded before: %v", run, said)
		}
	}
}

// TestLoadingThatWasCutOff: the keys that are missing are loaded, those that are
// there are not loaded again, and an alias without a key gets one.
func TestLoadingThatWasCutOff(t *testing.T) {
	b, s := hsm.NewSoftware(nil), newLent(t)
	eng, err := engine.Open(t.Context(), b, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	config := parsed(t, zoneKey)
	alias := config.Keys[0].Alias
	if _, err := eng.CreateAlias(t.Context(), &engine.CreateAliasInput{AliasName: alias}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time as if the first had not said that it was done
		r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true, Config: parsed(t, zoneKey), Backend: b, Store: s})
		var keys pageView
		if r.own(t, "GET", "keys", "", &keys); len(keys.Keys) != 1 || keys.Keys[0].KeyCheckValue != zoneKCV {
			t.Errorf("got %+v", keys)
		}
		if out, err := eng.GetAlias(t.Context(), &engine.GetAliasInput{AliasName: alias}); err != nil || out.Alias.KeyArn == nil {
			t.Errorf("the alias: %+v, %v", out, err)
		}
		r.end(t)
		found, err := s.Read(t.Context(), loadedRecord)
		if err != nil || !found[0].Record.Exists() {
			t.Fatalf("nothing says that the keys are loaded: %v", err)
		}
		if _, err := commit(t.Context(), s, keystore.Erase(found[0].Record)); err != nil {
			t.Fatal(err)
		}
	}
}
