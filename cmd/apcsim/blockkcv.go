package main

import (
	"bytes"

	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// hmacMethods is the check value by the code of the hash in the HM block.
// Other hashes have none.
var hmacMethods = map[tr31.Hash]kcv.Method{
	tr31.SHA1:   kcv.HMACSHA1,
	tr31.SHA224: kcv.HMACSHA224,
	tr31.SHA256: kcv.HMACSHA256,
	tr31.SHA384: kcv.HMACSHA384,
	tr31.SHA512: kcv.HMACSHA512,
}

// checkValueOf is the check value of the key in a block by the default method
// of its kind, or nothing where the kind or the length of the key has none.
func checkValueOf(h tr31.Header, key []byte) string {
	var method kcv.Method
	switch h.Algorithm {
	case 'A':
		method = kcv.AESCMAC
	case 'T':
		method = kcv.TDESZero
	case 'D':
		method = kcv.TDESZero
		if len(key) == 8 { // DES is TDES with the same key twice
			key = bytes.Repeat(key, 2)
			defer clear(key)
		}
	case 'H':
		method = hashMethod(h)
	}
	value, err := method.Compute(key)
	if err != nil {
		return ""
	}
	return value.Short(3)
}

// hashMethod looks for the hash of an HMAC key in the HM block.
func hashMethod(h tr31.Header) kcv.Method {
	b, ok := h.Block("HM")
	if !ok {
		return 0
	}
	content, err := b.Typed()
	if err != nil {
		return 0
	}
	hash, _ := content.(tr31.Hash)
	return hmacMethods[hash]
}
