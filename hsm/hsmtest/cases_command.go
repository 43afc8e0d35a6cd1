package hsmtest

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr31"
)

const (
	lackPromise    = "A primitive that the device lacks is an [UnsupportedError]"
	commandPromise = "What a device lacks ([Unsupported]) is built from what it has, or refused with that error."
)

var commandCases = []DeviceCase{
	{"WhatIsMissingIsNamed", lackPromise, NeedsOpen, func(t T, d *Bench) {
		d.Each(t, func(t T, b hsm.Backend) {
			for _, u := range uses() {
				k, ok := bringPair(t, b, secretOf(u.a), u.a)
				if !ok {
					continue
				}
				if err := u.do(ctx, k); err != nil && !lacks(err) {
					t.Errorf("%s: %v", u.name, err)
				}
				k.Close()
			}
			for _, k := range makeKeys(t, b) {
				if err := k.whole(ctx, b); err != nil && !lacks(err) {
					t.Errorf("Generate %s: %v", name(k.a), err)
				}
			}
		})
	}},
	{"CheckValuesAreThoseOfTheKeys", commandPromise, NeedsOpen, func(t T, d *Bench) {
		d.Each(t, func(t T, b hsm.Backend) {
			h := hsm.New(b, nil)
			defer h.Close()
			for _, a := range symmetric {
				for _, m := range methodsOf(a) {
					checkValues(t, h, b, a, m)
				}
			}
		})
	}},
	{"KeyBlocksGoInAndOut", commandPromise, NeedsOpen, func(t T, d *Bench) {
		d.Each(t, func(t T, b hsm.Backend) {
			device := newExchange(b)
			defer device.h.Close()
			reference := newExchange(hsm.NewSoftware(nil))
			defer reference.h.Close()
			for i, v := range []tr31.Version{tr31.VersionA, tr31.VersionB, tr31.VersionC, tr31.VersionD, tr31.VersionE} {
				for _, kbpk := range protectionKeys(v) {
					inner := []hsm.Attributes{aes128, tdes2, hmac17, aes256, tdes3}[i]
					passOn(t, device, reference, kbpk, v, inner)
					passOn(t, reference, device, kbpk, v, inner)
					spoiledBlocks(t, device, reference, kbpk, v, inner)
				}
			}
		})
	}},
	{"CryptogramsComeIn", commandPromise, NeedsOpen, func(t T, d *Bench) {
		d.Each(t, func(t T, b hsm.Backend) {
			device, reference := newExchange(b), newExchange(hsm.NewSoftware(nil))
			defer device.h.Close()
			defer reference.h.Close()
			for _, hash := range []crypto.Hash{crypto.SHA256, crypto.SHA512} {
				cryptograms(t, device, reference, hash)
			}
		})
	}},
	{"HMACsAreThoseOfTheKeys", commandPromise, NeedsOpen, func(t T, d *Bench) {
		d.Each(t, func(t T, b hsm.Backend) {
			device := newExchange(b)
			defer device.h.Close()
			for _, a := range []hsm.Attributes{hmac256, hmac512, hmac17, hmac129} {
				message := sample(14, 100)
				got, err := device.h.HMAC(ctx, device.key(t, a), message)
				if err := same(got, hmacOf(a, secretOf(a), message), err); err != nil && !lacks(err) {
					t.Errorf("%s with %v: %v", name(a), a.Hash, err)
				}
			}
		})
	}},
	{"PreparedKeysAreForgottenInUse", "[HSM.Forget] and [HSM.Close] let go of them.", NeedsOpen, func(t T, d *Bench) {
		b := d.Open()
		e := &exchange{hsm.New(b, &hsm.Options{Cache: 2}), b} // so that keys are evicted as well
		defer e.h.Close()
		inner, message := e.key(t, aes128), sample(14, 100)
		kbpk, macs := e.key(t, kept(aes256)), e.key(t, hmac17)
		other := e.key(t, hmac512)
		together(t, crowd, func(i int) {
			for r := range rounds {
				got, err := e.h.HMAC(ctx, macs, message)
				if err := same(got, hmacOf(hmac17, secretOf(hmac17), message), err); err != nil && !lacks(err) {
					t.Errorf("HMAC with a key that others forget: %v", err)
				}
				if _, err := e.h.HMAC(ctx, other, message); err != nil && !lacks(err) {
					t.Errorf("HMAC with a key that others evict: %v", err)
				}
				if _, _, err := e.h.ExportTR31(ctx, kbpk, headerOf(aes128, tr31.VersionD), hsm.Material{Key: inner}, kcv.AESCMAC); err != nil && !lacks(err) {
					t.Errorf("exporting under a key that others forget: %v", err)
				}
				e.h.Forget([]hsm.Sealed{macs.Sealed, kbpk.Sealed, other.Sealed}[(i+r)%3])
			}
		})
	}},
}

