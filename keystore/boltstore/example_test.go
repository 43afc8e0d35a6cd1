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

// A copy is made while the store is in use, and is a store itself.
func ExampleStore_Backup() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	store, err := boltstore.Open(ctx, filepath.Join(dir, "keys"), nil)
	if err != nil {
		panic(err)
	}
	defer store.Close()

	file, err := os.OpenFile(filepath.Join(dir, "copy"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	if _, err := store.Backup(ctx, file); err != nil {
		panic(err)
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		panic(err)
	}
	again, err := boltstore.Open(ctx, file.Name(), nil)
	if err != nil {
		panic(err)
	}
	defer again.Close()
	fmt.Println(again.Check(ctx))
	// Output: <nil>
}
