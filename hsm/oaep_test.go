package hsm_test

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/kcv"
)

// TestUnpaddingAgreesWithTheLibrary gives a device without OAEP every kind of
// wrong encoding, made with the public key, and compares with what the standard
// library says of it on a device that has OAEP.
func TestUnpaddingAgreesWithTheLibrary(t *testing.T) {
	onEvery(t, func(t *testing.T, h *hsm.HSM) {
		pair, public, _ := newPair(t, h, unwrapper)
		pub := public.(*rsa.PublicKey)
		admit, _ := admitted(hsm.HMAC)
		const n, size = 32, 256
		whole := bytes.Repeat([]byte{0x77}, size-2*n-2) // the longest message
		data := func(change func(db []byte)) []byte {
			label := sha256.Sum256(nil)
			db := append(append(bytes.Clone(label[:]), 1), whole...)
			change(db)
			return db
		}
		for name, c := range map[string]struct {
			first byte
			db    []byte
			taken bool
		}{
			"the longest message": {0, data(func([]byte) {}), true},
			"a first byte of 1":   {1, data(func([]byte) {}), false},
			"another label":       {0, data(func(db []byte) { db[n-1] ^= 1 }), false},
			"no one":              {0, data(func(db []byte) { clear(db[n:]) }), false},
			"a two for the one":   {0, data(func(db []byte) { db[n] = 2 }), false},
			"the one at the end":  {0, data(func(db []byte) { clear(db[n:]); db[len(db)-1] = 1 }), false}, // no key of no bytes
			"one byte of message": {0, data(func(db []byte) { clear(db[n:]); db[len(db)-2] = 1; db[len(db)-1] = 9 }), true},
			"a second one":        {0, data(func(db []byte) { clear(db[n:]); db[n+9] = 1; db[n+10] = 1 }), true},
			"a byte before":       {0, data(func(db []byte) { clear(db[n:]); db[n+3] = 9; db[n+9] = 1 }), false},
		} {
			_, err := h.ImportCryptogram(
				ctx,
				pair,
				crypto.SHA256,
				rawOAEP(pub, c.first, c.db),
				func(bits int) (hsm.Attributes, kcv.Method, error) {
					a, m, _ := admit(bits)
					a.Hash = crypto.SHA256
					return a, m, nil
				},
			)
			if (err == nil) != c.taken {
				t.Errorf("%s: %v, want it taken: %t", name, err, c.taken)
			}
		}
	})
}

// rawOAEP encrypts an encoding whose parts are as they are given, masked as RFC
// 8017 says.
func rawOAEP(pub *rsa.PublicKey, first byte, db []byte) []byte {
	seed := bytes.Repeat([]byte{0x31}, 32)
	mask := func(data, from []byte) []byte {
		var stream []byte
		for i := byte(0); len(stream) < len(data); i++ {
			sum := sha256.Sum256(append(bytes.Clone(from), 0, 0, 0, i))
			stream = append(stream, sum[:]...)
		}
		out := bytes.Clone(data)
		for i := range out {
			out[i] ^= stream[i]
		}
		return out
	}
	masked := mask(db, seed)
	encoded := append(append([]byte{first}, mask(seed, masked)...), masked...)
	return rawRSA(pub, encoded)
}