// methodsOf are how the check value of a key can be made.
func methodsOf(a hsm.Attributes) []kcv.Method {
	switch {
	case a.Algorithm == hsm.AES:
		return []kcv.Method{kcv.AESZero, kcv.AESCMAC}
	case a.Algorithm == hsm.TDES:
		return []kcv.Method{kcv.TDESZero, kcv.TDESCMAC}
	}
	return []kcv.Method{map[crypto.Hash]kcv.Method{
		crypto.SHA224: kcv.HMACSHA224, crypto.SHA256: kcv.HMACSHA256, crypto.SHA384: kcv.HMACSHA384, crypto.SHA512: kcv.HMACSHA512,
	}[a.Hash]}
}

// checkValues compares the check values of a known key and of a generated one.
func checkValues(t T, h *hsm.HSM, b hsm.Backend, a hsm.Attributes, m kcv.Method) {
	t.Helper()
	sealed, err := b.Import(ctx, hsm.NewSecret(secretOf(a)), a)
	if err != nil {
		t.Fatalf("Import %s: %v", name(a), err)
	}
	want, _ := m.Compute(secretOf(a))
	if got, err := h.CheckValue(ctx, hsm.KeyRef{Sealed: sealed, Attributes: a}, m); !lacks(err) && (err != nil || !got.Equal(want)) {
		t.Errorf("%v of %s: %s, %v; want %s", m, name(a), got, err, want)
	}
	made, err := h.GenerateKey(ctx, a, m)
	if lacks(err) {
		return
	}
	if err != nil {
		t.Fatalf("GenerateKey %s: %v", name(a), err)
	}
	k := open(t, b, made.Sealed, a)
	defer k.Close()
	if want, _ := m.Compute(bytesOf(t, k)); !made.CheckValue.Equal(want) {
		t.Errorf("%v of a generated %s: %s, want %s", m, name(a), made.CheckValue, want)
	}
}

// exchange is a device with the payment commands on it.
type exchange struct {
	h *hsm.HSM
	b hsm.Backend
}

func newExchange(b hsm.Backend) *exchange { return &exchange{hsm.New(b, nil), b} }

// key imports the key of these attributes.
func (e *exchange) key(t T, a hsm.Attributes) hsm.KeyRef {
	t.Helper()
	sealed, err := e.b.Import(ctx, hsm.NewSecret(secretOf(a)), a)
	if err != nil {
		t.Fatalf("Import %s: %v", name(a), err)
	}
	return hsm.KeyRef{Sealed: sealed, Attributes: a}
}

// protectionKeys are those of a block version, all of which stay.
func protectionKeys(v tr31.Version) []hsm.Attributes {
	if v == tr31.VersionD || v == tr31.VersionE {
		k1 := func(a *hsm.Attributes) { a.Usage = "K1" }
		return []hsm.Attributes{kept(with(aes128, k1)), kept(with(aes192, k1)), kept(aes256)}
	}
	return []hsm.Attributes{kept(tdes2), kept(with(tdes3, func(a *hsm.Attributes) { a.Usage = "K1" }))}
}

func headerOf(a hsm.Attributes, v tr31.Version) tr31.Header {
	return tr31.Header{Version: v, KeyUsage: a.Usage, Algorithm: byte(a.Algorithm), ModeOfUse: a.Mode, KeyVersion: "00", Exportability: 'E', Context: '0', Reserved: '0'}
}

// export makes a key block; ok is false where the device may refuse to.
func (e *exchange) export(t T, kbpk hsm.Attributes, v tr31.Version, inner hsm.Attributes) (text string, ok bool) {
	t.Helper()
	text, value, err := e.h.ExportTR31(ctx, e.key(t, kbpk), headerOf(inner, v), hsm.Material{Key: e.key(t, inner)}, methodsOf(inner)[0])
	if lacks(err) {
		return "", false
	}
	if err != nil {
		t.Errorf("version %c under %s: exporting: %v", v, name(kbpk), err)
		return "", false
	}
	if want, _ := methodsOf(inner)[0].Compute(secretOf(inner)); !value.Equal(want) {
		t.Errorf("version %c under %s: check value %s, want %s", v, name(kbpk), value, want)
	}
	return text, true
}

