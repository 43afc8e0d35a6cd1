// Package testkeys has RSA pairs made beforehand, so that tests need not wait
// for primes: eight each of 2048, 3072 and 4096 bits.
//
// The private keys are public: they stand in this repository. A simulator
// uses them only when asked to (hsm.Options.Ready), and never for anything
// but tests.
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

// pair is a ready pair in the forms that a backend takes and gives.
type pair struct {
	private []byte
	public  hsm.Public
}

// parsed are the pairs by their bits, parsed once for the process.
var parsed = sync.OnceValue(func() map[int][]pair {
	out := map[int][]pair{}
	for rest := pairs; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return out
		}
		key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil {
			panic(fmt.Sprintf("testkeys: the embedded pairs are damaged: %v", err))
		}
		public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
		if err != nil {
			panic(fmt.Sprintf("testkeys: the embedded pairs are damaged: %v", err))
		}
		bits := key.N.BitLen()
		out[bits] = append(out[bits], pair{block.Bytes, public})
	}
})

// Ready is a source for one simulator: it gives each pair once, in the same
// order every time. Goroutines may share it.
func Ready() hsm.Ready { return &source{} }

type source struct {
	mu   sync.Mutex  // guards next
	next map[int]int // by bits
}

func (s *source) Next(bits int) (hsm.Secret, hsm.Public, bool) {
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
