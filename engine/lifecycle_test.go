package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

const day = 24 * time.Hour

func TestKeyPassesThroughItsLifeCycle(t *testing.T) {
	clock := engine.NewClock(time.Date(2026, 5, 1, 12, 0, 0, 123456789, time.UTC))
	eng := simtest.New(t, &engine.Options{Now: clock.Now})
	start := clock.Now().Truncate(time.Millisecond)
	k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256))
	if k.KeyState != apc.KeyStateCreateComplete || !k.Enabled || !k.CreateTimestamp.Equal(start) || !k.UsageStartTimestamp.Equal(start) ||
		k.UsageStopTimestamp != nil || k.KeyOrigin != apc.KeyOriginAWSPaymentCryptography || len(k.KeyCheckValue) != 6 {
		t.Errorf("a new key: %+v", k)
	}

	clock.Advance(time.Hour)
	stopped, err := eng.StopKeyUsage(ctx, &engine.StopKeyUsageInput{KeyIdentifier: k.KeyArn})
	if err != nil || stopped.Key.Enabled || stopped.Key.UsageStartTimestamp != nil ||
		!stopped.Key.UsageStopTimestamp.Equal(start.Add(time.Hour)) {
		t.Errorf("a stopped key: %+v, %v", stopped, err)
	}
	deleted, err := eng.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: k.KeyArn})
	if err != nil || deleted.Key.KeyState != apc.KeyStateDeletePending || deleted.Key.Enabled ||
		!deleted.Key.DeletePendingTimestamp.Equal(start.Add(time.Hour+7*day)) {
		t.Errorf("a key to be deleted: %+v, %v", deleted, err)
	}
	restored, err := eng.RestoreKey(ctx, &engine.RestoreKeyInput{KeyIdentifier: k.KeyArn})
	if err != nil || restored.Key.KeyState != apc.KeyStateCreateComplete || restored.Key.Enabled ||
		restored.Key.DeletePendingTimestamp != nil {
		t.Errorf("a restored key keeps its Enabled: %+v, %v", restored, err)
	}
	started, err := eng.StartKeyUsage(ctx, &engine.StartKeyUsageInput{KeyIdentifier: k.KeyArn})
	if err != nil || !started.Key.Enabled || started.Key.UsageStopTimestamp != nil {
		t.Errorf("a started key: %+v, %v", started, err)
	}

	if _, err := eng.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: k.KeyArn, DeleteKeyInDays: new(3)}); err != nil {
		t.Fatal(err)
	}
	clock.Advance(3*day - time.Millisecond)
	if got := state(t, eng.Caller, k.KeyArn); got != apc.KeyStateDeletePending {
		t.Errorf("a millisecond before the end of the wait: %s", got)
	}
	clock.Advance(time.Millisecond)
	gone, err := eng.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: k.KeyArn})
	if err != nil {
		t.Fatal(err)
	}
	if g := gone.Key; g.KeyState != apc.KeyStateDeleteComplete || g.Enabled || g.DeletePendingTimestamp != nil ||
		!g.DeleteTimestamp.Equal(start.Add(time.Hour+3*day)) {
		t.Errorf("a deleted key: %+v", g)
	}
}

func state(t *testing.T, c *engine.Caller, id string) apc.KeyState {
	t.Helper()
	out, err := c.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: id})
	if err != nil {
		t.Fatal(err)
	}
	return out.Key.KeyState
}

func TestDeletionIsFinalOnceSettled(t *testing.T) {
	clock := engine.NewClock(time.Time{})
	eng := simtest.New(t, &engine.Options{Now: clock.Now})
	k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
	if _, err := eng.CreateAlias(ctx, &engine.CreateAliasInput{AliasName: "alias/k", KeyArn: &k.KeyArn}); err != nil {
		t.Fatal(err)
	}
	if _, err := eng.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: "alias/k"}); err != nil {
		t.Fatal(err)
	}
	clock.Advance(7 * day)
	if err := eng.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	clock.Advance(-100 * day)
	if got := state(t, eng.Caller, k.KeyArn); got != apc.KeyStateDeleteComplete {
		t.Errorf("with the clock set back the key is %s", got)
	}
	_, err := eng.RestoreKey(ctx, &engine.RestoreKeyInput{KeyIdentifier: k.KeyArn})
	refused(t, "restoring it", err, apc.ErrValidation, "key-state")
	a, err := eng.GetAlias(ctx, &engine.GetAliasInput{AliasName: "alias/k"})
	if err != nil || a.Alias.KeyArn != nil {
		t.Errorf("its alias: %+v, %v; want no key", a, err)
	}
	_, err = eng.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: "alias/k"})
	refused(t, "reading it by the alias", err, apc.ErrResourceNotFound, "key")
}

func TestDeleteKeyInAnotherStateSaysSoInTheServicesWords(t *testing.T) {
	eng := simtest.New(t, nil)
	k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
	in := &engine.DeleteKeyInput{KeyIdentifier: k.KeyArn}
	if _, err := eng.DeleteKey(ctx, in); err != nil {
		t.Fatal(err)
	}
	_, err := eng.DeleteKey(ctx, in)
	refusal := refused(t, "deleting twice", err, apc.ErrValidation, "key-state")
	if !strings.HasSuffix(refusal.Message, "not in CREATE_COMPLETE state.") {
		t.Errorf("message %q", refusal.Message)
	}
}

