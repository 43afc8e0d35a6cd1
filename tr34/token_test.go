package tr34

import (
	"bytes"
	"testing"
)

// primitive is a node of a test's own.
func primitive(tag byte, data ...byte) *node { return &node{tag: tag, data: data} }

// a change makes a message wrong in one place.
type change struct {
	name string
	edit func(root *node)
	want Class
}

// Where the parts of a token in LayoutRFC are, from the root.
var (
	inSignedData = []int{1, 0}
	inEnvelope   = []int{1, 0, 2, 1, 0, 0}
	inRecipient  = []int{1, 0, 2, 1, 0, 0, 1, 0}
	inContent    = []int{1, 0, 2, 1, 0, 0, 2}
	inSigner     = []int{1, 0, 3, 0}
	inAttributes = []int{1, 0, 3, 0, 3}
)

func set(path []int, child int, data ...byte) func(*node) {
	return func(root *node) { n := root.at(path...).at(child); n.data, n.kids = data, nil }
}

func setAt(path []int, deeper []int, data ...byte) func(*node) {
	return func(root *node) { n := root.at(path...).at(deeper...); n.data, n.kids = data, nil }
}

func tag(path []int, child int, tag byte) func(*node) {
	return func(root *node) { root.at(path...).at(child).tag = tag }
}

func drop(path []int, child int) func(*node) {
	return func(root *node) {
		n := root.at(path...)
		n.kids = append(n.kids[:child:child], n.kids[child+1:]...)
	}
}

func double(path []int, child int) func(*node) {
	return func(root *node) {
		n := root.at(path...)
		n.kids = append(n.kids[:child+1:child+1], n.kids[child:]...)
	}
}

func insert(path []int, at int, new *node) func(*node) {
	return func(root *node) {
		n := root.at(path...)
		n.kids = append(n.kids[:at:at], append([]*node{new}, n.kids[at:]...)...)
	}
}

func with(n *node, kids ...*node) *node { n.kids = kids; return n }

// Attributes of the token, sorted: content type, nonce, header, digest.
const atType, atNonce, atHeader, atDigest = 0, 1, 2, 3

