package hsmtest

import (
	"crypto"
	"fmt"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr31"
)

const commandPromise = "What a device lacks ([Unsupported]) is built from what it has, or refused with that error."

var commandCases = []testCase{
	newCase(
		"WhatIsMissingIsNamed",
		promises{"A primitive that the device lacks is an [UnsupportedError]"},
		onEach(func(t tester, b hsm.Backend) {
			try(t, b, uses())
			checkKeys(t, b, "just before", makeKeys(t, b))
		}),
	),
	newCase("CheckValuesAndMACsAreThoseOfTheKeys", promises{commandPromise}, onEach(func(t tester, b hsm.Backend) {
		e := newExchange(b)
		defer e.h.Close()
		for _, a := range symmetric {
			if !e.takes(t, a) {
				continue
			}
			for _, m := range methodsOf(a) {
				got, err := e.h.CheckValue(ctx, e.key(t, a), m)
				goodOrLacks(t, fmt.Sprintf("%v of %s", m, name(a)), sameValue(got, m, secretOf(a), err))
				made, err := e.h.GenerateKey(ctx, a, m)
				if err == nil {
					k := open(t, b, made.Sealed, a)
					raw, err := revealed(ctx, k)
					goodOrLacks(t, fmt.Sprintf("%v of a generated %s", m, name(a)), sameValue(made.CheckValue, m, raw, err))
					k.Close()
				}
				goodOrLacks(t, "GenerateKey "+name(a), err)
			}
			if a.Algorithm == hsm.HMAC {
				got, err := e.h.HMAC(ctx, e.key(t, a), sample(14, 100))
				goodOrLacks(
					t,
					fmt.Sprintf("HMAC with %s and %v", name(a), a.Hash),
					same(got, hmacOf(a, secretOf(a), sample(14, 100)), err),
				)
			}
		}
	})),
	newCase("KeysGoInAndOut", promises{commandPromise}, onEach(func(t tester, b hsm.Backend) {
		e := newExchange(b)
		defer e.h.Close()
		k1 := func(a *hsm.Attributes) { a.Usage = "K1" }
		for i, v := range []tr31.Version{tr31.VersionA, tr31.VersionB, tr31.VersionC, tr31.VersionD, tr31.VersionE} {
			kbpks := []hsm.Attributes{kept(tdes2), kept(with(tdes3, k1))}
			if v == tr31.VersionD || v == tr31.VersionE {
				kbpks = []hsm.Attributes{kept(with(aes128, k1)), kept(with(aes192, k1)), kept(aes256)}
			}
			for _, kbpk := range kbpks {
				keyBlocks(t, e, kbpk, v, []hsm.Attributes{aes128, tdes2, hmac17, aes256, tdes3}[i])
			}
		}
		for _, hash := range []crypto.Hash{crypto.SHA256, crypto.SHA512} {
			cryptograms(t, e, hash)
		}
	})),
	newCase("PreparedKeysAreForgottenInUse", promises{"[HSM.Forget] and [HSM.Close] close them."}, on(func(t tester, b hsm.Backend) {
		e := &exchange{hsm.New(b, &hsm.Options{Cache: 2}), b} // so that keys are evicted as well
		defer e.h.Close()
		if !e.takes(t, aes128, kept(aes256), hmac17, hmac512) {
			return
		}
		inner, kbpk, message := e.key(t, aes128), e.key(t, kept(aes256)), sample(14, 100)
		macs := []hsm.KeyRef{e.key(t, hmac17), e.key(t, hmac512)}
		together(t, crowd, func(i int) {
			for r := range rounds {
				ref := macs[r%2]
				got, err := e.h.HMAC(ctx, ref, message)
				goodOrLacks(
					t,
					"HMAC with a key that others forget",
					same(got, hmacOf(ref.Attributes, secretOf(ref.Attributes), message), err),
				)
				_, _, err = e.h.ExportTR31(ctx, kbpk, headerOf(aes128, tr31.VersionD), hsm.Material{Key: inner}, kcv.AESCMAC)
				goodOrLacks(t, "exporting under a key that others forget", err)
				e.h.Forget([]hsm.Sealed{macs[0].Sealed, kbpk.Sealed, macs[1].Sealed}[(i+r)%3])
			}
		})
	})),
}

// methodsOf are how the check value of a key can be made.
func methodsOf(a hsm.Attributes) []kcv.Method {
	switch a.Algorithm {
	case hsm.AES:
		return []kcv.Method{kcv.AESZero, kcv.AESCMAC}
	case hsm.TDES:
		return []kcv.Method{kcv.TDESZero, kcv.TDESCMAC}
	}
	return []kcv.Method{map[crypto.Hash]kcv.Method{
		crypto.SHA224: kcv.HMACSHA224, crypto.SHA256: kcv.HMACSHA256, crypto.SHA384: kcv.HMACSHA384, crypto.SHA512: kcv.HMACSHA512,
	}[a.Hash]}
}

// sameValue is the device's error, or a mismatch of a check value.
func sameValue(got kcv.Value, m kcv.Method, key []byte, err error) error {
	if err != nil {
		return err
	}
	if want, err := m.Compute(key); err != nil || !got.Equal(want) {
		return mismatch(fmt.Sprintf("the check value %s, want %s, %v", got, want, err))
	}
	return nil
}

