package dataplane_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

// TestKeysAreNamedByAliasesToo, and the answer has the ARN.
func TestKeysAreNamedByAliasesToo(t *testing.T) {
	w := newWorld(t, nil)
	arn := w.key(t, &macKey)
	if _, err := w.CreateAlias(t.Context(), &engine.CreateAliasInput{AliasName: "alias/mac", KeyArn: &arn}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{arn, "alias/mac", strings.Split(arn, "key/")[0] + "alias/mac"} {
		if out, err := macOf(t, w.Caller, name); err != nil || out.KeyArn != arn || len(out.Mac) != 8 {
			t.Errorf("%s: got %+v, %v", name, out, err)
		}
	}
	if _, err := macOf(t, w.Caller, "alias/none"); refusalOf(t, err).Code != apc.ErrResourceNotFound ||
		refusalOf(t, err).Resource != "alias/none" {
		t.Errorf("an alias that is not there: %v", err)
	}
}

// TestKeysThatCannotBeUsedAreRefused: stopped, about to be deleted, of another account.
func TestKeysThatCannotBeUsedAreRefused(t *testing.T) {
	w := newWorld(t, nil)
	arn := w.key(t, &macKey)
	if _, err := w.StopKeyUsage(t.Context(), &engine.StopKeyUsageInput{KeyIdentifier: arn}); err != nil {
		t.Fatal(err)
	}
	if _, err := macOf(t, w.Caller, arn); refusalOf(t, err).Reasons[0].Rule != apc.RuleKeyEnabled ||
		refusalOf(t, err).Code != apc.ErrValidation {
		t.Errorf("a stopped key: %v", err)
	}
	if _, err := w.DeleteKey(t.Context(), &engine.DeleteKeyInput{KeyIdentifier: arn}); err != nil {
		t.Fatal(err)
	}
	if _, err := macOf(t, w.Caller, arn); refusalOf(t, err).Reasons[0].Rule != apc.RuleKeyState {
		t.Errorf("a key that is about to be deleted: %v", err)
	}
	other := w.As(apc.Identity{Account: "444455556666"})
	_, there := macOf(t, other, arn)
	_, absent := macOf(t, other, strings.Replace(arn, arn[len(arn)-4:], "zzzz", 1))
	if refusalOf(t, there).Code != apc.ErrAccessDenied || refusalOf(t, absent).Code != apc.ErrAccessDenied ||
		refusalOf(t, there).Reasons[0] != refusalOf(t, absent).Reasons[0] {
		t.Errorf("a key of another account: %v; one that is not there: %v", there, absent)
	}
}

// TestRatesAreCountedBySecondsOfTheClock, for symmetric keys and for key pairs apart.
func TestRatesAreCountedBySecondsOfTheClock(t *testing.T) {
	clock := engine.NewClock(worldTime)
	w := newWorld(t, &engine.Options{Now: clock.Now, Limits: apc.Limits{SymmetricRate: 3, AsymmetricRate: 1}})
	key := w.key(t, &macKey)
	for second := range 2 {
		for i := range 5 {
			_, err := macOf(t, w.Caller, key)
			if throttled := errors.Is(err, apc.ErrThrottling); throttled != (i >= 3) || err != nil && !throttled {
				t.Errorf("second %d, request %d: %v", second, i, err)
			}
		}
		if _, err := macOf(t, w.As(apc.Identity{Region: "eu-west-1"}), key); errors.Is(err, apc.ErrThrottling) {
			t.Errorf("another Region: %v", err)
		}
		clock.Advance(time.Second)
	}
}
