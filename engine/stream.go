package engine

import (
	crand "crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"sync"
)

// stream is a source of what the engine draws itself. With a seed, each
// purpose has a stream of its own, so that drawing for one does not move
// another; without one it begins at random. None of it is secret.
type stream struct {
	mu     sync.Mutex // guards source
	source *rand.ChaCha8
}

// newStream derives the stream of a purpose from a seed; seed 0 is fresh
// randomness.
func newStream(seed uint64, purpose string) *stream {
	var start [32]byte
	if seed == 0 {
		crand.Read(start[:])
	} else {
		start = sha256.Sum256(binary.BigEndian.AppendUint64([]byte("apcsim engine "+purpose+" "), seed))
	}
	return &stream{source: rand.NewChaCha8(start)}
}

func (s *stream) fill(p []byte) {
	s.mu.Lock()
	s.source.Read(p)
	s.mu.Unlock()
}

// idAlphabet is base32 as the service's ids use it.
const idAlphabet = "abcdefghijklmnopqrstuvwxyz234567"

// id draws 16 characters: 80 random bits.
func (s *stream) id() string {
	var b [16]byte
	s.fill(b[:])
	for i := range b {
		b[i] = idAlphabet[b[i]%32]
	}
	return string(b[:])
}

// Read fills p with what is drawn.
func (s *stream) Read(p []byte) (int, error) {
	s.fill(p)
	return len(p), nil
}

// digits draws decimal digits.
func (s *stream) digits(n int) string {
	b := make([]byte, n)
	s.fill(b)
	for i := range b {
		b[i] = '0' + b[i]%10
	}
	return string(b)
}
