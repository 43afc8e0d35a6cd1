//go:build cgo

package pkcs11

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	_ "embed"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	p11 "github.com/miekg/pkcs11"

	"github.com/seed748fb4d1/apcsim/hsm"
)

// Capability is something that a module can do or not, as was found by
// trying it.
type Capability struct {
	Name  string // "TDES CMAC"
	Works bool
	How   string // the mechanism that works, or why none does
}

// capabilities are what was found when opening.
type capabilities struct {
	list []Capability

	generates map[uint]bool        // by CKM of key generation
	ciphers   map[byte]bool        // ECB and CBC, by algorithm
	cmacs     map[byte]bool        // by algorithm
	derives   map[byte]bool        // KBEK and KBAK inside, by algorithm
	padsZeros bool                 // CKM_AES_KEY_WRAP pads a key of 28 bytes with zeros
	pairs     map[byte]wrapping    // how a private key is wrapped, by algorithm
	signs     map[byte]bool        // by algorithm
	raw       bool                 // CKM_RSA_X_509
	oaep      map[crypto.Hash]bool // CKM_RSA_PKCS_OAEP, telling bad padding from an outage
	agrees    bool                 // CKM_ECDH1_DERIVE
	without   []uint               // Quirks.Without
	failure   error                // of the connection while probing
}

// Names of what is probed, as an UnsupportedError has them.
const (
	canCipher   = "%s encryption (CKM_%[2]s_ECB, CKM_%[2]s_CBC)"
	canCMAC     = "%s CMAC (CKM_%[2]s_CMAC)"
	canDerive   = "derivation of %s block keys (CKM_%[2]s_ECB_ENCRYPT_DATA)"
	canSignRSA  = "RSA signatures (CKM_RSA_PKCS)"
	canSignEC   = "ECDSA signatures (CKM_ECDSA)"
	canRaw      = "raw RSA decryption (CKM_RSA_X_509)"
	canAgree    = "ECDH (CKM_ECDH1_DERIVE)"
	canVariants = "variants of a TDES key"
	canRSA      = "RSA keys (CKM_AES_KEY_WRAP_PAD, CKM_AES_KEY_WRAP or CKM_AES_CBC_PAD of a private key)"
	canEC       = "EC keys (CKM_AES_KEY_WRAP_PAD, CKM_AES_KEY_WRAP or CKM_AES_CBC_PAD of a private key)"
	canPadZeros = "keys of any length (CKM_AES_KEY_WRAP padding with zeros)"
	canKeep     = "keys that stay (CKA_UNWRAP_TEMPLATE)"
	canGenerate = "key generation (%s)"
	canOAEP     = "RSA-OAEP with %v (CKM_RSA_PKCS_OAEP)"
)

var ciphered = map[byte][2]string{hsm.AES: {"AES", "AES"}, hsm.TDES: {"TDES", "DES3"}}

func nameFor(format string, algorithm byte) string {
	n := ciphered[algorithm]
	return fmt.Sprintf(format, n[0], n[1])
}

// The pair that is brought in to see what the module does with one. It was
// made for that and protects nothing.
//
//go:embed probe.pem
var probePEM []byte

// probe tries everything once. Only a lost connection is an error.
func (c *connection) probe(q Quirks) error {
	caps := &capabilities{
		generates: map[uint]bool{}, ciphers: map[byte]bool{}, cmacs: map[byte]bool{}, derives: map[byte]bool{},
		pairs: map[byte]wrapping{}, signs: map[byte]bool{}, oaep: map[crypto.Hash]bool{}, without: q.Without,
	}
	c.caps = caps
	p := &prober{c, caps, context.Background()}
	p.generation()
	for _, a := range []byte{hsm.AES, hsm.TDES} {
		p.symmetric(a)
	}
	p.padding()
	p.keeping()
	p.rsa()
	p.ec()
	if caps.failure != nil {
		c.caps = nil
	}
	return caps.failure
}

// prober tries one thing after the other.
type prober struct {
	*connection
	caps *capabilities
	ctx  context.Context
}

