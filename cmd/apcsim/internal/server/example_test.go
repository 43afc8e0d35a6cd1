package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"

	"github.com/seed748fb4d1/apcsim/cmd/apcsim/internal/server"
)

func Example() {
	ctx, stop := context.WithCancel(context.Background())
	s, err := server.Listen(ctx, "127.0.0.1:0", nil)
	if err != nil {
		log.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- s.Serve(ctx) }()

	res, err := http.Get(s.URL() + "/_apcsim/health")
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	var health struct{ Status string }
	if err := json.NewDecoder(res.Body).Decode(&health); err != nil {
		log.Fatal(err)
	}
	stop()
	fmt.Println(health.Status, <-done)
	// Output: ok <nil>
}
