package engine_test

import (
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// listed returns the ids in their order, then the last one again and again.
func listed(ids ...string) func() string {
	return func() string {
		id := ids[0]
		if len(ids) > 1 {
			ids = ids[1:]
		}
		return id
	}
}

func TestOptionsIDsNamesTheKeys(t *testing.T) {
	eng := simtest.New(t, &engine.Options{IDs: listed("zoneKey000000001", "zoneKey000000001", strings.Repeat("z", 64))})
	for _, want := range []string{"zoneKey000000001", strings.Repeat("z", 64)} { // the second time the first id is taken
		if k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128)); !strings.HasSuffix(k.KeyArn, ":key/"+want) {
			t.Errorf("got %s, want the id %s", k.KeyArn, want)
		}
	}
}

func TestOptionsIDsThatAreNoneOrTakenAreNamed(t *testing.T) {
	for id, want := range map[string]string{
		"": `the function Options.IDs returned text that cannot be a key id: ` +
			`found an empty string, wanted 16 to 64 letters and digits`,
		"short": `the function Options.IDs returned text that cannot be a key id: found "short", wanted 16 to 64 letters and digits`,
		"sixteen-letters-": `the function Options.IDs returned text that cannot be a key id: ` +
			`found "sixteen-letters-", wanted 16 to 64 letters and digits`,
		strings.Repeat("a", 65): "the function Options.IDs returned text that cannot be a key id: found 65 characters, wanted 16 to 64 letters " +
			"and digits",
		"zoneKey000000001": "the function Options.IDs returned an id that is taken, at every attempt: found zoneKey000000001, wanted an " +
			"id that no key has",
	} {
		eng := simtest.New(t, &engine.Options{IDs: listed("zoneKey000000001", id)})
		create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
		_, err := eng.CreateKey(ctx, &engine.CreateKeyInput{KeyAttributes: kekAttributes(apc.KeyAlgorithmAES128), Exportable: new(true)})
		if r := refused(t, "the id "+id, err, apc.ErrInternalServer, apc.RuleInternal); r.Reasons[0].String() != want {
			t.Errorf("got  %s\nwant %s", r.Reasons[0], want)
		}
	}
}
