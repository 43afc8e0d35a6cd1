//go:build cgo

package pkcs11

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"sync/atomic"

	p11 "github.com/miekg/pkcs11"

	"github.com/seed748fb4d1/apcsim/hsm"
)

// curve is one that a key pair can be on.
type curve struct {
	ecdh  ecdh.Curve
	ecdsa elliptic.Curve
	oid   asn1.ObjectIdentifier // RFC 5480, section 2.1.1.1
}

var curves = map[int]curve{
	256: {ecdh.P256(), elliptic.P256(), asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}},
	384: {ecdh.P384(), elliptic.P384(), asn1.ObjectIdentifier{1, 3, 132, 0, 34}},
	521: {ecdh.P521(), elliptic.P521(), asn1.ObjectIdentifier{1, 3, 132, 0, 35}},
}

func (c curve) params() *p11.Attribute {
	der, err := asn1.Marshal(c.oid)
	if err != nil {
		panic(err) // the identifiers are constants
	}
	return p11.NewAttribute(p11.CKA_EC_PARAMS, der)
}

// fieldSize is the length of a coordinate in bytes.
func fieldSize(bits int) int { return (bits + 7) / 8 }

// newPair makes a key pair on the token. The caller destroys the object of the
// private half; the public half is returned as a value.
func (c *connection) newPair(ctx context.Context, a hsm.Attributes) (p11.ObjectHandle, hsm.Public, error) {
	m := uint(p11.CKM_EC_KEY_PAIR_GEN)
	public := keyTemplate(p11.CKO_PUBLIC_KEY, pairType(a), nil, false, false, true)[:3] // no more than class, type and CKA_TOKEN
	if a.Algorithm == hsm.RSA {
		m = p11.CKM_RSA_PKCS_KEY_PAIR_GEN
		public = append(
			public,
			p11.NewAttribute(p11.CKA_MODULUS_BITS, a.Bits),
			p11.NewAttribute(p11.CKA_PUBLIC_EXPONENT, []byte{1, 0, 1}),
		)
	} else {
		public = append(public, curves[a.Bits].params())
	}
	pub, priv, err := c.generatePair(ctx, m, public, sessionKey(p11.CKO_PRIVATE_KEY, pairType(a), carrying, true))
	if err != nil {
		return 0, nil, err
	}
	defer c.destroy(pub)
	out, err := c.public(context.WithoutCancel(ctx), a, pub)
	if err != nil {
		c.destroy(priv)
		return 0, nil, err
	}
	return priv, out, nil
}

// public reads a public key.
func (c *connection) public(ctx context.Context, a hsm.Attributes, h p11.ObjectHandle) (hsm.Public, error) {
	if a.Algorithm == hsm.RSA {
		n, err := c.attribute(ctx, h, p11.CKA_MODULUS)
		if err != nil {
			return nil, err
		}
		e, err := c.attribute(ctx, h, p11.CKA_PUBLIC_EXPONENT)
		if err != nil {
			return nil, err
		}
		key := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
		if key.N.BitLen() != a.Bits || key.E != 65537 {
			return nil, &Error{Function: "C_GenerateKeyPair", Code: ckrGeneralError, Name: "the key pair is not the one asked for"}
		}
		return x509.MarshalPKIXPublicKey(key)
	}
	point, err := c.attribute(ctx, h, p11.CKA_EC_POINT)
	if err != nil {
		return nil, err
	}
	var inner []byte // the point is in an OCTET STRING; some modules leave that out
	if rest, err := asn1.Unmarshal(point, &inner); err == nil && len(rest) == 0 {
		point = inner
	}
	key, err := curves[a.Bits].ecdh.NewPublicKey(point)
	if err != nil {
		return nil, &Error{Function: "C_GenerateKeyPair", Code: ckrGeneralError, Name: "the public key is no point of the curve"}
	}
	return x509.MarshalPKIXPublicKey(key)
}

