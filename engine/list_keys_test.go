package engine_test

import (
	"slices"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// keyPages are the ARNs on each page of the list.
func keyPages(t *testing.T, c *engine.Caller, in engine.ListKeysInput) (pages [][]string) {
	t.Helper()
	for {
		out, err := c.ListKeys(ctx, &in)
		if err != nil {
			t.Fatal(err)
		}
		arns := []string{}
		for _, k := range out.Keys {
			arns = append(arns, k.KeyArn)
		}
		pages = append(pages, arns)
		if in.NextToken = out.NextToken; in.NextToken == nil {
			return pages
		}
	}
}

// TestKeysAreListedByTheirIDs: all of them or those in a state, each once, whatever the length of a page.
func TestKeysAreListedByTheirIDs(t *testing.T) {
	clock := engine.NewClock(start)
	eng := simtest.New(t, &engine.Options{Now: clock.Now})
	var all, kept, deleted []string
	for i := range 51 {
		k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128)).KeyArn
		all = append(all, k)
		if i%3 != 0 {
			kept = append(kept, k)
			continue
		}
		deleted = append(deleted, k)
		if _, err := eng.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: k, DeleteKeyInDays: new(3)}); err != nil {
			t.Fatal(err)
		}
	}
	create(t, eng.As(apc.Identity{Region: west}), kekAttributes(apc.KeyAlgorithmAES128))
	for _, arns := range [][]string{all, kept, deleted} {
		slices.Sort(arns)
	}
	check := func(what string, in engine.ListKeysInput, arns []string, size int) {
		t.Helper()
		want := slices.Collect(slices.Chunk(arns, size))
		if len(want) == 0 {
			want = [][]string{{}}
		}
		if got := keyPages(t, eng.Caller, in); !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%s: got %v, want %v", what, got, want)
		}
	}
	check("all, without MaxResults", engine.ListKeysInput{}, all, 50)
	for _, size := range []int{1, 17, 51, 100} {
		check("all", engine.ListKeysInput{MaxResults: &size}, all, size)
		check("complete", engine.ListKeysInput{MaxResults: &size, KeyState: new(apc.KeyStateCreateComplete)}, kept, size)
		check("pending", engine.ListKeysInput{MaxResults: &size, KeyState: new(apc.KeyStateDeletePending)}, deleted, size)
	}
	clock.Advance(3 * day)
	check("no longer pending", engine.ListKeysInput{KeyState: new(apc.KeyStateDeletePending)}, nil, 50)
	check("deleted", engine.ListKeysInput{KeyState: new(apc.KeyStateDeleteComplete)}, deleted, 50)
	check("all, deleted ones too", engine.ListKeysInput{MaxResults: new(100)}, all, 100)
}
