//go:build cgo

package pkcs11

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"fmt"

	p11 "github.com/miekg/pkcs11"

	"github.com/seed748fb4d1/apcsim/hsm"
)

// A sealed key is a version byte, how it was wrapped, the length of what the
// master made of the key, that, what is beside it, and the MAC of the binding
// master over the attributes and all of it.
const (
	sealVersion = 1
	sealHeader  = 1 + 1 + 2
	sealMAC     = 32
)

// wrapping is how a master wraps; the numbers stand in sealed keys.
type wrapping byte

const (
	byKW  wrapping = 1 // CKM_AES_KEY_WRAP
	byKWP wrapping = 2 // CKM_AES_KEY_WRAP_PAD
	byCBC wrapping = 3 // CKM_AES_CBC_PAD, with the IV in front
)

func (w wrapping) String() string {
	return map[wrapping]string{byKW: "CKM_AES_KEY_WRAP", byKWP: "CKM_AES_KEY_WRAP_PAD", byCBC: "CKM_AES_CBC_PAD"}[w]
}

const ivSize = 16

// mechanism is the wrapping's, with the IV it needs.
func (w wrapping) mechanism(iv []byte) []*p11.Mechanism {
	switch w {
	case byKW:
		return mechanism(p11.CKM_AES_KEY_WRAP, nil)
	case byKWP:
		return mechanism(p11.CKM_AES_KEY_WRAP_PAD, nil)
	}
	return mechanism(p11.CKM_AES_CBC_PAD, iv)
}

// wrapped is a key as a master made it.
type wrapped struct {
	how  wrapping
	blob []byte
	// second is beside it: the point of an EC key, which some modules want
	// told, and the blob of the key that works in the place of an HMAC key that
	// must not be padded.
	second []byte
}

// wrapUnder has a master wrap an object.
func (c *connection) wrapUnder(ctx context.Context, how wrapping, master, key p11.ObjectHandle) ([]byte, error) {
	var iv []byte
	if how == byCBC {
		iv = make([]byte, ivSize)
		rand.Read(iv)
	}
	blob, err := c.wrap(ctx, how.mechanism(iv), master, key)
	return append(iv, blob...), err
}

// unwrapUnder makes an object of what wrapUnder made.
func (c *connection) unwrapUnder(ctx context.Context, how wrapping, master p11.ObjectHandle, blob []byte, template []*p11.Attribute) (p11.ObjectHandle, error) {
	var iv []byte
	if how == byCBC {
		if len(blob) < ivSize {
			return 0, hsm.ErrSealed
		}
		iv, blob = blob[:ivSize], blob[ivSize:]
	}
	return c.unwrap(ctx, how.mechanism(iv), master, blob, template)
}

// seal binds a wrapped key to its attributes.
func (c *connection) seal(ctx context.Context, w wrapped, a hsm.Attributes) (hsm.Sealed, error) {
	if len(w.blob) > 1<<16-1 {
		return nil, fmt.Errorf("pkcs11: a wrapped key of %d bytes", len(w.blob))
	}
	out := make([]byte, 0, sealHeader+len(w.blob)+len(w.second)+sealMAC)
	out = append(out, sealVersion, byte(w.how))
	out = binary.BigEndian.AppendUint16(out, uint16(len(w.blob)))
	out = append(append(out, w.blob...), w.second...)
	mac, err := c.bind(ctx, out, a)
	return append(out, mac...), err
}

// bind is the MAC over a sealed key and its attributes.
func (c *connection) bind(ctx context.Context, sealed []byte, a hsm.Attributes) ([]byte, error) {
	message := append(make([]byte, 0, 128+len(sealed)), "apcsim sealed key"...)
	message, _ = a.AppendBinary(message)
	message = binary.BigEndian.AppendUint16(message, uint16(len(sealed)))
	message = append(message, sealed...)
	mac, err := c.sign(ctx, mechanism(p11.CKM_SHA256_HMAC, nil), c.masters.binding, message)
	if err == nil && len(mac) != sealMAC {
		err = &Error{Function: "C_Sign", Code: ckrGeneralError, Name: "a MAC of a wrong length"}
	}
	return mac, err
}

// unseal checks a sealed key and its attributes against its MAC, and then takes
// it apart.
func (c *connection) unseal(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (wrapped, error) {
	if len(s) < sealHeader+sealMAC || len(s) > 1<<16 || s[0] != sealVersion || a.Check() != nil {
		return wrapped{}, hsm.ErrSealed
	}
	body, mac := s[:len(s)-sealMAC], s[len(s)-sealMAC:]
	want, err := c.bind(ctx, body, a)
	if err != nil {
		return wrapped{}, err
	}
	if subtle.ConstantTimeCompare(mac, want) != 1 {
		return wrapped{}, hsm.ErrSealed
	}
	how, size, rest := wrapping(body[1]), int(binary.BigEndian.Uint16(body[2:])), body[sealHeader:]
	if size > len(rest) || how < byKW || how > byCBC {
		return wrapped{}, hsm.ErrSealed
	}
	rest = bytes.Clone(rest) // the sealed bytes are the caller's
	w := wrapped{how: how, blob: rest[:size]}
	if size < len(rest) {
		w.second = rest[size:]
	}
	return w, nil
}
