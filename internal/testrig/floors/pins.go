package floors

import (
	"crypto/aes"
	"crypto/cipher"
	"slices"

	"github.com/seed748fb4d1/apcsim/dukpt"
	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/tdes"
	"github.com/seed748fb4d1/apcsim/pin"
)

var (
	tdesP0 = Symmetric("P0", hsm.TDES, 128)
	aesP0  = Symmetric("P0", hsm.AES, 128)
	tdesV1 = Symmetric("V1", hsm.TDES, 128)
	four   = Sure(pin.New("1234"))
)

// under is the PIN in a block under the key of attributes.
func under(a hsm.Attributes, f pin.Format) []byte {
	block := Sure(tdes.NewCipher(Bytes(tdesP0)))
	if a.Algorithm == hsm.AES {
		block = Sure(aes.NewCipher(Bytes(a)))
	}
	return Sure(pin.Encrypt(block, f, four, pan, hostRandom))
}

// pinArguments are those of a command on PINs, with keys P0 and V1.
type pinArguments struct {
	h    *hsm.HSM
	in   *hsm.PINBlock
	to   *hsm.PINForm // format 0, without random fill
	visa *hsm.VisaPVV
	ibm  *hsm.IBM3624
}

var bareIBM = &pin.IBM3624{Table: "0123456789012345", ValidationData: pan, Pad: 'F'}

func pinRow(name string, run func(x *pinArguments) error, floor func(d Device, in []byte)) Command {
	in := under(tdesP0, pin.ISO0)
	return Command{name, []hsm.Attributes{tdesP0, tdesV1}, func(h *hsm.HSM, k []hsm.KeyRef) func() error {
		pek := hsm.WorkingKey{Key: k[0]}
		x := &pinArguments{
			h:    h,
			in:   &hsm.PINBlock{Key: pek, Format: pin.ISO0, Block: in, PAN: thePAN},
			to:   &hsm.PINForm{Key: pek, Format: pin.ISO0, PAN: thePAN},
			visa: &hsm.VisaPVV{Key: k[1], PAN: thePAN, Index: 1},
			ibm:  &hsm.IBM3624{Key: k[1], Table: bareIBM.Table, ValidationData: thePAN, Pad: bareIBM.Pad},
		}
		return func() error { return run(x) }
	}, func(d Device) { floor(d, in) }, nil}
}

func open(d Device, in []byte) pin.PIN { return Sure(pin.Decrypt(d.Block(0), pin.ISO0, in, pan)) }
func seal(d Device, p pin.PIN)         { Sure(pin.Encrypt(d.Block(0), pin.ISO0, p, pan, nil)) }

func pins() []Command {
	return slices.Concat(visaPINs(), ibmPINs(), translations(), []Command{scriptRow(), as2805Row()})
}

func visaPINs() []Command {
	return []Command{
		pinRow("GeneratePVV", func(x *pinArguments) error { _, err := x.h.GeneratePVV(ctx, x.to, x.visa, 4); return err },
			func(d Device, _ []byte) {
				p := Sure(pin.Random(&random{d: d}, 4))
				Sure(pin.PVV(d.Block(1), pan, 1, p))
				seal(d, p)
			}),
		pinRow("PVV", func(x *pinArguments) error { _, err := x.h.PVV(ctx, x.in, x.visa, 4); return err },
			func(d Device, in []byte) {
				p := open(d, in)
				Sure(pin.PVV(d.Block(1), pan, 1, p))
				seal(d, p)
			}),
		pinRow("VerifyPVV", func(x *pinArguments) error { _, err := x.h.VerifyPVV(ctx, x.in, x.visa, "1234"); return err },
			func(d Device, in []byte) { Sure(pin.VerifyPVV(d.Block(1), pan, 1, open(d, in), "1234")) }),
	}
}

func ibmPINs() []Command {
	return []Command{
		pinRow("GenerateOffset", func(x *pinArguments) error { _, err := x.h.GenerateOffset(ctx, x.to, x.ibm, 4); return err },
			func(d Device, _ []byte) {
				p := Sure(pin.Random(&random{d: d}, 4))
				Sure(bareIBM.Offset(d.Block(1), p))
				seal(d, p)
			}),
		pinRow("NaturalPIN", func(x *pinArguments) error { _, err := x.h.NaturalPIN(ctx, x.to, x.ibm, 4); return err },
			func(d Device, _ []byte) { seal(d, Sure(bareIBM.NaturalPIN(d.Block(1), 4))) }),
		pinRow("PINFromOffset", func(x *pinArguments) error { _, err := x.h.PINFromOffset(ctx, x.to, x.ibm, "1234"); return err },
			func(d Device, _ []byte) { seal(d, Sure(bareIBM.PIN(d.Block(1), "1234"))) }),
		pinRow("PINOffset", func(x *pinArguments) error { _, err := x.h.PINOffset(ctx, x.in, x.ibm, 4); return err },
			func(d Device, in []byte) {
				p := open(d, in)
				Sure(bareIBM.Offset(d.Block(1), p))
				seal(d, p)
			}),
		pinRow("VerifyOffset", func(x *pinArguments) error { _, err := x.h.VerifyOffset(ctx, x.in, x.ibm, "1234"); return err },
			func(d Device, in []byte) { Sure(bareIBM.Verify(d.Block(1), open(d, in), "1234")) }),
	}
}