func TestDeletedKeysFreeTheQuotaWithoutSettling(t *testing.T) {
	clock := engine.NewClock(time.Time{})
	eng := simtest.New(t, &engine.Options{Now: clock.Now, Limits: apc.Limits{Keys: 150}})
	for range 150 {
		k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
		if _, err := eng.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: k.KeyArn, DeleteKeyInDays: new(3)}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := eng.CreateKey(ctx, &engine.CreateKeyInput{KeyAttributes: kekAttributes(apc.KeyAlgorithmAES128), Exportable: new(true)})
	refused(t, "pending keys count", err, apc.ErrServiceQuotaExceeded, "quota")

	// 150 are due, more than one operation settles: a filtered list must be
	// right all the same.
	clock.Advance(3 * day)
	pending, err := eng.ListKeys(ctx, &engine.ListKeysInput{KeyState: new(apc.KeyStateDeletePending), MaxResults: new(100)})
	if err != nil || len(pending.Keys) != 0 {
		t.Errorf("still pending: %d keys, %v", len(pending.Keys), err)
	}
	for range 150 {
		create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
	}
	_, err = eng.CreateKey(ctx, &engine.CreateKeyInput{KeyAttributes: kekAttributes(apc.KeyAlgorithmAES128), Exportable: new(true)})
	refused(t, "the quota is full again", err, apc.ErrServiceQuotaExceeded, "quota")
}

func TestDeletedKeysVanishAfterTheirTime(t *testing.T) {
	clock := engine.NewClock(time.Time{})
	eng := simtest.New(t, &engine.Options{Now: clock.Now, Limits: apc.Limits{DeletedVisible: 10 * day}})
	k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
	if _, err := eng.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: k.KeyArn}); err != nil {
		t.Fatal(err)
	}
	clock.Advance(16 * day)
	if got := state(t, eng.Caller, k.KeyArn); got != apc.KeyStateDeleteComplete {
		t.Errorf("after 16 days: %s", got)
	}
	clock.Advance(day)
	_, err := eng.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: k.KeyArn})
	refused(t, "after 17 days", err, apc.ErrResourceNotFound, "key")
	for range 2 { // deleted first, then no longer shown
		if err := eng.Settle(ctx); err != nil {
			t.Fatal(err)
		}
	}
	list, err := eng.ListKeys(ctx, nil)
	if err != nil || len(list.Keys) != 0 {
		t.Errorf("listed: %v, %v", list, err)
	}
}

func TestStoppedAndDyingKeysTakePartInNothing(t *testing.T) {
	eng := simtest.New(t, nil)
	kek, k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256)), create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
	w, err := exportBlock(eng.Caller, kek.KeyArn, k.KeyArn, nil)
	if err != nil {
		t.Fatal(err)
	}
	both := func(rule apc.Rule) {
		t.Helper()
		_, err := exportBlock(eng.Caller, kek.KeyArn, k.KeyArn, nil)
		refused(t, "export", err, apc.ErrValidation, rule)
		_, err = importBlock(eng.Caller, kek.KeyArn, w.KeyMaterial)
		refused(t, "import", err, apc.ErrValidation, rule)
	}
	if _, err := eng.StopKeyUsage(ctx, &engine.StopKeyUsageInput{KeyIdentifier: kek.KeyArn}); err != nil {
		t.Fatal(err)
	}
	both("key-enabled")
	if _, err := eng.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: kek.KeyArn}); err != nil {
		t.Fatal(err)
	}
	both("key-state")
}

func TestStartAndStopKeepTheTimeStampOfAKeyThatIsSoAlready(t *testing.T) {
	clock := engine.NewClock(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC))
	eng := simtest.New(t, &engine.Options{Now: clock.Now})
	begin := clock.Now()
	k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
	clock.Advance(time.Hour)
	started, err := eng.StartKeyUsage(ctx, &engine.StartKeyUsageInput{KeyIdentifier: k.KeyArn})
	if err != nil || !started.Key.Enabled || started.Key.UsageStopTimestamp != nil || !started.Key.UsageStartTimestamp.Equal(begin) {
		t.Errorf("an enabled key that is started at %s: %+v, %v; want it enabled since %s", clock.Now(), started, err, begin)
	}
	for range 2 {
		stopped, err := eng.StopKeyUsage(ctx, &engine.StopKeyUsageInput{KeyIdentifier: k.KeyArn})
		if want := begin.Add(time.Hour); err != nil || stopped.Key.Enabled || stopped.Key.UsageStartTimestamp != nil ||
			!stopped.Key.UsageStopTimestamp.Equal(want) {
			t.Errorf("a key that is stopped at %s: %+v, %v; want it stopped since %s", clock.Now(), stopped, err, want)
		}
		clock.Advance(time.Hour)
	}
	started, err = eng.StartKeyUsage(ctx, &engine.StartKeyUsageInput{KeyIdentifier: k.KeyArn})
	if err != nil || !started.Key.UsageStartTimestamp.Equal(begin.Add(3*time.Hour)) {
		t.Errorf("a stopped key that is started: %+v, %v; want the time of the start, %s", started, err, begin.Add(3*time.Hour))
	}
}
