package engine_test

import (
	"slices"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// TestAnImportedKeyIsAsTheRequestAsks: whatever the form of its material, with its tags, its replicas, and enabled or not.
func TestAnImportedKeyIsAsTheRequestAsks(t *testing.T) {
	eng := simtest.New(t, nil)
	kek := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256)).KeyArn
	block, err := exportBlock(eng.Caller, kek, create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128)).KeyArn, nil)
	if err != nil {
		t.Fatal(err)
	}
	request := func() *engine.ImportKeyInput {
		return &engine.ImportKeyInput{KeyMaterial: engine.ImportKeyMaterial{
			Tr31KeyBlock: &engine.ImportTr31KeyBlock{WrappingKeyIdentifier: kek, WrappedKeyBlock: block.KeyMaterial}}}
	}
	tags := []apc.Tag{{Key: "a", Value: "1"}, {Key: "b", Value: ""}}
	for _, enabled := range []*bool{nil, new(true), new(false)} {
		in := request()
		in.Enabled, in.Tags, in.ReplicationRegions = enabled, []apc.Tag{tags[1], tags[0]}, []string{west}
		out, err := eng.ImportKey(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		on := enabled == nil || *enabled
		k := out.Key
		if k.Enabled != on || (k.UsageStartTimestamp != nil) != on || (k.UsageStopTimestamp != nil) == on ||
			k.KeyOrigin != apc.KeyOriginExternal || k.KeyState != apc.KeyStateCreateComplete {
			t.Errorf("Enabled %v: got %+v", enabled, k)
		}
		if got, want := statuses(k), "PRIMARY default false: us-west-2 IN_PROGRESS"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if r := got(t, eng.As(apc.Identity{Region: west}), inRegion(k.KeyArn, west)); r.Enabled != on {
			t.Errorf("Enabled %v: the replica is %+v", enabled, r)
		}
		list, err := eng.ListTagsForResource(ctx, &engine.ListTagsForResourceInput{ResourceArn: k.KeyArn})
		if err != nil || !slices.Equal(list.Tags, tags) {
			t.Errorf("tags: got %+v, %v; want %v", list, err, tags)
		}
	}
	before := countKeys(t, eng.Caller)
	for what, c := range map[string]struct {
		change func(*engine.ImportKeyInput)
		rule   apc.Rule
	}{
		"a reserved tag": {func(in *engine.ImportKeyInput) { in.Tags = []apc.Tag{{Key: "AWS:a"}} }, apc.RuleTagKey},
		"its own Region": {func(in *engine.ImportKeyInput) { in.ReplicationRegions = []string{"us-east-1"} }, apc.RuleRegion},
		"a Region twice": {func(in *engine.ImportKeyInput) { in.ReplicationRegions = []string{west, west} }, apc.RuleRegion},
		"no form":        {func(in *engine.ImportKeyInput) { in.KeyMaterial = engine.ImportKeyMaterial{} }, apc.RuleUnion},
		"a changed block": {func(in *engine.ImportKeyInput) {
			in.KeyMaterial.Tr31KeyBlock.WrappedKeyBlock = flipped(block.KeyMaterial)
		}, apc.RuleMAC},
	} {
		in := request()
		c.change(in)
		_, err := eng.ImportKey(ctx, in)
		refused(t, what, err, apc.ErrValidation, c.rule)
	}
	if n := countKeys(t, eng.Caller); n != before {
		t.Errorf("%d keys were stored by imports that were refused", n-before)
	}
}
