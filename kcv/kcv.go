// Package kcv computes key check values: a few bytes by which two parties see
// that they hold the same key, without showing it.
//
// How a check value is made is a [Method]. A caller that has the key calls
// [Method.Compute], or one of the shortcuts [TDES], [AES], [HMAC] and
// [PublicKey]. A caller whose key is in a device has the device encipher or
// authenticate [Method.Message] and passes the whole output to [Method.Value].
// Both get the same [Value].
//
// Of a key only the length is checked: parity bits may be anything and the
// halves of a TDES key may be equal. No key is retained, and none is in an
// error.
package kcv

import (
	"crypto"
	"crypto/aes"
	"fmt"
	"slices"

	"github.com/seed748fb4d1/apcsim/internal/tdes"
)

// Method is one way of making a check value. The zero Method is none:
// [Method.Compute] and [Method.Value] fail. Methods compare with ==.
type Method uint8

// The methods there are.
const (
	_ Method = iota
	// TDESZero enciphers 8 zero bytes (ANSI X9.24-1, the legacy method). It is
	// what the service calls ANSI_X9_24.
	TDESZero
	// TDESCMAC is CMAC (NIST SP 800-38B) over 8 zero bytes.
	TDESCMAC
	// AESZero enciphers 16 zero bytes. X9.24-1 does not allow it for AES; old
	// devices print it.
	AESZero
	// AESCMAC is CMAC over 16 zero bytes (ANSI X9.24-1), what the service calls CMAC.
	AESCMAC
	// HMACSHA1 to HMACSHA512 are HMAC over the empty message, what the service
	// calls HMAC. The hash is the one the key is meant for.
	HMACSHA1
	HMACSHA224
	HMACSHA256
	HMACSHA384
	HMACSHA512
	// SHA1 is SHA-1 over a public key's DER SubjectPublicKeyInfo (RFC 5280,
	// section 4.1). The service names SHA_1 and does not say what it hashes: our
	// choice.
	SHA1
)

// rule is the properties of a method. Lengths are in bytes.
type rule struct {
	name     string
	sizes    []int // of keys; nil takes any but an empty one
	message  int   // zero bytes to encipher or authenticate
	whole    int   // output
	standard int   // leftmost bytes of the output that are the value
	run      run
}

// run computes the whole output. It may overwrite the message.
type run func(key, message []byte) ([]byte, error)

var (
	tdesSizes = []int{16, 24}
	aesSizes  = []int{16, 24, 32}
)

// rules is ANSI X9.24-1 for TDES and AES. No standard gives check values to HMAC
// or public keys: HMAC's is taken to be as long as AWS Payment Cryptography
// shows it, SHA-1's is the thumbprint whole.
var rules = [...]rule{
	TDESZero:   {"TDES zero block", tdesSizes, 8, 8, 3, encipher(tdes.NewCipher)},
	TDESCMAC:   {"TDES CMAC", tdesSizes, 8, 8, 5, authenticate(tdes.NewCipher)},
	AESZero:    {"AES zero block", aesSizes, 16, 16, 3, encipher(aes.NewCipher)},
	AESCMAC:    {"AES CMAC", aesSizes, 16, 16, 5, authenticate(aes.NewCipher)},
	HMACSHA1:   {"HMAC SHA-1", nil, 0, 20, 3, hmacWith(crypto.SHA1)},
	HMACSHA224: {"HMAC SHA-224", nil, 0, 28, 3, hmacWith(crypto.SHA224)},
	HMACSHA256: {"HMAC SHA-256", nil, 0, 32, 3, hmacWith(crypto.SHA256)},
	HMACSHA384: {"HMAC SHA-384", nil, 0, 48, 3, hmacWith(crypto.SHA384)},
	HMACSHA512: {"HMAC SHA-512", nil, 0, 64, 3, hmacWith(crypto.SHA512)},
	SHA1:       {"SHA-1", nil, 0, 20, 20, digest},
}

// rule is the method's row; the zero Method and numbers that are no method
// have a row of nothing.
func (m Method) rule() *rule {
	if int(m) >= len(rules) {
		return &rules[0]
	}
	return &rules[m]
}

// String names the method in words, for messages.
func (m Method) String() string {
	if name := m.rule().name; name != "" {
		return name
	}
	return "no method"
}

// Message is what a device enciphers or authenticates under the key: 8 zero
// bytes for TDES, 16 for AES, none for HMAC. The slice is the caller's. SHA1
// has no message, since it hashes the key itself.
func (m Method) Message() []byte { return make([]byte, m.rule().message) }

// Compute makes the check value of a key: 16 or 24 bytes for TDES (16 are used as K1 K2 K1), 16, 24
// or 32 for AES, any number but zero for HMAC, a DER SubjectPublicKeyInfo for SHA1. Another length
// is a [KeySizeError].
func (m Method) Compute(key []byte) (Value, error) {
	r := m.rule()
	if r.run == nil {
		return Value{}, fmt.Errorf("kcv: %v", m)
	}
	if len(key) == 0 || r.sizes != nil && !slices.Contains(r.sizes, len(key)) {
		return Value{}, KeySizeError{m, len(key)}
	}
	output, err := r.run(key, m.Message())
	if err != nil {
		return Value{}, fmt.Errorf("kcv: %w", err)
	}
	return m.Value(output)
}

// Value makes the check value from the whole output of the cipher, MAC or
// hash, computed elsewhere: a cipher block, a MAC, a digest. An output of
// another length is refused.
func (m Method) Value(output []byte) (Value, error) {
	r := m.rule()
	if r.run == nil {
		return Value{}, fmt.Errorf("kcv: %v", m)
	}
	if len(output) != r.whole {
		return Value{}, fmt.Errorf("kcv: %v has an output of %d bytes, not %d", m, r.whole, len(output))
	}
	v := Value{method: m}
	copy(v.bytes[:r.standard], output)
	return v, nil
}

// KeySizeError reports that no key of a method has so many bytes.
type KeySizeError struct {
	Method Method
	Size   int // in bytes
}

// Error names the sizes that would have passed.
func (e KeySizeError) Error() string {
	sizes := e.Method.rule().sizes
	if sizes == nil {
		return fmt.Sprintf("kcv: %v takes no empty key", e.Method)
	}
	return fmt.Sprintf("kcv: %v takes keys of %v bytes, not %d", e.Method, sizes, e.Size)
}
