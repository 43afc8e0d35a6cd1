//go:build cgo

package pkcs11

import (
	"testing"

	p11 "github.com/miekg/pkcs11"

	"github.com/seed748fb4d1/apcsim/dukpt"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/tdes"
	"github.com/seed748fb4d1/apcsim/internal/testrig/ratio"
	"github.com/seed748fb4d1/apcsim/pin"
)

// pinBench is the keys of PIN commands on a token, and a PIN block of each.
type pinBench struct {
	h              *hsm.HSM
	tdes, aes, bdk hsm.KeyRef
	zero, four     *hsm.PINBlock // formats 0 and 4
	pan            hsm.PAN
}

func newPINBench(b *testing.B, on *Backend) *pinBench {
	x := &pinBench{h: hsm.New(on, nil), pan: hsm.NewPAN("4123456789012345")}
	b.Cleanup(func() { x.h.Close() })
	for k, a := range map[*hsm.KeyRef]hsm.Attributes{
		&x.tdes: {KeyID: "p", Usage: "P0", Algorithm: hsm.TDES, Mode: 'B', Exportability: 'N', Bits: 128},
		&x.aes:  {KeyID: "p", Usage: "P0", Algorithm: hsm.AES, Mode: 'B', Exportability: 'N', Bits: 128},
		&x.bdk:  {KeyID: "b", Usage: "B0", Algorithm: hsm.TDES, Mode: 'X', Exportability: 'N', Bits: 128},
	} {
		sealed, err := on.Import(ctx, hsm.NewSecret(knownKey[:16]), a)
		if err != nil {
			b.Fatal(err)
		}
		*k = hsm.KeyRef{Sealed: sealed, Attributes: a}
	}
	made, err := x.h.GeneratePVV(ctx, x.form(x.tdes, pin.ISO0), &hsm.VisaPVV{Key: x.tdes, PAN: x.pan}, 4)
	if err != nil {
		b.Fatal(err)
	}
	x.zero = &hsm.PINBlock{Key: hsm.WorkingKey{Key: x.tdes}, Format: pin.ISO0, Block: made.Block, PAN: x.pan}
	block, err := x.h.TranslatePIN(ctx, x.zero, x.form(x.aes, pin.ISO4))
	if err != nil {
		b.Fatal(err)
	}
	x.four = &hsm.PINBlock{Key: hsm.WorkingKey{Key: x.aes}, Format: pin.ISO4, Block: block, PAN: x.pan}
	return x
}

func (x *pinBench) form(k hsm.KeyRef, f pin.Format) *hsm.PINForm {
	return &hsm.PINForm{Key: hsm.WorkingKey{Key: k}, Format: f, PAN: x.pan}
}

// BenchmarkTranslatePIN: against Decrypt and Encrypt, in format 4 twice each, and the random
// bytes; from DUKPT, against Encrypt (half of the initial key), the host's derivation and Encrypt.
func BenchmarkTranslatePIN(b *testing.B) {
	b.Run("format=0", func(b *testing.B) {
		perDevice(b, func(b *testing.B, on *Backend, raw *bare) {
			x := newPINBench(b, on)
			key := raw.create(p11.CKK_DES2, enciphering, knownKey[:16])
			beside(b, func() {
				raw.decrypt(p11.CKM_DES3_ECB, nil, key, make([]byte, 8))
				raw.encrypt(p11.CKM_DES3_ECB, nil, key, make([]byte, 8))
			}, func() error { _, err := x.h.TranslatePIN(ctx, x.zero, x.form(x.tdes, pin.ISO0)); return err })
		})
	})
	b.Run("format=4", func(b *testing.B) {
		perDevice(b, func(b *testing.B, on *Backend, raw *bare) {
			x := newPINBench(b, on)
			key := raw.create(p11.CKK_AES, enciphering, knownKey[:16])
			beside(b, func() {
				for range 2 {
					raw.decrypt(p11.CKM_AES_ECB, nil, key, make([]byte, 16))
					raw.encrypt(p11.CKM_AES_ECB, nil, key, make([]byte, 16))
				}
				_, err := raw.api.GenerateRandom(raw.s, 32)
				raw.must(err)
			}, func() error { _, err := x.h.TranslatePIN(ctx, x.four, x.form(x.aes, pin.ISO4)); return err })
		})
	})
	b.Run("DUKPT", func(b *testing.B) {
		perDevice(b, func(b *testing.B, on *Backend, raw *bare) {
			x := newPINBench(b, on)
			key := raw.create(p11.CKK_DES2, enciphering, knownKey[:16])
			to := x.form(x.bdk, pin.ISO0)
			to.Key.Derive = hsm.DUKPT{KSN: "FFFF9876543210E00001"}
			block, err := x.h.TranslatePIN(ctx, x.zero, to)
			raw.must(err)
			from := &hsm.PINBlock{Key: to.Key, Format: pin.ISO0, Block: block, PAN: x.pan}
			ksn, err := dukpt.ParseTDESKSN("FFFF9876543210E00001")
			raw.must(err)
			beside(b, func() {
				raw.encrypt(p11.CKM_DES3_ECB, nil, key, make([]byte, 8))
				derived, err := dukpt.WorkingTDES(knownKey[:16], ksn, dukpt.PIN)
				raw.must(err)
				block, err := tdes.NewCipher(derived)
				raw.must(err)
				block.Decrypt(derived[:8], derived[:8])
				raw.encrypt(p11.CKM_DES3_ECB, nil, key, make([]byte, 8))
			}, func() error { _, err := x.h.TranslatePIN(ctx, from, x.form(x.tdes, pin.ISO0)); return err })
		})
	})
}

// BenchmarkVerifyPVV: against Decrypt and Encrypt.
func BenchmarkVerifyPVV(b *testing.B) {
	perDevice(b, func(b *testing.B, on *Backend, raw *bare) {
		x := newPINBench(b, on)
		key := raw.create(p11.CKK_DES2, enciphering, knownKey[:16])
		beside(b, func() {
			raw.decrypt(p11.CKM_DES3_ECB, nil, key, make([]byte, 8))
			raw.encrypt(p11.CKM_DES3_ECB, nil, key, make([]byte, 8))
		}, func() error {
			_, err := x.h.VerifyPVV(ctx, x.zero, &hsm.VisaPVV{Key: x.tdes, PAN: x.pan}, "1234")
			return err
		})
	})
}

func beside(b *testing.B, floor func(), subject func() error) {
	ratio.Beside(b, 16, floor, func() {
		if err := subject(); err != nil {
			b.Fatal(err)
		}
	})
}
