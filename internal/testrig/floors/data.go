package floors

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"slices"

	"github.com/seed748fb4d1/apcsim/cvv"
	"github.com/seed748fb4d1/apcsim/dukpt"
	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/tdes"
	"github.com/seed748fb4d1/apcsim/mac"
	"github.com/seed748fb4d1/apcsim/tr31"
)

const pan = "4123456789012345"

var (
	thePAN    = hsm.NewPAN(pan)
	message   = bytes.Repeat([]byte("16 bytes of text"), 3)
	session   = hsm.EMV{Option: emv.OptionA, PAN: thePAN, PSN: "00", Session: hsm.SessionCommon, R: [8]byte{0, 1}, ATC: [2]byte{0, 1}}
	tdesDUKPT = hsm.DUKPT{KSN: "FFFF9876543210E00003"}
	aesDUKPT  = hsm.DUKPT{KSN: "123456789012345600000003", Type: dukpt.AES128}
	tdesD0    = Symmetric("D0", hsm.TDES, 128)
	aesD0     = Symmetric("D0", hsm.AES, 128)
	tdesB0    = Symmetric("B0", hsm.TDES, 128)
	aesB0     = Symmetric("B0", hsm.AES, 128)
)

// All are the commands.
func All() []Command {
	return slices.Concat(macs(), data(), cards(), cryptograms(), pins(), keys())
}

func macRow(name string, key hsm.Attributes, d hsm.Derivation, m hsm.MACMethod, floor func(d Device)) Command {
	return Command{name, []hsm.Attributes{key}, func(h *hsm.HSM, k []hsm.KeyRef) func() error {
		key := hsm.WorkingKey{Key: k[0], Derive: d}
		return func() error { _, err := h.MAC(ctx, key, m, message); return err }
	}, floor, nil}
}

var retail = hsm.MACMethod{Algorithm: hsm.MACISO3, Padding: mac.Bit}

func macs() []Command {
	return []Command{
		macRow("MAC of algorithm 1", Symmetric("M1", hsm.TDES, 128), nil, hsm.MACMethod{Algorithm: hsm.MACISO1},
			func(d Device) { d.Encrypt(0, hsm.CBC, bytes.Clone(message)) }),
		macRow("MAC of algorithm 3", Symmetric("M3", hsm.TDES, 128), nil, retail,
			func(d Device) { Sure(mac.Retail(d.Retail(0), mac.Bit, message)) }),
		macRow("CMAC, TDES", Symmetric("M6", hsm.TDES, 192), nil, hsm.MACMethod{Algorithm: hsm.MACCMAC},
			func(d Device) { d.CMAC(0, message) }),
		macRow("CMAC, AES", Symmetric("M6", hsm.AES, 128), nil, hsm.MACMethod{Algorithm: hsm.MACCMAC},
			func(d Device) { d.CMAC(0, message) }),
		macRow("HMAC", hmacKey, nil, hsm.MACMethod{Algorithm: hsm.MACHMAC}, func(d Device) { d.HMAC(0, message) }),
		macRow("MAC of algorithm 3, DUKPT TDES", tdesB0, tdesDUKPT, retail, func(d Device) {
			Sure(mac.Retail(Sure(mac.NewRetailKey(derivedTDES(d, 0, dukpt.MACRequest))), mac.Bit, message))
		}),
		macRow("CMAC, DUKPT AES", aesB0, aesDUKPT, hsm.MACMethod{Algorithm: hsm.MACCMAC}, func(d Device) {
			mac.NewCMAC(Sure(aes.NewCipher(derivedAES(d, 0, dukpt.MACGeneration)))).Sum(nil, message)
		}),
		macRow("MAC of algorithm 3, EMV", Symmetric("E2", hsm.TDES, 128), session, retail,
			func(d Device) { Sure(emv.ScriptMAC(sessionKey(cardKey(d, 0)), message)) }),
	}
}

func derivedTDES(d Device, key int, use dukpt.TDESUse) []byte {
	ksn := Sure(dukpt.ParseTDESKSN(tdesDUKPT.KSN))
	return Sure(dukpt.WorkingTDES(dukpt.InitialTDES(d.Block(key), d.Variant(key), ksn), ksn, use))
}

