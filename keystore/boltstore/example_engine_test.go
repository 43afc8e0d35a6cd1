package boltstore_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/masterkey"
	"github.com/seed748fb4d1/apcsim/keystore/boltstore"
)

// A simulator that finds its alias again when it is opened anew.
func ExampleOpen_engine() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	for range 2 {
		if err := nameOnce(context.Background(), filepath.Join(dir, "apcsim.db")); err != nil {
			panic(err)
		}
	}
	// Output:
	// made alias/zone-key
	// found alias/zone-key
}

func nameOnce(ctx context.Context, path string) error {
	store, err := boltstore.Open(ctx, path, nil) // or pgstore.Open(ctx, "postgres://…", nil)
	if err != nil {
		return err
	}
	defer store.Close()
	key, _, err := masterkey.Make(path + ".lmk") // makes it once, reads it from then on
	if err != nil {
		return err
	}
	eng, err := engine.Open(ctx, hsm.NewSoftware(&hsm.SoftwareOptions{MasterKey: key}), store, nil)
	if err != nil {
		return err
	}
	defer eng.Close()
	const name = "alias/zone-key"
	if _, err := eng.GetAlias(ctx, &engine.GetAliasInput{AliasName: name}); err == nil {
		fmt.Println("found", name)
		return nil
	}
	_, err = eng.CreateAlias(ctx, &engine.CreateAliasInput{AliasName: name})
	fmt.Println("made", name)
	return err
}
