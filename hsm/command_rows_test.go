package hsm_test

import (
	"crypto/ecdh"
	"crypto/sha256"
	"slices"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/testkeys"
	"github.com/seed748fb4d1/apcsim/internal/tdes"
	"github.com/seed748fb4d1/apcsim/internal/testrig/floors"
	"github.com/seed748fb4d1/apcsim/pin"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// rowPIN is PIN 1234 under the PIN encryption key of a row.
func rowPIN(k hsm.KeyRef) (*hsm.PINBlock, error) {
	four, err := pin.New("1234")
	if err != nil {
		return nil, err
	}
	pek, err := tdes.NewCipher(commandKey(k.Attributes))
	if err != nil {
		return nil, err
	}
	block, err := pin.Encrypt(pek, pin.ISO0, four, "4123456789012345", nil)
	return &hsm.PINBlock{Key: hsm.WorkingKey{Key: k}, Format: pin.ISO0, Block: block, PAN: testPAN}, err
}

// pinRow is a command that reads a PIN block and makes another one, or verifies the PIN.
func pinRow(name string, run func(h *hsm.HSM, in *hsm.PINBlock, to *hsm.PINForm, pvk hsm.KeyRef) (result, error)) command {
	keys := []hsm.Attributes{floors.Symmetric("P0", hsm.TDES, 128), floors.Symmetric("V1", hsm.TDES, 128)}
	return command{name, keys, func(h *hsm.HSM, k []hsm.KeyRef) (result, error) {
		in, err := rowPIN(k[0])
		if err != nil {
			return result{}, err
		}
		return run(h, in, &hsm.PINForm{Key: in.Key, Format: pin.ISO3, PAN: testPAN}, k[1])
	}}
}

func made(v hsm.PINValue, err error) (result, error) {
	return result{Text: upperHex(v.Block) + v.Value}, err
}

func verified(v hsm.Verdict, err error) (result, error) { return result{Verdict: v}, err }

func rowVisa(pvk hsm.KeyRef) *hsm.VisaPVV { return &hsm.VisaPVV{Key: pvk, PAN: testPAN, Index: 1} }

func rowIBM(pvk hsm.KeyRef) *hsm.IBM3624 {
	return &hsm.IBM3624{Key: pvk, Table: "0123456789012345", ValidationData: testPAN, Pad: 'F'}
}

func pinRows() []command {
	const visa, ibm = "GeneratePVV, PVV, VerifyPVV", "PINs and offsets of IBM 3624"
	return []command{
		pinRow(visa, func(h *hsm.HSM, _ *hsm.PINBlock, to *hsm.PINForm, pvk hsm.KeyRef) (result, error) {
			return made(h.GeneratePVV(ctx, to, rowVisa(pvk), 4))
		}),
		pinRow(visa, func(h *hsm.HSM, in *hsm.PINBlock, _ *hsm.PINForm, pvk hsm.KeyRef) (result, error) {
			return made(h.PVV(ctx, in, rowVisa(pvk), 4))
		}),
		pinRow(visa, func(h *hsm.HSM, in *hsm.PINBlock, _ *hsm.PINForm, pvk hsm.KeyRef) (result, error) {
			return verified(h.VerifyPVV(ctx, in, rowVisa(pvk), "1234"))
		}),
		pinRow(ibm, func(h *hsm.HSM, _ *hsm.PINBlock, to *hsm.PINForm, pvk hsm.KeyRef) (result, error) {
			return made(h.GenerateOffset(ctx, to, rowIBM(pvk), 4))
		}),
		pinRow(ibm, func(h *hsm.HSM, _ *hsm.PINBlock, to *hsm.PINForm, pvk hsm.KeyRef) (result, error) {
			return made(h.NaturalPIN(ctx, to, rowIBM(pvk), 4))
		}),
		pinRow(ibm, func(h *hsm.HSM, in *hsm.PINBlock, _ *hsm.PINForm, pvk hsm.KeyRef) (result, error) {
			return made(h.PINOffset(ctx, in, rowIBM(pvk), 4))
		}),
		pinRow(ibm, func(h *hsm.HSM, in *hsm.PINBlock, _ *hsm.PINForm, pvk hsm.KeyRef) (result, error) {
			return verified(h.VerifyOffset(ctx, in, rowIBM(pvk), "1234"))
		}),
		pinRow("TranslatePIN", func(h *hsm.HSM, in *hsm.PINBlock, to *hsm.PINForm, _ hsm.KeyRef) (result, error) {
			out, err := h.TranslatePIN(ctx, in, to)
			return result{Text: upperHex(out)}, err
		}),
		pinRow("AS2805PIN", func(h *hsm.HSM, in *hsm.PINBlock, to *hsm.PINForm, pvk hsm.KeyRef) (result, error) {
			to.Key.Derive = hsm.AS2805PIN{Trace: "000123", Amount: "000000009950"}
			return made(h.NaturalPIN(ctx, to, rowIBM(pvk), 4))
		}),
	}
}

func rsaRows() (out []command) {
	_, public, _ := testkeys.Ready().Next(dataPair.Bits)
	for _, p := range rsaPaddings {
		out = append(out, command{"DecryptRSA", []hsm.Attributes{dataPair}, func(h *hsm.HSM, k []hsm.KeyRef) (result, error) {
			ciphertext, err := h.EncryptRSA(ctx, public, p, messagesFor(p)[0])
			if err != nil {
				return result{}, err
			}
			out, err := h.DecryptRSA(ctx, k[0], p, ciphertext)
			return result{Text: upperHex(out)}, err
		}})
	}
	return out
}

func keyRows() []command {
	kek := []hsm.Attributes{floors.Symmetric("K0", hsm.TDES, 128)}
	return []command{
		{"KEK validation", kek, func(h *hsm.HSM, k []hsm.KeyRef) (result, error) {
			out, err := h.RequestKEKValidation(ctx, k[0], hsm.KEKMask82, 16)
			return result{Text: upperHex(out.Send) + upperHex(out.Receive)}, err
		}},
		{"KEK validation", kek, func(h *hsm.HSM, k []hsm.KeyRef) (result, error) {
			out, err := h.AnswerKEKValidation(ctx, k[0], hsm.KEKMask82C0, make([]byte, 24))
			return result{Text: upperHex(out.Send) + upperHex(out.Receive)}, err
		}},
		{"TranslateKeyBlock", []hsm.Attributes{ecPair, floors.Symmetric("K1", hsm.TDES, 192)}, func(h *hsm.HSM, k []hsm.KeyRef) (result, error) {
			block, err := agreedBlock()
			if err != nil {
				return result{}, err
			}
			a := testECDH
			out, value, err := h.TranslateKeyBlock(ctx, &hsm.KeyBlockTranslation{
				From:  hsm.Agreement{Pair: k[0], Peer: a.Peer, Hash: a.Hash, Info: a.Info, Algorithm: a.Algorithm, Bits: a.Bits},
				Block: block, To: k[1], CheckValue: blockMethod(block.Header)})
			return result{Text: out + value.String()}, err
		}},
	}
}

// agreedBlock is a key block under the key that testECDH agrees on with ecPair.
func agreedBlock() (*tr31.Block, error) {
	ours, err := ecdh.P256().NewPrivateKey(commandKey(floors.Symmetric("K3", hsm.EC, 256)))
	if err != nil {
		return nil, err
	}
	theirs, err := ecdh.P256().NewPublicKey(testPeer())
	if err != nil {
		return nil, err
	}
	shared, err := ours.ECDH(theirs)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(slices.Concat([]byte{0, 0, 0, 1}, shared, testECDH.Info))
	kbpk, err := tr31.NewKBPK(sum[:testECDH.Bits/8])
	if err != nil {
		return nil, err
	}
	text, err := kbpk.Wrap(ctx, pinKeyHeader(), make([]byte, 16), nil)
	if err != nil {
		return nil, err
	}
	return tr31.Parse(text, tr31.Strict)
}