// pointOf is the uncompressed point of an EC public key; nil of an RSA one.
func pointOf(a hsm.Attributes, public hsm.Public) ([]byte, error) {
	if a.Algorithm != hsm.EC {
		return nil, nil
	}
	key, err := x509.ParsePKIXPublicKey(public)
	if err != nil {
		return nil, err
	}
	ec, ok := key.(*ecdsa.PublicKey)
	if !ok {
		return nil, errors.New("pkcs11: not the public key of a curve")
	}
	return ec.Bytes()
}

func verifyEC(public hsm.Public, digest, signature []byte) error {
	key, err := x509.ParsePKIXPublicKey(public)
	if err != nil {
		return err
	}
	if ec, ok := key.(*ecdsa.PublicKey); !ok || !ecdsa.VerifyASN1(ec, digest, signature) {
		return errOtherResult
	}
	return nil
}

// createPair makes an object of a private key given as DER, to be wrapped, and
// returns the point of an EC key. The parser's errors are not passed on: they may
// have parts of the key.
func (c *connection) createPair(ctx context.Context, der []byte, a hsm.Attributes) (h p11.ObjectHandle, point []byte, err error) {
	if a.Algorithm == hsm.RSA {
		key, err := x509.ParsePKCS1PrivateKey(der)
		if err != nil {
			return 0, nil, hsm.ErrAttributes
		}
		h, err = c.createRSA(ctx, key)
		return h, nil, err
	}
	key, err := x509.ParseECPrivateKey(der)
	if err != nil {
		return 0, nil, hsm.ErrAttributes
	}
	d, err := key.Bytes()
	if err != nil {
		return 0, nil, hsm.ErrAttributes
	}
	defer clear(d)
	if point, err = key.PublicKey.Bytes(); err != nil {
		return 0, nil, hsm.ErrAttributes
	}
	h, err = c.create(
		ctx,
		sessionKey(p11.CKO_PRIVATE_KEY, p11.CKK_EC, carrying, true, curves[a.Bits].params(), p11.NewAttribute(p11.CKA_VALUE, d)),
	)
	return h, point, err
}

func (c *connection) createRSA(ctx context.Context, key *rsa.PrivateKey) (p11.ObjectHandle, error) {
	key.Precompute()
	more := []*p11.Attribute{
		p11.NewAttribute(p11.CKA_MODULUS, key.N.Bytes()),
		p11.NewAttribute(p11.CKA_PUBLIC_EXPONENT, big.NewInt(int64(key.E)).Bytes()),
	}
	secrets := map[uint]*big.Int{
		p11.CKA_PRIVATE_EXPONENT: key.D, p11.CKA_PRIME_1: key.Primes[0], p11.CKA_PRIME_2: key.Primes[1],
		p11.CKA_EXPONENT_1: key.Precomputed.Dp, p11.CKA_EXPONENT_2: key.Precomputed.Dq, p11.CKA_COEFFICIENT: key.Precomputed.Qinv,
	}
	for kind, n := range secrets {
		raw := n.Bytes()
		defer clear(raw)
		more = append(more, p11.NewAttribute(kind, raw))
	}
	return c.create(ctx, sessionKey(p11.CKO_PRIVATE_KEY, p11.CKK_RSA, carrying, true, more...))
}

// wrapPair wraps a private key that is an object, with the point of an EC key
// next to it.
func (c *connection) wrapPair(ctx context.Context, h p11.ObjectHandle, point []byte, a hsm.Attributes) (wrapped, error) {
	w := wrapped{by: masterFor(a), how: c.caps.pairs[a.Algorithm], second: point}
	var err error
	w.blob, err = c.wrapUnder(ctx, w.how, c.masters.wrapper(w.by), h)
	return w, err
}

// ckaNSSDB is NSS softoken's attribute of a private key for its public half.
const ckaNSSDB = 0xD5A0DB00

