package tr31

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/subtle"
	"testing"

	"github.com/seed748fb4d1/apcsim/mac"
)

// device is a Ciphers built from the standard and what the package exports for the
// purpose, with modes of operation of its own.
type device struct {
	version    Version
	kbek, kbak cipher.Block
}

func newDevice(tb testing.TB, v Version, key []byte) *device {
	tb.Helper()
	if v == VersionA || v == VersionC {
		return &device{v, blockCipher(tb, v, xored(key, 0x45)), blockCipher(tb, v, xored(key, 0x4D))}
	}
	under := mac.NewCMAC(blockCipher(tb, v, key))
	derive := func(inputs [][]byte) (out []byte) {
		for _, in := range inputs {
			out = append(out, under.Sum(nil, in)...)
		}
		return out[:len(key)]
	}
	kbek, kbak := Derivation(v, len(key)*8)
	return &device{v, blockCipher(tb, v, derive(kbek)), blockCipher(tb, v, derive(kbak))}
}

func xored(key []byte, mask byte) []byte {
	out := make([]byte, len(key))
	for i := range key {
		out[i] = key[i] ^ mask
	}
	return out
}

func blockCipher(tb testing.TB, v Version, key []byte) cipher.Block {
	tb.Helper()
	make := aes.NewCipher
	if v.BlockSize() == 8 {
		make = des.NewTripleDESCipher
		if len(key) == 16 {
			key = append(append([]byte(nil), key...), key[:8]...)
		}
	}
	c, err := make(key)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func (d *device) Encrypt(_ context.Context, iv, data []byte) error {
	if d.version == VersionE {
		d.count(iv, data)
		return nil
	}
	for n := d.kbek.BlockSize(); len(data) > 0; data = data[n:] {
		subtle.XORBytes(data, data[:n], iv)
		d.kbek.Encrypt(data, data[:n])
		iv = data[:n]
	}
	return nil
}

func (d *device) Decrypt(_ context.Context, iv, data []byte) error {
	if d.version == VersionE {
		d.count(iv, data)
		return nil
	}
	n := d.kbek.BlockSize()
	chain := append(append([]byte(nil), iv...), data...)
	for i := 0; i < len(data); i += n {
		d.kbek.Decrypt(data[i:], data[i:i+n])
		subtle.XORBytes(data[i:], data[i:i+n], chain[i:])
	}
	return nil
}

// count is counter mode.
func (d *device) count(iv, data []byte) {
	counter, stream := [16]byte(iv), [16]byte{}
	for len(data) > 0 {
		d.kbek.Encrypt(stream[:], counter[:])
		data = data[subtle.XORBytes(data, data, stream[:]):]
		for i := 15; i >= 0; i-- {
			if counter[i]++; counter[i] != 0 {
				break
			}
		}
	}
}

func (d *device) MAC(ctx context.Context, message []byte) ([]byte, error) {
	if d.version != VersionA && d.version != VersionC {
		return mac.NewCMAC(d.kbak).Sum(nil, message), nil
	}
	last := make([]byte, 8)
	for ; len(message) > 0; message = message[8:] {
		subtle.XORBytes(last, last, message[:8])
		d.kbak.Encrypt(last, last)
	}
	return last, nil
}

// faulty is a device that fails, or returns wrong bytes, in one place.
type faulty struct {
	*device
	encrypt, decrypt, mac error
	short                 bool // MAC gives too little
}

func (f *faulty) Encrypt(ctx context.Context, iv, data []byte) error {
	if f.encrypt != nil {
		return f.encrypt
	}
	return f.device.Encrypt(ctx, iv, data)
}

func (f *faulty) Decrypt(ctx context.Context, iv, data []byte) error {
	if f.decrypt != nil {
		return f.decrypt
	}
	return f.device.Decrypt(ctx, iv, data)
}

func (f *faulty) MAC(ctx context.Context, message []byte) ([]byte, error) {
	if f.mac != nil {
		return nil, f.mac
	}
	mac, err := f.device.MAC(ctx, message)
	if f.short {
		mac = mac[:3]
	}
	return mac, err
}
