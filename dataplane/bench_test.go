package dataplane_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"encoding/hex"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/ratio"
	"github.com/seed748fb4d1/apcsim/mac"
	"github.com/seed748fb4d1/apcsim/pin"
)

// Operations of the typed API against GetKey of each key and the bare algorithm with prepared
// ciphers. The bar is GetKey's own for each key and 1.5 times the algorithm.

// getKeys reads keys, as an operation with them does at least.
func getKeys(b *testing.B, w *world, arns ...string) {
	for _, arn := range arns {
		if _, err := w.GetKey(b.Context(), &engine.GetKeyInput{KeyIdentifier: arn}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGenerateMac(b *testing.B) {
	w := newWorld(b, nil)
	k := vectorKey{Hex: "603DEB1015CA71BE2B73AEF0857D7781", Usage: apc.KeyUsageTR31M6ISO97975CMACKey, Algorithm: apc.KeyAlgorithmAES128}
	arn := w.key(b, &k)
	raw, _ := hex.DecodeString(k.Hex)
	block, err := aes.NewCipher(raw)
	if err != nil {
		b.Fatal(err)
	}
	bare, message := mac.NewCMAC(block), make([]byte, 256)
	in := &dataplane.GenerateMacInput{
		KeyIdentifier:        arn,
		MessageData:          hex.EncodeToString(message),
		GenerationAttributes: dataplane.MacAttributes{Algorithm: new(dataplane.MacAlgorithmCMAC)},
	}
	ratio.Beside(b, 64, func() {
		getKeys(b, w, arn)
		bare.Sum(nil, message)
	}, func() {
		if _, err := w.GenerateMac(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	})
}

// tdesOf is a double-length TDES key as a cipher.
func tdesOf(b testing.TB, digits string) cipher.Block {
	raw, err := hex.DecodeString(digits)
	if err != nil {
		b.Fatal(err)
	}
	block, err := des.NewTripleDESCipher(append(raw, raw[:8]...))
	if err != nil {
		b.Fatal(err)
	}
	return block
}

func BenchmarkTranslatePinData(b *testing.B) {
	w := newWorld(b, nil)
	other := vectorKey{
		Hex:       "0123456789ABCDEFFEDCBA9876543210",
		Usage:     apc.KeyUsageTR31P0PINEncryptionKey,
		Algorithm: apc.KeyAlgorithmTDES2Key,
	}
	from, to := w.key(b, &pinKey), w.key(b, &other)
	incoming, outgoing := tdesOf(b, pinKey.Hex), tdesOf(b, other.Hex)
	p, err := pin.New("1234")
	if err != nil {
		b.Fatal(err)
	}
	block, err := pin.Encrypt(incoming, pin.ISO0, p, pan, nil)
	if err != nil {
		b.Fatal(err)
	}
	iso0 := dataplane.TranslationIsoFormats{IsoFormat0: &dataplane.TranslationPinDataIsoFormat034{PrimaryAccountNumber: pan}}
	in := &dataplane.TranslatePinDataInput{
		IncomingKeyIdentifier:         from,
		OutgoingKeyIdentifier:         to,
		EncryptedPinBlock:             hex.EncodeToString(block),
		IncomingTranslationAttributes: iso0,
		OutgoingTranslationAttributes: iso0,
	}
	ratio.Beside(b, 64, func() {
		getKeys(b, w, from, to)
		read, err := pin.Decrypt(incoming, pin.ISO0, block, pan)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := pin.Encrypt(outgoing, pin.ISO0, read, pan, nil); err != nil {
			b.Fatal(err)
		}
	}, func() {
		if _, err := w.TranslatePinData(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkVerifyAuthRequestCryptogram(b *testing.B) {
	w := newWorld(b, nil)
	imk := vectorKey{
		Hex:       "9E15204313F7318ACB79B90BD986AD29",
		Usage:     apc.KeyUsageTR31E0EMVMKeyAppCryptograms,
		Algorithm: apc.KeyAlgorithmTDES2Key,
	}
	arn, issuer := w.key(b, &imk), tdesOf(b, imk.Hex)
	data := make([]byte, 40)
	bare := func() []byte {
		card, err := emv.MasterKey(issuer, emv.OptionA, pan, "00")
		if err != nil {
			b.Fatal(err)
		}
		session, err := emv.CommonSession(card, emv.CounterR([2]byte{0, 1}))
		if err != nil {
			b.Fatal(err)
		}
		arqc, err := emv.Cryptogram(session, data)
		if err != nil {
			b.Fatal(err)
		}
		return arqc
	}
	in := &dataplane.VerifyAuthRequestCryptogramInput{
		KeyIdentifier:          arn,
		TransactionData:        hex.EncodeToString(data),
		AuthRequestCryptogram:  hex.EncodeToString(bare()),
		MajorKeyDerivationMode: dataplane.MajorKeyDerivationModeEMVOptionA,
		SessionKeyDerivationAttributes: dataplane.SessionKeyDerivation{
			EmvCommon: &dataplane.SessionKeyEmvCommon{
				PrimaryAccountNumber:          pan,
				PanSequenceNumber:             "00",
				ApplicationTransactionCounter: "0001",
			},
		},
	}
	ratio.Beside(b, 64, func() {
		getKeys(b, w, arn)
		bare()
	}, func() {
		if _, err := w.VerifyAuthRequestCryptogram(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	})
}