// exchange is a device with the payment commands on it.
type exchange struct {
	h *hsm.HSM
	b hsm.Backend
}

func newExchange(b hsm.Backend) *exchange { return &exchange{hsm.New(b, nil), b} }

// key imports the key of these attributes.
func (e *exchange) key(t tester, a hsm.Attributes) hsm.KeyRef {
	t.Helper()
	sealed, err := e.b.Import(ctx, hsm.NewSecret(secretOf(a)), a)
	if err != nil {
		t.Fatalf("Import %s: %v", name(a), err)
	}
	return hsm.KeyRef{Sealed: sealed, Attributes: a}
}

// takes reports whether the device takes keys of all these attributes, or lacks the
// algorithm of one.
func (e *exchange) takes(t tester, all ...hsm.Attributes) bool {
	t.Helper()
	for _, a := range all {
		if _, err := e.b.Import(ctx, hsm.NewSecret(secretOf(a)), a); err != nil {
			goodOrLacks(t, "Import "+name(a), err)
			return false
		}
	}
	return true
}

func headerOf(a hsm.Attributes, v tr31.Version) tr31.Header {
	return tr31.Header{
		Version:       v,
		KeyUsage:      a.Usage,
		Algorithm:     byte(a.Algorithm),
		ModeOfUse:     a.Mode,
		KeyVersion:    "00",
		Exportability: 'E',
		Context:       '0',
		Reserved:      '0',
	}
}

func admit(a hsm.Attributes) hsm.Admit {
	return func(int) (hsm.Attributes, kcv.Method, error) { return a, methodsOf(a)[0], nil }
}

// imported compares an imported key with the one that was sent.
func (e *exchange) imported(t tester, made hsm.Made, a hsm.Attributes, err error) error {
	t.Helper()
	if err != nil {
		return err
	}
	k := open(t, e.b, made.Sealed, a)
	defer k.Close()
	raw, err := revealed(ctx, k)
	if err := same(raw, secretOf(a), err); err != nil {
		return err
	}
	return sameValue(made.CheckValue, methodsOf(a)[0], raw, nil)
}

// keyBlocks exports a key in a block, which is opened in memory, imports one that was
// made in memory, and one with a wrong MAC.
func keyBlocks(t tester, e *exchange, kbpk hsm.Attributes, v tr31.Version, a hsm.Attributes) {
	t.Helper()
	if !e.takes(t, a, kbpk) {
		return
	}
	where := fmt.Sprintf("%s in version %c under %s", name(a), v, name(kbpk))
	memory, err := tr31.NewKBPK(secretOf(kbpk))
	if err != nil {
		t.Fatalf("%v", err)
	}
	text, value, err := e.h.ExportTR31(ctx, e.key(t, kbpk), headerOf(a, v), hsm.Material{Key: e.key(t, a)}, methodsOf(a)[0])
	goodOrLacks(t, "exporting "+where, sameValue(value, methodsOf(a)[0], secretOf(a), err))
	if err == nil {
		var key []byte
		block, err := tr31.Parse(text, tr31.Strict)
		if err == nil {
			key, err = memory.Unwrap(ctx, block)
		}
		good(t, "in memory, "+where, same(key, secretOf(a), err))
	}
	text, err = memory.Wrap(ctx, headerOf(a, v), secretOf(a), nil)
	if err != nil {
		t.Fatalf("%v", err)
	}
	wrong := text[:len(text)-1] + map[bool]string{true: "1", false: "0"}[text[len(text)-1] == '0']
	for text, want := range map[string]error{text: nil, wrong: tr31.ErrMAC} {
		block, err := tr31.Parse(text, tr31.Strict)
		if err != nil {
			t.Fatalf("%v", err)
		}
		made, err := e.h.ImportTR31(ctx, e.key(t, kbpk), block, admit(a))
		if want != nil {
			failsOrLacks(t, want, map[string]error{"importing, with a wrong MAC, " + where: err})
		} else {
			goodOrLacks(t, "importing "+where, e.imported(t, made, a, err))
		}
	}
}

// cryptograms gives the device an OAEP cryptogram, and a spoiled one.
func cryptograms(t tester, e *exchange, hash crypto.Hash) {
	t.Helper()
	pair := with(rsa2048, func(a *hsm.Attributes) { a.Usage, a.Mode, a.Exportability = "K2", 'D', 'N' })
	sealed, err := e.b.Import(ctx, hsm.NewSecret(secretOf(pair)), pair)
	if err != nil {
		goodOrLacks(t, "Import RSA", err)
		return
	}
	if !e.takes(t, aes192) {
		return
	}
	ref, cryptogram := hsm.KeyRef{Sealed: sealed, Attributes: pair}, oaep(hash, secretOf(aes192))
	made, err := e.h.ImportCryptogram(ctx, ref, hash, cryptogram, admit(aes192))
	goodOrLacks(t, fmt.Sprintf("OAEP with %v", hash), e.imported(t, made, aes192, err))
	cryptogram[17] ^= 1
	_, err = e.h.ImportCryptogram(ctx, ref, hash, cryptogram, admit(aes192))
	failsOrLacks(t, hsm.ErrInput, map[string]error{fmt.Sprintf("OAEP with %v, spoiled", hash): err})
}
