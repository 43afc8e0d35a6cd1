// Package ber reads ASN.1 in BER (X.690) and writes it again with the lengths and the strings
// of DER.
package ber

// maxDepth is how deep elements may be nested in each other.
const maxDepth = 32

const (
	constructed = 0x20
	classBits   = 0xC0
	highTag     = 0x1F

	bitString   = 0x03
	octetString = 0x04
	// The other character strings have this tag and those above.
	numericString = 0x12
	utf8String    = 0x0C
	sequence      = 0x30
	set           = 0x31
)

// Normalize returns elements, which follow each other to the end, with lengths that are definite
// and the shortest, and with each universal string in one piece. All else is as it was: DER comes
// back as the same bytes. Strings in pieces under a tag of a context are not put together,
// because only the reader of the content can identify them as strings.
//
// It is false for what is not BER, for tag numbers above 30 and for elements more than 32 deep.
func Normalize(in []byte) (out []byte, ok bool) { return all(in, maxDepth) }

// Element is Normalize for the first of elements. The bytes behind it are the rest, whatever they are.
func Element(in []byte) (out, rest []byte, ok bool) { return element(in, maxDepth) }

func all(in []byte, depth int) (out []byte, ok bool) {
	for len(in) > 0 {
		var one []byte
		if one, in, ok = element(in, depth); !ok {
			return nil, false
		}
		out = append(out, one...)
	}
	return out, true
}

// element reads one element and writes it again.
func element(in []byte, depth int) (out, rest []byte, ok bool) {
	if len(in) < 2 || depth == 0 || in[0]&highTag == highTag || in[0]&^constructed == 0 {
		return nil, nil, false
	}
	tag := in[0]
	body, rest, indefinite, ok := cut(in[1:])
	switch {
	case !ok || indefinite && tag&constructed == 0:
		return nil, nil, false
	case indefinite:
		if body, rest, ok = untilEnd(rest, depth-1); !ok {
			return nil, nil, false
		}
	case tag&constructed != 0:
		if body, ok = all(body, depth-1); !ok {
			return nil, nil, false
		}
	}
	if tag&classBits == 0 && tag&constructed != 0 && tag != sequence && tag != set {
		tag &^= constructed
		if body, ok = join(tag, body); !ok || tag != bitString && tag != octetString && tag != utf8String && tag < numericString {
			return nil, nil, false
		}
	}
	return append(header(tag, len(body)), body...), rest, true
}

// untilEnd reads the elements of an indefinite length, and the two zero bytes that end it.
func untilEnd(in []byte, depth int) (out, rest []byte, ok bool) {
	for {
		if len(in) >= 2 && in[0] == 0 && in[1] == 0 {
			return out, in[2:], true
		}
		var one []byte
		if one, in, ok = element(in, depth); !ok {
			return nil, nil, false
		}
		out = append(out, one...)
	}
}

// join puts the pieces of a string together, which have been written anew. Those of a character
// string are OCTET STRINGs or have its own tag (X.690, section 8.23).
func join(tag byte, pieces []byte) (out []byte, ok bool) {
	unused := byte(0)
	for len(pieces) > 0 {
		body, rest, _, ok := cut(pieces[1:])
		if !ok || pieces[0] != tag && (tag == bitString || pieces[0] != octetString) {
			return nil, false
		}
		if tag == bitString {
			if len(body) == 0 || unused != 0 {
				return nil, false
			}
			unused, body = body[0], body[1:]
		}
		out, pieces = append(out, body...), rest
	}
	if tag == bitString {
		out = append([]byte{unused}, out...)
	}
	return out, true
}

// cut reads a length, of at most four octets, and cuts off the content. Of an indefinite length
// all is in rest.
func cut(in []byte) (body, rest []byte, indefinite, ok bool) {
	if len(in) == 0 {
		return nil, nil, false, false
	}
	n, in := int(in[0]), in[1:]
	switch {
	case n == 0x80:
		return nil, in, true, true
	case n > 0x80:
		octets := n & 0x7F
		if octets > 4 || octets > len(in) {
			return nil, nil, false, false
		}
		n = 0
		for _, c := range in[:octets] {
			n = n<<8 | int(c)
		}
		in = in[octets:]
	}
	if n < 0 || n > len(in) { // below zero where an int has 32 bits
		return nil, nil, false, false
	}
	return in[:n], in[n:], false, true
}

// header is a tag with the shortest length.
func header(tag byte, n int) []byte {
	switch {
	case n < 0x80:
		return []byte{tag, byte(n)}
	case n <= 0xFF:
		return []byte{tag, 0x81, byte(n)}
	case n <= 0xFFFF:
		return []byte{tag, 0x82, byte(n >> 8), byte(n)}
	case n <= 0xFFFFFF:
		return []byte{tag, 0x83, byte(n >> 16), byte(n >> 8), byte(n)}
	}
	return []byte{tag, 0x84, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
}
