package pgstore_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed748fb4d1/apcsim/internal/testrig/pgcluster"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/keystore/pgstore"
)

// Two processes, say, open one database: what one has committed the other sees.
func Example() {
	ctx := context.Background()
	url, done := testDatabase()
	defer done()

	one, err := pgstore.Open(ctx, url, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer one.Close()
	other, err := pgstore.Open(ctx, url, &pgstore.Options{MaxConns: 4})
	if err != nil {
		log.Fatal(err)
	}
	defer other.Close()

	place := keystore.Partition{Account: "111122223333", Region: "us-east-1"}
	record := keystore.Record{Partition: place, Kind: "note", ID: "a", Data: []byte("hello")}
	fmt.Println(one.Commit(ctx, keystore.CommitID{1}, keystore.Create(record)))
	found, err := other.Read(ctx, record.Ref())
	fmt.Println(string(found[0].Record.Data), err)
	fmt.Println(other.Commit(ctx, keystore.CommitID{2}, keystore.Create(record)))
	// Output:
	// <nil>
	// hello <nil>
	// keystore: record exists: note a
}

// testDatabase is an empty one on a server of this process's own.
func testDatabase() (url string, done func()) {
	ctx := context.Background()
	server, err := pgcluster.Shared()
	if err != nil {
		log.Fatal(err)
	}
	name, err := server.Database(ctx)
	if err != nil {
		log.Fatal(err)
	}
	return server.URL(name), func() { server.Drop(ctx, name) }
}
