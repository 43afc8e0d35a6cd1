package tr34

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// Opened is what a key token carried, all of it authentic. Printing it does not
// show the key, and encoding/json omits it.
type Opened struct {
	Key         []byte    `json:"-"` // in the clear; the caller clears it
	Header      string    // key block header, 16 characters and perhaps optional blocks
	Nonce       []byte    // nil if the token has none
	SigningTime time.Time // zero if the token has none
}

// Format prints what was opened without the key, whatever the verb.
func (o Opened) Format(w fmt.State, _ rune) {
	fmt.Fprintf(w, "Opened(%s, key of %d bytes)", o.Header, len(o.Key))
}

// oaepSHA256 is the encryption of content keys: RSAES-OAEP, SHA-256 for hash
// and mask, an empty label.
var oaepSHA256 = rsa.OAEPOptions{Hash: crypto.SHA256, MGFHash: crypto.SHA256}

// Open verifies the token as [Token.Verify] does and gives the key inside, which is the caller's to
// clear. It refuses with Verify's classes and oaep, content, keyblock, idkdh, header. A program
// that reports refusals to an untrusted party should report these five as one.
//
// krd is the private key of c.KRD. It is asked once to decrypt, with an [*rsa.OAEPOptions] of
// SHA-256, MGF1 with SHA-256 and no label, and what it gives is cleared. An error in which
// errors.Is finds [rsa.ErrDecryption] or [ErrOAEP] means that decryption failed, and becomes class
// oaep; any other, such as that of a device that does not answer, is wrapped and has no class.
func (t *Token) Open(krd crypto.Decrypter, c *Check) (*Opened, error) {
	if err := t.Verify(c); err != nil {
		return nil, err
	}
	block, plain, err := t.decrypt(krd)
	defer clear(plain)
	if err != nil {
		return nil, err
	}
	if !block.kdh.equal(t.message.signer.id) {
		return nil, &Error{
			Class:   ErrIDKDH,
			Field:   "KDH in the key block",
			Problem: problemIDKDH,
			Found:   block.kdh.shown(),
			Wanted:  t.message.signer.id.shown(),
		}
	}
	if subtle.ConstantTimeCompare(block.header, t.message.header) != 1 {
		return nil, &Error{
			Class:   ErrHeader,
			Field:   "key block header",
			Problem: problemHeader,
			Found:   string(block.header),
			Wanted:  string(t.message.header),
		}
	}
	return &Opened{
		Key:         bytes.Clone(block.key),
		Header:      string(block.header),
		Nonce:       bytes.Clone(t.message.nonce),
		SigningTime: t.message.time,
	}, nil
}

// decrypt is checks 9 and 10. The key block is a part of plain, which the caller
// clears in any case.
func (t *Token) decrypt(krd crypto.Decrypter) (block keyBlock, plain []byte, err error) {
	contentKey, err := unwrap(krd, t.envelope.wrapped)
	if err != nil {
		return keyBlock{}, nil, err
	}
	defer clear(contentKey)
	if plain, err = t.envelope.decrypt(contentKey); err != nil {
		return keyBlock{}, nil, err
	}
	block, err = unpad(plain, ciphers[t.envelope.cipher].block)
	return block, plain, err
}

// unwrap gives the content key, which is the caller's to clear.
func unwrap(krd crypto.Decrypter, wrapped []byte) ([]byte, error) {
	if krd == nil {
		return nil, &Error{Class: ErrOAEP, Field: "private key", Problem: problemNoPrivateKey}
	}
	options := oaepSHA256 // a copy, which the Decrypter may do with as it likes
	contentKey, err := krd.Decrypt(rand.Reader, wrapped, &options)
	switch {
	case errors.Is(err, rsa.ErrDecryption) || errors.Is(err, ErrOAEP):
		return nil, &Error{
			Class:   ErrOAEP,
			Field:   "encrypted content key",
			Problem: problemOAEP,
			Wanted:  "RSAES-OAEP with SHA-256 and MGF1 with SHA-256, for the KRD's key",
		}
	case err != nil:
		return nil, fmt.Errorf("tr34: decrypt the content key: %w", err)
	}
	return contentKey, nil
}

// wrap encrypts the content key for a KRD.
func wrap(public *rsa.PublicKey, contentKey []byte) ([]byte, error) {
	wrapped, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, public, contentKey, nil)
	if err != nil {
		return nil, &Error{
			Class:   ErrRecipient,
			Field:   "KRD certificate",
			Problem: problemKRDKey,
			Found:   wording.Count(public.N.BitLen(), "bit"),
			Err:     err,
		}
	}
	return wrapped, nil
}
