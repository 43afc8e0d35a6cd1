package boltstore_test

import (
	"path/filepath"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig/ratio"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// BenchmarkGetKey is an operation of the engine against a bare bbolt Get of as
// many bytes. The bar is 2.
func BenchmarkGetKey(b *testing.B) {
	s, floor := open(b, filepath.Join(b.TempDir(), "store")), newBare(b)
	eng, err := engine.Open(b.Context(), hsm.NewSoftware(nil), s, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer eng.Close()
	made, err := eng.CreateKey(ctx, &engine.CreateKeyInput{Exportable: new(true), KeyAttributes: apc.KeyAttributes{
		KeyUsage: apc.KeyUsageTR31K1KeyBlockProtectionKey, KeyClass: apc.KeyClassSymmetricKey, KeyAlgorithm: apc.KeyAlgorithmAES256,
		KeyModesOfUse: apc.KeyModesOfUse{Encrypt: true, Decrypt: true, Wrap: true, Unwrap: true}}})
	if err != nil {
		b.Fatal(err)
	}
	records, err := s.Page(ctx, keystore.Partition{Account: engine.DefaultAccount, Region: engine.DefaultRegion}, "key",
		keystore.Filter{}, "", 1)
	if err != nil || len(records) != 1 {
		b.Fatal(len(records), err)
	}
	floor.put(made.Key.KeyArn, records[0].Data)
	in := &engine.GetKeyInput{KeyIdentifier: made.Key.KeyArn}
	ratio.Beside(b, 1000, func() {
		err := floor.View(func(tx *bolt.Tx) error {
			if got := tx.Bucket([]byte("b")).Get([]byte(made.Key.KeyArn)); len(append([]byte(nil), got...)) != len(records[0].Data) {
				b.Error("another value")
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}, func() {
		if _, err := eng.GetKey(ctx, in); err != nil {
			b.Fatal(err)
		}
	})
}
