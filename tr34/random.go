package tr34

import (
	"bytes"

	der "golang.org/x/crypto/cryptobyte/asn1"
)

// ParseRandom reads a random number token, the KRD's answer to a KDH that is
// about to send a two-pass token: one attribute randomNonce, nothing signed (X9
// TR 34, annex B.12). It gives the random number, of any length but 0, and
// refuses with class asn1 or structure.
func ParseRandom(token []byte) (nonce []byte, err error) {
	const field = "random nonce"
	r := openMessage(token)
	attribute := r.last(der.SEQUENCE, field)
	attribute.expect(oidNonce, field)
	value := attribute.last(der.SET, field)
	nonce = value.nonce(field)
	value.end(field)
	if err := r.err(); err != nil {
		return nil, err
	}
	return bytes.Clone(nonce), nil
}
