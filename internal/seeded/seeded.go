// Package seeded draws bytes that a seed determines: one stream for each purpose,
// so that what is drawn for one purpose does not change what another gets.
package seeded

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"sync"
)

// Stream is a source of bytes (ChaCha8). The zero value is random, without a lock. Any number of
// goroutines may share one.
type Stream struct {
	mu     sync.Mutex    // guards source
	source *rand.ChaCha8 // nil: the generator of the process
}

// New is the stream of a seed for a purpose: the same bytes in every run.
func New(seed uint64, purpose string) *Stream {
	key := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("apcsim "+purpose+" "), seed))
	return &Stream{source: rand.NewChaCha8(key)}
}

// Read fills p. It does not fail.
func (s *Stream) Read(p []byte) (int, error) {
	if s.source == nil {
		var eight [8]byte
		for n := 0; n < len(p); n += copy(p[n:], eight[:]) {
			binary.LittleEndian.PutUint64(eight[:], rand.Uint64())
		}
		return len(p), nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.source.Read(p)
}
