package hsm

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"sync"
)

// seeded is the stream of a seed for one purpose: the same in every run, and
// not moved by what is drawn for another.
type seeded struct {
	mu     sync.Mutex // guards source
	source *rand.ChaCha8
}

func newSeeded(seed uint64, purpose string) *seeded {
	start := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("apcsim hsm "+purpose+" "), seed))
	return &seeded{source: rand.NewChaCha8(start)}
}

func (s *seeded) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.source.Read(p)
}