// passOn sends a key from one device to the other, in a block that must also
// open under the protection key in memory.
func passOn(t T, from, to *exchange, kbpk hsm.Attributes, v tr31.Version, inner hsm.Attributes) {
	t.Helper()
	text, ok := from.export(t, kbpk, v, inner)
	if !ok {
		return
	}
	where := fmt.Sprintf("version %c under %s", v, name(kbpk))
	block, err := tr31.Parse(text, tr31.Strict)
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	reader, err := tr31.NewKBPK(secretOf(kbpk))
	if err != nil {
		t.Fatalf("%v", err)
	}
	if key, err := reader.Unwrap(ctx, block); err != nil || !bytes.Equal(key, secretOf(inner)) {
		t.Errorf("%s: in memory another key comes out, or %v", where, err)
	}
	into := with(inner, func(a *hsm.Attributes) { a.KeyID = "fbqdk64bkxtvtlv6" })
	made, err := to.h.ImportTR31(ctx, to.key(t, kbpk), block, func(bits int) (hsm.Attributes, kcv.Method, error) {
		into.Bits = bits
		return into, methodsOf(inner)[0], nil
	})
	if lacks(err) {
		return
	}
	if err != nil {
		t.Errorf("%s: importing: %v", where, err)
		return
	}
	k := open(t, to.b, made.Sealed, into)
	defer k.Close()
	if raw := bytesOf(t, k); !bytes.Equal(raw, secretOf(inner)) {
		t.Errorf("%s: another key was imported", where)
	}
	if want, _ := methodsOf(inner)[0].Compute(secretOf(inner)); !made.CheckValue.Equal(want) {
		t.Errorf("%s: check value %s, want %s", where, made.CheckValue, want)
	}
}

// spoiledBlocks gives a device a block with a wrong MAC.
func spoiledBlocks(t T, device, reference *exchange, kbpk hsm.Attributes, v tr31.Version, inner hsm.Attributes) {
	t.Helper()
	text, _ := reference.export(t, kbpk, v, inner)
	last := byte('0')
	if text[len(text)-1] == last {
		last = '1'
	}
	block, err := tr31.Parse(text[:len(text)-1]+string(last), tr31.Strict)
	if err != nil {
		t.Fatalf("%v", err)
	}
	_, err = device.h.ImportTR31(ctx, device.key(t, kbpk), block, func(int) (hsm.Attributes, kcv.Method, error) { return inner, methodsOf(inner)[0], nil })
	if !errors.Is(err, tr31.ErrMAC) && !lacks(err) {
		t.Errorf("version %c under %s with a wrong MAC: %v", v, name(kbpk), err)
	}
}

// cryptograms gives both devices the same cryptogram, and a spoiled one.
func cryptograms(t T, device, reference *exchange, hash crypto.Hash) {
	t.Helper()
	pair := with(rsa2048, func(a *hsm.Attributes) { a.Usage, a.Mode, a.Exportability = "K2", 'D', 'N' })
	cryptogram, err := rsa.EncryptOAEP(hash.New(), rand.Reader, &rsaPair().PublicKey, secretOf(aes192), nil)
	if err != nil {
		t.Fatalf("%v", err)
	}
	admit := func(int) (hsm.Attributes, kcv.Method, error) { return aes192, kcv.AESCMAC, nil }
	sealed, err := device.b.Import(ctx, hsm.NewSecret(secretOf(pair)), pair)
	if lacks(err) {
		return
	}
	if err != nil {
		t.Fatalf("Import RSA: %v", err)
	}
	ref := hsm.KeyRef{Sealed: sealed, Attributes: pair}
	got, err := device.h.ImportCryptogram(ctx, ref, hash, cryptogram, admit)
	if lacks(err) {
		return
	}
	want, failure := reference.h.ImportCryptogram(ctx, reference.key(t, pair), hash, cryptogram, admit)
	if err != nil || failure != nil || !got.CheckValue.Equal(want.CheckValue) {
		t.Fatalf("OAEP with %v: %s, %v; in software %s, %v", hash, got.CheckValue, err, want.CheckValue, failure)
	}
	k := open(t, device.b, got.Sealed, aes192)
	defer k.Close()
	if !bytes.Equal(bytesOf(t, k), secretOf(aes192)) {
		t.Errorf("OAEP with %v: another key was imported", hash)
	}
	cryptogram[17] ^= 1
	if _, err := device.h.ImportCryptogram(ctx, ref, hash, cryptogram, admit); !errors.Is(err, hsm.ErrInput) {
		t.Errorf("OAEP with %v, spoiled: %v", hash, err)
	}
}
