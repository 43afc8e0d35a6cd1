package hsm

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"strconv"

	"github.com/seed748fb4d1/apcsim/tr31"
)

// Algorithm is the algorithm of a key, by its letter in TR-31.
type Algorithm byte

// The algorithms that a key here can have.
const (
	AES  Algorithm = 'A'
	TDES Algorithm = 'T'
	HMAC Algorithm = 'H'
	RSA  Algorithm = 'R'
	EC   Algorithm = 'E'
)

// String is the algorithm's name, or the letter of one that no key here can have.
func (a Algorithm) String() string {
	switch a {
	case AES:
		return "AES"
	case TDES:
		return "TDES"
	case HMAC:
		return "HMAC"
	case RSA:
		return "RSA"
	case EC:
		return "EC"
	}
	return strconv.QuoteRune(rune(a))
}

// Attributes say what a key is and what it may do, in TR-31's words. A sealed
// key is bound to all of them: opened with any other value it is refused.
type Attributes struct {
	KeyID         string    // the key's id, not its ARN: a replica in another Region has the same; at most 64 bytes
	Usage         string    // key usage, two characters: "B0", "K1"
	Algorithm     Algorithm // AES, TDES, HMAC, RSA, EC
	Mode          byte      // mode of use: 'B', 'X', 'N', ...
	Exportability byte      // 'E', 'N' or 'S'; 'N' is never revealed for export
	// Bits is the length: 128 or 192 for TDES, 128 to 256 for AES, any whole bytes for HMAC; the
	// modulus of RSA, the curve (256, 384, 521) of EC.
	Bits int
	Hash crypto.Hash // of an HMAC key; zero for any other
}

// Sealed is a key as a device returns it: encrypted and authenticated under the master key,
// together with its attributes. It may be stored anywhere.
type Sealed []byte

// Public is the public half of a key pair: a DER SubjectPublicKeyInfo; nil for a
// symmetric key.
type Public []byte

// Failures that a backend names. Anything else means that the device could
// not be reached or could not do its work.
var (
	// ErrSealed: a sealed key does not open: it was changed, cut, sealed
	// under another master key or with other attributes.
	ErrSealed = errors.New("hsm: sealed key does not open with these attributes under this master key")
	// ErrAttributes: there is no such key: the algorithm, length or hash
	// does not exist or the secret does not have that length.
	ErrAttributes = errors.New("hsm: no key can have these attributes")
	// ErrRefused: the key may not do that: a primitive of another algorithm,
	// or Reveal of a key that the device keeps.
	ErrRefused = errors.New("hsm: the key may not do that")
	// ErrKept: a command needs the bytes of the key, and it was sealed, by an
	// earlier version, so that the device keeps it. It is an ErrRefused.
	ErrKept = fmt.Errorf(
		"%w: an earlier version of apcsim sealed it so that it stays in the device: import or create the key again",
		ErrRefused,
	)
	// ErrInput: data of the wrong length or form for the primitive.
	ErrInput = errors.New("hsm: malformed input")
	// ErrClosed: the backend or the key was closed.
	ErrClosed = errors.New("hsm: closed")
	// ErrNoMasterKey: the device has no master key yet. An [Initializer] makes
	// one; until then only Close succeeds.
	ErrNoMasterKey = errors.New("hsm: the device has no master key")
)

// UnsupportedError is a primitive that a device does not have. [HSM] uses others in
// its place or refuses with this error. errors.Is(err, errors.ErrUnsupported)
// finds it.
type UnsupportedError struct{ Primitive string }

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("hsm: the device does not support %s", e.Primitive)
}

// Is makes the error an errors.ErrUnsupported.
func (e *UnsupportedError) Is(target error) bool { return target == errors.ErrUnsupported }

// Unsupported is the error of a device without the named primitive.
func Unsupported(primitive string) error { return &UnsupportedError{primitive} }

// Backend is a device that keeps a master key and works with keys sealed
// under it. Any number of goroutines may share one; the caller that opened it
// closes it. Every method fails with the context's error, and without effect, when
// the context is cancelled before the call begins.
type Backend interface {
	// Generate makes a key and seals it. TDES keys have odd parity. For a key
	// pair, Public is its public half. RSA keys have the exponent 65537. A key
	// that the device could not work with is an [UnsupportedError].
	Generate(ctx context.Context, a Attributes) (Sealed, Public, error)

	// Import seals a key given in the clear: raw bytes for AES, TDES and HMAC (parity is left as it
	// is), DER RSAPrivateKey (RFC 8017) for RSA, DER ECPrivateKey (RFC 5915) for EC. The secret
	// stays the caller's. A key that the device could not work with is an [UnsupportedError],
	// before it is given to the device.
	Import(ctx context.Context, s Secret, a Attributes) (Sealed, error)

	// Open readies a sealed key for use. The caller closes the Key. The sealed bytes are not changed: other calls have
	// them too.
	Open(ctx context.Context, s Sealed, a Attributes) (Key, error)

	// MasterKeyID names the master key and reveals nothing of it. Two
	// backends with the same master key have the same id.
	MasterKeyID(ctx context.Context) (string, error)

	// Random fills p with random bytes of the device; a seeded one draws them from
	// its seed.
	Random(ctx context.Context, p []byte) error

	// Close releases the device. Later calls fail with ErrClosed; a second
	// Close does nothing.
	Close() error
}