// brokenTokens are tokens of LayoutRFC with one thing wrong that shows without
// any key.
var brokenTokens = []change{
	{"other message type", set(nil, 0, 0x2A), ErrStructure},
	{"something after the SignedData", insert([]int{1}, 1, primitive(0x05)), ErrStructure},
	{"SignedData version 2", set(inSignedData, 0, 2), ErrStructure},
	{"SignedData without version", drop(inSignedData, 0), ErrStructure},
	{"no digest algorithm", drop([]int{1, 0, 1}, 0), ErrStructure},
	{"two digest algorithms", double([]int{1, 0, 1}, 0), ErrStructure},
	{"SHA-1 as digest algorithm", setAt(inSignedData, []int{1, 0, 0}, 0x2B, 0x0E, 3, 2, 0x1A), ErrStructure},
	{"content type data", setAt(inSignedData, []int{2, 0}, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 1), ErrStructure},
	{"no content", drop([]int{1, 0, 2}, 1), ErrStructure},
	{"content in pieces that are no strings", tag([]int{1, 0, 2, 1}, 0, 0x24), ErrASN1},
	{"a certificate", insert(inSignedData, 3, with(primitive(0xA0), primitive(0x30))), ErrStructure},
	{"two CRLs", insert(inSignedData, 3, with(primitive(0xA1), primitive(0x30), primitive(0x30))), ErrStructure},
	{"revocation information of another kind", insert(inSignedData, 3, with(primitive(0xA1), primitive(0xA1))), ErrStructure},
	{"no signer", drop([]int{1, 0, 3}, 0), ErrStructure},
	{"two signers", double([]int{1, 0, 3}, 0), ErrStructure},
	{"CRL behind the signers", insert(inSignedData, 4, with(primitive(0xA1), primitive(0x30))), ErrStructure},

	{"signer version 3", set(inSigner, 0, 3), ErrStructure},
	{"signer by key identifier", tag(inSigner, 1, 0x80), ErrStructure},
	{"signer with two serial numbers", double([]int{1, 0, 3, 0, 1}, 1), ErrStructure},
	{"signer with SHA-1", setAt(inSigner, []int{2, 0}, 0x2B, 0x0E, 3, 2, 0x1A), ErrStructure},
	{"no signed attributes", drop(inSigner, 3), ErrStructure},
	{"RSASSA-PSS", setAt(inSigner, []int{4, 0}, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 10), ErrStructure},
	{"signature algorithm with parameters", setAt(inSigner, []int{4, 1}, 1), ErrStructure},
	{"unsigned attributes", insert(inSigner, 6, primitive(0xA1)), ErrStructure},

	{"content type not signed", drop(inAttributes, atType), ErrStructure},
	{"another content type signed", setAt(inAttributes, []int{atType, 1, 0}, 0x2A, 3), ErrStructure},
	{"no digest signed", drop(inAttributes, atDigest), ErrStructure},
	{"digest of 31 bytes", setAt(inAttributes, []int{atDigest, 1, 0}, make([]byte, 31)...), ErrStructure},
	{"nonce twice", double(inAttributes, atNonce), ErrStructure},
	{"nonce with two values", double(append(inAttributes[:5:5], atNonce, 1), 0), ErrStructure},
	{"nonce without value", drop(append(inAttributes[:5:5], atNonce, 1), 0), ErrStructure},
	{"nonce without bytes", setAt(inAttributes, []int{atNonce, 1, 0}), ErrStructure},
	{"header of 15 characters", setAt(inAttributes, []int{atHeader, 1, 0}, []byte("D0112K0TB00E000")...), ErrStructure},
	{"header not printable", setAt(inAttributes, []int{atHeader, 1, 0}, []byte("D0112K0TB00E000\n")...), ErrStructure},
	{"header not ASCII", setAt(inAttributes, []int{atHeader, 1, 0}, []byte("D0112K0TB00E00é")...), ErrStructure},
	{"signing time without seconds", insert(inAttributes, 4, timeAttribute(0x17, "2612011100Z")), ErrStructure},
	{"signing time with an offset", insert(inAttributes, 4, timeAttribute(0x17, "261201110000+0100")), ErrStructure},
	{"signing time with fractions", insert(inAttributes, 4, timeAttribute(0x18, "20261201110000.5Z")), ErrStructure},
	{"signing time on 31 February", insert(inAttributes, 4, timeAttribute(0x17, "260231110000Z")), ErrStructure},
	{"unknown attribute twice", func(root *node) {
		for range 2 {
			insert(inAttributes, 4, attribute([]byte{0x2A, 3}, primitive(0x02, 1)))(root)
		}
	}, ErrStructure},
	{"unknown attribute without value", insert(inAttributes, 4, attribute([]byte{0x2A, 3})), ErrStructure},
	{"protection of another digest", insert(inAttributes, 4, protection(0x2B, 0x0E, 3, 2, 0x1A)), ErrStructure},
	{"protection of another signature", insert(inAttributes, 4, protection(sha256OID...)), ErrStructure},

	{"enveloped data version 2", set(inEnvelope, 0, 2), ErrStructure},
	{"enveloped data cut short", setAt([]int{1, 0, 2, 1}, []int{0}, 0x30, 5, 2, 1, 0), ErrASN1},
	{"enveloped data and more", insert([]int{1, 0, 2, 1, 0}, 1, primitive(0x05)), ErrStructure},
	{"unprotected attributes", insert(inEnvelope, 3, primitive(0xA1)), ErrStructure},
	{"no recipient", drop([]int{1, 0, 2, 1, 0, 0, 1}, 0), ErrStructure},
	{"two recipients", double([]int{1, 0, 2, 1, 0, 0, 1}, 0), ErrStructure},
	{"recipient by key identifier", tag(inRecipient, 1, 0x80), ErrStructure},
	{"recipient version 2", set(inRecipient, 0, 2), ErrStructure},
	{"PKCS #1 v1.5 encryption", setAt(inRecipient, []int{2, 0}, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1), ErrStructure},
	{"OAEP without parameters", drop(append(inRecipient[:8:8], 2), 1), ErrStructure},
	{"OAEP with SHA-1", setAt(inRecipient, []int{2, 1, 0, 0, 0}, 0x2B, 0x0E, 3, 2, 0x1A), ErrStructure},
	{"OAEP with another mask", setAt(inRecipient, []int{2, 1, 1, 0, 0}, 0x2A, 3), ErrStructure},
	{"OAEP mask with SHA-1", setAt(inRecipient, []int{2, 1, 1, 0, 1, 0}, 0x2B, 0x0E, 3, 2, 0x1A), ErrStructure},
	{"OAEP with a label", insert(append(inRecipient[:8:8], 2, 1), 2, label(0xA2, 'x')), ErrStructure},
	{"encrypted content of type signed data", set(inContent, 0, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 2), ErrStructure},
	{"unknown cipher", setAt(inContent, []int{1, 0}, 0x2A, 3), ErrStructure},
	{"IV of 16 bytes for TDES", setAt(inContent, []int{1, 1}, make([]byte, 16)...), ErrStructure},
	{"no ciphertext", drop(inContent, 2), ErrStructure},
	{"empty ciphertext", set(inContent, 2), ErrStructure},
	{"ciphertext of 9 bytes", set(inContent, 2, make([]byte, 9)...), ErrStructure},
	{"ciphertext in pieces", func(root *node) { *root.at(inContent...).at(2) = *with(primitive(0xA0), primitive(0x04)) }, ErrStructure},
	{"ciphertext twice", double(inContent, 2), ErrStructure},
}

var sha256OID = []byte{0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1}

func attribute(oid []byte, values ...*node) *node {
	return with(primitive(0x30), primitive(0x06, oid...), with(primitive(0x31), values...))
}

