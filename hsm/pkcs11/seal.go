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

// A sealed key is a head, the wrapped key, an optional second part, and the MAC of the
// binding master over the attributes and all of it. The head of version 2 is the
// version, the id of the master keys, the master that wrapped the key, how it did,
// and the length of the wrapped key in two bytes. That of version 1, which is read
// and no longer written, names no master: it is the one of masterOfVersion1.
const (
	sealVersion1 = 1
	sealVersion2 = 2
	sealHead2    = 1 + idSize + 1 + 1 + 2
	sealMAC      = 32
)

// wrapping is how a master wraps; the numbers are written in sealed keys.
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

// wrapped is a key that was wrapped by a master.
type wrapped struct {
	by   master
	how  wrapping
	blob []byte
	// second is the second part: the point of an EC key, which some modules want in the
	// template, the blob of the key that works in the place of an HMAC key
	// that must not be padded, and that of an AES or TDES key as it is used for HMACs.
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

// unwrapUnder makes an object of a key that wrapUnder wrapped.
func (c *connection) unwrapUnder(
	ctx context.Context,
	how wrapping,
	master p11.ObjectHandle,
	blob []byte,
	template []*p11.Attribute,
) (p11.ObjectHandle, error) {
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
	out := make([]byte, 0, sealHead2+len(w.blob)+len(w.second)+sealMAC)
	out = append(out, sealVersion2)
	out = append(out, c.masters.id[:]...)
	out = append(out, byte(w.by), byte(w.how))
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
	if len(s) < sealHead2+sealMAC || len(s) > 1<<16 || a.Check() != nil {
		return wrapped{}, hsm.ErrSealed
	}
	if id := masterID(s[1:]); s[0] == sealVersion2 && id != c.masters.id {
		return wrapped{}, fmt.Errorf("%w: it is under the master keys %v, and this token has %v", hsm.ErrSealed, id, c.masters.id)
	}
	body, mac := s[:len(s)-sealMAC], s[len(s)-sealMAC:]
	want, err := c.bind(ctx, body, a)
	if err != nil {
		return wrapped{}, err
	}
	if subtle.ConstantTimeCompare(mac, want) != 1 {
		return wrapped{}, hsm.ErrSealed
	}
	w, ok := parseWrapped(bytes.Clone(body), a) // the sealed bytes are the caller's
	if !ok {
		return wrapped{}, hsm.ErrSealed
	}
	return w, nil
}

// parseWrapped takes the body of a seal apart.
func parseWrapped(body []byte, a hsm.Attributes) (w wrapped, ok bool) {
	switch body[0] {
	case sealVersion1:
		w.by, body = masterOfVersion1(a), body[1:]
	case sealVersion2:
		w.by, body = master(body[1+idSize]), body[1+idSize+1:]
	}
	w.how = wrapping(body[0])
	size, rest := int(binary.BigEndian.Uint16(body[1:])), body[3:]
	if size > len(rest) || w.how < byKW || w.how > byCBC || w.by != masterRevealable && w.by != masterKept {
		return wrapped{}, false
	}
	w.blob = rest[:size]
	if size < len(rest) {
		w.second = rest[size:]
	}
	return w, true
}
