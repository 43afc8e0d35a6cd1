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

// TestWhatIsKeptIsFlatWhileCallsAreWatched: the journal and the graph keep no more with every call,
// with a browser at them. The heap is logged.
func TestWhatIsKeptIsFlatWhileCallsAreWatched(t *testing.T) {
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
	t.Logf("the heap has grown by %d bytes", heap()-before)
	kept := &r.world.calls
	if len(kept.entries) != maxCalls || len(kept.transfers) != int(min(kept.last/int64(len(requests)), maxTransfers)) ||
		kept.size > maxCallBytes {
		t.Errorf("of %d calls %d are kept, %d bytes, and %d transfers, want %d calls and up to %d transfers",
			kept.last, len(kept.entries), kept.size, len(kept.transfers), maxCalls, maxTransfers)
	}
	r.end(t)
	if n := <-seen; n < 100*maxCalls {
		t.Errorf("the watcher has received %d bytes", n)
	}
}
