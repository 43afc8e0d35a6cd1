//go:build cgo

package pkcs11

import (
	"bytes"
	"context"
	"crypto"
	"crypto/cipher"
	"crypto/hmac"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	p11 "github.com/miekg/pkcs11"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/tdes"
)

// capabilities are what the module was found to do when the token was opened.
type capabilities struct {
	list []Capability

	generates  map[uint]bool              // by CKM of key generation
	ciphers    map[hsm.Algorithm]bool     // ECB and CBC, by algorithm
	cmacs      map[hsm.Algorithm]bool     // by algorithm
	hmacs      map[crypto.Hash]bool       // by hash
	derives    map[hsm.Algorithm]bool     // KBEK and KBAK inside, by algorithm
	padsZeros  bool                       // CKM_AES_KEY_WRAP pads a key of 28 bytes with zeros
	pairs      map[hsm.Algorithm]wrapping // how a private key is wrapped, by algorithm
	signs      map[hsm.Algorithm]bool     // by algorithm
	raw        bool                       // CKM_RSA_X_509
	oaep       map[crypto.Hash]bool       // CKM_RSA_PKCS_OAEP, with a code for bad padding that is not one for an outage
	agrees     bool                       // CKM_ECDH1_DERIVE
	wantsPoint bool                       // CKA_NSS_DB in the template of an EC key that is unwrapped
	without    []uint                     // Quirks.Without
	failure    error                      // of the connection while probing
}

// Names of what is probed, as an UnsupportedError has them.
const (
	canCipher   = "%s encryption (CKM_%[2]s_ECB, CKM_%[2]s_CBC)"
	canCMAC     = "%s CMAC (CKM_%[2]s_CMAC)"
	canHMAC     = "HMAC with %v (CKM_%s_HMAC)"
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

var ciphered = map[hsm.Algorithm][2]string{hsm.AES: {"AES", "AES"}, hsm.TDES: {"TDES", "DES3"}}

func nameFor(format string, algorithm hsm.Algorithm) string {
	n := ciphered[algorithm]
	return fmt.Sprintf(format, n[0], n[1])
}

// probe tries everything once. Only a lost connection is an error.
func (c *connection) probe(q Quirks) error {
	caps := &capabilities{
		generates: map[uint]bool{}, ciphers: map[hsm.Algorithm]bool{}, cmacs: map[hsm.Algorithm]bool{}, derives: map[hsm.Algorithm]bool{},
		hmacs: map[crypto.Hash]bool{}, pairs: map[hsm.Algorithm]wrapping{}, signs: map[hsm.Algorithm]bool{}, oaep: map[crypto.Hash]bool{},
		without: q.Without,
	}
	c.caps = caps
	p := &prober{c, caps, context.Background()}
	p.generation()
	for _, a := range []hsm.Algorithm{hsm.AES, hsm.TDES} {
		p.symmetric(a)
	}
	p.hmac()
	p.padding()
	p.keeping()
	p.rsa()
	p.ec()
	if caps.failure != nil {
		c.caps = nil
	}
	return caps.failure
}

// prober tries one capability after the other.
type prober struct {
	*connection
	caps *capabilities
	ctx  context.Context
}

// try records how an attempt ended, and reports whether it worked.
func (p *prober) try(name, how string, mechanisms []uint, attempt func() error) bool {
	for _, m := range mechanisms {
		if slices.Contains(p.caps.without, m) {
			p.caps.list = append(p.caps.list, Capability{name, false, fmt.Sprintf("mechanism 0x%X is left out by Quirks.Without", m)})
			return false
		}
	}
	err := attempt()
	if err != nil && !failedWith(err, lacking...) && !lost(err) {
		err = attempt() // once more: a temporary failure must not count as a lack
	}
	if lost(err) && p.caps.failure == nil {
		p.caps.failure = err
	}
	if err != nil {
		how = err.Error()
	}
	p.caps.list = append(p.caps.list, Capability{name, err == nil, how})
	return err == nil
}

var errOtherResult = errors.New("pkcs11: the module gives another result")

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
		p.caps.generates[g.mechanism] = true // so that generator returns it
		p.caps.generates[g.mechanism] = p.try(fmt.Sprintf(canGenerate, g.name), g.name, []uint{g.mechanism}, func() error {
			m, more := p.generator(g.a)
			h, err := p.generate(p.ctx, m, sessionKey(p11.CKO_SECRET_KEY, secretType(g.a), carrying, true, more...))
			if err != nil {
				return err
			}
			defer p.destroy(h)
			key, err := p.take(p.ctx, h, g.a.Bits/8)
			defer clear(key)
			if err == nil && g.a.Algorithm == hsm.TDES && !tdes.HasOddParity(key) {
				return errors.New("pkcs11: its keys have no odd parity")
			}
			return err
		})
	}
}

// symmetric compares the module's results with those of Go's crypto.
func (p *prober) symmetric(algorithm hsm.Algorithm) {
	c := cipherProbe{prober: p, algorithm: algorithm, mechanisms: mechanismsOf[algorithm]}
	c.key = bytes.Repeat([]byte{0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF}, 2)
	c.reference = newReference(algorithm, c.key)
	ms := c.mechanisms
	p.caps.ciphers[algorithm] = p.try(nameFor(canCipher, algorithm), "as named", []uint{ms.ecb, ms.cbc}, c.with(enciphering, c.enciphers))
	p.caps.cmacs[algorithm] = p.try(nameFor(canCMAC, algorithm), "as named", []uint{ms.cmac}, c.with(authenticating, c.authenticates))
	p.caps.derives[algorithm] = nestable &&
		p.try(nameFor(canDerive, algorithm), "as named", []uint{ms.derive}, c.with(deriving, c.derives))
}

