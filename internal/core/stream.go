package core

import "github.com/seed748fb4d1/apcsim/internal/seeded"

// stream is a source of what the engine draws itself. With a seed, each
// purpose has a stream of its own; without one it begins at random. None of it
// is secret.
type stream struct{ *seeded.Stream }

// newStream is the stream of a seed for a purpose; seed 0 is fresh randomness.
func newStream(seed uint64, purpose string) *stream {
	if seed == 0 {
		return &stream{&seeded.Stream{}}
	}
	return &stream{seeded.New(seed, "engine "+purpose)}
}

// IDAlphabet is base32 as the service's ids use it.
const IDAlphabet = "abcdefghijklmnopqrstuvwxyz234567"

// ID draws 16 characters: 80 random bits.
func (s *stream) ID() string {
	var b [16]byte
	s.Read(b[:])
	for i := range b {
		b[i] = IDAlphabet[b[i]%32]
	}
	return string(b[:])
}

// digits draws decimal digits.
func (s *stream) digits(n int) string {
	b := make([]byte, n)
	s.Read(b)
	for i := range b {
		b[i] = '0' + b[i]%10
	}
	return string(b)
}
