package main

import (
	"bytes"
	"io"
	"log/slog"
	"sync"
	"time"
)

// lineQueue is standard error for a program that must never wait for it: a pipe that is
// not read blocks its writer, and one whose reader has ended fails. Write puts the text
// into a bounded queue, which one goroutine writes out. Text that does not fit, or
// cannot be written, is dropped; a later line says how many lines those were.
//
// Any number of goroutines may share one.
type lineQueue struct {
	to      io.Writer
	limit   int           // bytes that may wait
	wake    chan struct{} // capacity 1: the queue has changed
	drained chan struct{} // closed once the last text is written

	mu      sync.Mutex // guards what follows
	waiting []byte
	dropped int // lines that are still to be reported
	closed  bool
}

// Sizes of the queue of standard error.
const (
	queueLimit    = 1 << 20     // bytes
	queuePatience = time.Second // for the text that waits when the program ends
)

func newLineQueue(to io.Writer, limit int) *lineQueue {
	q := &lineQueue{to: to, limit: limit, wake: make(chan struct{}, 1), drained: make(chan struct{})}
	go q.drain()
	return q
}

// Write queues text, or drops it. It never fails, so that no caller stops for it.
func (q *lineQueue) Write(text []byte) (int, error) {
	q.mu.Lock()
	if q.closed || len(q.waiting)+len(text) > q.limit {
		q.dropped += linesIn(text)
	} else {
		q.waiting = append(q.waiting, text...)
	}
	q.mu.Unlock()
	q.signal()
	return len(text), nil
}

// linesIn is how many lines a text has; an unfinished one counts.
func linesIn(text []byte) int {
	n := bytes.Count(text, []byte("\n"))
	if len(text) > 0 && text[len(text)-1] != '\n' {
		n++
	}
	return n
}

func (q *lineQueue) signal() {
	select {
	case q.wake <- struct{}{}:
	default: // the goroutine has not looked since the last one
	}
}

// Close gives the waiting text until the patience ends to be written. What is not
// written by then is lost.
func (q *lineQueue) Close(patience time.Duration) {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.signal()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-q.drained:
	case <-timer.C:
	}
}

// drain writes the queue out until it is closed.
func (q *lineQueue) drain() {
	defer close(q.drained)
	for {
		text, dropped, closed := q.take()
		if len(text) > 0 {
			if n, err := q.to.Write(text); err != nil {
				q.drop(linesIn(text[n:]))
			}
		}
		if dropped > 0 {
			if _, err := q.to.Write(droppedLine(dropped)); err != nil {
				q.drop(dropped)
			}
		}
		if closed {
			return
		}
	}
}

// take waits for text and empties the queue. Dropped lines are reported behind the text
// before them: a stream that only fails is not tried again without new text.
func (q *lineQueue) take() (text []byte, dropped int, closed bool) {
	for {
		q.mu.Lock()
		text, closed, q.waiting = q.waiting, q.closed, nil
		if len(text) > 0 || closed {
			dropped, q.dropped = q.dropped, 0
		}
		q.mu.Unlock()
		if len(text) > 0 || closed {
			return text, dropped, closed
		}
		<-q.wake
	}
}

func (q *lineQueue) drop(lines int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.dropped += lines
}

func droppedLine(lines int) []byte {
	var b bytes.Buffer
	slog.New(slog.NewTextHandler(&b, nil)).
		Warn("lines are missing here: standard error was not read in time, or could not be written", "lines", lines)
	return b.Bytes()
}
