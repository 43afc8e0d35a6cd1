package draw

import (
	"strings"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/enginetest/model"
)

func ofUsage(u apc.KeyUsage) func(*model.Key) bool {
	return func(k *model.Key) bool { return k.Usable() && k.Attributes.KeyUsage == u }
}

// message draws whole blocks of every cipher, in hexadecimal.
func message(t *rapid.T) string {
	return strings.Repeat(
		rapid.SampledFrom([]string{"00112233445566778899AABBCCDDEEFF", "FFFFFFFFFFFFFFFF0000000000000000"}).Draw(t, "blocks"),
		rapid.IntRange(1, 4).Draw(t, "times"),
	)
}

var ecb = dataplane.EncryptionDecryptionAttributes{Symmetric: &dataplane.SymmetricEncryptionAttributes{Mode: dataplane.EncryptionModeECB}}

func (r *Requests) encryptData(t *rapid.T, p model.Place) any {
	return &dataplane.EncryptDataInput{
		KeyIdentifier:        r.key(t, p, ofUsage(apc.KeyUsageTR31D0SymmetricDataEncryptionKey)),
		PlainText:            message(t),
		EncryptionAttributes: ecb,
	}
}

var cmac = dataplane.MacAttributes{Algorithm: new(dataplane.MacAlgorithmCMAC)}

func (r *Requests) generateMAC(t *rapid.T, p model.Place) any {
	return &dataplane.GenerateMacInput{
		KeyIdentifier:        r.key(t, p, ofUsage(apc.KeyUsageTR31M6ISO97975CMACKey)),
		MessageData:          message(t),
		GenerationAttributes: cmac,
	}
}

// followData undoes what the data plane did: what was encrypted decrypts to what it was, and a MAC verifies.
func (m *machine) followData(t *rapid.T, who apc.Identity, in, out any) {
	switch in := in.(type) {
	case *dataplane.EncryptDataInput:
		o, ok := out.(*dataplane.EncryptDataOutput)
		if !ok {
			return
		}
		back := m.call(t, "DecryptData", who, &dataplane.DecryptDataInput{KeyIdentifier: in.KeyIdentifier, CipherText: o.CipherText,
			DecryptionAttributes: ecb})
		if d, ok := back.(*dataplane.DecryptDataOutput); ok && d.PlainText != in.PlainText || o.CipherText == in.PlainText {
			t.Fatalf("what was encrypted decrypts to %v", back)
		}
	case *dataplane.GenerateMacInput:
		if o, ok := out.(*dataplane.GenerateMacOutput); ok {
			m.call(t, "VerifyMac", who, &dataplane.VerifyMacInput{KeyIdentifier: in.KeyIdentifier, MessageData: in.MessageData, Mac: o.Mac,
				VerificationAttributes: cmac})
		}
	}
}