func derivedAES(d Device, key int, use dukpt.AESUse) []byte {
	ksn := Sure(dukpt.ParseAESKSN(aesDUKPT.KSN))
	return Sure(dukpt.WorkingAES(Sure(dukpt.InitialAES(d.Block(key), 128, ksn.InitialKeyID())), ksn, use, dukpt.AES128))
}

// cardKey is a card's master key: both halves in one call of a token.
func cardKey(d Device, key int) []byte {
	out := Sure(emv.MasterKeyBlocks(emv.OptionA, pan, "00"))
	d.Encrypt(key, hsm.ECB, out)
	tdes.SetOddParity(out)
	return out
}

func sessionKey(card []byte) []byte { return Sure(emv.CommonSession(card, session.R)) }

var modes = []struct {
	name string
	mode hsm.CipherMode
}{{"ECB", hsm.ECB}, {"CBC", hsm.CBC}, {"CFB128", hsm.CFB128}, {"OFB", hsm.OFB}, {"CFB8", hsm.CFB8}, {"CFB1", hsm.CFB1}}

func dataRow(name string, keys []hsm.Attributes, c hsm.BlockCipher, size int, encrypt bool, floor, token func(d Device)) Command {
	text := bytes.Repeat(message[:16], size/16)
	return Command{name, keys, func(h *hsm.HSM, k []hsm.KeyRef) func() error {
		c := c
		c.Key.Key = k[0]
		if encrypt {
			return func() error { _, err := h.Encrypt(ctx, c, text); return err }
		}
		return func() error { _, err := h.Decrypt(ctx, c, text); return err }
	}, floor, token}
}

func data() (out []Command) {
	for _, m := range modes {
		for _, size := range []int{16, 2048} {
			for _, encrypt := range []bool{true, false} {
				name := fmt.Sprintf("Encrypt %s, %d bytes", m.name, size)
				if !encrypt {
					name = fmt.Sprintf("Decrypt %s, %d bytes", m.name, size)
				}
				if size == 2048 && m.mode == hsm.CFB1 {
					continue // a call of a token for each bit
				}
				out = append(out, dataRow(name, []hsm.Attributes{aesD0}, hsm.BlockCipher{Mode: m.mode}, size, encrypt,
					func(d Device) { crypt(d, m.mode, make([]byte, size), encrypt) },
					func(d Device) { cryptOnToken(d, m.mode, size, encrypt) }))
			}
		}
	}
	two := []hsm.Attributes{aesD0, tdesD0}
	out = append(out, Command{"ReEncrypt CBC, 48 bytes", two, func(h *hsm.HSM, k []hsm.KeyRef) func() error {
		from := hsm.BlockCipher{Key: hsm.WorkingKey{Key: k[0]}, Mode: hsm.CBC}
		to := hsm.BlockCipher{Key: hsm.WorkingKey{Key: k[1]}, Mode: hsm.CBC}
		return func() error { _, err := h.ReEncrypt(ctx, from, to, message); return err }
	}, func(d Device) {
		out := bytes.Clone(message)
		d.Decrypt(0, hsm.CBC, out)
		d.Encrypt(1, hsm.CBC, bytes.Clone(out))
	}, nil}, reEncryptDUKPT())
	return append(out, Command{"DecryptRSA OAEP", []hsm.Attributes{rsaPair}, func(h *hsm.HSM, k []hsm.KeyRef) func() error {
		_, public := RSA()
		ciphertext := Sure(h.EncryptRSA(ctx, public, hsm.RSAOAEPSHA256, message))
		return func() error { _, err := h.DecryptRSA(ctx, k[0], hsm.RSAOAEPSHA256, ciphertext); return err }
	}, func(d Device) { d.DecryptOAEP(0, oaepCiphertext()) }, nil})
}

// reEncryptDUKPT is from a key of a transaction to a stored one.
func reEncryptDUKPT() Command {
	return Command{"ReEncrypt CBC, 48 bytes, DUKPT TDES", []hsm.Attributes{tdesB0, aesD0}, func(h *hsm.HSM, k []hsm.KeyRef) func() error {
		from := hsm.BlockCipher{Key: hsm.WorkingKey{Key: k[0], Derive: tdesDUKPT}, Mode: hsm.CBC}
		to := hsm.BlockCipher{Key: hsm.WorkingKey{Key: k[1]}, Mode: hsm.CBC}
		return func() error { _, err := h.ReEncrypt(ctx, from, to, message); return err }
	}, func(d Device) {
		out, iv := bytes.Clone(message), make([]byte, 8)
		cipher.NewCBCDecrypter(Sure(tdes.NewCipher(derivedTDES(d, 0, dukpt.DataRequest))), iv).CryptBlocks(out, out)
		d.Encrypt(1, hsm.CBC, bytes.Clone(out))
	}, nil}
}

