package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// gate is a stream that takes a text once it is opened, or fails.
type gate struct {
	entered chan struct{}   // a Write has begun
	results chan error      // what it returns
	got     strings.Builder // to be read once the queue is closed
}

func newGate() *gate { return &gate{entered: make(chan struct{}), results: make(chan error)} }

func (g *gate) Write(text []byte) (int, error) {
	g.entered <- struct{}{}
	if err := <-g.results; err != nil {
		return 0, err
	}
	return g.got.Write(text)
}

// pass lets the Write that is under way, or the next one, return.
func (g *gate) pass(err error) {
	<-g.entered
	g.results <- err
}

const long = time.Minute // what no test should take

func TestAQueueDropsLinesThatAreNotReadAndReportsThemLater(t *testing.T) {
	g := newGate()
	q := newLineQueue(g, 20)
	fmt.Fprintln(q, "in flight")
	<-g.entered // and it is not read
	for i := range 5 {
		fmt.Fprintln(q, "line", i) // 7 bytes: two of them fit
	}
	g.results <- nil
	g.pass(nil) // line 0 and 1
	g.pass(nil) // the report
	fmt.Fprintln(q, "afterwards")
	g.pass(nil)
	q.Close(long)
	got := g.got.String()
	before, after, found := strings.Cut(got, "time=")
	if before != "in flight\nline 0\nline 1\n" || !found || !strings.Contains(after, "level=WARN") ||
		!strings.HasSuffix(after, "lines=3\nafterwards\n") {
		t.Errorf("got\n%s", got)
	}
}

func TestAQueueReportsLinesThatCouldNotBeWritten(t *testing.T) {
	g := newGate()
	q := newLineQueue(g, 1000)
	fmt.Fprint(q, "one\ntwo\nthree")
	g.pass(io.ErrClosedPipe)
	fmt.Fprintln(q, "four")
	g.pass(errors.New("no space")) // the text
	g.pass(errors.New("no space")) // the report of three lines
	fmt.Fprintln(q, "five")
	g.pass(nil)
	g.pass(nil)
	q.Close(long)
	if got := g.got.String(); !strings.HasPrefix(got, "five\ntime=") || !strings.HasSuffix(got, "lines=4\n") {
		t.Errorf("got\n%s", got)
	}
}

func TestAQueueThatIsNotReadCanBeClosed(t *testing.T) {
	g := newGate()
	q := newLineQueue(g, 1000)
	fmt.Fprintln(q, "in flight")
	<-g.entered
	q.Close(time.Millisecond)
	if n, err := fmt.Fprintln(q, "too late"); n == 0 || err != nil {
		t.Errorf("a line after Close: got %d, %v, want it taken and dropped", n, err)
	}
	g.results <- nil
}
