package tr31

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// WrapOptions are the choices of [KBPK.Wrap]; nil means the zero value.
type WrapOptions struct {
	Rand       io.Reader  // source of the filler; nil is crypto/rand
	HideLength bool       // fill as for the longest key of the algorithm (X9.143): 24 bytes for T, 32 for A
	PadTo      int        // fill as for a key of at least so many bytes; 0: no such minimum
	Strictness Strictness // Lenient takes codes, contents and key lengths that the standard does not have
}

// longest are the bytes that length hiding pretends.
var longest = map[byte]int{'T': 24, 'A': 32}

// Wrap makes a key block. The header is checked as by [Parse]; where its
// optional blocks do not fill whole cipher blocks, a padding block is added, or
// one that is last is replaced. Lengths of optional blocks are written in the
// standard's form, and a strict Wrap refuses a [KSN] of 8 bytes. Header and key
// are neither changed nor kept.
//
// It refuses with class kbpk, version, header-field, opt-block, opt-block-data, key-length, or
// length for more than 9999 characters; an error of Rand or of a device is wrapped.
func (k *KBPK) Wrap(ctx context.Context, h Header, key []byte, o *WrapOptions) (string, error) {
	if o == nil {
		o = new(WrapOptions)
	}
	r, c, err := k.open(h.Version)
	if err != nil {
		return "", err
	}
	if len(h.Blocks) > 0 {
		h.Blocks = padded(h.Blocks, r.block)
	}
	data, err := h.plan(key, r, o)
	if err != nil {
		return "", err
	}
	length := h.size() + 2*data + 2*r.mac
	if length > maxBlock {
		return "", tooLong(length)
	}
	message := h.append(make([]byte, 0, h.size()+data), length)
	head := len(message)
	message = message[:head+data]
	defer clear(message[head:])
	if err := fill(message[head:], key, o.Rand); err != nil {
		return "", err
	}
	mac, err := protect(ctx, r, c, message, head)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	out.Grow(length)
	out.Write(message[:head])
	writeHex(&out, message[head:])
	writeHex(&out, mac)
	return out.String(), nil
}

// plan checks header and key and gives the size of the key data in bytes.
func (h *Header) plan(key []byte, r *rules, o *WrapOptions) (int, error) {
	if err := h.checkFields(o.Strictness); err != nil {
		return 0, err
	}
	if err := h.checkBlocks(o.Strictness); err != nil {
		return 0, err
	}
	if err := h.checkWritten(o.Strictness); err != nil {
		return 0, err
	}
	if err := h.checkKeyLength(len(key), o.Strictness); err != nil {
		return 0, err
	}
	n := max(len(key), o.PadTo)
	if o.HideLength {
		n = max(n, longest[h.Algorithm])
	}
	if n > maxBlock {
		return 0, tooLong(h.size() + 2*(2+n+r.mac))
	}
	return (2 + n + r.unit - 1) / r.unit * r.unit, nil
}

// fill writes the plaintext: length of the key in bits, key, random filler.
func fill(data, key []byte, source io.Reader) error {
	binary.BigEndian.PutUint16(data, uint16(len(key)*8))
	filler := data[2+copy(data[2:], key):]
	if source == nil {
		_, err := rand.Read(filler)
		return err
	}
	if _, err := io.ReadFull(source, filler); err != nil {
		return fmt.Errorf("tr31: filler: %w", err)
	}
	return nil
}

// protect encrypts the key data, which is message from head on, in place, and
// gives the MAC, in the order of the version's method.
func protect(ctx context.Context, r *rules, c Ciphers, message []byte, head int) (mac []byte, err error) {
	iv := message[:r.block]
	if !r.variant {
		if mac, err = macOf(ctx, r, c, message); err != nil {
			return nil, err
		}
		iv = mac
	}
	if err := c.Encrypt(ctx, iv, message[head:]); err != nil {
		return nil, fmt.Errorf("tr31: encrypt: %w", err)
	}
	if r.variant {
		return macOf(ctx, r, c, message)
	}
	return mac, nil
}
