package dataplane_test

import (
	"errors"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/engine"
)

// TestEveryOperationRefusesReplicasOfDeletedPrimaries: deleting the primary key removes its replicas at once, restoring it
// does not bring them back, and replicating it again does (control-plane, section 14).
func TestEveryOperationRefusesReplicasOfDeletedPrimaries(t *testing.T) {
	const there = "us-west-2"
	w := newWorld(t, nil)
	near, home := typedDoor(w.As(apc.Identity{Region: there})), typedDoor(w.Caller)
	for _, v := range replicable(t) {
		body := v.request(t, w)
		replicated, arns := v.replicate(t, w, there, body)
		expect := func(when string, d door, body map[string]any, code string) {
			t.Helper()
			got := ""
			if _, refused := d(t, v.Op, body); refused != nil {
				got = refused.code
			}
			if got != code {
				t.Errorf("%s %s: got %q, want %q", v.Op, when, got, code)
			}
		}
		each := func(change func(arn string) error) {
			t.Helper()
			for _, arn := range arns {
				if err := change(arn); err != nil {
					t.Fatalf("%s: %v", v.Op, err)
				}
			}
		}
		each(func(arn string) error {
			return second(w.DeleteKey(t.Context(), &engine.DeleteKeyInput{KeyIdentifier: arn}))
		})
		expect("with replicas of deleted keys", near, replicated, "ResourceNotFoundException")
		expect("with deleted keys", home, body, "ValidationException")
		each(func(arn string) error {
			return second(w.RestoreKey(t.Context(), &engine.RestoreKeyInput{KeyIdentifier: arn}))
		})
		expect("with replicas of restored keys", near, replicated, "ResourceNotFoundException")
		each(func(arn string) error {
			return second(w.StartKeyUsage(t.Context(), &engine.StartKeyUsageInput{KeyIdentifier: arn}))
		})
		expect("with restored keys", home, body, "")
		each(func(arn string) error {
			return second(w.AddKeyReplicationRegions(t.Context(),
				&engine.AddKeyReplicationRegionsInput{KeyIdentifier: arn, ReplicationRegions: []string{there}}))
		})
		expect("with keys replicated again", near, replicated, "")
		w.keys = map[vectorKeyID]string{}
	}
}

func second[T any](_ T, err error) error { return err }

// replicaWorld is a MAC key in us-east-1 with a replica that has an alias in us-west-2.
type replicaWorld struct {
	*world
	clock         *engine.Clock
	near          *engine.Caller
	primary, copy string // ARNs
}

const nearAlias = "alias/copy"

func newReplicaWorld(t *testing.T, takes time.Duration) *replicaWorld {
	clock := engine.NewClock(worldTime)
	w := &replicaWorld{world: newWorld(t, &engine.Options{Now: clock.Now, Limits: apc.Limits{ReplicationTime: takes}}), clock: clock}
	w.near = w.As(apc.Identity{Region: "us-west-2"})
	key := vectorKey{Usage: apc.KeyUsageTR31M3ISO97973MACKey, Algorithm: apc.KeyAlgorithmTDES2Key}
	out, err := w.CreateKey(t.Context(), &engine.CreateKeyInput{Exportable: new(true), ReplicationRegions: []string{"us-west-2"},
		KeyAttributes: key.attributes(apc.KeyClassSymmetricKey)})
	if err != nil {
		t.Fatal(err)
	}
	w.primary = out.Key.KeyArn
	w.copy = w.primary[:len("arn:aws:payment-cryptography:")] + "us-west-2" + w.primary[len("arn:aws:payment-cryptography:us-east-1"):]
	return w
}

// alias gives the replica an alias in its Region.
func (w *replicaWorld) alias(t *testing.T) {
	t.Helper()
	if _, err := w.near.CreateAlias(t.Context(), &engine.CreateAliasInput{AliasName: nearAlias, KeyArn: &w.copy}); err != nil {
		t.Fatal(err)
	}
}

// expect compares what a MAC with a key of the identifier answers: the ARN of the key, or the refusal.
func (w *replicaWorld) expect(t *testing.T, when string, c *engine.Caller, id, want string) {
	t.Helper()
	got := ""
	out, err := c.GenerateMac(t.Context(), &dataplane.GenerateMacInput{KeyIdentifier: id, MessageData: "00",
		GenerationAttributes: dataplane.MacAttributes{Algorithm: new(dataplane.MacAlgorithmISO9797Algorithm3)}})
	if e, ok := errors.AsType[*apc.Error](err); ok {
		got = string(e.Code) + ": " + e.Message
		if e.Code == apc.ErrResourceNotFound {
			got = string(e.Code) + ": " + e.Resource
		}
	} else if err != nil {
		t.Fatal(err)
	} else {
		got = out.KeyArn
	}
	if got != want {
		t.Errorf("%s, a MAC with %s: got %q, want %q", when, id, got, want)
	}
}

