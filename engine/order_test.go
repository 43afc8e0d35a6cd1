package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// step is a step of the order of checks, which is one for every operation.
type step int

const (
	shapeStep       step = iota // limits of members, members that exclude each other, reserved tags
	resolveStep                 // keys, aliases, and import and export tokens
	permissionStep              // keys of other accounts
	stateStep                   // KeyState and Enabled
	rulesStep                   // usage, algorithm, modes of use
	strengthStep                // of wrapping keys
	certificateStep             // time and material of a token; certificates; page tokens
	materialStep                // what only the key material shows
	quotaStep                   // quotas, and names that are taken
)

// fault is a fault of a request, or around it.
type fault[In any] struct {
	step   step
	member string // two faults of one member exclude each other
	what   string
	change func(*In)
	around func() (undo func()) // nil: nothing
	code   apc.Code
	rule   apc.Rule
}

// order is an operation, in one form, with its faults.
type order[In any] struct {
	name   string
	good   func() *In
	send   func(*In) error
	faults []fault[In]
}

// check sends the good request, then each fault alone, then each two of different steps and
// members: the reason must be that of the fault of the earlier step.
func (o order[In]) check(t *testing.T) {
	if err := o.send(o.good()); err != nil {
		t.Fatalf("%s: the request without a fault: %v", o.name, err)
	}
	alone := make([]apc.Reason, len(o.faults))
	for i, f := range o.faults {
		alone[i] = refused(t, o.name+" with "+f.what, o.sendWith(f), f.code, f.rule).Reasons[0]
	}
	for i, first := range o.faults {
		for j, second := range o.faults {
			if first.step >= second.step || first.member == second.member {
				continue
			}
			refusal, ok := errors.AsType[*apc.Error](o.sendWith(second, first))
			if !ok || len(refusal.Reasons) == 0 || !sameFault(refusal.Reasons[0], alone[i]) || sameFault(refusal.Reasons[0], alone[j]) {
				t.Errorf("%s with %s (step %d) and %s (step %d):\ngot  %v\nwant %v", o.name, first.what, first.step,
					second.what, second.step, refusal, alone[i])
			}
		}
	}
}

// sameFault compares reasons but for the values: one fault may change what another one finds.
func sameFault(a, b apc.Reason) bool {
	return a.Rule == b.Rule && a.Field == b.Field && a.Problem == b.Problem
}

func (o order[In]) sendWith(faults ...fault[In]) error {
	in := o.good()
	for _, f := range faults {
		if f.around != nil {
			defer f.around()()
		}
		if f.change != nil {
			f.change(in)
		}
	}
	return o.send(in)
}

// send makes a method of the engine the send of an order.
func send[In, Out any](method func(*engine.Caller, context.Context, *In) (*Out, error), c *engine.Caller) func(*In) error {
	return func(in *In) error {
		_, err := method(c, ctx, in)
		return err
	}
}

// orderWorld is an engine with keys for requests and their faults.
type orderWorld struct {
	*engine.Engine
	t       testing.TB
	store   keystore.Store
	clock   *engine.Clock
	commits byte // made on the store by the test

	absent, foreign string // ARNs that do not resolve, and of another account
	stopped         string // a K1 key that is not enabled
	pending         string // a key that waits for its deletion
	mac             string // an exportable key that wraps nothing
	kept            string // a key that is not exportable
}

const absentKey = "arn:aws:payment-cryptography:us-east-1:111122223333:key/aaaaaaaaaaaaaaaa"

func newOrderWorld(t testing.TB) *orderWorld {
	w := &orderWorld{
		t:       t,
		store:   simtest.Store(t),
		clock:   engine.NewClock(noon),
		absent:  absentKey,
		foreign: strings.Replace(absentKey, "111122223333", "444455556666", 1),
	}
	w.Engine = simtest.On(
		t,
		simtest.Backend(t, nil),
		w.store,
		&engine.Options{Now: w.clock.Now, Limits: apc.Limits{OpenTokens: 1000, Tags: 4}},
	)
	w.stopped = create(t, w.Caller, kekAttributes(apc.KeyAlgorithmAES128)).KeyArn
	w.stop(w.stopped)
	w.pending = create(t, w.Caller, kekAttributes(apc.KeyAlgorithmAES128)).KeyArn
	if _, err := w.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: w.pending, DeleteKeyInDays: new(180)}); err != nil {
		t.Fatal(err)
	}
	w.mac = create(t, w.Caller, attributes(apc.KeyUsageTR31M7HMACKey, apc.KeyAlgorithmHMACSHA256, macModes)).KeyArn
	kept, err := w.CreateKey(ctx, &engine.CreateKeyInput{KeyAttributes: kekAttributes(apc.KeyAlgorithmAES128), Exportable: new(false)})
	if err != nil {
		t.Fatal(err)
	}
	w.kept = kept.Key.KeyArn
	return w
}