// crypt is a mode as it is written down.
func crypt(d Device, mode hsm.CipherMode, out []byte, encrypt bool) {
	switch mode {
	case hsm.ECB, hsm.CBC:
		if encrypt {
			d.Encrypt(0, mode, out)
		} else {
			d.Decrypt(0, mode, out)
		}
	case hsm.CFB1:
		cryptBits(d.Block(0), out)
	case hsm.CFB8:
		b, register, stream := d.Block(0), make([]byte, 16), make([]byte, 16)
		for i := range out {
			b.Encrypt(stream, register)
			out[i] ^= stream[0]
			copy(register, register[1:])
			register[15] = out[i]
		}
	default:
		b, register, stream := d.Block(0), make([]byte, 16), make([]byte, 16)
		for i := 0; i < len(out); i += 16 {
			b.Encrypt(stream, register)
			subtle.XORBytes(out[i:], out[i:], stream)
			if register = stream; mode != hsm.OFB {
				register = out[i : i+16]
			}
		}
	}
}

func cryptBits(b cipher.Block, out []byte) {
	register, stream := make([]byte, 16), make([]byte, 16)
	for i := range len(out) * 8 {
		b.Encrypt(stream, register)
		out[i/8] ^= stream[0] >> 7 << (7 - i%8)
		for j := range 15 {
			register[j] = register[j]<<1 | register[j+1]>>7
		}
		register[15] = register[15]<<1 | out[i/8]>>(7-i%8)&1
	}
}

// cryptOnToken: the keystream of a feedback of whole blocks is one CBC encryption, and to decrypt
// CFB, an ECB encryption.
func cryptOnToken(d Device, mode hsm.CipherMode, size int, encrypt bool) {
	out := make([]byte, size)
	switch {
	case mode == hsm.ECB || mode == hsm.CBC:
		crypt(d, mode, out, encrypt)
	case (mode == hsm.CFB8 || mode == hsm.CFB1) && encrypt:
		crypt(d, mode, out, true)
	case mode == hsm.CFB8 || mode == hsm.CFB1:
		decryptShort(d, out, map[hsm.CipherMode]uint{hsm.CFB8: 8, hsm.CFB1: 1}[mode])
	case mode == hsm.OFB || encrypt:
		d.Encrypt(0, hsm.CBC, out)
	default:
		d.Encrypt(0, hsm.ECB, out)
	}
}

// decryptShort undoes a feedback of some bits with 4,096 bytes of registers in a call.
func decryptShort(d Device, out []byte, bits uint) {
	register, registers := make([]byte, 16), make([]byte, 0, 4096)
	each := 16 * int(8/bits)
	for ; len(out) > 0; out = out[min(len(out), 4096/each):] {
		part := out[:min(len(out), 4096/each)]
		registers = registers[:0]
		for _, c := range part {
			for shift := 8 - int(bits); shift >= 0; shift -= int(bits) {
				registers = append(registers, register...)
				for j := range 15 {
					register[j] = register[j]<<bits | register[j+1]>>(8-bits)
				}
				register[15] = register[15]<<bits | c>>shift&(1<<bits-1)
			}
		}
		d.Encrypt(0, hsm.ECB, registers)
		for i := range part {
			for shift, at := 8-int(bits), i*each; shift >= 0; shift, at = shift-int(bits), at+16 {
				part[i] ^= registers[at] >> (8 - bits) << shift
			}
		}
	}
}

func cardRow(name string, key hsm.Attributes, form hsm.CardForm, floor func(d Device)) Command {
	data := hsm.CardData{Form: form, PAN: thePAN, Expiry: "2712", ServiceCode: "101", PSN: "00", ATC: "1", UN: "12345678",
		Track: hsm.NewSecret(message)}
	return Command{name, []hsm.Attributes{key}, func(h *hsm.HSM, k []hsm.KeyRef) func() error {
		return func() error { _, err := h.CardValue(ctx, k[0], data, 3); return err }
	}, floor, nil}
}

