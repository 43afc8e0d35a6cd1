package hsm

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"io"
)

// decryptOAEP is the device's OAEP decryption or, where it has none, its raw
// RSA and the unpadding here.
func decryptOAEP(ctx context.Context, k Key, hash crypto.Hash, ciphertext []byte) (Secret, error) {
	out, err := k.DecryptOAEP(ctx, hash, ciphertext)
	if !errors.Is(err, errors.ErrUnsupported) {
		return out, err
	}
	if !hash.Available() {
		return Secret{}, ErrInput
	}
	encoded, err := k.DecryptRaw(ctx, ciphertext)
	if err != nil {
		return Secret{}, err
	}
	defer encoded.Destroy()
	message, ok := unpadOAEP(hash, encoded.bytes())
	if !ok {
		return Secret{}, ErrInput
	}
	return NewSecret(message), nil
}

// unpadOAEP undoes EME-OAEP with the same hash in MGF1 and an empty label (RFC
// 8017, 7.1.2, step 3) in place. Until the verdict, time and memory do not
// depend on what was wrong (Manger's attack); the message is a part of encoded.
func unpadOAEP(hash crypto.Hash, encoded []byte) (message []byte, ok bool) {
	n := hash.Size()
	if len(encoded) < 2*n+2 {
		return nil, false
	}
	seed, data := encoded[1:1+n], encoded[1+n:]
	xorMGF1(hash, data, seed)
	xorMGF1(hash, seed, data)

	label := hash.New().Sum(nil) // of the empty label
	good := subtle.ConstantTimeByteEq(encoded[0], 0) & subtle.ConstantTimeCompare(label, data[:n])
	// Zeros, a one, the message: looking is 1 until the one is found.
	looking, at := 1, 0
	rest := data[n:]
	for i, b := range rest {
		one, zero := subtle.ConstantTimeByteEq(b, 1), subtle.ConstantTimeByteEq(b, 0)
		at = subtle.ConstantTimeSelect(looking&one, i, at)
		good &= subtle.ConstantTimeSelect(looking, one|zero, 1)
		looking &= 1 - one
	}
	if good&(1-looking) != 1 {
		return nil, false
	}
	return rest[at+1:], true
}

// xorMGF1 masks data with MGF1 of the seed (RFC 8017, B.2.1).
func xorMGF1(hash crypto.Hash, seed, data []byte) {
	h := hash.New()
	var counter [4]byte
	var mask []byte
	for i := uint32(0); len(data) > 0; i++ {
		binary.BigEndian.PutUint32(counter[:], i)
		h.Reset()
		h.Write(seed)
		h.Write(counter[:])
		mask = h.Sum(mask[:0])
		data = data[subtle.XORBytes(data, data, mask):]
	}
}

// decrypter is an open RSA key as a crypto.Decrypter, for OAEP with one hash and no
// label.
type decrypter struct {
	ctx context.Context // of the command that decrypts
	key Key
}

func (d *decrypter) Public() crypto.PublicKey { return nil }

func (d *decrypter) Decrypt(_ io.Reader, ciphertext []byte, o crypto.DecrypterOpts) ([]byte, error) {
	oaep, ok := o.(*rsa.OAEPOptions)
	if !ok || len(oaep.Label) > 0 || oaep.MGFHash != 0 && oaep.MGFHash != oaep.Hash {
		return nil, ErrRefused
	}
	out, err := decryptOAEP(d.ctx, d.key, oaep.Hash, ciphertext)
	if errors.Is(err, ErrInput) {
		return nil, rsa.ErrDecryption // as crypto/rsa reports it
	}
	return out.bytes(), err
}