func (w *orderWorld) stop(arn string) {
	w.t.Helper()
	if _, err := w.StopKeyUsage(ctx, &engine.StopKeyUsageInput{KeyIdentifier: arn}); err != nil {
		w.t.Fatal(err)
	}
}

// count changes a counter of the account, and returns the function that changes it back.
func (w *orderWorld) count(name string, by int64) func() {
	ref := keystore.Ref{
		Partition: keystore.Partition{Account: engine.DefaultAccount, Region: engine.DefaultRegion},
		Kind:      "counter",
		ID:        name,
	}
	change := func(by int64) {
		var id keystore.CommitID
		w.commits++
		id[0], id[1] = 0xC0, byte(w.commits)
		if err := w.store.Commit(ctx, id, keystore.Count(ref, by, 1<<40)); err != nil {
			w.t.Fatal(err)
		}
	}
	change(by)
	return func() { change(-by) }
}

// keyFaults are the faults of a member that names a key. Stopped is "" where any state will do, wrong
// where any usage will.
func keyFaults[In any](w *orderWorld, member string, set func(*In, string), stopped, wrong string, rule apc.Rule) []fault[In] {
	to := func(arn string) func(*In) { return func(in *In) { set(in, arn) } }
	out := []fault[In]{
		{
			step:   shapeStep,
			member: member,
			what:   member + " that is no identifier",
			change: to(strings.Replace(absentKey, ":key/", ":lock/", 1)),
			code:   apc.ErrValidation,
			rule:   apc.RulePattern,
		},
		{
			step:   resolveStep,
			member: member,
			what:   member + " that does not resolve",
			change: to(w.absent),
			code:   apc.ErrResourceNotFound,
			rule:   apc.RuleKey,
		},
		{
			step:   permissionStep,
			member: member,
			what:   member + " of another account",
			change: to(w.foreign),
			code:   apc.ErrAccessDenied,
			rule:   apc.RuleAccount,
		},
	}
	if stopped != "" {
		out = append(
			out,
			fault[In]{
				step:   stateStep,
				member: member,
				what:   member + " that is not enabled",
				change: to(stopped),
				code:   apc.ErrValidation,
				rule:   apc.RuleKeyEnabled,
			},
			fault[In]{
				step:   stateStep,
				member: member,
				what:   member + " that waits for its deletion",
				change: to(w.pending),
				code:   apc.ErrValidation,
				rule:   apc.RuleKeyState,
			},
		)
	}
	if wrong != "" {
		out = append(
			out,
			fault[In]{
				step:   rulesStep,
				member: member,
				what:   member + " of a key that does not fit",
				change: to(wrong),
				code:   apc.ErrValidation,
				rule:   rule,
			},
		)
	}
	return out
}

// newKeyFaults are the faults of a request that makes a key.
func newKeyFaults[In any](w *orderWorld, tags func(*In) *[]apc.Tag) []fault[In] {
	return []fault[In]{
		{
			step:   shapeStep,
			member: "Tags",
			what:   "a reserved tag",
			change: func(in *In) { *tags(in) = []apc.Tag{{Key: "aws:x", Value: "y"}} },
			code:   apc.ErrValidation,
			rule:   apc.RuleTagKey,
		},
		{
			step:   quotaStep,
			member: "Tags",
			what:   "more tags than a key may have",
			change: func(in *In) { *tags(in) = fiveTags },
			code:   apc.ErrServiceQuotaExceeded,
			rule:   apc.RuleQuota,
		},
		{
			step:   quotaStep,
			member: "",
			what:   "the quota of keys used up",
			around: func() func() { return w.count("keys", 2000) },
			code:   apc.ErrServiceQuotaExceeded,
			rule:   apc.RuleQuota,
		},
	}
}

var fiveTags = []apc.Tag{
	{Key: "a", Value: "1"},
	{Key: "b", Value: "2"},
	{Key: "c", Value: "3"},
	{Key: "d", Value: "4"},
	{Key: "e", Value: "5"},
}
