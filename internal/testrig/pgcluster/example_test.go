//go:build unix

package pgcluster_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed748fb4d1/apcsim/internal/testrig/pgcluster"
)

// A test asks for a database of its own on the server that its process shares.
func Example() {
	ctx := context.Background()
	server, err := pgcluster.Shared()
	if err != nil {
		log.Fatal(err)
	}
	name, err := server.Database(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer server.Drop(ctx, name)
	fmt.Println(server.Do(ctx, name, "CREATE TABLE notes (text text)"))
	// Output:
	// <nil>
}
