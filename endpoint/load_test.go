package endpoint_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

var load = flag.Duration("load", 2*time.Second, "how long the load test runs")

// TestManyConnections keeps 64 connections busy with what ends where it began:
// an alias made, read, moved and deleted, pages of keys, and requests that are
// wrong. Every answer must be the one that is due, and afterwards no request is
// under way and every connection is closed. The long run of make soak is 30 s.
func TestManyConnections(t *testing.T) {
	const connections = 64
	eng := simtest.New(t, nil)
	var running, opened, closed atomic.Int64
	handler := endpoint.Handler(eng, nil)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		running.Add(1)
		defer running.Add(-1)
		handler.ServeHTTP(w, r)
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		switch s {
		case http.StateNew:
			opened.Add(1)
		case http.StateClosed:
			closed.Add(1)
		}
	}
	server.Start()
	for range 100 {
		must(
			eng.CreateKey(
				ctx,
				&engine.CreateKeyInput{
					Exportable: new(true),
					KeyAttributes: apc.KeyAttributes{KeyAlgorithm: apc.KeyAlgorithmAES128, KeyClass: apc.KeyClassSymmetricKey,
						KeyUsage:      apc.KeyUsageTR31K0KeyEncryptionKey,
						KeyModesOfUse: apc.KeyModesOfUse{Wrap: true, Unwrap: true, Encrypt: true, Decrypt: true}},
				},
			),
		)(t)
	}
	var calls atomic.Int64
	var group sync.WaitGroup
	end := time.Now().Add(*load)
	for i := range connections {
		group.Go(func() {
			transport := &http.Transport{MaxConnsPerHost: 1}
			defer transport.CloseIdleConnections()
			for round := 0; time.Now().Before(end); round++ {
				n, err := loadRound(&http.Client{Transport: transport}, server.URL, fmt.Sprintf("alias/%d-%d", i, round))
				if calls.Add(n); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	server.Close() // it waits for what is under way
	t.Logf("%d calls in %v on %d connections", calls.Load(), *load, opened.Load())
	if running.Load() != 0 || opened.Load() != closed.Load() || opened.Load() < connections {
		t.Errorf("%d requests are under way; %d connections of %d are closed, want all of at least %d",
			running.Load(), closed.Load(), opened.Load(), connections)
	}
}

// loadRound is one round of calls on a connection, and how many they were.
func loadRound(c *http.Client, url, alias string) (calls int64, err error) {
	name := `{"AliasName":"` + alias + `"}`
	for _, call := range []struct {
		op, body string
		status   int
		has      string
	}{
		{"CreateAlias", name, 200, alias},
		{"GetAlias", name, 200, alias},
		{"ListKeys", `{"MaxResults":10}`, 200, "NextToken"},
		{"UpdateAlias", name, 200, alias},
		{"CreateAlias", name, 400, "ConflictException"},
		{"GetKey", `{"KeyIdentifier":"` + alias + `"}`, 400, "ResourceNotFoundException"},
		{"GetKey", `{`, 400, "SerializationException"},
		{"DeleteAlias", name, 200, "{}"},
	} {
		r, _ := http.NewRequest(http.MethodPost, url, strings.NewReader(call.body))
		r.Header.Set("X-Amz-Target", target+call.op)
		r.Header.Set("Authorization", authorization)
		answer, err := c.Do(r)
		if err != nil {
			return calls, fmt.Errorf("%s: no answer: %w", call.op, err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != call.status || !json.Valid(body) || !strings.Contains(string(body), call.has) {
			return calls, fmt.Errorf("%s: %v: %d %s, wanted %d %s", call.op, err, answer.StatusCode, body, call.status, call.has)
		}
		calls++
	}
	return calls, nil
}
