package hsm_test

import (
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
)

var cipherModes = map[string]hsm.CipherMode{
	"":       hsm.CBC,
	"ECB":    hsm.ECB,
	"CBC":    hsm.CBC,
	"CFB1":   hsm.CFB1,
	"CFB8":   hsm.CFB8,
	"CFB64":  hsm.CFB64,
	"CFB128": hsm.CFB128,
	"OFB":    hsm.OFB,
}

// dataCipher is a key and how it enciphers; nil for RSA, which has tests of its own.
func (d *dataCase) dataCipher(member, attributes, wrapped string) hsm.DataCipher {
	form, m := d.in.union(attributes)
	if form == "Asymmetric" {
		return nil
	}
	out := hsm.BlockCipher{Key: d.working(d.key(member), d.in.in(wrapped)), Mode: cipherModes[m.text("Mode")]}
	switch form {
	case "Dukpt":
		out.Key = d.dukpt(out.Key.Key, m)
	case "Emv":
		session := d.emv(m)
		session.Session, session.R = hsm.SessionCommon, d.array8(m.text("SessionDerivationData"))
		out.Key.Derive = session
	}
	if m.text("Mode") == "CFB" {
		out.Mode = hsm.CFB64
		if strings.HasPrefix(d.workingAlgorithm(member, wrapped), "AES") {
			out.Mode = hsm.CFB128
		}
	}
	if iv := m.text("InitializationVector"); iv != "" && out.Mode != hsm.ECB {
		out.IV = d.hex(iv)
	}
	return out
}

func TestEncryptAsAnotherImplementation(t *testing.T) {
	onDataCases(t, "EncryptData", func(d *dataCase) {
		if c := d.dataCipher("KeyIdentifier", "EncryptionAttributes", "WrappedKey"); c != nil {
			got, err := d.h.Encrypt(ctx, c, d.hex(d.in.text("PlainText")))
			d.is("CipherText", upperHex(got), err)
		}
	})
}

func TestDecryptAsAnotherImplementation(t *testing.T) {
	onDataCases(t, "DecryptData", func(d *dataCase) {
		if c := d.dataCipher("KeyIdentifier", "DecryptionAttributes", "WrappedKey"); c != nil {
			got, err := d.h.Decrypt(ctx, c, d.hex(d.in.text("CipherText")))
			d.is("PlainText", upperHex(got), err)
		}
	})
}

func TestReEncryptAsAnotherImplementation(t *testing.T) {
	onDataCases(t, "ReEncryptData", func(d *dataCase) {
		from := d.dataCipher("IncomingKeyIdentifier", "IncomingEncryptionAttributes", "IncomingWrappedKey")
		to := d.dataCipher("OutgoingKeyIdentifier", "OutgoingEncryptionAttributes", "OutgoingWrappedKey")
		if from != nil && to != nil {
			got, err := d.h.ReEncrypt(ctx, from, to, d.hex(d.in.text("CipherText")))
			d.is("CipherText", upperHex(got), err)
		}
	})
}
