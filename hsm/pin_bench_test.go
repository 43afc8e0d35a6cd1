package hsm_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"testing"

	"github.com/seed748fb4d1/apcsim/dukpt"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/tdes"
	"github.com/seed748fb4d1/apcsim/internal/testrig/ratio"
	"github.com/seed748fb4d1/apcsim/pin"
)

// benchPINs are the keys of a PIN test, in the software device and as prepared ciphers.
type benchPINs struct {
	*pinKeys
	h                               *hsm.HSM
	pekCipher, aesCipher, pvkCipher cipher.Block
}

func newBenchPINs(b *testing.B) *benchPINs {
	backend := hsm.NewSoftware(nil)
	return &benchPINs{
		loadPINKeys(b, backend),
		hsm.New(backend, nil),
		tdesCipher(b, canaryPEK),
		aesCipher(b, canaryPEK),
		tdesCipher(b, canaryPVK),
	}
}

// must fails the benchmark at an error.
func must[T any](b *testing.B, v T, err error) T {
	if err != nil {
		b.Fatal(err)
	}
	return v
}

// BenchmarkTranslatePIN: against reading and writing the block with package pin and prepared
// ciphers. The bar is 1.5, and 0.15 µs for each key.
func BenchmarkTranslatePIN(b *testing.B) {
	for _, form := range []string{"format 0", "format 3", "format 4"} {
		b.Run(form, func(b *testing.B) {
			x := newBenchPINs(b)
			in, to := x.given(), x.forms()[form]
			under := x.pekCipher
			if to.Format == pin.ISO4 {
				under = x.aesCipher
			}
			ratio.Beside(b, 64, func() {
				p, err := pin.Decrypt(x.pekCipher, in.Format, in.Block, canaryPAN)
				must(b, 0, err)
				_, err = pin.Encrypt(under, to.Format, p, canaryPAN, rand.Reader)
				must(b, 0, err)
			}, func() {
				_, err := x.h.TranslatePIN(ctx, in, to)
				must(b, 0, err)
			})
		})
	}
}

// BenchmarkTranslatePINFromDUKPT: the derivation with prepared base derivation keys is in the
// floor.
func BenchmarkTranslatePINFromDUKPT(b *testing.B) {
	for _, form := range []string{"DUKPT, TDES", "DUKPT, AES"} {
		b.Run(form, func(b *testing.B) {
			x := newBenchPINs(b)
			from, to := x.forms()[form], x.forms()["format 0"]
			block, err := x.h.TranslatePIN(ctx, x.given(), from)
			in := &hsm.PINBlock{Key: from.Key, Format: from.Format, Block: must(b, block, err), PAN: from.PAN}
			derive := deriveTDES(b)
			if form == "DUKPT, AES" {
				derive = deriveAES(b)
			}
			ratio.Beside(b, 64, func() {
				p, err := pin.Decrypt(derive(), in.Format, in.Block, canaryPAN)
				must(b, 0, err)
				_, err = pin.Encrypt(x.pekCipher, to.Format, p, canaryPAN, rand.Reader)
				must(b, 0, err)
			}, func() {
				_, err := x.h.TranslatePIN(ctx, in, to)
				must(b, 0, err)
			})
		})
	}
}

func deriveTDES(b *testing.B) func() cipher.Block {
	raw, err := dukpt.Variant(bytesOf(b, canaryTDK))
	bdk, variant := tdesCipher(b, canaryTDK), tdesCipher(b, upperHex(must(b, raw, err)))
	ksn, err := dukpt.ParseTDESKSN("FFFF9876543210E00003")
	must(b, 0, err)
	return func() cipher.Block {
		key, err := dukpt.WorkingTDES(dukpt.InitialTDES(bdk, variant, ksn), ksn, dukpt.PIN)
		block, err := tdes.NewCipher(must(b, key, err))
		return must(b, block, err)
	}
}

func deriveAES(b *testing.B) func() cipher.Block {
	bdk := aesCipher(b, canaryTDK)
	ksn, err := dukpt.ParseAESKSN("123456789012345600000003")
	must(b, 0, err)
	return func() cipher.Block {
		initial, err := dukpt.InitialAES(bdk, 128, ksn.InitialKeyID())
		must(b, 0, err)
		key, err := dukpt.WorkingAES(initial, ksn, dukpt.PINEncryption, dukpt.AES128)
		block, err := aes.NewCipher(must(b, key, err))
		return must(b, block, err)
	}
}

// BenchmarkVerifyPVV and the others: against the same with package pin.
func BenchmarkVerifyPVV(b *testing.B) {
	x := newBenchPINs(b)
	in, visa := x.given(), x.visa()
	ratio.Beside(b, 64, func() {
		p, err := pin.Decrypt(x.pekCipher, in.Format, in.Block, canaryPAN)
		must(b, 0, err)
		_, err = pin.VerifyPVV(x.pvkCipher, canaryPAN, 1, p, "1234")
		must(b, 0, err)
	}, func() {
		_, err := x.h.VerifyPVV(ctx, in, visa, "1234")
		must(b, 0, err)
	})
}

func BenchmarkVerifyOffset(b *testing.B) {
	x := newBenchPINs(b)
	in, ibm := x.given(), x.ibm()
	method := &pin.IBM3624{Table: ibm.Table, ValidationData: canaryPAN[:16], Pad: ibm.Pad}
	ratio.Beside(b, 64, func() {
		p, err := pin.Decrypt(x.pekCipher, in.Format, in.Block, canaryPAN)
		must(b, 0, err)
		_, err = method.Verify(x.pvkCipher, p, canaryPIN)
		must(b, 0, err)
	}, func() {
		_, err := x.h.VerifyOffset(ctx, in, ibm, canaryPIN)
		must(b, 0, err)
	})
}

func BenchmarkGeneratePVV(b *testing.B) {
	x := newBenchPINs(b)
	to, visa := x.forms()["format 0"], x.visa()
	ratio.Beside(b, 64, func() {
		p, err := pin.Random(rand.Reader, 4)
		must(b, 0, err)
		_, err = pin.PVV(x.pvkCipher, canaryPAN, 1, p)
		must(b, 0, err)
		_, err = pin.Encrypt(x.pekCipher, to.Format, p, canaryPAN, rand.Reader)
		must(b, 0, err)
	}, func() {
		_, err := x.h.GeneratePVV(ctx, to, visa, 4)
		must(b, 0, err)
	})
}

// BenchmarkDecryptRSA: OAEP against crypto/rsa's.
func BenchmarkDecryptRSA(b *testing.B) {
	backend := hsm.NewSoftware(nil)
	h := hsm.New(backend, nil)
	pair, public, private := knownPair(b, backend)
	ciphertext, err := h.EncryptRSA(ctx, public, hsm.RSAOAEPSHA256, []byte("message"))
	must(b, 0, err)
	ratio.Beside(b, 1, func() {
		_, err := rsa.DecryptOAEP(sha256.New(), nil, private, ciphertext, nil)
		must(b, 0, err)
	}, func() {
		_, err := h.DecryptRSA(ctx, pair, hsm.RSAOAEPSHA256, ciphertext)
		must(b, 0, err)
	})
}
