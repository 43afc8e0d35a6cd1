package testrig

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"
)

// Text is what one goroutine writes while a test reads it or waits for it. The zero value is
// empty and ready.
type Text struct {
	mu      sync.Mutex // guards text and written
	text    bytes.Buffer
	written chan struct{} // closed by the next Write; nil where no test waits
}

func (x *Text) Write(b []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.written != nil {
		close(x.written)
		x.written = nil
	}
	return x.text.Write(b)
}

func (x *Text) String() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.text.String()
}

// Forget empties it.
func (x *Text) Forget() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.text = bytes.Buffer{}
}

// WaitFor returns once a part has been written; after 20 seconds without it the test fails.
func (x *Text) WaitFor(t testing.TB, part string) {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		has, written := x.look(part)
		if has {
			return
		}
		select {
		case <-written:
		case <-late:
			t.Fatalf("there is no %q in:\n%s", part, x)
		}
	}
}

// look reports whether the part has been written, and else returns what the next Write closes.
func (x *Text) look(part string) (bool, chan struct{}) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if strings.Contains(x.text.String(), part) {
		return true, nil
	}
	if x.written == nil {
		x.written = make(chan struct{})
	}
	return false, x.written
}