// translation is TranslatePIN between two keys.
func translation(
	name string, from, to hsm.Attributes, in, out pin.Format, derive hsm.Derivation, block func(d Device) cipher.Block,
) Command {
	given := under(from, in)
	c := Command{name, []hsm.Attributes{from, to}, func(h *hsm.HSM, k []hsm.KeyRef) func() error {
		b := &hsm.PINBlock{Key: hsm.WorkingKey{Key: k[0], Derive: derive}, Format: in, Block: given, PAN: thePAN}
		f := &hsm.PINForm{Key: hsm.WorkingKey{Key: k[1]}, Format: out, PAN: thePAN}
		return func() error { _, err := h.TranslatePIN(ctx, b, f); return err }
	}, func(d Device) {
		p := Sure(pin.Decrypt(block(d), in, given, pan))
		Sure(pin.Encrypt(d.Block(1), out, p, pan, &random{d: d}))
	}, nil}
	if derive != nil { // the block under the derived key of the software device
		device := c.Software()
		given = Sure(pin.Encrypt(block(device), in, four, pan, hostRandom))
	}
	return c
}

func translations() []Command {
	stored := func(d Device) cipher.Block { return d.Block(0) }
	return []Command{
		translation("TranslatePIN 0 to 0", tdesP0, Symmetric("P0", hsm.TDES, 192), pin.ISO0, pin.ISO0, nil, stored),
		translation("TranslatePIN 0 to 3", tdesP0, Symmetric("P0", hsm.TDES, 192), pin.ISO0, pin.ISO3, nil, stored),
		translation("TranslatePIN 0 to 4", tdesP0, aesP0, pin.ISO0, pin.ISO4, nil, stored),
		translation("TranslatePIN 4 to 0", aesP0, tdesP0, pin.ISO4, pin.ISO0, nil, stored),
		translation("TranslatePIN DUKPT TDES 0 to 0", tdesB0, tdesP0, pin.ISO0, pin.ISO0, tdesDUKPT,
			func(d Device) cipher.Block { return Sure(tdes.NewCipher(derivedTDES(d, 0, dukpt.PIN))) }),
		translation("TranslatePIN DUKPT AES 4 to 0", aesB0, tdesP0, pin.ISO4, pin.ISO0, aesDUKPT,
			func(d Device) cipher.Block { return Sure(aes.NewCipher(derivedAES(d, 0, dukpt.PINEncryption))) }),
	}
}

// scriptRow is a PIN change script with all keys that one can have.
func scriptRow() Command {
	keys := []hsm.Attributes{tdesP0, Symmetric("E1", hsm.TDES, 128), Symmetric("E2", hsm.TDES, 128), Symmetric("E0", hsm.TDES, 128)}
	in := under(tdesP0, pin.ISO0)
	script := session
	script.Session = hsm.SessionVisaScript
	return Command{"PINChange, Visa", keys, func(h *hsm.HSM, k []hsm.KeyRef) func() error {
		b := hsm.PINBlock{Key: hsm.WorkingKey{Key: k[0]}, Format: pin.ISO0, Block: in, PAN: thePAN}
		c := &hsm.PINChange{New: b, Current: &b, Confidentiality: k[1], Integrity: k[2], Cryptogram: &k[3], Session: script,
			Form: emv.VisaForm, Message: message}
		return func() error { _, err := h.PINChange(ctx, c); return err }
	}, func(d Device) {
		next, current := open(d, in), open(d, in)
		block := Sure(emv.VisaPINBlock(cardKey(d, 3), next, &current))
		scriptKey := func(key int) []byte { return Sure(emv.VisaScriptSession(cardKey(d, key), script.ATC)) }
		enciphered := Sure(emv.EncryptPIN(scriptKey(1), emv.VisaForm, block))
		Sure(emv.ScriptMAC(scriptKey(2), slices.Concat(message, enciphered)))
	}, nil}
}

// as2805Row is a PIN under the key of one AS 2805 transaction: two CBC encryptions.
func as2805Row() Command {
	derive := hsm.AS2805PIN{Trace: "000123", Amount: "000000009950"}
	return pinRow("NaturalPIN, AS 2805 key", func(x *pinArguments) error {
		to := *x.to
		to.Key.Derive = derive
		_, err := x.h.NaturalPIN(ctx, &to, x.ibm, 4)
		return err
	}, func(d Device, _ []byte) {
		p := Sure(bareIBM.NaturalPIN(d.Block(1), 4))
		out := make([]byte, 16)
		d.Encrypt(0, hsm.CBC, out)
		d.Encrypt(0, hsm.CBC, out)
		Sure(pin.Encrypt(Sure(tdes.NewCipher(out)), pin.ISO0, p, pan, nil))
	})
}
