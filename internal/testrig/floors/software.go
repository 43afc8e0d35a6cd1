package floors

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"

	"github.com/seed748fb4d1/apcsim/dukpt"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/tdes"
	"github.com/seed748fb4d1/apcsim/mac"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// software is the bare algorithms with prepared ciphers.
type software []prepared

type prepared struct {
	raw            []byte
	block, variant cipher.Block
	retail         *mac.RetailKey
	cmac           *mac.CMAC
	kbpk           *tr31.KBPK
	pair           *ecdh.PrivateKey
	private        *rsa.PrivateKey
}

// Software is the device of a command without a token.
func (c *Command) Software() Device {
	var s software
	for _, a := range c.Keys {
		var p prepared
		switch a.Algorithm {
		case hsm.TDES:
			p.raw = Bytes(a)
			p.block, p.retail = Sure(tdes.NewCipher(p.raw)), Sure(mac.NewRetailKey(p.raw))
			p.variant = Sure(tdes.NewCipher(Sure(dukpt.Variant(p.raw))))
		case hsm.AES:
			p.raw = Bytes(a)
			p.block = Sure(aes.NewCipher(p.raw))
		case hsm.HMAC:
			p.raw = Bytes(a)
		case hsm.EC:
			p.pair = Sure(Pair().ECDH())
		case hsm.RSA:
			secret, _ := RSA()
			_ = secret.Expose(func(der []byte) error { p.private = Sure(x509.ParsePKCS1PrivateKey(der)); return nil })
		}
		if p.block != nil {
			p.cmac, p.kbpk = mac.NewCMAC(p.block), Sure(tr31.NewKBPK(p.raw))
		}
		s = append(s, p)
	}
	return s
}

func (s software) Encrypt(key int, mode hsm.CipherMode, data []byte) {
	b := s[key].block
	if mode == hsm.CBC {
		cipher.NewCBCEncrypter(b, make([]byte, b.BlockSize())).CryptBlocks(data, data)
		return
	}
	for size := b.BlockSize(); len(data) > 0; data = data[size:] {
		b.Encrypt(data, data[:size])
	}
}

func (s software) Decrypt(key int, mode hsm.CipherMode, data []byte) {
	b := s[key].block
	if mode == hsm.CBC {
		cipher.NewCBCDecrypter(b, make([]byte, b.BlockSize())).CryptBlocks(data, data)
		return
	}
	for size := b.BlockSize(); len(data) > 0; data = data[size:] {
		b.Decrypt(data, data[:size])
	}
}

func (s software) Block(key int) cipher.Block    { return s[key].block }
func (s software) CMAC(key int, message []byte)  { s[key].cmac.Sum(nil, message) }
func (s software) Random(p []byte)               { rand.Read(p) }
func (s software) Retail(key int) *mac.RetailKey { return s[key].retail }
func (s software) Reveal(key int) []byte         { return s[key].raw }
func (s software) Variant(key int) cipher.Block  { return s[key].variant }

func (s software) HMAC(key int, message []byte) {
	h := hmac.New(sha256.New, s[key].raw)
	h.Write(message)
	h.Sum(nil)
}

func (s software) ECDH(key int) []byte {
	return Sure(s[key].pair.ECDH(Sure(ecdh.P256().NewPublicKey(Peer()))))
}

func (s software) DecryptOAEP(key int, ciphertext []byte) {
	Sure(rsa.DecryptOAEP(sha256.New(), nil, s[key].private, ciphertext, nil))
}

func (s software) Wrap(key int, h tr31.Header, secret []byte) {
	Sure(s[key].kbpk.Wrap(ctx, h, secret, nil))
}

func (s software) Unwrap(key int, b *tr31.Block) []byte { return Sure(s[key].kbpk.Unwrap(ctx, b)) }