// try notes how an attempt ended, and says whether it worked.
func (p *prober) try(name, how string, mechanisms []uint, attempt func() error) bool {
	for _, m := range mechanisms {
		if slices.Contains(p.caps.without, m) {
			p.caps.list = append(p.caps.list, Capability{name, false, fmt.Sprintf("mechanism 0x%X is left out by Quirks.Without", m)})
			return false
		}
	}
	err := attempt()
	if lost(err) && p.caps.failure == nil {
		p.caps.failure = err
	}
	if err != nil {
		how = err.Error()
	}
	p.caps.list = append(p.caps.list, Capability{name, err == nil, how})
	return err == nil
}

var errOtherResult = errors.New("pkcs11: the module comes to another result")

func (p *prober) generation() {
	for _, g := range []struct {
		mechanism uint
		name      string
		a         hsm.Attributes
	}{
		{p11.CKM_AES_KEY_GEN, "CKM_AES_KEY_GEN", hsm.Attributes{Algorithm: hsm.AES, Bits: 192}},
		{p11.CKM_DES2_KEY_GEN, "CKM_DES2_KEY_GEN", hsm.Attributes{Algorithm: hsm.TDES, Bits: 128}},
		{p11.CKM_DES3_KEY_GEN, "CKM_DES3_KEY_GEN", hsm.Attributes{Algorithm: hsm.TDES, Bits: 192}},
		{p11.CKM_GENERIC_SECRET_KEY_GEN, "CKM_GENERIC_SECRET_KEY_GEN", hsm.Attributes{Algorithm: hsm.HMAC, Bits: 256, Hash: crypto.SHA256}},
	} {
		p.caps.generates[g.mechanism] = true // so that generator names it
		p.caps.generates[g.mechanism] = p.try(fmt.Sprintf(canGenerate, g.name), g.name, []uint{g.mechanism}, func() error {
			m, more := p.generator(g.a)
			h, err := p.generate(p.ctx, m, sessionKey(p11.CKO_SECRET_KEY, secretType(g.a), carrying, true, more...))
			if err != nil {
				return err
			}
			defer p.destroy(h)
			key, err := p.take(p.ctx, h, g.a.Bits/8)
			defer clear(key)
			if err == nil && g.a.Algorithm == hsm.TDES && !odd(key) {
				return errors.New("pkcs11: its keys have no odd parity")
			}
			return err
		})
	}
}

// symmetric compares with what is known: FIPS 197 C.1 and NIST SP 800-38B
// for AES; for TDES a key of three equal parts, DES with FIPS 46's example.
func (p *prober) symmetric(algorithm byte) {
	a := hsm.Attributes{Algorithm: algorithm, Bits: 128}
	key := bytes.Repeat([]byte{0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF}, 2)
	ms := mechanismsOf[algorithm]
	reference := newReference(algorithm, key)
	size := reference.BlockSize()
	blob, err := p.wrapSecretUnder(key)
	with := func(use purpose, do func(h p11.ObjectHandle) error) func() error {
		return func() error {
			if err != nil {
				return err
			}
			h, err := p.unwrap(p.ctx, byKW.mechanism(nil), p.masters.kept, blob, sessionKey(p11.CKO_SECRET_KEY, secretType(a), use, false))
			if err != nil {
				return err
			}
			defer p.destroy(h)
			return do(h)
		}
	}
	p.caps.ciphers[algorithm] = p.try(nameFor(canCipher, algorithm), "as named", []uint{ms.ecb, ms.cbc}, with(enciphering, func(h p11.ObjectHandle) error {
		zeros, iv := make([]byte, 2*size), make([]byte, size)
		for _, m := range [][]*p11.Mechanism{mechanism(ms.ecb, nil), mechanism(ms.cbc, iv)} {
			out, err := p.encrypt(p.ctx, m, h, zeros)
			if err != nil {
				return err
			}
			back, err := p.decrypt(p.ctx, m, h, out)
			if err != nil {
				return err
			}
			first := make([]byte, size)
			reference.Encrypt(first, first)
			if len(out) != len(zeros) || !bytes.Equal(out[:size], first) || !bytes.Equal(back, zeros) {
				return errOtherResult
			}
		}
		return nil
	}))
	p.caps.cmacs[algorithm] = p.try(nameFor(canCMAC, algorithm), "as named", []uint{ms.cmac}, with(authenticating, func(h p11.ObjectHandle) error {
		for _, message := range [][]byte{nil, make([]byte, size), make([]byte, size+1)} {
			out, err := p.sign(p.ctx, mechanism(ms.cmac, nil), h, message)
			if err != nil {
				return err
			}
			if !bytes.Equal(out, referenceCMAC(reference, message)) {
				return errOtherResult
			}
		}
		return nil
	}))
	p.caps.derives[algorithm] = nestable && p.try(nameFor(canDerive, algorithm), "as named", []uint{ms.derive}, with(deriving, func(h p11.ObjectHandle) error {
		l, err := p.subkeySeed(p.ctx, algorithm, h)
		if err != nil {
			return err
		}
		defer clear(l)
		want := make([]byte, size)
		reference.Encrypt(want, want)
		if !bytes.Equal(l, want) {
			return errOtherResult
		}
		out, err := p.deriveKey(p.ctx, algorithm, h, make([]byte, 16), secretType(a), 16, enciphering)
		if err != nil {
			return err
		}
		p.destroy(out)
		return nil
	}))
}

