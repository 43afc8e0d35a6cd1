package tr34

import (
	"bytes"
	"crypto/subtle"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

// keyBlock is what a key token encrypts. Its parts share the memory of the
// clear bytes it was read from.
type keyBlock struct {
	kdh    IssuerSerial
	key    []byte
	header []byte
}

// parseKeyBlock reads the key block of annex B (version 1, the header an
// Attribute) or of annex D (version 0, the header alone). What it refuses is of
// class keyblock.
func parseKeyBlock(plain []byte) (keyBlock, error) {
	const field = "key block header"
	r := newReader(plain, ErrKeyBlock)
	in := r.last(der.SEQUENCE, "key block")
	version := in.number("key block version", 0, 1)
	block := keyBlock{kdh: in.issuerSerial("KDH in the key block"), key: in.octets("key")}
	if version == 1 {
		attribute := in.open(der.SEQUENCE, field)
		attribute.expect(oidData, field)
		value := attribute.last(der.SET, field)
		block.header = value.header(field)
		value.end(field)
	} else {
		block.header = in.header(field)
	}
	in.end("key block")
	if len(block.key) == 0 {
		r.refuse("key", problemNoKey, "", "")
	}
	return block, r.err()
}

// unpad finds the key block in decrypted content. The padding of PKCS #7 is left out by some
// writers where the key block fills the cipher's blocks; its own length reports whether it does,
// and the last byte of such a key block is printable and so never a padding. All is looked at
// whatever is found, so that the time taken does not depend on where it is wrong.
func unpad(plain []byte, block int) (keyBlock, error) {
	padding, padded := paddingOf(plain, block)
	whole, wholeErr := parseKeyBlock(plain)
	rest, restErr := parseKeyBlock(plain[:len(plain)-padding])
	switch {
	case padded && restErr == nil:
		return rest, nil
	case wholeErr == nil:
		return whole, nil
	case padded:
		return keyBlock{}, restErr
	}
	return keyBlock{}, &Error{Class: ErrContent, Field: "padding", Problem: problemPKCS7}
}

// paddingOf gives the length of a PKCS #7 padding (RFC 5652, section 6.3), or 0,
// in constant time. There is at least one block.
func paddingOf(plain []byte, block int) (n int, ok bool) {
	last := int(plain[len(plain)-1])
	good := subtle.ConstantTimeLessOrEq(1, last) & subtle.ConstantTimeLessOrEq(last, block)
	for i := 1; i <= block; i++ {
		within := subtle.ConstantTimeLessOrEq(i, last)
		same := subtle.ConstantTimeByteEq(plain[len(plain)-i], byte(last))
		good &= same | (1 - within)
	}
	return subtle.ConstantTimeSelect(good, last, 0), good == 1
}

// padded writes the key block in the form of a version and pads it. The result
// is the caller's to clear, and there is no other copy of it.
func (k *keyBlock) padded(version, block int) ([]byte, error) {
	const around = 64 // more than all tags, lengths and object identifiers take
	buffer := make([]byte, 0, len(k.kdh.Issuer)+len(k.kdh.Serial.Bytes())+len(k.key)+len(k.header)+around+block)
	b := cryptobyte.NewFixedBuilder(buffer)
	addSequence(b, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(int64(version))
		k.kdh.add(b)
		b.AddASN1OctetString(k.key)
		header := func(b *cryptobyte.Builder) { b.AddASN1OctetString(k.header) }
		if version == 1 {
			addAttribute(b, oidData, header)
		} else {
			header(b)
		}
	})
	out, err := b.Bytes()
	if err != nil {
		clear(buffer[:cap(buffer)])
		return nil, &Error{Class: ErrKeyBlock, Field: "key block", Problem: problemKeyBlockWrite}
	}
	n := block - len(out)%block
	return append(out, bytes.Repeat([]byte{byte(n)}, n)...), nil
}
