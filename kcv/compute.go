package kcv

import (
	"crypto"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1"
	_ "crypto/sha256" // for crypto.Hash
	_ "crypto/sha512" // for crypto.Hash
	"fmt"

	"github.com/seed748fb4d1/apcsim/mac"
)

// TDES returns the check value of a TDES key: the leftmost 3 bytes of the
// encryption of 8 zero bytes (ANSI X9.24-1), as 6 upper-case hexadecimal
// digits.
//
// The key is 16 or 24 bytes; any other length is a [KeySizeError]. It is not retained.
func TDES(key []byte) (string, error) { return short(TDESZero, key, 3) }

// AES returns the check value of an AES key: the leftmost 3 bytes of CMAC (NIST
// SP 800-38B, section 6.2) over 16 zero bytes, as 6 upper-case hexadecimal digits.
//
// The key is 16, 24 or 32 bytes; any other length is a [KeySizeError]. It is not retained.
func AES(key []byte) (string, error) { return short(AESCMAC, key, 3) }

// HMAC returns the check value of an HMAC key: the leftmost 3 bytes of HMAC
// (FIPS 198-1) over the empty message with the hash of the key, as 6
// upper-case hexadecimal digits.
//
// The hash is SHA-1, SHA-224, SHA-256, SHA-384 or SHA-512; another is refused.
// The key is any number of bytes but zero ([KeySizeError]). It is not retained.
func HMAC(h crypto.Hash, key []byte) (string, error) {
	m, ok := hmacMethods[h]
	if !ok {
		return "", fmt.Errorf("kcv: no HMAC check value is defined for %v", h)
	}
	return short(m, key, 3)
}

// PublicKey returns the check value of a public key: the leftmost 4 bytes of
// SHA-1 over its DER SubjectPublicKeyInfo (RFC 5280, section 4.1), as 8
// upper-case hexadecimal digits. Only an empty key is refused: what is in
// it is not read.
func PublicKey(spki []byte) (string, error) { return short(SHA1, spki, 4) }

// hmacMethods finds the method of an HMAC key's hash.
var hmacMethods = map[crypto.Hash]Method{
	crypto.SHA1:   HMACSHA1,
	crypto.SHA224: HMACSHA224,
	crypto.SHA256: HMACSHA256,
	crypto.SHA384: HMACSHA384,
	crypto.SHA512: HMACSHA512,
}

func short(m Method, key []byte, n int) (string, error) {
	v, err := m.Compute(key)
	return v.Short(n), err
}

// The functions below are the columns of the method table. The length of the
// key has been checked; what can still fail is a cipher that the runtime
// refuses, such as TDES where GODEBUG says fips140=only.

func encipher(with func(key []byte) (cipher.Block, error)) run {
	return func(key, message []byte) ([]byte, error) {
		b, err := with(key)
		if err != nil {
			return nil, err
		}
		b.Encrypt(message, message)
		return message, nil
	}
}

func authenticate(with func(key []byte) (cipher.Block, error)) run {
	return func(key, message []byte) ([]byte, error) {
		b, err := with(key)
		if err != nil {
			return nil, err
		}
		return mac.NewCMAC(b).Sum(nil, message), nil
	}
}

func hmacWith(h crypto.Hash) run {
	return func(key, message []byte) ([]byte, error) {
		mac := hmac.New(h.New, key)
		mac.Write(message)
		return mac.Sum(nil), nil
	}
}

func digest(key, _ []byte) ([]byte, error) {
	sum := sha1.Sum(key)
	return sum[:], nil
}
