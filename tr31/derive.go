package tr31

import (
	"encoding/binary"
	"fmt"

	"github.com/seed748fb4d1/apcsim/internal/tdes"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/mac"
)

// DeriveKeys derives the block encryption key and the block authentication key
// (KBEK and KBAK) of a version from the bytes of a protection key: for versions B,
// D and E by [DeriveKeysWith], for A and C as variants (X9.143: every byte XORed
// with 45 and 4D). Both are as long as the protection key, and the caller's to
// clear. A length that does not fit the version is refused with class kbpk.
func DeriveKeys(v Version, kbpk []byte) (kbek, kbak []byte, err error) {
	r, err := v.rules()
	if err != nil {
		return nil, nil, err
	}
	if err := r.checkLength(v, len(kbpk)*8); err != nil {
		return nil, nil, err
	}
	if r.variant {
		return tdes.Variant(kbpk, maskKBEK), tdes.Variant(kbpk, maskKBAK), nil
	}
	block, err := r.cipher(kbpk)
	if err != nil {
		return nil, nil, err
	}
	under := mac.NewCMAC(block)
	return DeriveKeysWith(v, len(kbpk)*8, func(message []byte) ([]byte, error) { return under.Sum(nil, message), nil })
}

// What the variants of a protection key are XORed with.
const (
	maskKBEK = 0x45
	maskKBAK = 0x4D
)

// DeriveKeysWith derives KBEK and KBAK of version B, D or E from a protection key of so many bits,
// which may be in a device: mac computes the whole CMAC of a message under it. What mac returns is
// cleared. An error of mac is returned as it is. A length that does not fit the version, and versions
// A and C, are refused with class kbpk.
func DeriveKeysWith(v Version, bits int, mac func(message []byte) ([]byte, error)) (kbek, kbak []byte, err error) {
	r, err := v.rules()
	if err != nil {
		return nil, nil, err
	}
	if r.variant {
		return nil, nil, &Error{ErrKBPK, "version", 0, problemVariants, v.String(), "B, D or E"}
	}
	if err := r.checkLength(v, bits); err != nil {
		return nil, nil, err
	}
	forKBEK, forKBAK := Derivation(v, bits)
	if kbek, err = r.join(forKBEK, bits, mac); err != nil {
		return nil, nil, err
	}
	if kbak, err = r.join(forKBAK, bits, mac); err != nil {
		clear(kbek)
		return nil, nil, err
	}
	return kbek, kbak, nil
}

// join concatenates the MACs of the inputs and cuts them to the length of the key.
func (r *rules) join(inputs [][]byte, bits int, mac func([]byte) ([]byte, error)) ([]byte, error) {
	out := make([]byte, 0, len(inputs)*r.block)
	for _, in := range inputs {
		part, err := mac(in)
		if err == nil && len(part) != r.block {
			err = fmt.Errorf("tr31: derivation: the device gave a MAC of %d bytes, not %d", len(part), r.block)
		}
		if err != nil {
			clear(out)
			return nil, err
		}
		out = append(out, part...)
		clear(part)
	}
	return out[:bits/8], nil
}

func (r *rules) checkLength(v Version, bits int) error {
	if r.fits(bits) {
		return nil
	}
	return &Error{ErrKBPK, "protection key", -1, problemKBPKVersion, wording.Bytes(bits/8) + " for version " + v.String(), r.lengths()}
}

// Usages of a derived key (X9.143, ISO 20038). The encryption key's, 0000 in
// CBC and 0002 in CTR, is in the table of versions.
const usageMAC = 0x0001

// Derivation gives the messages whose CMACs under a protection key of so many bits are KBEK and
// KBAK of version B, D or E, 8 bytes each: the MACs, concatenated and cut to bits/8 bytes, are the
// key. It is for a device that makes keys of the MACs and does not show them; other callers use
// [DeriveKeysWith]. For A and C, and for a length that does not fit the version, both are nil.
func Derivation(v Version, bits int) (kbek, kbak [][]byte) {
	r, err := v.rules()
	if err != nil || r.variant || !r.fits(bits) {
		return nil, nil
	}
	return r.derivation(r.usage, bits), r.derivation(usageMAC, bits)
}

func (r *rules) derivation(usage uint16, bits int) [][]byte {
	algorithm := uint16(bits/64 - 2) // 0 and 1 are 2-key and 3-key TDES
	if r.aes {
		algorithm += 2 // 2, 3, 4 are AES-128, -192, -256
	}
	var inputs [][]byte
	for have := 0; have < bits; have += r.block * 8 {
		in := make([]byte, 8) // in[3] stays 0
		in[0] = byte(len(inputs) + 1)
		binary.BigEndian.PutUint16(in[1:], usage)
		binary.BigEndian.PutUint16(in[4:], algorithm)
		binary.BigEndian.PutUint16(in[6:], uint16(bits))
		inputs = append(inputs, in)
	}
	return inputs
}
