package hsm

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/subtle"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
)

// RSAPadding is how a message is padded for encryption with RSA (RFC 8017, section 7).
type RSAPadding int

// The paddings. Those of OAEP have the same hash in MGF1 and an empty label.
const (
	RSARaw RSAPadding = iota // none: the message is as long as the modulus and smaller than it
	RSAPKCS1
	RSAOAEPSHA1
	RSAOAEPSHA256
	RSAOAEPSHA512
)

// rsaPaddings are the paddings' names, and the hash of those of OAEP.
var rsaPaddings = [...]struct {
	name string
	hash crypto.Hash
}{
	RSARaw: {"no padding", 0}, RSAPKCS1: {"PKCS #1 v1.5", 0},
	RSAOAEPSHA1: {
		"OAEP with SHA-1",
		crypto.SHA1,
	}, RSAOAEPSHA256: {"OAEP with SHA-256", crypto.SHA256}, RSAOAEPSHA512: {"OAEP with SHA-512", crypto.SHA512},
}

func (p RSAPadding) known() bool { return p >= 0 && int(p) < len(rsaPaddings) }

// String is "OAEP with SHA-256".
func (p RSAPadding) String() string {
	if !p.known() {
		return fmt.Sprintf("padding(%d)", int(p))
	}
	return rsaPaddings[p].name
}

// MaxMessage is the length in bytes of the longest message that the padding takes with a
// modulus of so many bytes; it can be negative. [RSARaw] takes only that length.
func (p RSAPadding) MaxMessage(modulus int) int {
	switch p {
	case RSARaw:
		return modulus
	case RSAPKCS1:
		return modulus - 11
	}
	if !p.known() {
		return -1
	}
	return modulus - 2*rsaPaddings[p].hash.Size() - 2
}

// ErrDecryption: an RSA ciphertext does not decrypt to a message with the padding that
// was asked for. It is an [ErrInput], and the same error whatever was wrong: a
// caller that could distinguish the causes could decrypt (Bleichenbacher, Manger).
var ErrDecryption = fmt.Errorf("%w: the ciphertext does not decrypt", ErrInput)

// EncryptRSA encrypts a message to a public RSA key. The device takes no part in it. A
// key that is not an RSA key is ErrRefused, a message that does not fit ErrInput.
func (h *HSM) EncryptRSA(ctx context.Context, to Public, p RSAPadding, message []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKIXPublicKey(to)
	key, ok := parsed.(*rsa.PublicKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("%w: it is no public RSA key", ErrRefused)
	}
	most := p.MaxMessage(key.Size())
	if !p.known() || len(message) > most || p == RSARaw && len(message) < most {
		return nil, fmt.Errorf("%w: a message of %d bytes with %v and a modulus of %d bytes", ErrInput, len(message), p, key.Size())
	}
	var out []byte
	switch p {
	case RSARaw:
		out, err = encryptRaw(key, message)
	case RSAPKCS1:
		//lint:ignore SA1019 the service encrypts so when it is asked to
		out, err = rsa.EncryptPKCS1v15(rand.Reader, key, message)
	default:
		out, err = rsa.EncryptOAEP(rsaPaddings[p].hash.New(), rand.Reader, key, message, nil)
	}
	if err != nil && !errors.Is(err, ErrInput) {
		err = fmt.Errorf("%w: the public key does not encrypt", ErrInput) // the library's error has nothing to add
	}
	return out, err
}

// encryptRaw is RSA without padding, for a message as long as the modulus.
func encryptRaw(key *rsa.PublicKey, message []byte) ([]byte, error) {
	m := new(big.Int).SetBytes(message)
	if m.Cmp(key.N) >= 0 {
		return nil, fmt.Errorf("%w: the message is not smaller than the modulus", ErrInput)
	}
	m.Exp(m, big.NewInt(int64(key.E)), key.N)
	return m.FillBytes(make([]byte, key.Size())), nil
}

// DecryptRSA decrypts a ciphertext with a key pair; the message is the caller's. A key
// that is not an RSA key is ErrRefused, a ciphertext of another length than the
// modulus's ErrInput, one that does not decrypt [ErrDecryption].
func (h *HSM) DecryptRSA(ctx context.Context, pair KeyRef, p RSAPadding, ciphertext []byte) ([]byte, error) {
	message, err := h.decryptRSA(ctx, pair, p, ciphertext)
	if err != nil {
		return nil, err
	}
	return message.bytes(), nil
}

// decryptRSA is DecryptRSA for a command that goes on with the message and destroys it.
func (h *HSM) decryptRSA(ctx context.Context, pair KeyRef, p RSAPadding, ciphertext []byte) (Secret, error) {
	a := pair.Attributes
	if a.Algorithm != RSA {
		return Secret{}, fmt.Errorf("%w: RSA decryption with a key of algorithm %v", ErrRefused, a.Algorithm)
	}
	if !p.known() || len(ciphertext)*8 != a.Bits {
		return Secret{}, fmt.Errorf("%w: a ciphertext of %d bytes with %v and a modulus of %d bytes", ErrInput,
			len(ciphertext), p, a.Bits/8)
	}
	k, err := h.use(ctx, pair)
	if err != nil {
		return Secret{}, err
	}
	defer h.cache.release(k)
	var message Secret
	switch p {
	case RSARaw:
		message, err = k.key.DecryptRaw(ctx, ciphertext)
	case RSAPKCS1:
		message, err = decryptPKCS1(ctx, k.key, ciphertext)
	default:
		message, err = decryptOAEP(ctx, k.key, rsaPaddings[p].hash, ciphertext)
	}
	if errors.Is(err, ErrInput) {
		return Secret{}, ErrDecryption
	}
	return message, err
}

// decryptPKCS1 is the device's raw RSA and the unpadding here.
func decryptPKCS1(ctx context.Context, k Key, ciphertext []byte) (Secret, error) {
	encoded, err := k.DecryptRaw(ctx, ciphertext)
	if err != nil {
		return Secret{}, err
	}
	defer encoded.Destroy()
	message, ok := unpadPKCS1(encoded.bytes())
	if !ok {
		return Secret{}, ErrInput
	}
	return NewSecret(message), nil
}

// unpadPKCS1 undoes EME-PKCS1-v1_5 (RFC 8017, 7.2.2, step 3): 00 02, at least 8 bytes
// other than zero, 00, the message. Until it has decided, the time it takes does not depend on
// what was wrong; the message is a part of encoded.
func unpadPKCS1(encoded []byte) (message []byte, ok bool) {
	const head, padding = 2, 8
	if len(encoded) < head+padding+1 {
		return nil, false
	}
	good := subtle.ConstantTimeByteEq(encoded[0], 0) & subtle.ConstantTimeByteEq(encoded[1], 2)
	// looking is 1 until the zero is found.
	looking, at := 1, 0
	for i, b := range encoded[head:] {
		zero := subtle.ConstantTimeByteEq(b, 0)
		at = subtle.ConstantTimeSelect(looking&zero, i, at)
		looking &= 1 - zero
	}
	good &= (1 - looking) & subtle.ConstantTimeLessOrEq(padding, at)
	if good != 1 {
		return nil, false
	}
	return encoded[head+at+1:], true
}
