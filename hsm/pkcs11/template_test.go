//go:build cgo

package pkcs11

import (
	"bytes"
	"crypto"
	"encoding/binary"
	"fmt"
	"runtime"
	"testing"
	"unsafe"

	p11 "github.com/miekg/pkcs11"

	"github.com/seed748fb4d1/apcsim/hsm"
)

// booleans are the attributes of a template that are one byte of 0 or 1. An attribute that is there twice fails the test.
func booleans(t *testing.T, template []*p11.Attribute) map[uint]bool {
	t.Helper()
	seen, out := map[uint]bool{}, map[uint]bool{}
	for _, a := range template {
		if seen[a.Type] {
			t.Errorf("the template has attribute 0x%X twice", a.Type)
		}
		if seen[a.Type] = true; len(a.Value) == 1 {
			out[a.Type] = a.Value[0] == 1
		}
	}
	return out
}

// TestObjectsOfKeysHaveTheFlagsOfOnePurpose: every other flag is there and off, and none of them wraps.
func TestObjectsOfKeysHaveTheFlagsOfOnePurpose(t *testing.T) {
	flags := map[purpose][]uint{
		carrying: nil, enciphering: {p11.CKA_ENCRYPT, p11.CKA_DECRYPT}, authenticating: {p11.CKA_SIGN}, deriving: {p11.CKA_DERIVE},
		signing: {p11.CKA_SIGN}, decrypting: {p11.CKA_DECRYPT}, hashing: {p11.CKA_SIGN},
	}
	if len(flags) != int(purposes) {
		t.Fatalf("there are %d purposes, want %d", purposes, len(flags))
	}
	for p, on := range flags {
		for _, extractable := range []bool{false, true} {
			want := map[uint]bool{
				p11.CKA_TOKEN: false, p11.CKA_PRIVATE: true, p11.CKA_SENSITIVE: true, p11.CKA_EXTRACTABLE: extractable,
				p11.CKA_ENCRYPT: false, p11.CKA_DECRYPT: false, p11.CKA_SIGN: false, p11.CKA_VERIFY: false, p11.CKA_WRAP: false,
				p11.CKA_UNWRAP: false, p11.CKA_DERIVE: false,
			}
			for _, flag := range on {
				want[flag] = true
			}
			got := booleans(t, sessionKey(p11.CKO_SECRET_KEY, p11.CKK_AES, p, extractable, p11.NewAttribute(p11.CKA_VALUE_LEN, 16)))
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("purpose %d of a secret key: got %v, want %v", p, got, want)
			}
			for _, public := range []uint{p11.CKA_ENCRYPT, p11.CKA_VERIFY, p11.CKA_WRAP} { // flags of the public half
				delete(want, public)
			}
			got = booleans(t, sessionKey(p11.CKO_PRIVATE_KEY, p11.CKK_RSA, p, extractable))
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("purpose %d of a private key: got %v, want %v", p, got, want)
			}
		}
	}
}

func TestKeysHaveTheTypesOfTheirAttributes(t *testing.T) {
	for a, want := range map[hsm.Attributes]uint{
		{Algorithm: hsm.AES, Bits: 128}:                       p11.CKK_AES,
		{Algorithm: hsm.AES, Bits: 256}:                       p11.CKK_AES,
		{Algorithm: hsm.TDES, Bits: 128}:                      p11.CKK_DES2,
		{Algorithm: hsm.TDES, Bits: 192}:                      p11.CKK_DES3,
		{Algorithm: hsm.HMAC, Bits: 192, Hash: crypto.SHA256}: p11.CKK_GENERIC_SECRET,
		{Algorithm: hsm.RSA, Bits: 2048}:                      p11.CKK_RSA,
		{Algorithm: hsm.EC, Bits: 256}:                        p11.CKK_EC,
	} {
		got := secretType(a)
		if paired(a) {
			got = pairType(a)
		}
		if got != want {
			t.Errorf("%v of %d bits: got key type 0x%X, want 0x%X", a.Algorithm, a.Bits, got, want)
		}
	}
}

// TestNestedAttributesAreLaidOutAsInC: type, address and length of each, as wide as a pointer.
func TestNestedAttributesAreLaidOutAsInC(t *testing.T) {
	if !nestable {
		t.Skip("structures are laid out otherwise on Windows")
	}
	var pin runtime.Pinner
	defer pin.Unpin()
	list := []*p11.Attribute{p11.NewAttribute(p11.CKA_SENSITIVE, true), p11.NewAttribute(p11.CKA_LABEL, "a label")}
	got := nested(p11.CKA_UNWRAP_TEMPLATE, &pin, list...)
	width := int(unsafe.Sizeof(uintptr(0)))
	var want []byte
	for _, a := range list {
		for _, n := range []uintptr{uintptr(a.Type), uintptr(unsafe.Pointer(&a.Value[0])), uintptr(len(a.Value))} {
			wide := binary.NativeEndian.AppendUint64(nil, uint64(n))
			if width == 4 {
				wide = binary.NativeEndian.AppendUint32(nil, uint32(n))
			}
			want = append(want, wide...)
		}
	}
	if got.Type != p11.CKA_UNWRAP_TEMPLATE || len(got.Value) != 6*width || !bytes.Equal(got.Value, want) {
		t.Errorf("got 0x%X with %x, want %x", got.Type, got.Value, want)
	}
}
