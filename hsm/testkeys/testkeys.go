// Package testkeys has RSA key pairs made beforehand, so that tests need not wait
// for primes: eight each of 2048, 3072 and 4096 bits.
//
// The private keys are public: they are in this repository. A simulator uses them
// only when asked to (hsm.Options.Ready). They are for tests only.
package testkeys

import (
	"crypto/x509"
	_ "embed"
	"encoding/pem"
	"fmt"
	"sync"

	"github.com/seed748fb4d1/apcsim/hsm"
)

//go:generate go run gen/main.go

//go:embed pairs.pem
var pairs []byte

// keyPair is one in the forms that a backend takes and gives.
type keyPair struct {
	private []byte
	public  hsm.Public
}

// parsed are the key pairs by their bits, parsed once for the process.
var parsed = sync.OnceValue(func() map[int][]keyPair {
	out := map[int][]keyPair{}
	for rest := pairs; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return out
		}
		key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil {
			panic(fmt.Sprintf("testkeys: the embedded key pairs are damaged: %v", err))
		}
		public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
		if err != nil {
			panic(fmt.Sprintf("testkeys: the embedded key pairs are damaged: %v", err))
		}
		bits := key.N.BitLen()
		out[bits] = append(out[bits], keyPair{block.Bytes, public})
	}
})

// Source gives each key pair once, in the same order every time. It is for one
// simulator. Any number of goroutines may share one.
type Source struct {
	mu   sync.Mutex  // guards next
	next map[int]int // by bits
}

// Ready is a Source of all key pairs.
func Ready() *Source { return &Source{} }

// Next is the next key pair of so many bits; see [hsm.Ready].
func (s *Source) Next(bits int) (hsm.Secret, hsm.Public, bool) {
	all := parsed()[bits]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil {
		s.next = map[int]int{}
	}
	i := s.next[bits]
	if i >= len(all) {
		return hsm.Secret{}, nil, false
	}
	s.next[bits]++
	return hsm.NewSecret(all[i].private), all[i].public, true
}
