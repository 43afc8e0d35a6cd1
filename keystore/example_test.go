package keystore_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// A record is replaced on the condition that no other commit has written it since
// it was read.
func Example() {
	ctx := context.Background()
	store := keystore.NewMemory()
	defer store.Close()

	place := keystore.Partition{Account: "111122223333", Region: "us-east-1"}
	record := keystore.Record{Partition: place, Kind: "note", ID: "a", Data: []byte("first")}
	fmt.Println(store.Commit(ctx, keystore.CommitID{1}, keystore.Create(record)))

	found, _ := store.Read(ctx, record.Ref())
	mine, yours := found[0].Record, found[0].Record
	mine.Data, yours.Data = []byte("mine"), []byte("yours")
	fmt.Println(store.Commit(ctx, keystore.CommitID{2}, keystore.Replace(mine)))
	err := store.Commit(ctx, keystore.CommitID{3}, keystore.Replace(yours))
	fmt.Println(errors.Is(err, keystore.ErrConflict))
	// Output:
	// <nil>
	// <nil>
	// true
}
