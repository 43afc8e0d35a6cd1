package boltstore_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/keystore/boltstore"
)

// What is committed is there when the file is opened anew, and one store at a
// time has it.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "keys")

	store, err := boltstore.Open(ctx, path, nil)
	if err != nil {
		panic(err)
	}
	place := keystore.Partition{Account: "111122223333", Region: "us-east-1"}
	note := keystore.Record{Partition: place, Kind: "note", ID: "a", Data: []byte("kept")}
	fmt.Println(store.Commit(ctx, keystore.CommitID{1}, keystore.Create(note)))
	_, err = boltstore.Open(ctx, path, &boltstore.Options{LockWait: -1})
	fmt.Println(errors.Is(err, boltstore.ErrLocked))
	store.Close()

	store, err = boltstore.Open(ctx, path, nil)
	if err != nil {
		panic(err)
	}
	defer store.Close()
	found, err := store.Read(ctx, note.Ref())
	fmt.Printf("%s %v\n", found[0].Record.Data, err)
	fmt.Println(store.Check(ctx))
	// Output:
	// <nil>
	// true
	// kept <nil>
	// <nil>
}
