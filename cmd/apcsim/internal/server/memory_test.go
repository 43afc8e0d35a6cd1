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

// TestMemoryIsFlatWhileCallsAreWatched: the journal and a browser at it keep no more with every call.
func TestMemoryIsFlatWhileCallsAreWatched(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true})
	seen := make(chan int64, 1)
	w := r.watch(t, "")
	go func() {
		n, _ := io.Copy(io.Discard, w.res.Body)
		seen <- n
	}()
	call := func(n int) {
		for range n {
			req := httptest.NewRequest("POST", "http://localhost/", strings.NewReader(`{"KeyIdentifier":"alias/none"}`))
			req.Header.Set(target, operation("GetKey"))
			answer := httptest.NewRecorder()
			if r.world.api.ServeHTTP(answer, req); answer.Code != http.StatusBadRequest {
				t.Fatalf("got %d, %s", answer.Code, answer.Body)
			}
		}
		r.log.forget() // the test's log would be all that grows
	}
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	call(2 * maxCalls)
	before := heap()
	for until := time.Now().Add(*watchedFor); ; {
		call(1000)
		if !time.Now().Before(until) {
			break
		}
	}
	if grown := heap() - before; grown > 4<<20 {
		t.Errorf("the heap has grown by %d bytes", grown)
	}
	r.end(t)
	if n := <-seen; n < 100*maxCalls {
		t.Errorf("the watcher has seen %d bytes", n)
	}
}