func (p *prober) wrapSecretUnder(key []byte) ([]byte, error) {
	h, err := p.createSecret(p.ctx, key)
	if err != nil {
		return nil, err
	}
	defer p.destroy(h)
	return p.wrapUnder(p.ctx, byKW, p.masters.kept, h)
}

func (p *prober) padding() {
	p.caps.padsZeros = p.try(canPadZeros, "as named", nil, func() error {
		key := bytes.Repeat([]byte{7}, 28)
		h, err := p.createSecret(p.ctx, key)
		if err != nil {
			return err
		}
		defer p.destroy(h)
		out, err := p.take(p.ctx, h, 32)
		if err == nil && !bytes.Equal(out, append(key, 0, 0, 0, 0)) {
			err = errOtherResult
		}
		return err
	})
}

// keeping tries to have a key unwrapped by the master of those that stay, so
// that it may be taken out.
func (p *prober) keeping() {
	p.try(canKeep, "enforced by the token", nil, func() error {
		blob, err := p.wrapSecretUnder(make([]byte, 16))
		if err != nil {
			return err
		}
		h, err := p.unwrap(p.ctx, byKW.mechanism(nil), p.masters.kept, blob, sessionKey(p11.CKO_SECRET_KEY, p11.CKK_GENERIC_SECRET, carrying, true))
		if err != nil {
			if lost(err) {
				return err
			}
			return nil // refused, as it should be
		}
		defer p.destroy(h)
		if _, err := p.wrap(p.ctx, byKW.mechanism(nil), p.transport.handle, h); err == nil {
			return errors.New("not enforced: the module unwraps a key so that it may be taken out, if it is asked to")
		}
		return nil
	})
}

func (p *prober) rsa() {
	block, _ := pem.Decode(probePEM)
	private, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		panic(err) // it stands in the program
	}
	a := hsm.Attributes{Usage: "D1", Algorithm: hsm.RSA, Exportability: 'N', Bits: 2048}
	digest := make([]byte, 32)
	blob, how := p.pair(canRSA, hsm.RSA, func() (p11.ObjectHandle, error) { return p.createRSA(p.ctx, private) })
	p.caps.signs[hsm.RSA] = p.try(canSignRSA, "as named", []uint{p11.CKM_RSA_PKCS}, p.unwrapped(a, how, blob, signing, func(h p11.ObjectHandle) error {
		out, err := p.signDigest(p.ctx, a, h, crypto.SHA256, digest)
		if err != nil {
			return err
		}
		return rsa.VerifyPKCS1v15(&private.PublicKey, crypto.SHA256, digest, out)
	}))
	p.caps.raw = p.try(canRaw, "as named", []uint{p11.CKM_RSA_X_509}, p.unwrapped(a, how, blob, decrypting, func(h p11.ObjectHandle) error {
		zero := make([]byte, private.Size())
		zero[len(zero)-1] = 1 // to any power itself
		out, err := p.decrypt(p.ctx, mechanism(p11.CKM_RSA_X_509, nil), h, zero)
		if err == nil && !bytes.Equal(out, zero) {
			err = errOtherResult
		}
		return err
	}))
	for _, hash := range []crypto.Hash{crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		p.caps.oaep[hash] = p.try(fmt.Sprintf(canOAEP, hash), "as named", []uint{p11.CKM_RSA_PKCS_OAEP}, p.unwrapped(a, how, blob, decrypting, func(h p11.ObjectHandle) error {
			cryptogram, err := rsa.EncryptOAEP(hash.New(), rand.Reader, &private.PublicKey, digest, nil)
			if err != nil {
				return err
			}
			out, err := p.decrypt(p.ctx, oaepMechanism(hash), h, cryptogram)
			if err != nil {
				return err
			}
			if !bytes.Equal(out, digest) {
				return errOtherResult
			}
			cryptogram[len(cryptogram)-1] ^= 1
			if _, err := p.decrypt(p.ctx, oaepMechanism(hash), h, cryptogram); !failedWith(err, badPadding...) {
				return fmt.Errorf("pkcs11: bad padding is not told from an outage: %w", err)
			}
			return nil
		}))
	}
}

