package floors

import (
	"crypto/cipher"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"slices"
	"sync"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/tdes"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// Header is the header of an exportable key for data.
func Header(v tr31.Version, a hsm.Algorithm) tr31.Header {
	return tr31.Header{Version: v, KeyUsage: "D0", Algorithm: byte(a), ModeOfUse: 'B', KeyVersion: "00", Exportability: 'E',
		Context: '0', Reserved: '0'}
}

// blockUnder is an AES-128 key in a block under a protection key.
func blockUnder(kbpk []byte, v tr31.Version) *tr31.Block {
	text := Sure(Sure(tr31.NewKBPK(kbpk)).Wrap(ctx, Header(v, hsm.AES), message[:16], nil))
	return Sure(tr31.Parse(text, tr31.Strict))
}

// oaepCiphertext is a message under the RSA key pair.
var oaepCiphertext = sync.OnceValue(func() []byte {
	_, public := RSA()
	key := Sure(x509.ParsePKIXPublicKey(public)).(*rsa.PublicKey)
	return Sure(rsa.EncryptOAEP(sha256.New(), hostRandom, key, message, nil))
})

// kekRow is a request for KEK validation: random bytes, and what the host does with two variants.
func kekRow() Command {
	key := Symmetric("K0", hsm.TDES, 128)
	return Command{"RequestKEKValidation", []hsm.Attributes{key}, func(h *hsm.HSM, k []hsm.KeyRef) func() error {
		return func() error { _, err := h.RequestKEKValidation(ctx, k[0], hsm.KEKMask82, 16); return err }
	}, func(d Device) {
		random := make([]byte, 16)
		d.Random(random)
		kek := d.Reveal(0)
		for _, mask := range []byte{0x82, 0x84} {
			out := slices.Clone(random)
			cipher.NewCBCEncrypter(Sure(tdes.NewCipher(tdes.Variant(kek, mask))), make([]byte, 8)).CryptBlocks(out, out)
		}
	}, nil}
}

// translationRow is TranslateKeyBlock from an agreed key to one of the device.
func translationRow(a hsm.ECDH, agree func(Device) []byte) Command {
	pair := Sure(Pair().ECDH())
	in := blockUnder(agree(software{{pair: pair}}), tr31.VersionD)
	keys := []hsm.Attributes{ecPair, Symmetric("K1", hsm.AES, 256)}
	return Command{"TranslateKeyBlock", keys, func(h *hsm.HSM, k []hsm.KeyRef) func() error {
		t := &hsm.KeyBlockTranslation{
			From:       hsm.Agreement{Pair: k[0], Peer: a.Peer, Hash: a.Hash, Info: a.Info, Algorithm: a.Algorithm, Bits: a.Bits},
			Block:      in,
			To:         k[1],
			CheckValue: func(int) (kcv.Method, error) { return kcv.AESCMAC, nil },
		}
		return func() error { _, _, err := h.TranslateKeyBlock(ctx, t); return err }
	}, func(d Device) {
		secret := Sure(Sure(tr31.NewKBPK(agree(d))).Unwrap(ctx, in))
		Sure(kcv.AESCMAC.Compute(secret))
		d.Wrap(1, Header(tr31.VersionD, hsm.AES), secret)
	}, nil}
}
