package engine_test

import (
	"slices"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// aliasPages are the names on each page of the list.
func aliasPages(t *testing.T, c *engine.Caller, key *string, size int) (pages [][]string) {
	t.Helper()
	for in := (&engine.ListAliasesInput{KeyArn: key, MaxResults: &size}); ; {
		out, err := c.ListAliases(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		names := []string{}
		for _, a := range out.Aliases {
			names = append(names, a.AliasName)
		}
		pages = append(pages, names)
		if in.NextToken = out.NextToken; in.NextToken == nil {
			return pages
		}
	}
}

// TestAliasesAreListedByTheirNames: all of them or those of one key, each once, whatever the length of a page.
func TestAliasesAreListedByTheirNames(t *testing.T) {
	clock := engine.NewClock(start)
	eng := simtest.New(t, &engine.Options{Now: clock.Now})
	one, other := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128)), create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
	keys := map[string]*string{"alias/c": &one.KeyArn, "alias/a": &one.KeyArn, "alias/B": &other.KeyArn, "alias/b": nil,
		"alias/a/x": &one.KeyArn}
	for name, key := range keys {
		if _, err := newAlias(eng.Caller, name, key); err != nil {
			t.Fatal(err)
		}
	}
	all := []string{"alias/B", "alias/a", "alias/a/x", "alias/b", "alias/c"}
	for size := 1; size <= 6; size++ {
		want := slices.Collect(slices.Chunk(all, size))
		if got := aliasPages(t, eng.Caller, nil, size); !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("pages of %d: got %v, want %v", size, got, want)
		}
	}
	for key, want := range map[*string][][]string{
		&one.KeyArn:   {{"alias/a", "alias/a/x"}, {"alias/c"}},
		&other.KeyArn: {{"alias/B"}},
	} {
		if got := aliasPages(t, eng.Caller, key, 2); !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("of %s: got %v, want %v", *key, got, want)
		}
	}

	// Once a key is deleted its aliases point to no key, and are listed as such.
	if _, err := eng.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: one.KeyArn}); err != nil {
		t.Fatal(err)
	}
	clock.Advance(7 * day)
	if got := aliasPages(t, eng.Caller, &one.KeyArn, 2); len(got) != 1 || len(got[0]) != 0 {
		t.Errorf("of a deleted key: got %v, want none", got)
	}
	list, err := eng.ListAliases(ctx, nil)
	if err != nil || len(list.Aliases) != len(all) {
		t.Fatalf("got %+v, %v", list, err)
	}
	for _, a := range list.Aliases {
		if points := a.KeyArn != nil; points != (a.AliasName == "alias/B") {
			t.Errorf("%s points to a key: %t", a.AliasName, points)
		}
	}
	absent := one.KeyArn[:len(one.KeyArn)-16] + "aaaaaaaaaaaaaaaa"
	_, err = eng.ListAliases(ctx, &engine.ListAliasesInput{KeyArn: &absent})
	refused(t, "of a key that is not there", err, apc.ErrResourceNotFound, apc.RuleKey)
}
