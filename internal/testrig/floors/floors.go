// Package floors is the commands of hsm.HSM with what each needs at least: the bare algorithm
// with prepared ciphers and, on a token, the PKCS#11 calls. Benchmarks measure the
// commands against it, and a test counts that a token gets no other calls.
package floors

import (
	"context"
	"crypto"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"sync"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/testkeys"
	"github.com/seed748fb4d1/apcsim/mac"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// Command is a command with keys and arguments.
type Command struct {
	Name string
	Keys []hsm.Attributes

	// Ready makes the arguments, and returns the command for the keys.
	Ready func(h *hsm.HSM, keys []hsm.KeyRef) func() error

	// Floor does the same with the keys of a device. Token, if it is not nil, does it on a token,
	// where fewer calls with more data each are the least.
	Floor, Token func(d Device)
}

// OnToken is the floor on a token.
func (c *Command) OnToken(d Device) func() {
	if c.Token != nil {
		return func() { c.Token(d) }
	}
	return func() { c.Floor(d) }
}

// Device is keys in use, by their place in Command.Keys: prepared ciphers, or objects of a token.
// On a token each method is the least of PKCS#11 calls.
type Device interface {
	Encrypt(key int, mode hsm.CipherMode, data []byte) // in place, with a zero IV
	Decrypt(key int, mode hsm.CipherMode, data []byte)
	Block(key int) cipher.Block // each of its blocks is a call of a token
	CMAC(key int, message []byte)
	HMAC(key int, message []byte)
	Random(p []byte)
	ECDH(key int) []byte // with [Peer]
	DecryptOAEP(key int, ciphertext []byte)

	Retail(key int) *mac.RetailKey // a token wraps the key for the host
	Reveal(key int) []byte         // the same
	Variant(key int) cipher.Block  // of a base derivation key, which the host keeps

	Wrap(key int, h tr31.Header, secret []byte) // with the keys derived from a key block protection key
	Unwrap(key int, b *tr31.Block) []byte
}

var ctx = context.Background()

// Sure is for what cannot fail.
func Sure[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Symmetric is a key that is never shown where it need not be.
func Symmetric(usage string, algorithm hsm.Algorithm, bits int) hsm.Attributes {
	return hsm.Attributes{KeyID: "k", Usage: usage, Algorithm: algorithm, Mode: 'N', Exportability: 'N', Bits: bits}
}

var (
	hmacKey = hsm.Attributes{KeyID: "k", Usage: "M7", Algorithm: hsm.HMAC, Mode: 'C', Exportability: 'N', Bits: 256, Hash: crypto.SHA256}
	ecPair  = hsm.Attributes{KeyID: "k", Usage: "K3", Algorithm: hsm.EC, Mode: 'X', Exportability: 'N', Bits: 256}
	rsaPair = hsm.Attributes{KeyID: "k", Usage: "D1", Algorithm: hsm.RSA, Mode: 'D', Exportability: 'N', Bits: 2048}
)

// Bytes is the clear key of a symmetric key here.
func Bytes(a hsm.Attributes) []byte {
	out := make([]byte, a.Bits/8)
	for i := range out {
		out[i] = a.Usage[i%2] ^ byte(37*i+1)
	}
	return out
}

// Pair is the EC key pair.
func Pair() *ecdsa.PrivateKey {
	return Sure(ecdsa.ParseRawPrivateKey(elliptic.P256(), Bytes(Symmetric("K3", hsm.AES, 256))))
}

// Peer is the public key of the other party, an uncompressed point.
var Peer = sync.OnceValue(func() []byte {
	other := Sure(ecdsa.ParseRawPrivateKey(elliptic.P256(), Bytes(Symmetric("K4", hsm.AES, 256))))
	return Sure(other.PublicKey.ECDH()).Bytes()
})

// RSA is the RSA key pair, in the form that Import takes, and its public half.
func RSA() (hsm.Secret, hsm.Public) {
	private, public, ok := testkeys.Ready().Next(rsaPair.Bits)
	if !ok {
		panic("floors: no ready key pair")
	}
	return private, public
}

// Load imports the keys of a command.
func (c *Command) Load(t testing.TB, b hsm.Backend) (out []hsm.KeyRef) {
	t.Helper()
	for _, a := range c.Keys {
		var secret hsm.Secret
		switch a.Algorithm {
		case hsm.RSA:
			secret, _ = RSA()
		case hsm.EC:
			secret = hsm.NewSecret(Sure(x509.MarshalECPrivateKey(Pair())))
		default:
			secret = hsm.NewSecret(Bytes(a))
		}
		sealed, err := b.Import(ctx, secret, a)
		if err != nil {
			t.Fatalf("%s: importing %v: %v", c.Name, a, err)
		}
		out = append(out, hsm.KeyRef{Sealed: sealed, Attributes: a})
	}
	return out
}

// random is a device's random bytes as a reader that asks for 32 at a time.
type random struct {
	d    Device
	left []byte
}

func (r *random) Read(p []byte) (int, error) {
	if len(r.left) == 0 {
		r.left = make([]byte, 32)
		r.d.Random(r.left)
	}
	n := copy(p, r.left)
	r.left = r.left[n:]
	return n, nil
}

// hostRandom is for what the host draws.
var hostRandom = rand.Reader
