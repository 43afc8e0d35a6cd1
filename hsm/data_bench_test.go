package hsm_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"fmt"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/cvv"
	"github.com/seed748fb4d1/apcsim/dukpt"
	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/tdes"
	"github.com/seed748fb4d1/apcsim/internal/testrig/ratio"
	"github.com/seed748fb4d1/apcsim/mac"
	"github.com/seed748fb4d1/apcsim/pin"
)

// bareKeys are the keys of a command as in a program with the bare algorithm: clear,
// and prepared.
type bareKeys struct {
	raw    []byte
	block  cipher.Block
	retail *mac.RetailKey
	cmac   *mac.CMAC
}

func bareKey(a hsm.Attributes) bareKeys {
	k := bareKeys{raw: commandKey(a)}
	var err error
	if k.block, err = newCipher(a.Algorithm, k.raw); err != nil {
		panic(err)
	}
	if a.Algorithm == hsm.TDES {
		if k.retail, err = mac.NewRetailKey(k.raw); err != nil {
			panic(err)
		}
	}
	k.cmac = mac.NewCMAC(k.block)
	return k
}

func sure[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

const benchPAN = "4123456789012345"

// floors are the bare algorithms of the commands by name and number of the row's command: with
// prepared ciphers, and the derivations of DUKPT and EMV.
var floors = map[string]func() func(){
	"MAC, VerifyMAC: algorithm 1": func() func() {
		k := bareKey(symmetricKey("M1", hsm.TDES, 128))
		return func() { sure(mac.CBC(k.block, mac.None, testMessage)) }
	},
	"MAC, VerifyMAC: algorithm 3": func() func() {
		k := bareKey(symmetricKey("M3", hsm.TDES, 128))
		return func() { sure(mac.Retail(k.retail, mac.Bit, testMessage)) }
	},
	"MAC, VerifyMAC: CMAC": func() func() {
		k := bareKey(symmetricKey("M6", hsm.TDES, 192))
		return func() { k.cmac.Sum(nil, testMessage) }
	},
	"CardValue, VerifyCardValue: CVV": func() func() {
		k := bareKey(symmetricKey("C0", hsm.TDES, 128))
		return func() { sure(cvv.CVV(k.retail, benchPAN, "2712", "101", 3)) }
	},
	"CardValue, VerifyCardValue: CSC": func() func() {
		k := bareKey(symmetricKey("C0", hsm.TDES, 192))
		return func() { sure(cvv.CSC1(k.block, benchPAN, "2712")) }
	},
	"CardValue, VerifyCardValue: others": func() func() {
		k := bareKey(symmetricKey("E4", hsm.TDES, 128))
		return func() {
			card := sure(emv.MasterKey(k.block, emv.OptionA, benchPAN, "00"))
			sure(cvv.Dynamic(sure(mac.NewRetailKey(card)), benchPAN, "2712", "101", "1", 3))
		}
	},
	"ARQC, VerifyARQC": func() func() {
		k := bareKey(symmetricKey("E0", hsm.TDES, 128))
		return func() { sure(emv.Cryptogram(bareSession(k), testMessage)) }
	},
	"PINChange": barePINChange,
	"key derived by DUKPT, TDES": func() func() {
		k := bareKey(symmetricKey("B0", hsm.TDES, 128))
		variant := sure(tdes.NewCipher(sure(dukpt.Variant(k.raw))))
		return func() {
			ksn := sure(dukpt.ParseTDESKSN(tdesDUKPT.KSN))
			working := sure(dukpt.WorkingTDES(dukpt.InitialTDES(k.block, variant, ksn), ksn, dukpt.MACRequest))
			sure(mac.Retail(sure(mac.NewRetailKey(working)), mac.Bit, testMessage))
		}
	},
	"key derived by DUKPT, AES": func() func() {
		k := bareKey(symmetricKey("B0", hsm.AES, 128))
		return func() {
			ksn := sure(dukpt.ParseAESKSN(aesDUKPT.KSN))
			initial := sure(dukpt.InitialAES(k.block, 128, ksn.InitialKeyID()))
			working := sure(dukpt.WorkingAES(initial, ksn, dukpt.MACGeneration, dukpt.AES128))
			mac.NewCMAC(sure(newCipher(hsm.AES, working))).Sum(nil, testMessage)
		}
	},
	"key derived by EMV": func() func() {
		k := bareKey(symmetricKey("E2", hsm.TDES, 128))
		return func() { sure(emv.ScriptMAC(bareSession(k), testMessage)) }
	},
}

func bareSession(k bareKeys) []byte {
	return sure(emv.CommonSession(sure(emv.MasterKey(k.block, emv.OptionA, benchPAN, "00")), testSession.R))
}

func barePINChange() func() {
	var k []bareKeys
	for _, a := range scriptKeys {
		k = append(k, bareKey(a))
	}
	block := sure(pin.Encrypt(k[0].block, pin.ISO0, sure(pin.New("1234")), benchPAN, nil))
	session := func(k bareKeys) []byte {
		return sure(emv.VisaScriptSession(sure(emv.MasterKey(k.block, emv.OptionA, benchPAN, "00")), testSession.ATC))
	}
	return func() {
		next := sure(pin.Decrypt(k[0].block, pin.ISO0, block, benchPAN))
		current := sure(pin.Decrypt(k[0].block, pin.ISO0, block, benchPAN))
		master := sure(emv.MasterKey(k[3].block, emv.OptionA, benchPAN, "00"))
		script := sure(emv.EncryptPIN(session(k[1]), emv.VisaForm, sure(emv.VisaPINBlock(master, next, &current))))
		sure(emv.ScriptMAC(session(k[2]), append(bytes.Clone(testMessage), script...)))
	}
}

// cipherFloor is a mode as it is written down, with a new slice for its output.
func cipherFloor(mode hsm.CipherMode, message []byte) func() {
	k := bareKey(aesD0)
	iv := make([]byte, 16)
	return func() {
		out := bytes.Clone(message)
		switch mode {
		case hsm.ECB:
			for i := 0; i < len(out); i += 16 {
				k.block.Encrypt(out[i:], out[i:i+16])
			}
		case hsm.CBC:
			cipher.NewCBCEncrypter(k.block, iv).CryptBlocks(out, out)
		case hsm.CFB8:
			register, stream := bytes.Clone(iv), make([]byte, 16)
			for i := range out {
				k.block.Encrypt(stream, register)
				out[i] ^= stream[0]
				register = append(register[1:], out[i])
			}
		case hsm.CFB1:
			register, stream := bytes.Clone(iv), make([]byte, 16)
			for i := range len(out) * 8 {
				k.block.Encrypt(stream, register)
				out[i/8] ^= stream[0] >> 7 << (7 - i%8)
				for j := range 15 {
					register[j] = register[j]<<1 | register[j+1]>>7
				}
				register[15] = register[15]<<1 | out[i/8]>>(7-i%8)&1
			}
		default: // OFB, and CFB with whole blocks
			register, stream := iv, make([]byte, 16)
			for i := 0; i < len(out); i += 16 {
				k.block.Encrypt(stream, register)
				subtle.XORBytes(out[i:], out[i:], stream)
				if register = stream; mode != hsm.OFB {
					register = out[i : i+16]
				}
			}
		}
	}
}

// newCipher is the cipher of an AES or TDES key.
func newCipher(algorithm hsm.Algorithm, key []byte) (cipher.Block, error) {
	if algorithm == hsm.TDES {
		return tdes.NewCipher(key)
	}
	return aes.NewCipher(key)
}

// BenchmarkDataPlane states each command against its bare algorithm. The bar is 1.5 times
// the floor and 0.15 µs for each key.
func BenchmarkDataPlane(b *testing.B) {
	device := hsm.NewSoftware(nil)
	h := hsm.New(device, nil)
	defer h.Close()
	seen := map[string]bool{}
	for _, c := range commands {
		floor := floors[c.name]
		if floor == nil || seen[c.name] {
			continue
		}
		seen[c.name] = true
		keys := c.load(b, device)
		b.Run(fmt.Sprintf("%s/keys=%d", strings.ReplaceAll(c.name, " ", "_"), len(keys)), func(b *testing.B) {
			ratio.Beside(b, 100, floor(), func() { sure(c.run(h, keys)) })
		})
	}
	for name, mode := range cipherModes {
		for _, size := range []int{16, 2048} {
			message := bytes.Repeat(testMessage[:16], size/16)
			if mode == hsm.CFB64 || name == "" {
				continue
			}
			key := (&command{keys: []hsm.Attributes{aesD0}}).load(b, device)[0]
			c := hsm.BlockCipher{Key: hsm.WorkingKey{Key: key}, Mode: mode}
			b.Run(fmt.Sprintf("Encrypt/mode=%s/bytes=%d/keys=1", name, size), func(b *testing.B) {
				ratio.Beside(b, 100, cipherFloor(mode, message), func() { sure(h.Encrypt(ctx, c, message)) })
			})
		}
	}
}
