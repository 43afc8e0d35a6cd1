package hsm

import (
	"bytes"
	"crypto"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
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
// a sealed key: it differs for any two that differ. A store keeps it beside the
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
	r := bytes.NewReader(b)
	form, e1 := r.ReadByte()
	id, e2 := readText(r)
	usage, e3 := readText(r)
	var codes [3]byte
	_, e4 := io.ReadFull(r, codes[:])
	bits, e5 := binary.ReadVarint(r)
	hash, e6 := binary.ReadUvarint(r)
	if form != attributesForm || errors.Join(e1, e2, e3, e4, e5, e6) != nil {
		return ErrAttributes
	}
	out := Attributes{KeyID: id, Usage: usage, Algorithm: Algorithm(codes[0]), Mode: codes[1], Exportability: codes[2], Bits: int(bits), Hash: crypto.Hash(hash)}
	if again, _ := out.AppendBinary(make([]byte, 0, boundRoom)); !bytes.Equal(again, b) {
		return ErrAttributes
	}
	*a = out
	return nil
}

// readText reads a text with its length in front. None is longer than a key's id.
func readText(r *bytes.Reader) (string, error) {
	n, err := binary.ReadUvarint(r)
	if err != nil || n > maxKeyID {
		return "", ErrAttributes
	}
	text := make([]byte, n)
	_, err = io.ReadFull(r, text)
	return string(text), err
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
