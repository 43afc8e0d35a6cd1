package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
	"github.com/seed748fb4d1/apcsim/keystore"
)

var home = keystore.Partition{Account: engine.DefaultAccount, Region: engine.DefaultRegion}

var commitNumber byte

// commitTo makes one commit without the engine.
func commitTo(t testing.TB, s keystore.Store, changes ...keystore.Change) {
	t.Helper()
	commitNumber++
	if err := s.Commit(ctx, keystore.CommitID{0xC0, commitNumber}, changes...); err != nil {
		t.Fatalf("commit of a test: %v", err)
	}
}

// ways to make a record unreadable.
var ways = map[string]func([]byte) []byte{
	"of a later version": func(b []byte) []byte { return append([]byte{200}, b[1:]...) },
	"cut":                func(b []byte) []byte { return b[:len(b)/2] },
	"empty":              func([]byte) []byte { return []byte{} },
}

// spoil makes a stored record unreadable.
func spoil(t testing.TB, s keystore.Store, kind keystore.Kind, id string, way func([]byte) []byte) {
	t.Helper()
	found, err := s.Read(ctx, keystore.Ref{Partition: home, Kind: kind, ID: id})
	if err != nil || !found[0].Record.Exists() {
		t.Fatalf("record %s %s: %v, %v", kind, id, found, err)
	}
	rec := found[0].Record
	rec.Data = way(append([]byte(nil), rec.Data...))
	commitTo(t, s, keystore.Replace(rec))
}

// skips are the reports of skipped records, by resource.
type skips map[string]int

func (s skips) observe(ev apc.Event) {
	if ev.EventType == apc.ServiceEvent && ev.EventName == apc.EventRecordSkipped && len(ev.Resources) == 1 && len(ev.Reasons) == 1 {
		s[ev.Resources[0]]++
	}
}

func idOf(arn string) string { return arn[len(arn)-16:] }

// TestOneUnreadableKeyStopsNoOther: while it waits, once it is due, and when the
// store is opened again.
func TestOneUnreadableKeyStopsNoOther(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			clock, seen := engine.NewClock(noon), skips{}
			backend, store := simtest.Backend(t, nil), simtest.Store(t)
			options := &engine.Options{Now: clock.Now, Observe: seen.observe}
			eng := simtest.On(t, backend, store, options)
			good, bad := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256)).KeyArn, create(
				t,
				eng.Caller,
				kekAttributes(apc.KeyAlgorithmAES256),
			).KeyArn
			for alias, arn := range map[string]string{"alias/good": good, "alias/bad": bad} {
				if _, err := eng.CreateAlias(ctx, &engine.CreateAliasInput{AliasName: alias, KeyArn: &arn}); err != nil {
					t.Fatal(err)
				}
			}
			for _, arn := range []string{good, bad} {
				if _, err := eng.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: arn, DeleteKeyInDays: new(3)}); err != nil {
					t.Fatal(err)
				}
			}
			spoil(t, store, "key", idOf(bad), way)
			othersWork(t, eng, good, bad, seen)
			for _, days := range []int{0, 4} {
				clock.Advance(time.Duration(days) * day)
				again := simtest.On(t, backend, store, options)
				if err := again.Settle(ctx); err != nil {
					t.Errorf("after %d days Settle: %v", days, err)
				}
				othersWork(t, again, good, bad, seen)
			}
			out, err := eng.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: good})
			if err != nil || out.Key.KeyState != apc.KeyStateDeleteComplete {
				t.Errorf("the good key: %+v, %v, want it deleted", out, err)
			}
		})
	}
}

