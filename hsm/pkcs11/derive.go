//go:build cgo

package pkcs11

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"runtime"

	p11 "github.com/miekg/pkcs11"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/tdes"
	"github.com/seed748fb4d1/apcsim/mac"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// DeriveKBPK derives inside the token. X9.143 derives by CMACs of single blocks
// under the KBPK; the CMAC of a block is the encryption of the block masked
// with a subkey, and CKM_x_ECB_ENCRYPT_DATA is an encryption whose result
// stays in the token as a key. The host sees the encryption of a block of zeros
// under the KBPK, from which the subkeys are computed.
func (k *key) DeriveKBPK(ctx context.Context, v tr31.Version) (kbek, kbak hsm.Key, err error) {
	k.inUse.RLock()
	defer k.inUse.RUnlock()
	if err := k.begin(ctx, hsm.AES, hsm.TDES); err != nil {
		return nil, nil, err
	}
	aes := v == tr31.VersionD || v == tr31.VersionE
	if aes != (k.a.Algorithm == hsm.AES) {
		return nil, nil, hsm.ErrInput
	}
	if v == tr31.VersionA || v == tr31.VersionC {
		return nil, nil, hsm.Unsupported(canVariants)
	}
	err = k.backend.do(ctx, func(c *connection) error {
		if !c.caps.derives[k.a.Algorithm] {
			return hsm.Unsupported(nameFor(canDerive, k.a.Algorithm))
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	enc, mac := tr31.Derivation(v, k.a.Bits)
	return k.derived(enc), k.derived(mac), nil
}

// derived is a key that is derived from this one on first use.
func (k *key) derived(inputs [][]byte) *key {
	a := hsm.Attributes{Algorithm: k.a.Algorithm, Bits: k.a.Bits, Exportability: 'N'}
	return &key{backend: k.backend, a: a, source: &derivation{from: k.source, a: k.a, inputs: inputs}}
}

// derivation makes a key block key from its KBPK, of which no object is kept.
type derivation struct {
	from   source
	a      hsm.Attributes // of the KBPK
	inputs [][]byte
}

func (d *derivation) object(ctx context.Context, c *connection, a hsm.Attributes, p purpose) (p11.ObjectHandle, error) {
	kbpk, err := d.from.object(ctx, c, d.a, deriving)
	if err != nil {
		return 0, err
	}
	defer c.destroy(kbpk)
	seed, err := c.subkeySeed(ctx, a.Algorithm, kbpk)
	if err != nil {
		return 0, err
	}
	defer clear(seed)
	var data []byte
	for _, in := range d.inputs {
		data = append(data, mac.Masked(seed, in)...)
	}
	defer clear(data)
	return c.deriveKey(ctx, a.Algorithm, kbpk, data, secretType(a), a.Bits/8, p)
}

// subkeySeed is the encryption of a block of zeros, L in NIST SP 800-38B,
// section 6.1.
func (c *connection) subkeySeed(ctx context.Context, algorithm hsm.Algorithm, base p11.ObjectHandle) ([]byte, error) {
	size := mechanismsOf[algorithm].size
	data := make([]byte, max(size, minimum)) // two blocks of TDES: no module refuses a secret of 16 bytes
	var pin runtime.Pinner
	defer pin.Unpin()
	m := mechanism(mechanismsOf[algorithm].derive, pointer(nil, &pin, data))
	h, err := c.derive(ctx, m, base, keyTemplate(p11.CKO_SECRET_KEY, p11.CKK_GENERIC_SECRET, nil, false, false, true,
		p11.NewAttribute(p11.CKA_VALUE_LEN, len(data))))
	if err != nil {
		return nil, err
	}
	defer c.destroy(h)
	value, err := c.attribute(ctx, h, p11.CKA_VALUE)
	if err == nil && len(value) != len(data) {
		err = &Error{Function: "C_DeriveKey", Code: ckrGeneralError, Name: "a secret of another length"}
	}
	if err != nil {
		return nil, err
	}
	clear(value[size:])
	return value[:size:size], nil
}

// deriveKey makes a key whose value is the encryption of data: whole blocks.
func (c *connection) deriveKey(
	ctx context.Context,
	algorithm hsm.Algorithm,
	base p11.ObjectHandle,
	data []byte,
	keyType uint,
	size int,
	p purpose,
) (p11.ObjectHandle, error) {
	var pin runtime.Pinner
	defer pin.Unpin()
	m := mechanism(mechanismsOf[algorithm].derive, pointer(nil, &pin, data))
	var more []*p11.Attribute
	if algorithm == hsm.AES { // the length of a TDES key is that of its type
		more = append(more, p11.NewAttribute(p11.CKA_VALUE_LEN, size))
	}
	return c.derive(ctx, m, base, sessionKey(p11.CKO_SECRET_KEY, keyType, p, false, more...))
}

// newReference is the host's own cipher, for probing with known keys.
func newReference(algorithm hsm.Algorithm, key []byte) (block cipher.Block) {
	var err error
	if algorithm == hsm.AES {
		block, err = aes.NewCipher(key)
	} else {
		block, err = tdes.NewCipher(key)
	}
	if err != nil {
		panic(err) // the lengths are constants
	}
	return block
}

func referenceCMAC(block cipher.Block, message []byte) []byte {
	return mac.NewCMAC(block).Sum(nil, message)
}
