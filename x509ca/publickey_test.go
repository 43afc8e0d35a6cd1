package x509ca

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"math/big"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

var (
	null       = []byte{5, 0}
	oidP256    = must(asn1.Marshal(knownCurves[1].oid))
	oddModulus = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 2048), big.NewInt(5))
)

// spkiOf writes a SubjectPublicKeyInfo, with anything after the key.
func spkiOf(oid asn1.ObjectIdentifier, parameters, key, after []byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oid)
			b.AddBytes(parameters)
		})
		b.AddASN1BitString(key)
		b.AddBytes(after)
	})
	return b.BytesOrPanic()
}

func rsaPublic(n *big.Int, e int64) []byte {
	return must(asn1.Marshal(struct{ N, E *big.Int }{n, big.NewInt(e)}))
}

func pointOf(key crypto.Signer) []byte {
	return must(key.Public().(*ecdsa.PublicKey).Bytes())
}

// longer writes the length of a SEQUENCE of 256 to 65535 bytes with a byte too
// many.
func longer(der []byte, wrong bool) []byte {
	if !wrong {
		return der
	}
	return append([]byte{0x30, 0x83, 0}, der[2:]...)
}

// withKey makes the DER of a leaf with another public key, signed by the root.
func withKey(t *testing.T, root *cert, spki []byte) []byte {
	t.Helper()
	leaf := root.leaf(t)
	return rewritten(t, root, leaf, leaf.RawSubjectPublicKeyInfo, spki, must(algorithmFor(root.key.Public(), crypto.SHA256)))
}

// rewritten makes the DER of a leaf with some of its bytes replaced, signed by the root
// with an algorithm.
func rewritten(t *testing.T, root, leaf *cert, old, replacement []byte, alg *algorithm) []byte {
	t.Helper()
	body := cryptobyte.String(leaf.RawTBSCertificate)
	if !body.ReadASN1(&body, tag.SEQUENCE) || !bytes.Contains(body, old) {
		t.Fatalf("the leaf has no %x", old)
	}
	var b cryptobyte.Builder
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(bytes.Replace(body, old, replacement, 1)) })
	return must(alg.sign(root.key, root.key.Public(), b.BytesOrPanic()))
}

// decodedWith decodes a certificate with a public key.
func decodedWith(t *testing.T, spki []byte) error {
	t.Helper()
	_, err := Decode(EncodeCertificate(withKey(t, newRoot(t), spki)))
	return err
}

// FuzzPublicKey: what is taken, the standard library reads and writes the same,
// and can use.
func FuzzPublicKey(f *testing.F) {
	f.Add(spkiOf(idRSA, null, rsaPublic(oddModulus, 65537), nil))
	for _, key := range []crypto.Signer{p256(), p384(), p521()} {
		f.Add(must(x509.MarshalPKIXPublicKey(key.Public())))
	}
	f.Fuzz(func(t *testing.T, spki []byte) {
		err := checkPublicKey(spki)
		if refusal := (*Error)(nil); err != nil && (!errors.As(err, &refusal) || refusal.Problem == "") {
			t.Fatalf("%x: %v", spki, err)
		}
		key, failed := x509.ParsePKIXPublicKey(spki)
		if failed != nil {
			if err == nil && !strange(spki) {
				t.Fatalf("%x was taken; the library: %v", spki, failed)
			}
			return
		}
		switch key.(type) {
		case *rsa.PublicKey, *ecdsa.PublicKey:
		default:
			return
		}
		if again, failed := x509.MarshalPKIXPublicKey(key); err == nil && (failed != nil || !bytes.Equal(again, spki)) {
			t.Fatalf("%x was taken; the library writes %x, %v", spki, again, failed)
		}
	})
}

// strange reports whether a key is of an algorithm that is left to RuleKeyType.
func strange(spki []byte) bool {
	in := cryptobyte.String(spki)
	var key, algorithm cryptobyte.String
	var oid asn1.ObjectIdentifier
	ok := in.ReadASN1(&key, tag.SEQUENCE) && key.ReadASN1(&algorithm, tag.SEQUENCE) && algorithm.ReadASN1ObjectIdentifier(&oid)
	return ok && !oid.Equal(idEC) && (!oid.Equal(idRSA) || algorithm.Empty()) // an RSA key without NULL is for parseLoose
}
