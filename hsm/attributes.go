package hsm

import (
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

// AppendBinary appends a form of the attributes that is different for any
// two that differ: what a backend binds a sealed key to.
func (a Attributes) AppendBinary(b []byte) ([]byte, error) {
	b = append(b, 1) // version of this form
	b = binary.AppendUvarint(b, uint64(len(a.KeyID)))
	b = append(b, a.KeyID...)
	b = binary.AppendUvarint(b, uint64(len(a.Usage)))
	b = append(b, a.Usage...)
	b = append(b, byte(a.Algorithm), a.Mode, a.Exportability)
	b = binary.AppendVarint(b, int64(a.Bits))
	return binary.AppendUvarint(b, uint64(a.Hash)), nil
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
