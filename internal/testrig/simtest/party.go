package simtest

import (
	"crypto/rsa"

	"github.com/seed748fb4d1/apcsim/enginetest"
)

// PartyRSA is a key pair for the other party of an exchange: one of the last ready
// ones, counted from the end, which no simulator of a test comes to use.
func PartyRSA(bits, fromEnd int) *rsa.PrivateKey {
	key, err := enginetest.PartnerRSA(bits, fromEnd)
	if err != nil {
		panic(err) // a ready key pair that is none
	}
	return key
}