// othersWork calls everything that reads several records, and checks that the bad
// key is reported and refused by its id.
func othersWork(t *testing.T, eng *engine.Engine, good, bad string, seen skips) {
	t.Helper()
	before := seen[bad]
	out, err := eng.ListKeys(ctx, &engine.ListKeysInput{MaxResults: new(100)})
	if err != nil || !slices.ContainsFunc(out.Keys, func(k engine.KeySummary) bool { return k.KeyArn == good }) {
		t.Errorf("ListKeys: %v, %v; want %s in it", out, err, good)
	}
	if seen[bad] <= before {
		t.Errorf("ListKeys did not report %s", bad)
	}
	create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
	commitNumber++
	name := fmt.Sprintf("alias/new-%d", commitNumber)
	if _, err := eng.CreateAlias(ctx, &engine.CreateAliasInput{AliasName: name}); err != nil {
		t.Errorf("CreateAlias: %v", err)
	}
	aliases, err := eng.ListAliases(ctx, nil)
	if err != nil || len(aliases.Aliases) < 3 {
		t.Errorf("ListAliases: %v, %v", aliases, err)
	}
	if _, err := eng.UpdateAlias(ctx, &engine.UpdateAliasInput{AliasName: "alias/bad", KeyArn: &bad}); err == nil {
		t.Error("an alias was pointed to a key that cannot be read")
	}
	for op, call := range map[string]func(id string) error{
		"GetKey": func(id string) error {
			_, err := eng.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: id})
			return err
		},
		"RestoreKey": func(id string) error {
			_, err := eng.RestoreKey(ctx, &engine.RestoreKeyInput{KeyIdentifier: id})
			return err
		},
	} {
		for _, id := range []string{bad, "alias/bad"} {
			refusal := refused(t, op+" "+id, call(id), apc.ErrInternalServer, "stored-record")
			if refusal.Resource != bad || !strings.Contains(refusal.Reasons[0].Found, idOf(bad)) {
				t.Errorf("%s of %s names %q and %v, want %s", op, id, refusal.Resource, refusal.Reasons, bad)
			}
		}
	}
}

// TestUnreadableDueRecordsHoldNothingUp: more of them than one operation settles,
// of every kind, each reported once.
func TestUnreadableDueRecordsHoldNothingUp(t *testing.T) {
	clock, seen := engine.NewClock(noon), skips{}
	store := simtest.Store(t)
	eng := simtest.On(
		t,
		simtest.Backend(t, nil),
		store,
		&engine.Options{Now: clock.Now, Observe: seen.observe, Limits: apc.Limits{Keys: 120}},
	)
	const many = 150
	for i := range many {
		kind := []keystore.Kind{"key", "token", "of-tomorrow"}[i%3]
		commitTo(t, store, keystore.Create(keystore.Record{Partition: home, Kind: kind, ID: fmt.Sprintf("unreadable%06d", i),
			Due: noon.Add(time.Second), Index: string(apc.KeyStateDeletePending), Data: []byte{200}}))
	}
	for range 120 {
		k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128)).KeyArn
		if _, err := eng.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: k, DeleteKeyInDays: new(3)}); err != nil {
			t.Fatal(err)
		}
	}
	clock.Advance(4 * day)
	create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128)) // the quota was full
	if err := eng.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	found, err := store.Due(ctx, home, clock.Now(), 1000)
	if err != nil || len(found) != many {
		t.Errorf("%d records are due after settling, %v; want the %d that cannot be read", len(found), err, many)
	}
	if len(seen) != many {
		t.Errorf("%d records reported, want %d", len(seen), many)
	}
	for resource, n := range seen {
		if n != 1 {
			t.Errorf("settling reported %s %d times, want once", resource, n)
		}
	}
}

