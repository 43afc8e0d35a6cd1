package dataplane_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/internal/tdes"
	"github.com/seed748fb4d1/apcsim/pin"
	"pgregory.net/rapid"
)

// Keys of the other party.
var (
	otherPinKey = vectorKey{
		Hex:       "0123456789ABCDEFFEDCBA9876543210",
		Usage:     apc.KeyUsageTR31P0PINEncryptionKey,
		Algorithm: apc.KeyAlgorithmTDES2Key,
	}
	aesPinKey = vectorKey{
		Hex:       "603DEB1015CA71BE2B73AEF0857D7781",
		Usage:     apc.KeyUsageTR31P0PINEncryptionKey,
		Algorithm: apc.KeyAlgorithmAES128,
	}
	dataKey = vectorKey{
		Hex:       "00112233445566778899AABBCCDDEEFF",
		Usage:     apc.KeyUsageTR31D0SymmetricDataEncryptionKey,
		Algorithm: apc.KeyAlgorithmAES128,
	}
	baseKey = vectorKey{
		Hex:       "CAFE5EEDDEADBEEF0123456789ABCDEF",
		Usage:     apc.KeyUsageTR31B0BaseDerivationKey,
		Algorithm: apc.KeyAlgorithmTDES2Key,
	}
)

// TestPINsTranslatedThereAndBackAreTheSame: format 0 of a PIN is one block for a key and an account
// number, so that the block comes back to the digit, by way of every other format.
func TestPINsTranslatedThereAndBackAreTheSame(t *testing.T) {
	w := newWorld(t, nil)
	home := w.key(t, &pinKey)
	iso0 := dataplane.TranslationIsoFormats{IsoFormat0: &dataplane.TranslationPinDataIsoFormat034{PrimaryAccountNumber: pan}}
	withPAN := &dataplane.TranslationPinDataIsoFormat034{PrimaryAccountNumber: pan}
	ways := map[string]struct {
		key    *vectorKey
		format dataplane.TranslationIsoFormats
	}{
		"format 0": {&otherPinKey, iso0},
		"format 3": {&otherPinKey, dataplane.TranslationIsoFormats{IsoFormat3: withPAN}},
		"format 4": {&aesPinKey, dataplane.TranslationIsoFormats{IsoFormat4: withPAN}},
	}
	raw, _ := hex.DecodeString(pinKey.Hex)
	cipher, err := tdes.NewCipher(raw)
	if err != nil {
		t.Fatal(err)
	}
	translate := func(r *rapid.T, from, to, block string, in, out dataplane.TranslationIsoFormats) string {
		answer, err := w.TranslatePinData(
			t.Context(),
			&dataplane.TranslatePinDataInput{IncomingKeyIdentifier: from, OutgoingKeyIdentifier: to,
				EncryptedPinBlock: block, IncomingTranslationAttributes: in, OutgoingTranslationAttributes: out},
		)
		if err != nil {
			r.Fatal(err)
		}
		return answer.PinBlock
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			away := w.key(t, way.key)
			rapid.Check(t, func(r *rapid.T) {
				p, err := pin.New(rapid.StringMatching(`[0-9]{4,12}`).Draw(r, "PIN"))
				if err != nil {
					r.Fatal(err)
				}
				raw, err := pin.Encrypt(cipher, pin.ISO0, p, pan, nil)
				if err != nil {
					r.Fatal(err)
				}
				block := strings.ToUpper(hex.EncodeToString(raw))
				back := translate(r, away, home, translate(r, home, away, block, iso0, way.format), way.format, iso0)
				if back != block {
					r.Fatalf("%s comes back as %s", block, back)
				}
			})
		})
	}
}

// TestDataReEncryptedThereAndBackIsTheSame, from a stored AES key to a DUKPT key of a terminal and back.
func TestDataReEncryptedThereAndBackIsTheSame(t *testing.T) {
	w := newWorld(t, nil)
	home, away := w.key(t, &dataKey), w.key(t, &baseKey)
	stored := dataplane.ReEncryptionAttributes{Symmetric: &dataplane.SymmetricEncryptionAttributes{Mode: dataplane.EncryptionModeCBC}}
	derived := dataplane.ReEncryptionAttributes{
		Dukpt: &dataplane.DukptEncryptionAttributes{KeySerialNumber: "FFFF9876543210E00008", Mode: new(dataplane.EncryptionModeCBC)},
	}
	reEncrypt := func(r *rapid.T, from, to, data string, in, out dataplane.ReEncryptionAttributes) string {
		answer, err := w.ReEncryptData(
			t.Context(),
			&dataplane.ReEncryptDataInput{IncomingKeyIdentifier: from, OutgoingKeyIdentifier: to, CipherText: data,
				IncomingEncryptionAttributes: in, OutgoingEncryptionAttributes: out},
		)
		if err != nil {
			r.Fatal(err)
		}
		return answer.CipherText
	}
	rapid.Check(t, func(r *rapid.T) {
		data := rapid.StringMatching(`([0-9A-F]{32}){1,8}`).Draw(r, "ciphertext")
		there := reEncrypt(r, home, away, data, stored, derived)
		if back := reEncrypt(r, away, home, there, derived, stored); back != data {
			r.Fatalf("%s comes back as %s", data, back)
		}
	})
}