const notFound = "ResourceNotFoundException: "

// TestReplicaFollowsTheLifeOfItsPrimary, by its ARN and by an alias in its Region. The alias of a replica that was removed
// points to no key, and does not point to the next replica of the same key.
func TestReplicaFollowsTheLifeOfItsPrimary(t *testing.T) {
	w := newReplicaWorld(t, 0)
	w.alias(t)
	ctx, id := t.Context(), w.primary
	disabled := func(arn string) string { return "ValidationException: Key " + arn + " is not enabled." }
	pending := func(arn string) string {
		return "ValidationException: Key " + arn + " is not in CREATE_COMPLETE state."
	}
	for _, step := range []struct {
		when                    string
		do                      func() error
		byCopy, byAlias, byHome string
	}{
		{"at first", func() error { return nil }, w.copy, w.copy, id},
		{"after StopKeyUsage", func() error { return second(w.StopKeyUsage(ctx, &engine.StopKeyUsageInput{KeyIdentifier: id})) },
			disabled(w.copy), disabled(w.copy), disabled(id)},
		{"after StartKeyUsage", func() error { return second(w.StartKeyUsage(ctx, &engine.StartKeyUsageInput{KeyIdentifier: id})) },
			w.copy, w.copy, id},
		{"after DeleteKey", func() error { return second(w.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: id})) },
			notFound + w.copy, notFound + nearAlias, pending(id)},
		{"after RestoreKey", func() error { return second(w.RestoreKey(ctx, &engine.RestoreKeyInput{KeyIdentifier: id})) },
			notFound + w.copy, notFound + nearAlias, id},
		{"after AddKeyReplicationRegions", func() error {
			return second(w.AddKeyReplicationRegions(ctx,
				&engine.AddKeyReplicationRegionsInput{KeyIdentifier: id, ReplicationRegions: []string{"us-west-2"}}))
		}, w.copy, notFound + nearAlias, id},
		{"after UpdateAlias", func() error {
			return second(w.near.UpdateAlias(ctx, &engine.UpdateAliasInput{AliasName: nearAlias, KeyArn: &w.copy}))
		}, w.copy, w.copy, id},
		{"after RemoveKeyReplicationRegions", func() error {
			return second(w.RemoveKeyReplicationRegions(ctx,
				&engine.RemoveKeyReplicationRegionsInput{KeyIdentifier: id, ReplicationRegions: []string{"us-west-2"}}))
		}, notFound + w.copy, notFound + nearAlias, id},
		{"at the end of the wait", func() error {
			err := second(w.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: id, DeleteKeyInDays: new(3)}))
			w.clock.Advance(3 * 24 * time.Hour)
			return err
		}, notFound + w.copy, notFound + nearAlias, pending(id)},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.when, err)
		}
		w.expect(t, step.when, w.near, w.copy, step.byCopy)
		w.expect(t, step.when, w.near, nearAlias, step.byAlias)
		w.expect(t, step.when, w.Caller, id, step.byHome)
		w.expect(t, step.when, w.Caller, w.copy, notFound+w.copy) // a key of another Region
	}
}

// TestReplicaOfAPrimaryDeletedMeanwhileIsNotMade: a replication that takes time ends with the deletion of the primary.
func TestReplicaOfAPrimaryDeletedMeanwhileIsNotMade(t *testing.T) {
	w := newReplicaWorld(t, time.Hour)
	w.expect(t, "while it is replicated", w.near, w.copy, notFound+w.copy)
	if _, err := w.DeleteKey(t.Context(), &engine.DeleteKeyInput{KeyIdentifier: w.primary}); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(2 * time.Hour)
	w.expect(t, "after its time", w.near, w.copy, notFound+w.copy)
	if _, err := w.RestoreKey(t.Context(), &engine.RestoreKeyInput{KeyIdentifier: w.primary}); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(2 * time.Hour)
	w.expect(t, "after RestoreKey", w.near, w.copy, notFound+w.copy)
}
