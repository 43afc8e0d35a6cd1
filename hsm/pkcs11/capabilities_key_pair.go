//go:build cgo

package pkcs11

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	_ "embed"
	"encoding/pem"
	"fmt"

	p11 "github.com/miekg/pkcs11"

	"github.com/seed748fb4d1/apcsim/hsm"
)

// The key pair that is imported to try what the module does with one. It was made
// for that and protects nothing.
//
//go:embed probe.pem
var probePEM []byte

func (p *prober) rsa() {
	block, _ := pem.Decode(probePEM)
	private, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		panic(err) // it is embedded in the program
	}
	t := &pairTrial{prober: p, a: hsm.Attributes{Usage: "D1", Algorithm: hsm.RSA, Exportability: 'N', Bits: 2048}}
	t.wrap(canRSA, func() (h p11.ObjectHandle, err error) { return p.createRSA(p.ctx, private) })
	digest := make([]byte, 32)
	p.caps.signs[hsm.RSA] = t.try(canSignRSA, p11.CKM_RSA_PKCS, signing, func(h p11.ObjectHandle) error {
		out, err := p.signDigest(p.ctx, t.a, h, crypto.SHA256, digest)
		if err != nil {
			return err
		}
		return rsa.VerifyPKCS1v15(&private.PublicKey, crypto.SHA256, digest, out)
	})
	p.caps.raw = t.try(canRaw, p11.CKM_RSA_X_509, decrypting, func(h p11.ObjectHandle) error {
		one := make([]byte, private.Size())
		one[len(one)-1] = 1 // 1 to any power is 1
		out, err := p.decrypt(p.ctx, mechanism(p11.CKM_RSA_X_509, nil), h, one)
		if err == nil && !bytes.Equal(bytes.TrimLeft(out, "\x00"), []byte{1}) {
			err = errOtherResult
		}
		return err
	})
	for _, hash := range []crypto.Hash{crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		p.caps.oaep[hash] = t.try(fmt.Sprintf(canOAEP, hash), p11.CKM_RSA_PKCS_OAEP, decrypting, func(h p11.ObjectHandle) error {
			return p.oaep(h, hash, &private.PublicKey)
		})
	}
}

// oaep decrypts a message with good padding and one with bad padding.
func (p *prober) oaep(h p11.ObjectHandle, hash crypto.Hash, public *rsa.PublicKey) error {
	message := []byte("probe")
	cryptogram, err := rsa.EncryptOAEP(hash.New(), rand.Reader, public, message, nil)
	if err != nil {
		return err
	}
	out, err := p.decrypt(p.ctx, oaepMechanism(hash), h, cryptogram)
	if err != nil {
		return err
	}
	if !bytes.Equal(out, message) {
		return errOtherResult
	}
	cryptogram[len(cryptogram)-1] ^= 1
	if _, err := p.decrypt(p.ctx, oaepMechanism(hash), h, cryptogram); !failedWith(err, badPadding...) {
		return fmt.Errorf("pkcs11: the code for bad padding is also one for an outage: %w", err)
	}
	return nil
}

func (p *prober) ec() {
	t := &pairTrial{prober: p, a: hsm.Attributes{Usage: "K3", Algorithm: hsm.EC, Exportability: 'N', Bits: 256}}
	var public hsm.Public
	t.wrap(canEC, func() (h p11.ObjectHandle, err error) {
		if h, public, err = p.newPair(p.ctx, t.a); err == nil {
			t.point, err = pointOf(t.a, public)
		}
		return h, err
	})
	p.caps.signs[hsm.EC] = t.try(canSignEC, p11.CKM_ECDSA, signing, func(h p11.ObjectHandle) error {
		digest := make([]byte, 32)
		out, err := p.signDigest(p.ctx, t.a, h, crypto.SHA256, digest)
		if err != nil {
			return err
		}
		return verifyEC(public, digest, out)
	})
	p.caps.agrees = t.try(canAgree, p11.CKM_ECDH1_DERIVE, deriving, func(h p11.ObjectHandle) error {
		out, err := p.agree(p.ctx, t.a, h, t.point)
		clear(out)
		return err
	})
}

// pairTrial is a key pair that is wrapped, unwrapped and then used.
type pairTrial struct {
	*prober
	a       hsm.Attributes
	point   []byte // of an EC key pair
	wrapped wrapped
}

// wrap finds a mechanism that wraps the private key and unwraps it again.
func (t *pairTrial) wrap(name string, make func() (p11.ObjectHandle, error)) {
	for _, w := range []wrapping{byKWP, byKW, byCBC} {
		works := t.prober.try(name, w.String(), []uint{w.mechanism(nil)[0].Mechanism}, func() error {
			h, err := make()
			if err != nil {
				return err
			}
			defer t.destroy(h)
			t.caps.pairs[t.a.Algorithm] = w
			return t.roundTrip(h)
		})
		if works {
			return
		}
	}
	delete(t.caps.pairs, t.a.Algorithm)
}

func (t *pairTrial) roundTrip(h p11.ObjectHandle) (err error) {
	if t.wrapped, err = t.wrapPair(t.ctx, h, t.point, t.a); err != nil {
		return err
	}
	back, err := t.wrapped.object(t.ctx, t.connection, t.a, signing)
	if t.point != nil && failedWith(err, ckrTemplateIncomplete) {
		t.caps.wantsPoint = true
		back, err = t.wrapped.object(t.ctx, t.connection, t.a, signing)
	}
	if err == nil {
		t.destroy(back)
	}
	return err
}

// try uses the private key.
func (t *pairTrial) try(name string, m uint, use purpose, do func(p11.ObjectHandle) error) bool {
	return t.prober.try(name, "as named", []uint{m}, func() error {
		if err := t.caps.supports(t.a); err != nil {
			return err
		}
		h, err := t.wrapped.object(t.ctx, t.connection, t.a, use)
		if err != nil {
			return err
		}
		defer t.destroy(h)
		return do(h)
	})
}
