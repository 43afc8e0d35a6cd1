package keystoretest_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/keystore/keystoretest"
)

// A commit whose answer was lost is asked again, and learns that it took
// effect.
func ExampleWrap() {
	ctx := context.Background()
	fault := keystoretest.FailAfter
	store := keystoretest.Wrap(keystore.NewMemory(), func(string) keystoretest.Fault { return fault })
	defer store.Close()

	count := keystore.Count(keystore.Ref{Kind: "counter", ID: "n"}, 1, 1)
	err := store.Commit(ctx, keystore.CommitID{1}, count)
	fmt.Println(errors.Is(err, keystoretest.ErrFault))
	fault = keystoretest.None
	fmt.Println(store.Commit(ctx, keystore.CommitID{1}, count))
	// Output:
	// true
	// <nil>
}