// pairTemplate is the template of a private key that is unwrapped to be used.
func (caps *capabilities) pairTemplate(a hsm.Attributes, point []byte, p purpose) []*p11.Attribute {
	if a.Algorithm == hsm.EC && caps.wantsPoint {
		return sessionKey(p11.CKO_PRIVATE_KEY, p11.CKK_EC, p, false, p11.NewAttribute(ckaNSSDB, point))
	}
	return sessionKey(p11.CKO_PRIVATE_KEY, pairType(a), p, false)
}

// digestInfo is what PKCS #1 v1.5 signs (RFC 8017, section 9.2).
type digestInfo struct {
	Algorithm pkix.AlgorithmIdentifier
	Digest    []byte
}

var digestOIDs = map[crypto.Hash]asn1.ObjectIdentifier{
	crypto.SHA1:   {1, 3, 14, 3, 2, 26},
	crypto.SHA224: {2, 16, 840, 1, 101, 3, 4, 2, 4}, crypto.SHA256: {2, 16, 840, 1, 101, 3, 4, 2, 1},
	crypto.SHA384: {2, 16, 840, 1, 101, 3, 4, 2, 2}, crypto.SHA512: {2, 16, 840, 1, 101, 3, 4, 2, 3},
}

// Sign works in the token.
func (k *key) Sign(ctx context.Context, hash crypto.Hash, digest []byte) (out []byte, err error) {
	k.inUse.RLock()
	defer k.inUse.RUnlock()
	if err := k.begin(ctx, hsm.RSA, hsm.EC); err != nil {
		return nil, err
	}
	if !hash.Available() || len(digest) != hash.Size() {
		return nil, hsm.ErrInput
	}
	can := func(caps *capabilities) bool { return caps.signs[k.a.Algorithm] }
	name := map[hsm.Algorithm]string{hsm.RSA: canSignRSA, hsm.EC: canSignEC}[k.a.Algorithm]
	err = k.do(ctx, signing, having(can, name), func(c *connection, h p11.ObjectHandle) error {
		out, err = c.signDigest(ctx, k.a, h, hash, digest)
		return err
	})
	return out, err
}

// signDigest signs with the mechanisms that leave hashing to the host: every
// module has those.
func (c *connection) signDigest(
	ctx context.Context,
	a hsm.Attributes,
	h p11.ObjectHandle,
	hash crypto.Hash,
	digest []byte,
) ([]byte, error) {
	if a.Algorithm == hsm.RSA {
		oid, ok := digestOIDs[hash]
		if !ok {
			return nil, hsm.Unsupported("RSA signatures with " + hash.String())
		}
		info, err := asn1.Marshal(digestInfo{pkix.AlgorithmIdentifier{Algorithm: oid, Parameters: asn1.NullRawValue}, digest})
		if err != nil {
			return nil, err
		}
		return c.signed(ctx, mechanism(p11.CKM_RSA_PKCS, nil), h, info, a.Bits/8)
	}
	size := fieldSize(a.Bits)
	digest = digest[:min(len(digest), size)] // its leftmost bits are signed (FIPS 186-5, 6.4.1); not every module cuts it
	raw, err := c.signed(ctx, mechanism(p11.CKM_ECDSA, nil), h, digest, 2*size)
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(raw[:size]), new(big.Int).SetBytes(raw[size:])})
}

// modulus is the modulus of an RSA key, read once.
type modulus struct{ atomic.Pointer[[]byte] }

func (m *modulus) of(ctx context.Context, c *connection, h p11.ObjectHandle) ([]byte, error) {
	if n := m.Load(); n != nil {
		return *n, nil
	}
	n, err := c.attribute(ctx, h, p11.CKA_MODULUS)
	if err != nil {
		return nil, err
	}
	m.Store(&n)
	return n, nil
}

// DecryptRaw works in the token.
func (k *key) DecryptRaw(ctx context.Context, ciphertext []byte) (hsm.Secret, error) {
	return k.decryptRSA(ctx, mechanism(p11.CKM_RSA_X_509, nil), ciphertext, canRaw, func(caps *capabilities) bool { return caps.raw })
}