func cards() []Command {
	c0, e4 := Symmetric("C0", hsm.TDES, 128), Symmetric("E4", hsm.TDES, 128)
	return []Command{
		cardRow("CardValue CVV", c0, hsm.CardCVV, func(d Device) { Sure(cvv.CVV(d.Retail(0), pan, "2712", "101", 3)) }),
		cardRow("CardValue CSC 1", c0, hsm.CardCSC1, func(d Device) { Sure(cvv.CSC1(d.Block(0), pan, "2712")) }),
		cardRow("CardValue CSC 2", c0, hsm.CardCSC2, func(d Device) { Sure(cvv.CSC2(d.Block(0), pan, "2712", "101")) }),
		cardRow("CardValue dCVV", e4, hsm.CardDCVV, func(d Device) {
			Sure(cvv.Dynamic(Sure(mac.NewRetailKey(cardKey(d, 0))), pan, "2712", "101", "1", 3))
		}),
		cardRow("CardValue CVC3", e4, hsm.CardCVC3, func(d Device) {
			card := cardKey(d, 0)
			Sure(cvv.CVC3(Sure(tdes.NewCipher(card)), Sure(mac.NewRetailKey(card)), message, "12345678", "1", 3))
		}),
	}
}

func cryptograms() []Command {
	e0 := []hsm.Attributes{Symmetric("E0", hsm.TDES, 128)}
	return []Command{
		{"ARQC", e0, func(h *hsm.HSM, k []hsm.KeyRef) func() error {
			return func() error { _, err := h.ARQC(ctx, k[0], session, message); return err }
		}, func(d Device) { Sure(emv.Cryptogram(sessionKey(cardKey(d, 0)), message)) }, nil},
		{"VerifyARQC, with an ARPC", e0, func(h *hsm.HSM, k []hsm.KeyRef) func() error {
			arqc := [8]byte(Sure(h.ARQC(ctx, k[0], session, message)))
			return func() error {
				_, _, err := h.VerifyARQC(ctx, k[0], session, message, arqc, &hsm.ARPC{Method: 1})
				return err
			}
		}, func(d Device) {
			card := sessionKey(cardKey(d, 0))
			Sure(emv.ARPC1(card, [8]byte(Sure(emv.Cryptogram(card, message))), [2]byte{}))
		}, nil},
	}
}

// keys are the commands with keys that are agreed on or come in a block.
func keys() []Command {
	agreed := hsm.ECDH{Peer: Peer(), Hash: crypto.SHA256, Info: []byte{1, 2}, Algorithm: hsm.AES, Bits: 128}
	cbc := func(d hsm.Derivation) hsm.BlockCipher {
		return hsm.BlockCipher{Key: hsm.WorkingKey{Derive: d}, Mode: hsm.CBC}
	}
	inHost := func(key []byte) {
		out := bytes.Clone(message)
		cipher.NewCBCEncrypter(Sure(aes.NewCipher(key)), make([]byte, 16)).CryptBlocks(out, out)
	}
	agree := func(d Device) []byte {
		sum := sha256.Sum256(slices.Concat([]byte{0, 0, 0, 1}, d.ECDH(0), agreed.Info))
		return sum[:16]
	}
	out := []Command{dataRow("Encrypt CBC, 48 bytes, ECDH", []hsm.Attributes{ecPair}, cbc(agreed), 48, true,
		func(d Device) { inHost(agree(d)) }, nil)}
	for v, key := range map[tr31.Version]hsm.Attributes{
		tr31.VersionB: Symmetric("K1", hsm.TDES, 128), tr31.VersionD: Symmetric("K1", hsm.AES, 256)} {
		block := blockUnder(Bytes(key), v)
		out = append(out, dataRow(fmt.Sprintf("Encrypt CBC, 48 bytes, block %c", v), []hsm.Attributes{key}, cbc(hsm.WrappedKey{Block: block}),
			48, true, func(d Device) { inHost(d.Unwrap(0, block)) }, nil))
	}
	slices.SortFunc(out[1:], func(a, b Command) int { return bytes.Compare([]byte(a.Name), []byte(b.Name)) })
	return append(out, kekRow(), translationRow(agreed, agree))
}
