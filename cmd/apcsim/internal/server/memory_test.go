package server

import (
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"
)

var watchedFor = flag.Duration("watched", 0, "how long calls are watched; 0: 3,000 calls")

// TestMemoryIsFlatWhileCallsAreWatched: the journal, the graph, and a browser at them keep no more with every call.
func TestMemoryIsFlatWhileCallsAreWatched(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true})
	seen := make(chan int64, 1)
	w := r.watch(t, "")
	go func() {
		n, _ := io.Copy(io.Discard, w.res.Body)
		seen <- n
	}()
	key := r.create(t)
	requests := []struct {
		operation, body string
		status          int
	}{
		{"GetKey", `{"KeyIdentifier":"alias/none"}`, http.StatusBadRequest},
		{"GetKey", `{"KeyIdentifier":"` + key + `"}`, http.StatusOK},
		{"ListKeys", `{}`, http.StatusOK},
		{"ExportKey", `{"ExportKeyIdentifier":"` + key + `","KeyMaterial":{"Tr31KeyBlock":{"WrappingKeyIdentifier":"` + key + `"}}}`,
			http.StatusOK},
	}
	call := func(n int) {
		for i := range n {
			c := requests[i%len(requests)]
			req := httptest.NewRequest("POST", "http://localhost/", strings.NewReader(c.body))
			req.Header.Set(target, operation(c.operation))
			answer := httptest.NewRecorder()
			if r.world.api.ServeHTTP(answer, req); answer.Code != c.status {
				t.Fatalf("%s: got %d, %s, want %d", c.operation, answer.Code, answer.Body, c.status)
			}
		}
		for _, path := range []string{"", "console/keys", "console/time", "console/graph", "console/limits"} { // as a browser does
			r.page(t, "/_apcsim/"+path)
		}
		r.log.Forget() // the test's log would be all that grows
	}
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	full := 2 * maxCalls // the journal
	if *watchedFor > 0 {
		full = maxTransfers * len(requests) // the graph too, which takes longer
	}
	call(full)
	before := heap()
	for until := time.Now().Add(*watchedFor); ; {
		call(1000)
		if !time.Now().Before(until) {
			break
		}
	}
	if grown := heap() - before; *watchedFor > 0 && grown > 4<<20 { // a long run: the heap of a short one is chance
		t.Errorf("the heap has grown by %d bytes", grown)
	} else {
		t.Logf("the heap has grown by %d bytes", grown)
	}
	r.end(t)
	if n := <-seen; n < 100*maxCalls {
		t.Errorf("the watcher has seen %d bytes", n)
	}
}