// badPadding are the codes of a ciphertext that does not open. A module that has the
// same code for its own failures is not used for OAEP: with raw decryption and the
// host's unpadding the two are different.
var badPadding = []uint{ckrEncryptedDataInvalid, ckrEncryptedDataLenRange}

// DecryptOAEP works in the token where it has that hash.
func (k *key) DecryptOAEP(ctx context.Context, hash crypto.Hash, ciphertext []byte) (hsm.Secret, error) {
	out, err := k.decryptRSA(ctx, oaepMechanism(hash), ciphertext, fmt.Sprintf(canOAEP, hash),
		func(caps *capabilities) bool { return caps.oaep[hash] })
	if failedWith(err, badPadding...) {
		return hsm.Secret{}, hsm.ErrInput
	}
	return out, err
}

// decryptRSA decrypts a ciphertext that is as long as the modulus and less than it.
func (k *key) decryptRSA(
	ctx context.Context,
	m []*p11.Mechanism,
	ciphertext []byte,
	name string,
	can func(*capabilities) bool,
) (out hsm.Secret, err error) {
	k.inUse.RLock()
	defer k.inUse.RUnlock()
	if err := k.begin(ctx, hsm.RSA); err != nil {
		return hsm.Secret{}, err
	}
	if len(ciphertext) != k.a.Bits/8 {
		return hsm.Secret{}, hsm.ErrInput
	}
	err = k.do(ctx, decrypting, having(can, name), func(c *connection, h p11.ObjectHandle) error {
		n, err := k.modulus.of(ctx, c, h)
		if err != nil {
			return err
		}
		if bytes.Compare(ciphertext, n) >= 0 {
			return hsm.ErrInput
		}
		raw, err := c.decrypt(ctx, m, h, ciphertext)
		if err != nil {
			return err
		}
		defer clear(raw)
		if m[0].Mechanism == p11.CKM_RSA_X_509 { // some modules leave leading zeros out
			if len(raw) > len(n) {
				return &Error{Function: "C_Decrypt", Code: ckrGeneralError, Name: "an output longer than the modulus"}
			}
			whole := make([]byte, len(n))
			defer clear(whole)
			copy(whole[len(n)-len(raw):], raw)
			raw = whole
		}
		out = hsm.NewSecret(raw)
		return nil
	})
	return out, err
}

// oaepMechanism is OAEP with the same hash in MGF1 and no label.
func oaepMechanism(hash crypto.Hash) []*p11.Mechanism {
	m, ok := map[crypto.Hash][2]uint{
		crypto.SHA1: {p11.CKM_SHA_1, p11.CKG_MGF1_SHA1}, crypto.SHA224: {p11.CKM_SHA224, p11.CKG_MGF1_SHA224},
		crypto.SHA256: {p11.CKM_SHA256, p11.CKG_MGF1_SHA256}, crypto.SHA384: {p11.CKM_SHA384, p11.CKG_MGF1_SHA384},
		crypto.SHA512: {p11.CKM_SHA512, p11.CKG_MGF1_SHA512},
	}[hash]
	if !ok {
		return mechanism(p11.CKM_RSA_PKCS_OAEP, nil)
	}
	return mechanism(p11.CKM_RSA_PKCS_OAEP, p11.NewOAEPParams(m[0], m[1], p11.CKZ_DATA_SPECIFIED, nil))
}

// ECDH works in the token, and returns the shared secret as the interface has it.
func (k *key) ECDH(ctx context.Context, peer []byte) (out hsm.Secret, err error) {
	k.inUse.RLock()
	defer k.inUse.RUnlock()
	if err := k.begin(ctx, hsm.EC); err != nil {
		return hsm.Secret{}, err
	}
	if _, err := curves[k.a.Bits].ecdh.NewPublicKey(peer); err != nil {
		return hsm.Secret{}, fmt.Errorf("%w: the peer's point is not on the curve", hsm.ErrInput)
	}
	err = k.do(
		ctx,
		deriving,
		having(func(caps *capabilities) bool { return caps.agrees }, canAgree),
		func(c *connection, h p11.ObjectHandle) error {
			raw, err := c.agree(ctx, k.a, h, peer)
			if err != nil {
				return err
			}
			defer clear(raw)
			out = hsm.NewSecret(raw)
			return nil
		},
	)
	return out, err
}

