//go:build cgo

package pkcs11

import (
	"bytes"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// TestKeyWrapIsThatOfTheRFC: RFC 3394, sections 4.3, 4.5 and 4.6.
func TestKeyWrapIsThatOfTheRFC(t *testing.T) {
	block := testrig.AES(testrig.Hex("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"))
	for key, wrapped := range map[string]string{
		"00112233445566778899AABBCCDDEEFF":                 "64E8C3F9CE0F5BA2 63E9777905818A2A 93C8191E7D6E8AE7",
		"00112233445566778899AABBCCDDEEFF0001020304050607": "A8F9BC1612C68B3F F6E6F4FBE30E71E4 769C8B80A32CB895 8CD5D17D6B254DA1",
		"00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F": "28C9F404C4B810F4 CBCCB35CFB87F826 3F5786E2D80ED326 " +
			"CBC7F0E71A99F43B FB988B9B7A02DD21",
	} {
		got, ok := unwrapHost(block, testrig.Hex(wrapped))
		if !ok || !bytes.Equal(got, testrig.Hex(key)) {
			t.Errorf("%s: got %X, %v", wrapped, got, ok)
		}
	}
}

// FuzzUnwrapHost: bytes that are no key wrap are refused, whatever their length.
func FuzzUnwrapHost(f *testing.F) {
	f.Add(bytes.Repeat([]byte{1}, 24))
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{2}, 15))
	block := testrig.AES(make([]byte, 32))
	f.Fuzz(func(t *testing.T, wrapped []byte) {
		before := bytes.Clone(wrapped)
		out, ok := unwrapHost(block, wrapped)
		if ok || out != nil || !bytes.Equal(wrapped, before) {
			t.Errorf("%X: got %X, %v", before, out, ok)
		}
	})
}
