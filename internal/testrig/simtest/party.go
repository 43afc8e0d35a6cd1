package simtest

import (
	"crypto/rsa"
	"crypto/x509"
	"sync"

	"github.com/seed748fb4d1/apcsim/hsm/testkeys"
)

// pairs are the ready RSA pairs by their bits, in the open.
var pairs = sync.OnceValue(func() map[int][]*rsa.PrivateKey {
	out := map[int][]*rsa.PrivateKey{}
	source := testkeys.Ready()
	for _, bits := range []int{2048, 3072, 4096} {
		for {
			private, _, ok := source.Next(bits)
			if !ok {
				break
			}
			err := private.Expose(func(der []byte) error {
				key, err := x509.ParsePKCS1PrivateKey(der)
				out[bits] = append(out[bits], key)
				return err
			})
			if err != nil {
				panic(err) // a ready pair that is none
			}
		}
	}
	return out
})

// PartyRSA is a pair for the other party of an exchange: one of the last ready
// ones, counted from the end, which no simulator of a test comes to hand out.
func PartyRSA(bits, fromEnd int) *rsa.PrivateKey {
	of := pairs()[bits]
	return of[len(of)-1-fromEnd]
}