// CipherMode is how Encrypt and Decrypt chain blocks.
type CipherMode int

// The cipher modes that every device with a block cipher has.
const (
	ECB CipherMode = iota
	CBC
)

// Key is an open key: a handle on primitives. Any number of goroutines may use one
// at the same time. No primitive pads. A primitive that the device lacks is an
// [UnsupportedError], one that does not belong to the key's algorithm is
// ErrRefused, and data that is not a whole number of blocks, a ciphertext that is
// not as long as the modulus and an IV of the wrong length are ErrInput.
type Key interface {
	// Encrypt and Decrypt work in place on whole blocks with an AES or TDES
	// key. The IV has the length of a block for CBC and is nil for ECB.
	Encrypt(ctx context.Context, mode CipherMode, iv, data []byte) error
	Decrypt(ctx context.Context, mode CipherMode, iv, data []byte) error

	// CMAC returns the whole CMAC (NIST SP 800-38B) of the message under an
	// AES or TDES key.
	CMAC(ctx context.Context, message []byte) ([]byte, error)

	// HMAC returns the whole HMAC of the message under an HMAC key, with the
	// hash of the key's attributes.
	HMAC(ctx context.Context, message []byte) ([]byte, error)

	// HMACWith returns the whole HMAC of the message with a hash, SHA-224, SHA-256,
	// SHA-384 or SHA-512, under an AES or TDES key that may be used with any
	// ([Attributes.TakesHash]).
	HMACWith(ctx context.Context, hash crypto.Hash, message []byte) ([]byte, error)

	// Sign signs a digest: PKCS #1 v1.5 with an RSA key, ECDSA (ASN.1 DER)
	// with an EC key.
	Sign(ctx context.Context, hash crypto.Hash, digest []byte) ([]byte, error)

	// DecryptRaw is RSA decryption without unpadding; the result is as long
	// as the modulus.
	DecryptRaw(ctx context.Context, ciphertext []byte) (Secret, error)

	// DecryptOAEP is RSA-OAEP decryption with the same hash in MGF1 and an
	// empty label. A ciphertext that does not open is ErrInput, whatever was
	// wrong with it.
	DecryptOAEP(ctx context.Context, hash crypto.Hash, ciphertext []byte) (Secret, error)

	// ECDH returns the x coordinate shared with the peer's public key (an
	// uncompressed point of the same curve), as long as the field.
	ECDH(ctx context.Context, peer []byte) (Secret, error)

	// DeriveKBPK derives the encryption and the authentication key (KBEK and
	// KBAK) of a key block version from an AES or TDES key block protection
	// key. The caller closes both.
	DeriveKBPK(ctx context.Context, v tr31.Version) (kbek, kbak Key, err error)

	// Reveal returns the key in the clear, in the form that Import takes. A device
	// reveals the keys that are [Attributes.Revealable] and keeps every other:
	// ErrRefused where the device keeps it. Only HSM calls it; the package
	// documentation lists for which commands.
	Reveal(ctx context.Context) (Secret, error)

	// Close releases the key. A second Close does nothing.
	Close() error
}

// OpenGenerator is a device that can return a key that it generates open, without
// opening its seal. The caller closes the Key.
type OpenGenerator interface {
	GenerateOpen(ctx context.Context, a Attributes) (Sealed, Public, Key, error)
}

// Resealer is a device that can seal the private key of a key pair anew, with other attributes and
// without showing it: from and to have the same algorithm, RSA or EC, the same length and the same
// exportability (else ErrAttributes; see [Attributes.CheckReseal]). The old seal can still be
// opened.
type Resealer interface {
	Reseal(ctx context.Context, s Sealed, from, to Attributes) (Sealed, error)
}

// Initializer is a device that may have no master key yet. Initialize makes it, or
// finds the one that another process has made meanwhile; a device that has one
// keeps it.
type Initializer interface {
	Initialize(ctx context.Context) error
}
