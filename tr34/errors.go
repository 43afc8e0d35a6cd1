package tr34

import "github.com/seed748fb4d1/apcsim/internal/wording"

// Class is the kind of a refusal, and itself an error, so that callers write
// errors.Is(err, tr34.ErrNonce). The constants are in the order in which a
// receiver checks; the first that applies is reported.
type Class string

const (
	ErrASN1        Class = "asn1"        // not DER, too long, or something after the message
	ErrStructure   Class = "structure"   // DER, but not the message it should be
	ErrCertificate Class = "certificate" // the signer's certificate: issuer, validity, key usage, kind of key
	ErrSigner      Class = "signer"      // signed by another key than that certificate's
	ErrDigest      Class = "digest"      // the content is not the one that was signed
	ErrSignature   Class = "signature"   // not authentic
	ErrNonce       Class = "nonce"       // two-pass: not the random number expected
	ErrTime        Class = "time"        // one-pass: no signing time
	ErrCRL         Class = "crl"         // missing where it must be, not the CA's, out of date, or the signer is in it
	ErrRecipient   Class = "recipient"   // for another KRD
	ErrOAEP        Class = "oaep"        // the content key does not decrypt
	ErrContent     Class = "content"     // the content key has a wrong length, or the decrypted content a wrong padding
	ErrKeyBlock    Class = "keyblock"    // the decrypted content is not a TR-34 key block
	ErrIDKDH       Class = "idkdh"       // the key block is another KDH's than the signer's
	ErrHeader      Class = "header"      // key block header missing, malformed, or not the one that was signed
)

// Error is the class as it is written in [Error.Class].
func (c Class) Error() string { return "tr34: " + string(c) }

// Error is a refusal. It holds no key material.
type Error struct {
	Class   Class
	Field   string // "random nonce", "KDH certificate", ...
	Problem string // what is wrong, as a clause: "the token has no CRL"
	Found   string // the value at fault, or empty
	Wanted  string // the value or values that would have passed, or empty
	Err     error  // the cause, where another package found it; Unwrap gives it
}

// Error is class, problem and values in one line. The cause is not in it.
func (e *Error) Error() string {
	return e.Class.Error() + ": " + wording.Text(e.Problem, e.Found, e.Wanted)
}

// Is makes errors.Is find the class.
func (e *Error) Is(target error) bool { return target == e.Class }

// Unwrap gives the cause, or nil.
func (e *Error) Unwrap() error { return e.Err }
