package engine_test

import (
	"context"
	"errors"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
	"github.com/seed748fb4d1/apcsim/keystore"
)

var errCable = errors.New("somebody pulled the cable")

// cable is a store behind a connection that can break, before a commit takes
// effect or after.
type cable struct {
	keystore.Store
	before, after int // how many of the next commits fail so
	commits       int
}

func (c *cable) Commit(ctx context.Context, id keystore.CommitID, changes ...keystore.Change) error {
	c.commits++
	if c.before > 0 {
		c.before--
		return errCable
	}
	err := c.Store.Commit(ctx, id, changes...)
	if c.after > 0 {
		c.after--
		return errCable
	}
	return err
}

func TestUnknownOutcomesAreResolvedNotRepeated(t *testing.T) {
	store := &cable{Store: simtest.Store(t)}
	eng := simtest.On(t, simtest.Backend(t, nil), store, nil)
	store.after = 2
	k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
	if n := countKeys(t, eng.Caller); n != 1 || store.after != 0 {
		t.Errorf("%d keys after one CreateKey whose outcome was unknown twice", n)
	}
	store.before = 1
	if _, err := eng.TagResource(ctx, &engine.TagResourceInput{ResourceArn: k.KeyArn, Tags: []apc.Tag{{Key: "a", Value: "b"}}}); err != nil {
		t.Errorf("a commit that failed once before it began: %v", err)
	}
}

func TestAFailingStoreIsServiceUnavailableAndLeavesNothingHalfDone(t *testing.T) {
	store := &cable{Store: simtest.Store(t)}
	eng := simtest.On(t, simtest.Backend(t, nil), store, nil)
	k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256))
	w, err := exportBlock(eng.Caller, k.KeyArn, k.KeyArn, nil)
	if err != nil {
		t.Fatal(err)
	}
	for what, do := range map[string]func() error{
		"CreateKey": func() error {
			_, err := eng.CreateKey(ctx, &engine.CreateKeyInput{KeyAttributes: kekAttributes(apc.KeyAlgorithmAES128), Exportable: new(true)})
			return err
		},
		"ImportKey": func() error { _, err := importBlock(eng.Caller, k.KeyArn, w.KeyMaterial); return err },
		"DeleteKey": func() error {
			_, err := eng.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: k.KeyArn})
			return err
		},
		"StopKeyUsage": func() error {
			_, err := eng.StopKeyUsage(ctx, &engine.StopKeyUsageInput{KeyIdentifier: k.KeyArn})
			return err
		},
		"CreateAlias": func() error {
			_, err := eng.CreateAlias(ctx, &engine.CreateAliasInput{AliasName: "alias/a", KeyArn: &k.KeyArn})
			return err
		},
		"TagResource": func() error {
			_, err := eng.TagResource(ctx, &engine.TagResourceInput{ResourceArn: k.KeyArn, Tags: []apc.Tag{{Key: "a", Value: "b"}}})
			return err
		},
	} {
		store.before = 1000
		refusal := refused(t, what, do(), apc.ErrServiceUnavailable, "keystore")
		if !errors.Is(refusal, errCable) {
			t.Errorf("%s: the cause is lost: %v", what, refusal)
		}
		store.before = 0
		got, err := eng.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: k.KeyArn})
		if err != nil || got.Key.KeyState != apc.KeyStateCreateComplete || !got.Key.Enabled {
			t.Errorf("after %s: %+v, %v", what, got, err)
		}
		if n := countKeys(t, eng.Caller); n != 1 {
			t.Errorf("after %s: %d keys", what, n)
		}
		aliases, err := eng.ListAliases(ctx, nil)
		if err != nil || len(aliases.Aliases) != 0 {
			t.Errorf("after %s: %v, %v", what, aliases, err)
		}
	}
}

// speechless is a store whose Read returns no answers.
type speechless struct {
	keystore.Store
	on bool
}

func (s *speechless) Read(ctx context.Context, refs ...keystore.Ref) ([]keystore.Found, error) {
	if s.on {
		return nil, nil
	}
	return s.Store.Read(ctx, refs...)
}

// TestAReadWithoutAnswersIsAFailure: a user's store may be wrong, and no operation panics.
func TestAReadWithoutAnswersIsAFailure(t *testing.T) {
	store := &speechless{Store: simtest.Store(t)}
	eng := simtest.On(t, simtest.Backend(t, nil), store, nil)
	k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256))
	if _, err := eng.CreateAlias(ctx, &engine.CreateAliasInput{AliasName: "alias/a", KeyArn: &k.KeyArn}); err != nil {
		t.Fatal(err)
	}
	store.on = true
	for what, do := range map[string]func() error{
		"GetKey":      func() error { _, err := eng.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: k.KeyArn}); return err },
		"GetAlias":    func() error { _, err := eng.GetAlias(ctx, &engine.GetAliasInput{AliasName: "alias/a"}); return err },
		"ListAliases": func() error { _, err := eng.ListAliases(ctx, nil); return err },
		"GetDefaultKeyReplicationRegions": func() error {
			_, err := eng.GetDefaultKeyReplicationRegions(ctx, nil)
			return err
		},
		"GetParametersForExport": func() error {
			_, err := eng.GetParametersForExport(ctx, &engine.GetParametersForExportInput{
				KeyMaterialType: apc.KeyMaterialTypeTR34KeyBlock, SigningKeyAlgorithm: apc.KeyAlgorithmRSA2048,
			})
			return err
		},
		"GetMpaTeamAssociation": func() error {
			_, err := eng.GetMpaTeamAssociation(ctx, &engine.GetMpaTeamAssociationInput{Action: apc.MpaOperationImportRootPublicKeyCertificate})
			return err
		},
	} {
		refused(t, what, do(), apc.ErrServiceUnavailable, "keystore")
	}
	store.on = false
}