func timeAttribute(tag byte, text string) *node {
	return attribute([]byte{0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 5}, primitive(tag, []byte(text)...))
}

// protection is a CMSAlgorithmProtection with one object identifier for both.
func protection(oid ...byte) *node {
	id := func() *node { return primitive(0x06, oid...) }
	return attribute([]byte{0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 52},
		with(primitive(0x30), with(primitive(0x30), id()), with(primitive(0xA1), id())))
}

func label(tag byte, text ...byte) *node {
	return with(primitive(tag), with(primitive(0x30),
		primitive(0x06, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 9), primitive(0x04, text...)))
}

func TestParseRefusesWhatIsNoKeyToken(t *testing.T) {
	p := newParties(t)
	good := takeApart(t, p.seal(t, p.sealing(LayoutRFC)))
	if _, err := Parse(good.bytes()); err != nil {
		t.Fatal(err)
	}
	for _, c := range brokenTokens {
		t.Run(c.name, func(t *testing.T) {
			root := good.clone()
			c.edit(root)
			_, err := Parse(root.bytes())
			checkRefused(t, err, c.want)
		})
	}
}

// tolerated are forms of the field that our writer does not make; in LayoutRFC.
var tolerated = []change{
	{"SignedData version 1", set(inSignedData, 0, 1), ""},
	{"sha256WithRSAEncryption", setAt(inSigner, []int{4, 0}, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 11), ""},
	{"signature algorithm without NULL", drop(append(inSigner[:4:4], 4), 1), ""},
	{"digest algorithm with NULL", insert([]int{1, 0, 1, 0}, 1, primitive(0x05)), ""},
	{"attributes in another order", func(root *node) {
		kids := root.at(inAttributes...).kids
		kids[0], kids[3] = kids[3], kids[0]
	}, ""},
	{"unknown attribute", insert(inAttributes, 4, attribute([]byte{0x2A, 3}, primitive(0x02, 1))), ""},
	{"signing time besides the nonce", insert(inAttributes, 4, timeAttribute(0x17, "261201110000Z")), ""},
	{"signing time after 2049", insert(inAttributes, 4, timeAttribute(0x18, "20501201110000Z")), ""},
	{"signing time before 2000", insert(inAttributes, 4, timeAttribute(0x17, "500228110000Z")), ""},
	{"OAEP with an empty label", insert(append(inRecipient[:8:8], 2, 1), 2, label(0xA2)), ""},
	{"ciphertext next to the IV", func(root *node) {
		content := root.at(inContent...)
		content.at(1).kids = append(content.at(1).kids, content.at(2))
		content.kids = content.kids[:2]
	}, ""},
	{"no SEQUENCE around the enveloped data", func(root *node) {
		octets := root.at(1, 0, 2, 1, 0)
		octets.kids = octets.at(0).kids
	}, ""},
}

func TestParseTakesTheFormsOfTheField(t *testing.T) {
	p := newParties(t)
	good := takeApart(t, p.seal(t, p.sealing(LayoutRFC)))
	for _, c := range tolerated {
		t.Run(c.name, func(t *testing.T) {
			root := good.clone()
			c.edit(root)
			token, err := Parse(root.bytes())
			if err != nil {
				t.Fatal(err)
			}
			if token.Header != testHeader || !bytes.Equal(token.Nonce, testNonce) {
				t.Errorf("got %+v", token)
			}
		})
	}
}

var vectorLayouts = map[string]Layout{
	"annexb": LayoutStandard, "rfc": LayoutRFC, "clover": LayoutRFC, "strict": LayoutRFC, "aws2012": LayoutX9TR342012,
}

var vectorCiphers = map[string]Cipher{"tdes": TDESCBC, "aes128": AES128CBC, "aes256": AES256CBC}

func TestParsedKeyTokensHaveTheirFields(t *testing.T) {
	eachVector(t, isToken, func(t *testing.T, v vector) {
		der := v.token(t)
		got, err := Parse(der)
		if err != nil {
			if v.Expect != string(ErrASN1) {
				t.Fatal(err)
			}
			return
		}
		if got.Layout != vectorLayouts[v.Layout] || got.Cipher != vectorCiphers[v.Cipher] || (got.CRL != nil) != (v.CRL == "present") {
			t.Errorf("got %s, %s, CRL %t, want %s, %s, CRL %s", got.Layout, got.Cipher, got.CRL != nil, v.Layout, v.Cipher, v.CRL)
		}
		if v.Expect == accepted {
			if got.Header != v.Header || !got.Signer.Names(v.certificate(t, v.SignerCert)) ||
				!got.Recipient.Names(v.certificate(t, v.KRDCert)) {
				t.Errorf("got %q from %s to %s", got.Header, got.Signer, got.Recipient)
			}
		}
		if !bytes.Equal(got.Bytes(), der) {
			t.Error("Bytes is not what was parsed")
		}
	})
}
