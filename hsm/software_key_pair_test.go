package hsm

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"math/big"
	"testing"
)

// privateDER is a private key in the form that [Backend] has it in: PKCS #1 or SEC 1.
func privateDER(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	if k, ok := key.(*rsa.PrivateKey); ok {
		return x509.MarshalPKCS1PrivateKey(k)
	}
	der, err := x509.MarshalECPrivateKey(key.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// rsaKeyOf makes a key of 1024 bits with an exponent.
func rsaKeyOf(t *testing.T, exponent int64) *rsa.PrivateKey {
	t.Helper()
	one, e := big.NewInt(1), big.NewInt(exponent)
	for {
		p, err := rand.Prime(rand.Reader, 512)
		if err != nil {
			t.Fatal(err)
		}
		q, err := rand.Prime(rand.Reader, 512)
		if err != nil {
			t.Fatal(err)
		}
		n := new(big.Int).Mul(p, q)
		d := new(big.Int).ModInverse(e, new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one)))
		if d == nil || n.BitLen() != 1024 || p.Cmp(q) == 0 {
			continue
		}
		key := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: n, E: int(exponent)}, D: d, Primes: []*big.Int{p, q}}
		key.Precompute()
		return key
	}
}

// TestPrivateKeysHaveTheFormOfTheirAttributes, and are refused without a word of the library's.
func TestPrivateKeysHaveTheFormOfTheirAttributes(t *testing.T) {
	pair, curve := rsaKeyOf(t, 65537), elliptic.P384()
	ec, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(pair)
	if err != nil {
		t.Fatal(err)
	}
	good, goodEC := privateDER(t, pair), privateDER(t, ec)
	wrongSum := append(append([]byte(nil), good[:len(good)-1]...), good[len(good)-1]^1) // the last byte of the coefficient
	wide, err := asn1.Marshal([]int{0, 1, 2, 3, 4, 5, 6, 7, 8})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		der   []byte
		a     Attributes
		taken bool
	}{
		{"RSA", good, Attributes{Algorithm: RSA, Bits: 1024}, true},
		{"RSA of another size", good, Attributes{Algorithm: RSA, Bits: 2048}, false},
		{"RSA with the exponent 17", privateDER(t, rsaKeyOf(t, 17)), Attributes{Algorithm: RSA, Bits: 1024}, false},
		{"RSA in PKCS #8", pkcs8, Attributes{Algorithm: RSA, Bits: 1024}, false},
		{"RSA and a byte", append(append([]byte(nil), good...), 0), Attributes{Algorithm: RSA, Bits: 1024}, false},
		{"RSA cut short", good[:len(good)-1], Attributes{Algorithm: RSA, Bits: 1024}, false},
		{"RSA with another coefficient", wrongSum, Attributes{Algorithm: RSA, Bits: 1024}, false},
		{"RSA of small numbers", wide, Attributes{Algorithm: RSA, Bits: 1024}, false},
		{"RSA as EC", good, Attributes{Algorithm: EC, Bits: 384}, false},
		{"EC", goodEC, Attributes{Algorithm: EC, Bits: 384}, true},
		{"EC of another curve", goodEC, Attributes{Algorithm: EC, Bits: 256}, false},
		{"EC of no curve", goodEC, Attributes{Algorithm: EC, Bits: 1}, false},
		{"EC as RSA", goodEC, Attributes{Algorithm: RSA, Bits: 384}, false},
		{"EC cut short", goodEC[:len(goodEC)-1], Attributes{Algorithm: EC, Bits: 384}, false},
		{"nothing", nil, Attributes{Algorithm: EC, Bits: 384}, false},
	} {
		key, err := parsePrivate(c.der, c.a)
		if taken := err == nil && key != nil; taken != c.taken || !taken && !errors.Is(err, ErrAttributes) {
			t.Errorf("%s: got %v, want it taken: %t", c.name, err, c.taken)
		}
		if err != nil && errors.Unwrap(err) != ErrAttributes {
			t.Errorf("%s: the refusal %q has another cause than %v", c.name, err, ErrAttributes)
		}
	}
}

// TestRawDecryptionIsThePowerOfTheCiphertext for the edges of what RSA takes.
func TestRawDecryptionIsThePowerOfTheCiphertext(t *testing.T) {
	pair := rsaKeyOf(t, 65537)
	key, err := newSoftwareKey(Attributes{Algorithm: RSA, Bits: 1024}, privateDER(t, pair))
	if err != nil {
		t.Fatal(err)
	}
	less := new(big.Int).Sub(pair.N, big.NewInt(1))
	for _, c := range []struct {
		name string
		in   *big.Int
		want *big.Int // nil: refused
	}{
		{"0", new(big.Int), new(big.Int)},
		{"1", big.NewInt(1), big.NewInt(1)},
		{"2", big.NewInt(2), new(big.Int).Exp(big.NewInt(2), pair.D, pair.N)},
		{"a prime of the modulus", pair.Primes[0], new(big.Int).Exp(pair.Primes[0], pair.D, pair.N)},
		{"the modulus less 1", less, less}, // an odd power of -1
		{"the modulus", pair.N, nil},
	} {
		got, err := key.DecryptRaw(context.Background(), c.in.FillBytes(make([]byte, 128)))
		if c.want == nil {
			if !errors.Is(err, ErrInput) {
				t.Errorf("%s: got %v, want %v", c.name, err, ErrInput)
			}
			continue
		}
		if err != nil || !got.Equal(NewSecret(c.want.FillBytes(make([]byte, 128)))) {
			t.Errorf("%s: another number, %v", c.name, err)
		}
	}
	for _, n := range []int{0, 127, 129} {
		if _, err := key.DecryptRaw(context.Background(), make([]byte, n)); !errors.Is(err, ErrInput) {
			t.Errorf("%d bytes: got %v, want %v", n, err, ErrInput)
		}
	}
}