// agree is the x coordinate shared with a point of the curve.
func (c *connection) agree(ctx context.Context, a hsm.Attributes, h p11.ObjectHandle, peer []byte) ([]byte, error) {
	size := fieldSize(a.Bits)
	m := mechanism(p11.CKM_ECDH1_DERIVE, p11.NewECDH1DeriveParams(p11.CKD_NULL, nil, peer))
	shared, err := c.derive(ctx, m, h, keyTemplate(p11.CKO_SECRET_KEY, p11.CKK_GENERIC_SECRET, nil, false, false, true,
		p11.NewAttribute(p11.CKA_VALUE_LEN, size)))
	if err != nil {
		return nil, err
	}
	defer c.destroy(shared)
	raw, err := c.attribute(ctx, shared, p11.CKA_VALUE)
	if err == nil && len(raw) != size {
		err = &Error{Function: "C_DeriveKey", Code: ckrGeneralError, Name: "a shared secret of another length"}
	}
	if err != nil {
		return nil, err
	}
	return raw, nil
}

// revealPair makes a readable object of a private key and reads it.
func (k *key) revealPair(ctx context.Context) (out hsm.Secret, err error) {
	err = k.backend.do(ctx, func(c *connection) error {
		w, ok := k.source.(*wrapped)
		if !ok {
			return hsm.ErrRefused
		}
		readable := c.caps.pairTemplate(k.a, w.second, signing)
		for _, attribute := range readable {
			switch attribute.Type {
			case p11.CKA_SENSITIVE:
				attribute.Value = []byte{0}
			case p11.CKA_EXTRACTABLE:
				attribute.Value = []byte{1}
			}
		}
		h, err := c.unwrapUnder(ctx, w.how, c.masters.wrapper(w.by), w.blob, readable)
		if err != nil {
			return err
		}
		defer c.destroy(h)
		der, err := c.readPair(ctx, h, k.a)
		defer clear(der)
		if err == nil {
			out = hsm.NewSecret(der)
		}
		return err
	})
	return out, err
}

// readPair is a private key in the form that Import takes.
func (c *connection) readPair(ctx context.Context, h p11.ObjectHandle, a hsm.Attributes) ([]byte, error) {
	read := func(kind uint) (n *big.Int, err error) {
		raw, err := c.attribute(ctx, h, kind)
		defer clear(raw)
		return new(big.Int).SetBytes(raw), err
	}
	if a.Algorithm == hsm.EC {
		raw, err := c.attribute(ctx, h, p11.CKA_VALUE)
		if err != nil {
			return nil, err
		}
		defer clear(raw)
		scalar := make([]byte, fieldSize(a.Bits)) // some modules leave leading zeros out
		defer clear(scalar)
		new(big.Int).SetBytes(raw).FillBytes(scalar)
		key, err := ecdsa.ParseRawPrivateKey(curves[a.Bits].ecdsa, scalar)
		if err != nil {
			return nil, errUnreadable
		}
		return x509.MarshalECPrivateKey(key)
	}
	var parts [5]*big.Int
	for i, kind := range []uint{p11.CKA_MODULUS, p11.CKA_PUBLIC_EXPONENT, p11.CKA_PRIVATE_EXPONENT, p11.CKA_PRIME_1, p11.CKA_PRIME_2} {
		var err error
		if parts[i], err = read(kind); err != nil {
			return nil, err
		}
	}
	key := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: parts[0], E: int(parts[1].Int64())}, D: parts[2], Primes: parts[3:]}
	if key.Validate() != nil {
		return nil, errUnreadable
	}
	key.Precompute()
	return x509.MarshalPKCS1PrivateKey(key), nil
}

var errUnreadable = errors.New("pkcs11: the token shows another key than it was given")
