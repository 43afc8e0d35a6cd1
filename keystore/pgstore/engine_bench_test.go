package pgstore_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig/ratio"
	"github.com/seed748fb4d1/apcsim/keystore/pgstore"
)

// BenchmarkGetKey is an operation of the engine against one SELECT of the same
// record. The bar is 1.3.
func BenchmarkGetKey(b *testing.B) {
	ctx := context.Background()
	url, done := testDatabase()
	defer done()
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	s, err := pgstore.Open(ctx, url, nil)
	must(err)
	defer s.Close()
	pool, err := pgxpool.New(ctx, url)
	must(err)
	defer pool.Close()
	eng, err := engine.Open(b.Context(), hsm.NewSoftware(nil), s, nil)
	must(err)
	made, err := eng.CreateKey(ctx, &engine.CreateKeyInput{Exportable: new(true), KeyAttributes: apc.KeyAttributes{
		KeyUsage: apc.KeyUsageTR31K1KeyBlockProtectionKey, KeyClass: apc.KeyClassSymmetricKey, KeyAlgorithm: apc.KeyAlgorithmAES256,
		KeyModesOfUse: apc.KeyModesOfUse{Encrypt: true, Decrypt: true, Wrap: true, Unwrap: true}}})
	must(err)
	var key []byte
	must(pool.QueryRow(ctx, "SELECT r.key FROM apcsim.records r JOIN apcsim.readable USING (rev) WHERE kind = 'key'").Scan(&key))
	in := &engine.GetKeyInput{KeyIdentifier: made.Key.KeyArn}
	ratio.Beside(b, 200, func() {
		var rev [16]byte
		var due, value *int64
		var idx, data []byte
		must(
			pool.QueryRow(ctx, "SELECT rev, due, idx, data, value FROM apcsim.records WHERE key = $1", key).
				Scan(&rev, &due, &idx, &data, &value),
		)
	}, func() {
		_, err := eng.GetKey(ctx, in)
		must(err)
	})
}