// TestLosingEveryRaceIsAConflict: an operation makes eight attempts, each of them whole, and
// gives up.
func TestLosingEveryRaceIsAConflict(t *testing.T) {
	store := &rival{Store: simtest.Store(t)}
	imports := 0
	eng := simtest.On(t, hsm.Wrap(simtest.Backend(t, nil), func(_ context.Context, call string) error {
		if call == "Import" {
			imports++
		}
		return nil
	}), store, nil)
	kek := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256))
	k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
	w, err := exportBlock(eng.Caller, kek.KeyArn, k.KeyArn, nil)
	if err != nil {
		t.Fatal(err)
	}
	store.on, imports = true, 0
	_, err = eng.StopKeyUsage(ctx, &engine.StopKeyUsageInput{KeyIdentifier: k.KeyArn})
	refused(t, "StopKeyUsage", err, apc.ErrConflict, "concurrent-change")
	if store.commits != 8 {
		t.Errorf("%d attempts, want 8", store.commits)
	}
	_, err = importBlock(eng.Caller, kek.KeyArn, w.KeyMaterial)
	refused(t, "ImportKey", err, apc.ErrConflict, "concurrent-change")
	if imports != 8 {
		t.Errorf("the key was sealed %d times, want once in each of 8 attempts", imports)
	}
}

// rival is a store in which somebody else is always faster.
type rival struct {
	keystore.Store
	on      bool
	commits int
}

func (r *rival) Commit(ctx context.Context, id keystore.CommitID, changes ...keystore.Change) error {
	if r.on {
		r.commits++
		return keystore.ErrConflict
	}
	return r.Store.Commit(ctx, id, changes...)
}

func TestCancelledContextsChangeNothing(t *testing.T) {
	eng := simtest.New(t, nil)
	gone, cancel := context.WithCancel(ctx)
	cancel()
	_, err := eng.CreateKey(gone, &engine.CreateKeyInput{KeyAttributes: kekAttributes(apc.KeyAlgorithmAES128), Exportable: new(true)})
	if refusal := refused(t, "CreateKey", err, apc.ErrServiceUnavailable, "context"); !errors.Is(refusal, context.Canceled) {
		t.Errorf("the cause is lost: %v", refusal)
	}
	if n := countKeys(t, eng.Caller); n != 0 {
		t.Errorf("%d keys", n)
	}
}

func TestAnotherMasterKeyIsRefused(t *testing.T) {
	store := simtest.Store(t)
	eng := simtest.On(t, simtest.Backend(t, nil), store, nil)
	create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
	another := simtest.Backend(t, &hsm.SoftwareOptions{MasterKey: &[32]byte{1}})
	_, err := engine.Open(ctx, another, store, nil)
	if !errors.Is(err, engine.ErrMasterKey) {
		t.Errorf("another backend on an old store: %v, want %v", err, engine.ErrMasterKey)
	}
}

func TestEveryOperationIsObservedOnce(t *testing.T) {
	var events []apc.Event
	eng := simtest.New(t, &engine.Options{Observe: func(ev apc.Event) { events = append(events, ev) }})
	k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
	eng.As(apc.Identity{Account: "444455556666", Region: "eu-west-1", ARN: "arn:aws:iam::444455556666:user/eve"}).
		GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: k.KeyArn})
	eng.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: k.KeyArn})
	if len(events) != 3 {
		t.Fatalf("%d events, want 3", len(events))
	}
	if ev := events[0]; ev.EventName != "CreateKey" || ev.ReadOnly || ev.ErrorCode != "" || len(ev.Resources) != 1 ||
		ev.Resources[0] != k.KeyArn {
		t.Errorf("CreateKey: %+v", ev)
	}
	if ev := events[1]; ev.EventName != "GetKey" || !ev.ReadOnly || ev.ErrorCode != apc.ErrAccessDenied || ev.AccountID != "444455556666" ||
		ev.AWSRegion != "eu-west-1" || ev.UserIdentity != "arn:aws:iam::444455556666:user/eve" ||
		ev.Resources != nil {
		t.Errorf("GetKey from elsewhere: %+v", ev)
	}
	if ev := events[2]; ev.ErrorCode != "" || len(ev.Resources) != 1 {
		t.Errorf("GetKey: %+v", ev)
	}
}
