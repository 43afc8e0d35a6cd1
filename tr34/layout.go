package tr34

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"encoding/asn1"
	"fmt"

	"github.com/seed748fb4d1/apcsim/internal/tdes"
)

// Layout is how a key token is put together where implementations of TR-34
// differ. [Parse] takes every one of them.
type Layout int

const (
	// LayoutStandard is that of X9 TR 34-2019, annex B, with its erratum: the
	// OAEP parameters lack the context tags of RFC 4055, so that ordinary CMS
	// software checks the signature and does not open the envelope.
	LayoutStandard Layout = iota

	// LayoutRFC is plain CMS (RFC 5652, RFC 4055) around the key block of
	// annex B.
	LayoutRFC

	// LayoutStrict is plain CMS around the key block of annex D (version 0, the
	// header a bare OCTET STRING). The key block is encrypted, so Parse reports
	// LayoutRFC for both.
	LayoutStrict

	// LayoutX9TR342012 has the parts of the EnvelopedData without the SEQUENCE
	// around them and the ciphertext next to the IV, and is no CMS. AWS Payment
	// Cryptography writes it and names it X9_TR34_2012. Parse reports it for the
	// mixed forms too, such as the first print of annex B.
	LayoutX9TR342012
)

// layoutRule is a row of the table of layouts.
type layoutRule struct {
	name     string
	version  int  // of the SignedData
	tagged   bool // OAEP parameters with context tags
	bare     bool // no SEQUENCE around the EnvelopedData, ciphertext next to the IV
	sorted   bool // signed attributes in DER order
	keyBlock int  // version of the key block
}

var layouts = [...]layoutRule{
	LayoutStandard:   {name: "standard", version: 1, sorted: true, keyBlock: 1},
	LayoutRFC:        {name: "rfc", version: 3, tagged: true, sorted: true, keyBlock: 1},
	LayoutStrict:     {name: "strict", version: 3, tagged: true, sorted: true, keyBlock: 0},
	LayoutX9TR342012: {name: "x9-tr34-2012", version: 1, bare: true, keyBlock: 1},
}

// String is the name of the layout: "standard", "rfc", "strict" or "x9-tr34-2012".
func (l Layout) String() string {
	if l < 0 || int(l) >= len(layouts) {
		return fmt.Sprintf("Layout(%d)", int(l))
	}
	return layouts[l].name
}

func (l Layout) rule() (*layoutRule, error) {
	if l < 0 || int(l) >= len(layouts) {
		return nil, &Error{
			Class:   ErrStructure,
			Field:   "layout",
			Problem: problemLayout,
			Found:   l.String(),
			Wanted:  "standard, rfc, strict or x9-tr34-2012",
		}
	}
	return &layouts[l], nil
}

// layoutOf names what was read.
func layoutOf(bare, tagged bool) Layout {
	switch {
	case bare:
		return LayoutX9TR342012
	case tagged:
		return LayoutRFC
	}
	return LayoutStandard
}

// Cipher encrypts the key block within a key token, in CBC mode with PKCS #7
// padding.
type Cipher int

const (
	TDESCBC   Cipher = iota // three keys, 24 bytes
	AES128CBC               // 16 bytes
	AES192CBC               // 24 bytes
	AES256CBC               // 32 bytes
)

// cipherRule is a row of the table of ciphers; sizes are in bytes.
type cipherRule struct {
	name       string
	oid        asn1.ObjectIdentifier
	key, block int
	new        func([]byte) (cipher.Block, error)
}

var ciphers = [...]cipherRule{
	TDESCBC:   {"TDES-CBC", oidTDES, 24, des.BlockSize, tdes.NewCipher},
	AES128CBC: {"AES-128-CBC", oidAES128, 16, aes.BlockSize, aes.NewCipher},
	AES192CBC: {"AES-192-CBC", oidAES192, 24, aes.BlockSize, aes.NewCipher},
	AES256CBC: {"AES-256-CBC", oidAES256, 32, aes.BlockSize, aes.NewCipher},
}

// String is the cipher's usual name, such as "AES-128-CBC".
func (c Cipher) String() string {
	if c < 0 || int(c) >= len(ciphers) {
		return fmt.Sprintf("Cipher(%d)", int(c))
	}
	return ciphers[c].name
}

func (c Cipher) rule() (*cipherRule, error) {
	if c < 0 || int(c) >= len(ciphers) {
		return nil, &Error{
			Class:   ErrStructure,
			Field:   "content cipher",
			Problem: problemCipherValue,
			Found:   c.String(),
			Wanted:  "TDES-CBC, AES-128-CBC, AES-192-CBC or AES-256-CBC",
		}
	}
	return &ciphers[c], nil
}

// cipherID reads the object identifier of a content cipher.
func (r *reader) cipherID(field string) Cipher {
	id := r.oid(field)
	for c := range ciphers {
		if id.Equal(ciphers[c].oid) {
			return Cipher(c)
		}
	}
	r.refuse(field, problemCipher, id.String(), "TDES-CBC or AES-CBC")
	return 0
}