func (p *prober) ec() {
	a := hsm.Attributes{Usage: "K3", Algorithm: hsm.EC, Exportability: 'N', Bits: 256}
	var public hsm.Public
	blob, how := p.pair(canEC, hsm.EC, func() (h p11.ObjectHandle, err error) {
		h, public, err = p.newPair(p.ctx, a)
		return h, err
	})
	p.caps.signs[hsm.EC] = p.try(canSignEC, "as named", []uint{p11.CKM_ECDSA}, p.unwrapped(a, how, blob, signing, func(h p11.ObjectHandle) error {
		digest := make([]byte, 32)
		out, err := p.signDigest(p.ctx, a, h, crypto.SHA256, digest)
		if err != nil {
			return err
		}
		return verifyEC(public, digest, out)
	}))
	p.caps.agrees = p.try(canAgree, "as named", []uint{p11.CKM_ECDH1_DERIVE}, p.unwrapped(a, how, blob, deriving, func(h p11.ObjectHandle) error {
		peer, err := pointOf(public)
		if err != nil {
			return err
		}
		out, err := p.agree(p.ctx, a, h, peer)
		clear(out)
		return err
	}))
}

// pair finds the wrapping by which a private key goes out and comes back.
func (p *prober) pair(name string, algorithm byte, make func() (p11.ObjectHandle, error)) (blob []byte, how wrapping) {
	h, failure := make()
	if failure == nil {
		defer p.destroy(h)
	}
	mechanisms := map[wrapping]uint{byKWP: p11.CKM_AES_KEY_WRAP_PAD, byKW: p11.CKM_AES_KEY_WRAP, byCBC: p11.CKM_AES_CBC_PAD}
	for _, w := range []wrapping{byKWP, byKW, byCBC} {
		works := p.try(name, w.String(), []uint{mechanisms[w]}, func() (err error) {
			if failure != nil {
				return failure
			}
			if blob, err = p.wrapUnder(p.ctx, w, p.masters.kept, h); err != nil {
				return err
			}
			back, err := p.unwrapUnder(p.ctx, w, p.masters.kept, blob, sessionKey(p11.CKO_PRIVATE_KEY, pairType(hsm.Attributes{Algorithm: algorithm}), signing, false))
			if err == nil {
				p.destroy(back)
			}
			return err
		})
		if works {
			p.caps.pairs[algorithm] = w
			return blob, w
		}
	}
	return nil, 0
}

// unwrapped runs an attempt on the pair that was wrapped.
func (p *prober) unwrapped(a hsm.Attributes, how wrapping, blob []byte, use purpose, do func(p11.ObjectHandle) error) func() error {
	return func() error {
		if how == 0 {
			return errors.New("pkcs11: no private key can be wrapped")
		}
		h, err := p.unwrapUnder(p.ctx, how, p.masters.kept, blob, sessionKey(p11.CKO_PRIVATE_KEY, pairType(a), use, false))
		if err != nil {
			return err
		}
		defer p.destroy(h)
		return do(h)
	}
}
