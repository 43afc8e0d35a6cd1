package hsm

import (
	"bytes"
	"crypto"
	"encoding/binary"
	"fmt"
	"slices"
)

// maxKeyID bounds the id of a key, in bytes.
const maxKeyID = 64

// lengths are the bits that a key of each algorithm may have. HMAC keys may
// have any whole number of bytes up to 256.
var lengths = map[Algorithm][]int{
	AES:  {128, 192, 256},
	TDES: {128, 192},
	RSA:  {2048, 3072, 4096},
	EC:   {256, 384, 521},
}

// maxHMACBits bounds an HMAC key.
const maxHMACBits = 256 * 8

// CheckReseal is ErrAttributes unless a key pair sealed with these attributes may
// be sealed with others by a [Resealer].
func (a Attributes) CheckReseal(to Attributes) error {
	if a.Algorithm != RSA && a.Algorithm != EC || to.Algorithm != a.Algorithm || to.Bits != a.Bits || to.Exportability != a.Exportability {
		return ErrAttributes
	}
	return to.Check()
}

// Check returns ErrAttributes where no key can have the attributes: an
// unknown algorithm, a length that it does not have, a hash on another key
// than HMAC or none on one, codes of the wrong size.
func (a Attributes) Check() error {
	ok := len(a.KeyID) <= maxKeyID && len(a.Usage) == 2
	if a.Algorithm == HMAC {
		ok = ok && a.Bits > 0 && a.Bits <= maxHMACBits && a.Bits%8 == 0 && a.Hash.Available()
	} else {
		ok = ok && slices.Contains(lengths[a.Algorithm], a.Bits) && a.Hash == 0
	}
	if !ok {
		return ErrAttributes
	}
	return nil
}

// attributesForm is the version of the binary form.
const attributesForm = 1

// AppendBinary appends the binary form of the attributes, to which a backend binds
// a sealed key: it differs for any two that differ. A store keeps it next to the
// seal (see [KeyRef]).
func (a Attributes) AppendBinary(b []byte) ([]byte, error) {
	b = append(b, attributesForm)
	b = binary.AppendUvarint(b, uint64(len(a.KeyID)))
	b = append(b, a.KeyID...)
	b = binary.AppendUvarint(b, uint64(len(a.Usage)))
	b = append(b, a.Usage...)
	b = append(b, byte(a.Algorithm), a.Mode, a.Exportability)
	b = binary.AppendVarint(b, int64(a.Bits))
	return binary.AppendUvarint(b, uint64(a.Hash)), nil
}

// UnmarshalBinary reads what AppendBinary has written, now or in an earlier
// version. What it reads is written as the same bytes again; anything else is
// ErrAttributes.
func (a *Attributes) UnmarshalBinary(b []byte) error {
	if len(b) == 0 || b[0] != attributesForm {
		return ErrAttributes
	}
	id, rest, ok1 := cutText(b[1:])
	usage, rest, ok2 := cutText(rest)
	if !ok1 || !ok2 || len(rest) < 3 {
		return ErrAttributes
	}
	codes, rest := rest[:3], rest[3:]
	bits, n := binary.Varint(rest)
	hash, _ := binary.Uvarint(rest[max(n, 0):])
	out := Attributes{KeyID: string(id), Usage: string(usage), Algorithm: Algorithm(codes[0]), Mode: codes[1], Exportability: codes[2],
		Bits: int(bits), Hash: crypto.Hash(hash)}
	var room [boundRoom]byte
	if again, _ := out.AppendBinary(room[:0]); !bytes.Equal(again, b) {
		return ErrAttributes
	}
	*a = out
	return nil
}

// cutText cuts off a text with its length in front. None is longer than a key's id.
func cutText(b []byte) (text, rest []byte, ok bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > maxKeyID || int(n) > len(b)-size {
		return nil, nil, false
	}
	return b[size:][:n], b[size+int(n):], true
}

// Fit returns ErrAttributes where clear bytes, in the form that Import takes,
// are no key with the attributes.
func (a Attributes) Fit(s Secret) error {
	if err := a.Check(); err != nil {
		return err
	}
	switch a.Algorithm {
	case RSA, EC:
		_, err := parsePrivate(s.bytes(), a)
		return err
	}
	if s.Len()*8 != a.Bits {
		return fmt.Errorf("%w: %d bytes are not a key of %d bits", ErrAttributes, s.Len(), a.Bits)
	}
	return nil
}

// TakesHash reports whether the key computes HMACs with a hash that each call names: an AES or
// TDES key of usage M7. An HMAC key has a hash of its own.
func (a Attributes) TakesHash() bool { return a.Usage == "M7" && blockSize(a.Algorithm) != 0 }

// namedHash reports whether HMACWith takes the hash.
func namedHash(h crypto.Hash) bool {
	return h == crypto.SHA224 || h == crypto.SHA256 || h == crypto.SHA384 || h == crypto.SHA512
}
