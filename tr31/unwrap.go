package tr31

import (
	"context"
	"crypto/subtle"
	"encoding/binary"
	"fmt"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// Unwrap authenticates a block and gives the key inside, which is the caller's to clear. It refuses
// with class kbpk, mac or key-length; an error of a device is wrapped. The block is not changed. On
// failure no part of a key is returned.
//
// The strictness given to [Parse] decides whether the key's length must fit its
// algorithm.
func (k *KBPK) Unwrap(ctx context.Context, b *Block) ([]byte, error) {
	r, c, err := k.open(b.Version)
	if err != nil {
		return nil, err
	}
	if err := b.checkData(r); err != nil { // the version may be another than Parse saw
		return nil, err
	}
	var u opened
	u.read(b, r)
	defer clear(u.buffer)
	if err := u.authenticate(ctx, r, c); err != nil {
		return nil, err
	}
	key, err := keyIn(u.data)
	if err != nil {
		return nil, err
	}
	if err := b.checkKeyLength(len(key), b.strictness); err != nil {
		return nil, err
	}
	return append([]byte(nil), key...), nil
}

// opened is a block in binary, in one buffer: header and optional blocks, key
// data, MAC.
type opened struct {
	buffer  []byte
	message []byte // what the MAC covers: header, optional blocks, key data
	data    []byte // key data, which is decrypted in place
	mac     []byte
}

func (u *opened) read(b *Block, r *rules) {
	head := b.size()
	u.buffer = make([]byte, 0, head+len(b.keyData)/2+r.mac+r.block)
	u.buffer = b.append(u.buffer, b.length())
	head = len(u.buffer)
	u.buffer = appendBytes(u.buffer, b.keyData)
	end := len(u.buffer)
	u.buffer = appendBytes(u.buffer, b.mac)
	u.message, u.data, u.mac = u.buffer[:end:end], u.buffer[head:end], u.buffer[end:]
}

// authenticate checks the MAC and decrypts the key data, in the order that the
// version's method asks for.
func (u *opened) authenticate(ctx context.Context, r *rules, c Ciphers) error {
	if r.variant {
		if err := u.check(ctx, r, c); err != nil {
			return err
		}
		return u.decrypt(ctx, c, u.buffer[:r.block])
	}
	if err := u.decrypt(ctx, c, u.mac); err != nil {
		return err
	}
	return u.check(ctx, r, c)
}

func (u *opened) check(ctx context.Context, r *rules, c Ciphers) error {
	want, err := macOf(ctx, r, c, u.message)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(want, u.mac) != 1 {
		return &Error{ErrMAC, "MAC", -1, problemMAC, "", ""}
	}
	return nil
}

func (u *opened) decrypt(ctx context.Context, c Ciphers, iv []byte) error {
	if err := c.Decrypt(ctx, iv, u.data); err != nil {
		return fmt.Errorf("tr31: decrypt: %w", err)
	}
	return nil
}

// macOf returns the MAC that a block has. In lenient reading the optional
// blocks of A and C need not fill cipher blocks; zeros then fill the last one
// (ISO/IEC 9797-1 padding method 1).
func macOf(ctx context.Context, r *rules, c Ciphers, message []byte) ([]byte, error) {
	if rest := len(message) % r.block; r.variant && rest != 0 {
		message = append(message[:len(message):len(message)], make([]byte, r.block-rest)...)
	}
	mac, err := c.MAC(ctx, message)
	if err != nil {
		return nil, fmt.Errorf("tr31: mac: %w", err)
	}
	if len(mac) != r.block {
		return nil, fmt.Errorf("tr31: mac: the device gave %d bytes, not %d", len(mac), r.block)
	}
	return mac[:r.mac], nil
}

// keyIn finds the key in authentic key data: two bytes of length in bits, the
// key, filler. The result is a part of data; that it is not empty is checked
// with the other lengths.
func keyIn(data []byte) ([]byte, error) {
	bits := int(binary.BigEndian.Uint16(data))
	if bits%8 != 0 || bits/8 > len(data)-2 {
		return nil, &Error{
			ErrKeyLength,
			"key",
			-1,
			problemInside,
			wording.Count(bits, "bit"),
			fmt.Sprintf("whole bytes, at most %d bits", 8*(len(data)-2)),
		}
	}
	return data[2 : 2+bits/8], nil
}
