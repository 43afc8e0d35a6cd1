package tr34

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"testing"
	"time"
)

// parties are everybody who takes part, from the certificates of our vectors.
type parties struct {
	kdh, kdh2, kdhCA *x509.Certificate
	krd, krd2, krdCA *x509.Certificate // krd2 has an RSA key of 3072 bits

	kdhKey, kdh2Key, kdhCAKey, krdKey, krd2Key, krdCAKey *rsa.PrivateKey

	crl []byte // of kdhCA, without kdh and kdh2
}

func newParties(tb testing.TB) *parties {
	tb.Helper()
	v := vector{dir: "testdata"}
	certificate := func(name string) *x509.Certificate { return v.certificate(tb, "gen/pki/"+name+".crt") }
	key := func(name string) *rsa.PrivateKey { return v.privateKey(tb, "gen/pki/"+name+".key") }
	return &parties{
		kdh: certificate("kdh1"), kdh2: certificate("kdh2"), kdhCA: certificate("kdh_ca"),
		krd: certificate("krd1"), krd2: certificate("krd2"), krdCA: certificate("krd_ca"),
		kdhKey: key("kdh1"), kdh2Key: key("kdh2"), kdhCAKey: key("kdh_ca"),
		krdKey: key("krd1"), krd2Key: key("krd2"), krdCAKey: key("krd_ca"),
		crl: v.read(tb, "gen/pki/kdh_ca.crl"),
	}
}

const testHeader = "D0112K0TB00E0000"

var (
	testKey   = []byte("0123456789abcdef")
	testNonce = []byte{1, 2, 3, 4, 5, 6, 7, 8}
	testTime  = time.Date(2026, 12, 1, 11, 0, 0, 0, time.UTC)
)

// sealing is a two-pass token from KDH 1 to KRD 1.
func (p *parties) sealing(l Layout) *Sealing {
	return &Sealing{Layout: l, KDH: p.kdh, Signer: p.kdhKey, KRD: p.krd, Header: testHeader, Nonce: testNonce}
}

// check is what KRD 1 checks such a token with.
func (p *parties) check() *Check {
	return &Check{KDH: p.kdh, CA: p.kdhCA, KRD: p.krd, Now: vectorTime, Nonce: testNonce}
}

func (p *parties) seal(tb testing.TB, s *Sealing) []byte {
	tb.Helper()
	der, err := Seal(s, testKey)
	if err != nil {
		tb.Fatal(err)
	}
	return der
}

// node is an element of DER taken apart, so that a test can change it. Where
// bytes hold elements too, it can be taken apart further.
type node struct {
	tag  byte
	data []byte
	kids []*node // of a constructed element, or of bytes taken apart
}

// nodes takes apart with encoding/asn1, which the package under test does not use.
func nodes(tb testing.TB, der []byte) (all []*node) {
	tb.Helper()
	for len(der) > 0 {
		var raw asn1.RawValue
		rest, err := asn1.Unmarshal(der, &raw)
		if err != nil {
			tb.Fatalf("%X: %v", der, err)
		}
		n := &node{tag: der[0], data: raw.Bytes}
		if raw.IsCompound {
			n.kids = nodes(tb, raw.Bytes)
		}
		all, der = append(all, n), rest
	}
	return all
}

// takeApart gives the tree of a message whose content is taken apart too.
func takeApart(tb testing.TB, der []byte) *node {
	tb.Helper()
	root := nodes(tb, der)[0]
	if content := root.at(1, 0, 2); len(content.kids) > 1 {
		octets := content.at(1, 0)
		octets.kids = nodes(tb, octets.data)
	}
	return root
}

// at follows the numbers of the children.
func (n *node) at(path ...int) *node {
	for _, i := range path {
		n = n.kids[i]
	}
	return n
}

// bytes puts together again, with lengths as they come out.
func (n *node) bytes() []byte {
	body := n.data
	if n.tag&0x20 != 0 || n.kids != nil {
		body = nil
		for _, k := range n.kids {
			body = append(body, k.bytes()...)
		}
	}
	out := []byte{n.tag}
	switch l := len(body); {
	case l < 0x80:
		out = append(out, byte(l))
	case l < 0x100:
		out = append(out, 0x81, byte(l))
	default:
		out = append(out, 0x82, byte(l>>8), byte(l))
	}
	return append(out, body...)
}

// clone shares no node.
func (n *node) clone() *node {
	c := &node{tag: n.tag, data: bytes.Clone(n.data)}
	for _, k := range n.kids {
		c.kids = append(c.kids, k.clone())
	}
	return c
}

// differences lists the paths at which two trees differ, as "1.0.2: tag".
func differences(a, b *node, path string) (found []string) {
	switch {
	case a.tag != b.tag:
		return []string{path + ": tag"}
	case len(a.kids) != len(b.kids):
		return []string{path + ": number of elements"}
	case len(a.kids) == 0 && len(a.data) != len(b.data):
		return []string{path + ": length"}
	case len(a.kids) == 0 && !bytes.Equal(a.data, b.data):
		return []string{path + ": value"}
	}
	for i := range a.kids {
		found = append(found, differences(a.kids[i], b.kids[i], fmt.Sprintf("%s.%d", path, i))...)
	}
	return found
}

func TestTakenApartAndPutTogetherIsTheSame(t *testing.T) {
	eachVector(t, isSigned, func(t *testing.T, v vector) {
		if got := takeApart(t, v.token(t)).bytes(); !bytes.Equal(got, v.token(t)) {
			t.Errorf("got %X", got)
		}
	})
}

func armour(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