// TestAWrongCounterPreventsNoDeletion: a counter below the number of keys does not
// stop their deletion.
func TestAWrongCounterPreventsNoDeletion(t *testing.T) {
	clock := engine.NewClock(noon)
	store := simtest.Store(t)
	eng := simtest.On(t, simtest.Backend(t, nil), store, &engine.Options{Now: clock.Now})
	k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128)).KeyArn
	if _, err := eng.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: k, DeleteKeyInDays: new(3)}); err != nil {
		t.Fatal(err)
	}
	commitTo(t, store, keystore.Count(keystore.Ref{Partition: home, Kind: "counter", ID: "keys"}, -1, 0))
	clock.Advance(4 * day)
	if err := eng.Settle(ctx); err != nil {
		t.Fatalf("Settle: %v", err)
	}
	if found, err := store.Due(ctx, home, clock.Now(), 10); err != nil || len(found) != 0 {
		t.Errorf("still due: %v, %v", found, err)
	}
	create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
}

// TestAnUnreadableTokenOrAliasStopsNoOther: they are refused by name, and left out
// of lists.
func TestAnUnreadableTokenOrAliasStopsNoOther(t *testing.T) {
	clock, seen := engine.NewClock(noon), skips{}
	store := simtest.Store(t)
	eng := simtest.On(t, simtest.Backend(t, nil), store, &engine.Options{Now: clock.Now, Observe: seen.observe,
		Limits: apc.Limits{TokenLife: 30 * day}})
	for _, name := range []string{"alias/good", "alias/bad"} {
		if _, err := eng.CreateAlias(ctx, &engine.CreateAliasInput{AliasName: name}); err != nil {
			t.Fatal(err)
		}
	}
	spoil(t, store, "alias", "alias/bad", ways["of a later version"])
	aliases, err := eng.ListAliases(ctx, nil)
	if err != nil || len(aliases.Aliases) != 1 || seen["arn:aws:payment-cryptography:us-east-1:111122223333:alias/bad"] != 1 {
		t.Errorf("ListAliases: %v, %v; reported %v", aliases, err, seen)
	}
	_, err = eng.GetAlias(ctx, &engine.GetAliasInput{AliasName: "alias/bad"})
	refused(t, "GetAlias", err, apc.ErrInternalServer, "stored-record")

	token := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA2048, false).ImportToken
	spoil(t, store, "token", token, ways["cut"])
	reused := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA2048, true)
	if reused.ImportToken == token || seen[token] != 1 {
		t.Errorf("got %v, reported %v; want another token than the damaged %s", reused.ImportToken, seen, token)
	}
	_, err = eng.ImportKey(ctx, &engine.ImportKeyInput{KeyMaterial: engine.ImportKeyMaterial{KeyCryptogram: &engine.ImportKeyCryptogram{
		KeyAttributes: kekAttributes(
			apc.KeyAlgorithmTDES2Key,
		), Exportable: new(true), WrappedKeyCryptogram: strings.Repeat("A", 512), ImportToken: token}}})
	if refusal, ok := errors.AsType[*apc.Error](err); !ok || refusal.Code != apc.ErrInternalServer || refusal.Resource != token {
		t.Errorf("ImportKey with the damaged token: %v", err)
	}
}

// TestAnUnreadableRecordOfTheEngineIsNamed: pages cannot be turned without it, and
// the first ones are given.
func TestAnUnreadableRecordOfTheEngineIsNamed(t *testing.T) {
	store := simtest.Store(t)
	eng := simtest.On(t, simtest.Backend(t, nil), store, nil)
	for range 3 {
		create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
	}
	commitTo(
		t,
		store,
		keystore.Create(
			keystore.Record{
				Partition: keystore.Partition{Account: "apcsim", Region: "apcsim"},
				Kind:      "own",
				ID:        "page-tokens",
				Data:      []byte{200},
			},
		),
	)
	_, err := eng.ListKeys(ctx, &engine.ListKeysInput{MaxResults: new(2)})
	if refusal := refused(t, "ListKeys", err, apc.ErrInternalServer, "stored-record"); refusal.Resource != "page-tokens" {
		t.Errorf("it names %q", refusal.Resource)
	}
	if _, err := eng.ListKeys(ctx, nil); err != nil {
		t.Errorf("a page that is the last: %v", err)
	}
}
