//go:build cgo

package pkcs11

import (
	"crypto"
	"crypto/cipher"
	"testing"

	p11 "github.com/miekg/pkcs11"

	"github.com/seed748fb4d1/apcsim/dukpt"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig/floors"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/mac"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// rawDevice is the keys of a command as objects of a token, in one session: each method is the
// PKCS#11 calls that it needs, made on the module itself.
type rawDevice struct {
	*bare
	on   *Backend
	keys []*key
	kbek []p11.ObjectHandle // of key block protection keys
	kbak []p11.ObjectHandle

	variants []cipher.Block
}

// newRawDevice has the objects made beforehand.
func newRawDevice(t testing.TB, on *Backend, raw *bare, c *floors.Command, refs []hsm.KeyRef) *rawDevice {
	d := &rawDevice{bare: raw, on: on}
	for i, a := range c.Keys {
		opened, err := on.Open(ctx, refs[i].Sealed, a)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { opened.Close() })
		d.keys = append(d.keys, opened.(*key))
		var enc, auth p11.ObjectHandle
		var variant cipher.Block
		if a.Usage == "K0" || a.Usage == "K1" {
			value := floors.Bytes(a)
			kind := secretType(a)
			enc, auth = raw.create(kind, enciphering, value), raw.create(kind, authenticating, value)
		}
		if a.Algorithm == hsm.TDES {
			variant = newReference(hsm.TDES, floors.Sure(dukpt.Variant(floors.Bytes(a))))
		}
		d.kbek, d.kbak, d.variants = append(d.kbek, enc), append(d.kbak, auth), append(d.variants, variant)
	}
	return d
}

// object is a key's object for a purpose.
func (d *rawDevice) object(key int, p purpose) p11.ObjectHandle {
	h, err := d.keys[key].get(ctx, d.on.conn, p)
	d.must(err)
	return h
}

// mechanismFor is the mechanism of a cipher mode, with a zero IV.
func mechanismFor(a hsm.Algorithm, mode hsm.CipherMode) (uint, []byte) {
	ms := mechanismsOf[a]
	if mode == hsm.CBC {
		return ms.cbc, make([]byte, ms.size)
	}
	return ms.ecb, nil
}

func (d *rawDevice) Encrypt(key int, mode hsm.CipherMode, data []byte) {
	m, iv := mechanismFor(d.keys[key].a.Algorithm, mode)
	copy(data, d.encrypt(m, iv, d.object(key, enciphering), data))
}

func (d *rawDevice) Decrypt(key int, mode hsm.CipherMode, data []byte) {
	m, iv := mechanismFor(d.keys[key].a.Algorithm, mode)
	copy(data, d.decrypt(m, iv, d.object(key, enciphering), data))
}

func (d *rawDevice) CMAC(key int, message []byte) {
	d.cmac(d.keys[key].a.Algorithm, d.object(key, d.cmacPurpose(key)), message)
}

// cmacPurpose is that of the object with which the module computes a CMAC, or what takes its place.
func (d *rawDevice) cmacPurpose(key int) purpose {
	if d.on.conn.caps.cmacs[d.keys[key].a.Algorithm] {
		return authenticating
	}
	return enciphering
}

// cmac is a signature or, where the module has none, an ECB and a CBC encryption.
func (d *rawDevice) cmac(a hsm.Algorithm, h p11.ObjectHandle, message []byte) {
	ms := mechanismsOf[a]
	if d.on.conn.caps.cmacs[a] {
		d.sign(ms.cmac, h, message)
		return
	}
	l := d.encrypt(ms.ecb, nil, h, make([]byte, ms.size))
	d.encrypt(ms.cbc, make([]byte, ms.size), h, mac.Masked(l, message))
}

func (d *rawDevice) HMAC(key int, message []byte) {
	d.sign(p11.CKM_SHA256_HMAC, d.object(key, authenticating), message)
}

func (d *rawDevice) Random(p []byte) {
	out, err := d.api.GenerateRandom(d.s, len(p))
	d.must(err)
	copy(p, out)
}

