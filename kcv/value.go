package kcv

import "crypto/subtle"

// Value is a check value. The zero Value is that of no key and prints as
// nothing. A Value is no secret, and may be copied and shared.
type Value struct {
	method Method
	bytes  [20]byte // as many as the method's standard shows, zeros after
}

// Method is how the value was made.
func (v Value) Method() Method { return v.method }

// String is the value in the length of its standard, in upper-case hexadecimal:
// 10 digits for CMAC, 6 for a zero block (ANSI X9.24-1) and for HMAC, for which
// there is no standard; 40 for a public key's SHA-1.
func (v Value) String() string { return v.Short(len(v.bytes)) }

// Short is the leftmost n bytes of the value in upper-case hexadecimal, or the
// whole of it where its standard has fewer. Most parties show 3 bytes.
func (v Value) Short(n int) string {
	const digits = "0123456789ABCDEF"
	n = max(0, min(n, v.method.rule().standard))
	var out [2 * len(v.bytes)]byte
	for i, b := range v.bytes[:n] {
		out[2*i], out[2*i+1] = digits[b>>4], digits[b&15]
	}
	return string(out[:2*n])
}

// Equal compares method and standard length, in constant time.
func (v Value) Equal(w Value) bool {
	same := subtle.ConstantTimeCompare(v.bytes[:], w.bytes[:])
	return same&subtle.ConstantTimeByteEq(byte(v.method), byte(w.method)) == 1
}