// cipherProbe compares a module with the host, for a key of 128 bits.
type cipherProbe struct {
	*prober
	algorithm  hsm.Algorithm
	mechanisms cipherMechanisms
	key        []byte
	reference  cipher.Block
}

// with is a probe of the key as an object for a purpose.
func (c *cipherProbe) with(use purpose, probe func(h p11.ObjectHandle) error) func() error {
	kind := secretType(hsm.Attributes{Algorithm: c.algorithm, Bits: 128})
	return func() error {
		blob, err := c.wrapSecretUnder(c.key)
		if err != nil {
			return err
		}
		h, err := c.unwrap(c.ctx, byKW.mechanism(nil), c.masters.kept, blob, sessionKey(p11.CKO_SECRET_KEY, kind, use, false))
		if err != nil {
			return err
		}
		defer c.destroy(h)
		return probe(h)
	}
}

func (c *cipherProbe) enciphers(h p11.ObjectHandle) error {
	size := c.reference.BlockSize()
	zeros, iv, first := make([]byte, 2*size), make([]byte, size), make([]byte, size)
	c.reference.Encrypt(first, first)
	for _, m := range [][]*p11.Mechanism{mechanism(c.mechanisms.ecb, nil), mechanism(c.mechanisms.cbc, iv)} {
		out, err := c.encrypt(c.ctx, m, h, zeros)
		if err != nil {
			return err
		}
		back, err := c.decrypt(c.ctx, m, h, out)
		if err != nil {
			return err
		}
		if len(out) != len(zeros) || !bytes.Equal(out[:size], first) || !bytes.Equal(back, zeros) {
			return errOtherResult
		}
	}
	return nil
}

func (c *cipherProbe) authenticates(h p11.ObjectHandle) error {
	size := c.reference.BlockSize()
	for _, message := range [][]byte{nil, make([]byte, size), make([]byte, size+1)} {
		out, err := c.sign(c.ctx, mechanism(c.mechanisms.cmac, nil), h, message)
		if err != nil {
			return err
		}
		if !bytes.Equal(out, referenceCMAC(c.reference, message)) {
			return errOtherResult
		}
	}
	return nil
}

func (c *cipherProbe) derives(h p11.ObjectHandle) error {
	l, err := c.subkeySeed(c.ctx, c.algorithm, h)
	if err != nil {
		return err
	}
	defer clear(l)
	want := make([]byte, c.reference.BlockSize())
	c.reference.Encrypt(want, want)
	if !bytes.Equal(l, want) {
		return errOtherResult
	}
	kind := secretType(hsm.Attributes{Algorithm: c.algorithm, Bits: 128})
	out, err := c.deriveKey(c.ctx, c.algorithm, h, make([]byte, 16), kind, 16, enciphering)
	if err != nil {
		return err
	}
	c.destroy(out)
	return nil
}

// hmac compares the module's results with those of Go's crypto.
func (p *prober) hmac() {
	for _, hash := range slices.Sorted(maps.Keys(hmacs)) {
		size := (hash.Size() + 7) / 8 * 8 // some modules want a key as long as the hash, all want whole blocks to wrap
		a := hsm.Attributes{Algorithm: hsm.HMAC, Bits: 8 * size, Hash: hash}
		key, message := bytes.Repeat([]byte{7}, size), []byte("a message")
		p.caps.hmacs[hash] = p.try(hmacName(hash), "as named", []uint{hmacs[hash]}, func() error {
			blob, err := p.wrapSecretUnder(key)
			if err != nil {
				return err
			}
			h, err := p.unwrap(p.ctx, byKW.mechanism(nil), p.masters.kept, blob,
				sessionKey(p11.CKO_SECRET_KEY, secretType(a), authenticating, false))
			if err != nil {
				return err
			}
			defer p.destroy(h)
			out, err := p.sign(p.ctx, mechanism(hmacs[hash], nil), h, message)
			if err != nil {
				return err
			}
			want := hmac.New(hash.New, key)
			want.Write(message)
			if !bytes.Equal(out, want.Sum(nil)) {
				return errOtherResult
			}
			return nil
		})
	}
}

// supports is an UnsupportedError for a key that the module could not work with.
func (c *capabilities) supports(a hsm.Attributes) error {
	switch a.Algorithm {
	case hsm.RSA, hsm.EC:
		if c.pairs[a.Algorithm] == 0 {
			return hsm.Unsupported(map[hsm.Algorithm]string{hsm.RSA: canRSA, hsm.EC: canEC}[a.Algorithm])
		}
	case hsm.HMAC:
		if !c.hmacs[a.Hash] {
			return hsm.Unsupported(hmacName(a.Hash))
		}
	default:
		if !c.ciphers[a.Algorithm] {
			return hsm.Unsupported(nameFor(canCipher, a.Algorithm))
		}
	}
	return nil
}

func hmacName(hash crypto.Hash) string {
	name := strings.ReplaceAll(hash.String(), "-", "")
	if hash == crypto.SHA1 {
		name = "SHA_1"
	}
	return fmt.Sprintf(canHMAC, hash, name)
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

// keeping tries to unwrap a key by the master of kept keys so that it may be taken
// out, which the token should refuse.
func (p *prober) keeping() {
	p.try(canKeep, "enforced by the token", nil, func() error {
		blob, err := p.wrapSecretUnder(make([]byte, 16))
		if err != nil {
			return err
		}
		h, err := p.unwrap(p.ctx, byKW.mechanism(nil), p.masters.kept, blob,
			sessionKey(p11.CKO_SECRET_KEY, p11.CKK_GENERIC_SECRET, carrying, true))
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
