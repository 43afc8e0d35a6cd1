// Package servertest gives a test a server.
package servertest

import (
	"context"
	"testing"

	"github.com/seed748fb4d1/apcsim/cmd/apcsim/internal/server"
)

// Serve is a server on a free port of loopback until the test ends.
func Serve(t testing.TB, o *server.Options) *server.Server {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	s, err := server.Listen(ctx, "127.0.0.1:0", o)
	if err != nil {
		stop()
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return s
}