func (d *rawDevice) ECDH(key int) []byte {
	m := mechanism(p11.CKM_ECDH1_DERIVE, p11.NewECDH1DeriveParams(p11.CKD_NULL, nil, floors.Peer()))
	h, err := d.api.DeriveKey(d.s, m, d.object(key, deriving), keyTemplate(p11.CKO_SECRET_KEY, p11.CKK_GENERIC_SECRET, nil, false, false, true,
		p11.NewAttribute(p11.CKA_VALUE_LEN, 32)))
	d.must(err)
	value, err := d.api.GetAttributeValue(d.s, h, []*p11.Attribute{{Type: p11.CKA_VALUE}})
	d.must(err)
	d.must(d.api.DestroyObject(d.s, h))
	return value[0].Value
}

func (d *rawDevice) DecryptOAEP(key int, ciphertext []byte) {
	h := d.object(key, decrypting)
	if d.on.conn.caps.oaep[crypto.SHA256] {
		d.must(d.api.DecryptInit(d.s, oaepMechanism(crypto.SHA256), h))
	} else {
		d.must(d.api.DecryptInit(d.s, mechanism(p11.CKM_RSA_X_509, nil), h))
	}
	_, err := d.api.Decrypt(d.s, ciphertext)
	d.must(err)
}

func (d *rawDevice) Reveal(key int) []byte {
	blob, err := d.api.WrapKey(d.s, mechanism(p11.CKM_AES_KEY_WRAP, nil), d.under, d.object(key, carrying))
	d.must(err)
	out, ok := unwrapHost(d.on.conn.transport.block, blob)
	if !ok {
		d.Fatal("what C_WrapKey gave does not unwrap")
	}
	return out
}

func (d *rawDevice) Retail(key int) *mac.RetailKey {
	return floors.Sure(mac.NewRetailKey(d.Reveal(key)[:d.keys[key].a.Bits/8]))
}

func (d *rawDevice) Variant(key int) cipher.Block { return d.variants[key] }

// Wrap is a CMAC and a CBC encryption with the derived keys; Unwrap the reverse. The bytes are not
// those of a block, since any key takes as long.
func (d *rawDevice) Wrap(key int, _ tr31.Header, secret []byte) {
	d.block(key, d.encrypt)
	floors.Sure(kcv.AESCMAC.Compute(secret))
}

func (d *rawDevice) Unwrap(key int, _ *tr31.Block) []byte {
	d.block(key, d.decrypt)
	return floors.Bytes(floors.Symmetric("D0", hsm.AES, 128))
}

func (d *rawDevice) block(key int, crypt func(uint, []byte, p11.ObjectHandle, []byte) []byte) {
	a := d.keys[key].a.Algorithm
	payload := make([]byte, 32)
	if a == hsm.AES && len(floors.Bytes(d.keys[key].a)) == 32 {
		payload = make([]byte, 48)
	}
	m, iv := mechanismFor(a, hsm.CBC)
	crypt(m, iv, d.kbek[key], payload)
	if d.on.conn.caps.cmacs[a] {
		d.cmac(a, d.kbak[key], make([]byte, 16+len(payload)))
		return
	}
	h := d.kbek[key]
	d.cmac(a, h, make([]byte, 16+len(payload)))
}

func (d *rawDevice) Block(key int) cipher.Block { return rawBlock{d, key} }

// rawBlock makes a call for each block, and one for a CBC encryption.
type rawBlock struct {
	d   *rawDevice
	key int
}

func (b rawBlock) BlockSize() int { return mechanismsOf[b.d.keys[b.key].a.Algorithm].size }
func (b rawBlock) Encrypt(dst, src []byte) {
	copy(dst, src[:b.BlockSize()])
	b.d.Encrypt(b.key, hsm.ECB, dst[:b.BlockSize()])
}

func (b rawBlock) Decrypt(dst, src []byte) {
	copy(dst, src[:b.BlockSize()])
	b.d.Decrypt(b.key, hsm.ECB, dst[:b.BlockSize()])
}

// NewCBCEncrypter has crypto/cipher make one call of a CBC encryption.
func (b rawBlock) NewCBCEncrypter([]byte) cipher.BlockMode { return rawCBC{b} }

type rawCBC struct{ rawBlock }

func (c rawCBC) CryptBlocks(dst, src []byte) {
	copy(dst, src)
	c.d.Encrypt(c.key, hsm.CBC, dst[:len(src)])
}
