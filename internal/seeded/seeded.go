// Package seeded draws bytes that a seed determines: one stream for each purpose,
// so that what is drawn for one purpose does not change what another gets.
package seeded

import (
	crand "crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"sync"
)

// Stream is a source of bytes (ChaCha8). Any number of goroutines may share one.
type Stream struct {
	mu     sync.Mutex // guards source
	source *rand.ChaCha8
}

// New is the stream of a seed for a purpose: the same bytes in every run.
func New(seed uint64, purpose string) *Stream {
	return start(sha256.Sum256(binary.BigEndian.AppendUint64([]byte("apcsim "+purpose+" "), seed)))
}

// Fresh is a stream that begins at random.
func Fresh() *Stream {
	var key [32]byte
	crand.Read(key[:])
	return start(key)
}

func start(key [32]byte) *Stream { return &Stream{source: rand.NewChaCha8(key)} }

// Read fills p. It does not fail.
func (s *Stream) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.source.Read(p)
}
