package engine_test

import (
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

func newAlias(c *engine.Caller, name string, key *string) (engine.Alias, error) {
	out, err := c.CreateAlias(ctx, &engine.CreateAliasInput{AliasName: name, KeyArn: key})
	if err != nil {
		return engine.Alias{}, err
	}
	return out.Alias, nil
}

// TestAliasesAreMadeWithAndWithoutAKey: also of a key that waits for its deletion, but of none that is deleted.
func TestAliasesAreMadeWithAndWithoutAKey(t *testing.T) {
	clock := engine.NewClock(start)
	eng := simtest.New(t, &engine.Options{Now: clock.Now})
	key := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128)).KeyArn
	if a, err := newAlias(eng.Caller, "alias/empty", nil); err != nil || a.AliasName != "alias/empty" || a.KeyArn != nil {
		t.Errorf("without a key: %+v, %v", a, err)
	}
	for _, name := range []string{"alias/one", "alias/One", "alias/a/b_c-d"} { // a key has several, and case counts
		if a, err := newAlias(eng.Caller, name, &key); err != nil || a.AliasName != name || a.KeyArn == nil || *a.KeyArn != key {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
	if _, err := eng.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: key}); err != nil {
		t.Fatal(err)
	}
	if a, err := newAlias(eng.Caller, "alias/pending", &key); err != nil || a.KeyArn == nil {
		t.Errorf("of a key that waits for its deletion: %+v, %v", a, err)
	}
	clock.Advance(7 * day)
	_, err := newAlias(eng.Caller, "alias/deleted", &key)
	refused(t, "of a deleted key", err, apc.ErrValidation, apc.RuleKeyState)
	_, err = eng.GetAlias(ctx, &engine.GetAliasInput{AliasName: "alias/deleted"})
	refused(t, "an alias that was not made", err, apc.ErrResourceNotFound, apc.RuleAlias)
}

// TestATakenAliasStaysAsItIs: its name is taken in one account and Region.
func TestATakenAliasStaysAsItIs(t *testing.T) {
	eng := simtest.New(t, nil)
	key := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128)).KeyArn
	if _, err := newAlias(eng.Caller, "alias/a", &key); err != nil {
		t.Fatal(err)
	}
	_, err := newAlias(eng.Caller, "alias/a", nil)
	refusal := refused(t, "the same name", err, apc.ErrConflict, apc.RuleAliasExists)
	if want := "Alias alias/a already exists."; refusal.Message != want || refusal.Resource != "alias/a" {
		t.Errorf("got %q of %q, want %q", refusal.Message, refusal.Resource, want)
	}
	if out, err := eng.GetAlias(ctx, &engine.GetAliasInput{AliasName: "alias/a"}); err != nil || out.Alias.KeyArn == nil {
		t.Errorf("the alias is %+v, %v", out, err)
	}
	for what, c := range map[string]*engine.Caller{
		"another Region": eng.As(apc.Identity{Region: west}), "another account": eng.As(apc.Identity{Account: acquirer}),
	} {
		if _, err := newAlias(c, "alias/a", nil); err != nil {
			t.Errorf("in %s: %v", what, err)
		}
	}
}

// TestAliasesHaveAQuota, in which a deleted alias does not count.
func TestAliasesHaveAQuota(t *testing.T) {
	eng := simtest.New(t, &engine.Options{Limits: apc.Limits{Aliases: 2}})
	for _, name := range []string{"alias/a", "alias/b"} {
		if _, err := newAlias(eng.Caller, name, nil); err != nil {
			t.Fatal(err)
		}
	}
	_, err := newAlias(eng.Caller, "alias/c", nil)
	refused(t, "a third one", err, apc.ErrServiceQuotaExceeded, apc.RuleQuota)
	if _, err := eng.DeleteAlias(ctx, &engine.DeleteAliasInput{AliasName: "alias/a"}); err != nil {
		t.Fatal(err)
	}
	if _, err := newAlias(eng.Caller, "alias/c", nil); err != nil {
		t.Errorf("in place of a deleted one: %v", err)
	}
}
