package dataplane_test

import (
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
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
