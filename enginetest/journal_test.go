package enginetest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest"
)

// TestTextIsOnOneLine: the members that are set, with pointers followed, and long texts cut.
func TestTextIsOnOneLine(t *testing.T) {
	at := time.Date(2026, 5, 1, 14, 0, 0, 0, time.FixedZone("", 2*3600))
	long := strings.Repeat("0123456789ABCDEF", 16)
	for _, c := range []struct {
		value any
		want  string
	}{
		{nil, "nothing"},
		{(*engine.GetKeyInput)(nil), "nothing"},
		{&engine.GetKeyInput{}, "{}"},
		{engine.GetKeyInput{KeyIdentifier: "alias/\"a\"\n"}, `{KeyIdentifier: "alias/\"a\"\n"}`},
		{&engine.DeleteKeyInput{KeyIdentifier: "alias/a", DeleteKeyInDays: new(3)}, `{KeyIdentifier: "alias/a", DeleteKeyInDays: 3}`},
		{&engine.UntagResourceInput{TagKeys: []string{"a", "b"}}, `{TagKeys: ["a", "b"]}`},
		{&engine.TagResourceInput{Tags: []apc.Tag{{Key: "a"}, {}}}, `{Tags: [{Key: "a"}, {}]}`},
		{&engine.CreateKeyInput{Exportable: new(false), KeyAttributes: apc.KeyAttributes{KeyModesOfUse: apc.KeyModesOfUse{Wrap: true}}},
			`{Exportable: false, KeyAttributes: `},
		{&engine.Key{CreateTimestamp: at}, "{CreateTimestamp: 2026-05-01T12:00:00Z}"},
		{&engine.GetAliasInput{AliasName: long}, `{AliasName: "` + long + `"}`},
		{&engine.GetAliasInput{AliasName: long + "0"}, `{AliasName: "` + long[:64] + `"... (257 characters)}`},
	} {
		got := enginetest.Text(c.value)
		if got != c.want && !(strings.HasSuffix(c.want, ": ") && strings.Contains(got, "Exportable: false") && strings.Contains(got, "Wrap")) {
			t.Errorf("%T: got %s, want %s", c.value, got, c.want)
		}
	}
}

// TestCallReadsAsALine: its answer, its refusal or that it is under way, and the fault.
func TestCallReadsAsALine(t *testing.T) {
	call := enginetest.Call{Number: 7, Operation: "GetAlias", Request: &engine.GetAliasInput{AliasName: "alias/a"}}
	const begin = `7 GetAlias {AliasName: "alias/a"}`
	if got, want := call.String(), begin+": under way"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	call.Done, call.Answer = true, &engine.GetAliasOutput{Alias: engine.Alias{AliasName: "alias/a"}}
	if got, want := call.String(), begin+`: {Alias: {AliasName: "alias/a"}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	call.Fault, call.Err = enginetest.Throttled, errors.New("no")
	if got, want := call.String(), fmt.Sprintf("%s (fault: %v): no", begin, enginetest.Throttled); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestJournalHasTheCallsInTheirOrder, and a copy of it stays as it is.
func TestJournalHasTheCallsInTheirOrder(t *testing.T) {
	var s *enginetest.Sim
	var meanwhile []enginetest.Call
	around := func(ctx context.Context, _ apc.Call, next func(context.Context) (any, error)) (any, error) {
		meanwhile = s.Journal()
		return next(ctx)
	}
	s = enginetest.New(t, &enginetest.Options{Engine: engine.Options{Intercept: around}})
	s.ListKeys(ctx, nil)
	before := s.Journal()
	if len(meanwhile) != 1 || meanwhile[0].Done || meanwhile[0].Answer != nil {
		t.Errorf("while the first call was under way: %+v", meanwhile)
	}
	s.GetAlias(ctx, &engine.GetAliasInput{AliasName: "alias/none"})
	after := s.Journal()
	if len(before) != 1 || len(after) != 2 || after[0].Number != 1 || after[1].Number != 2 || after[1].Operation != "GetAlias" {
		t.Fatalf("got %v, then %v", before, after)
	}
	if after[0].Answer == nil || after[0].Err != nil || after[1].Answer != nil || !errors.Is(after[1].Err, apc.ErrResourceNotFound) {
		t.Errorf("got %v", after)
	}
	if now := s.Clock.Now(); !after[1].Time.Equal(now) || !after[1].Done {
		t.Errorf("got %+v, want a call that is done, of %s", after[1], now)
	}
}
