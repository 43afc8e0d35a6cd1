package enginetest

import (
	"bytes"
	"crypto/cipher"
	"crypto/subtle"
	"fmt"

	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/mac"
	"github.com/seed748fb4d1/apcsim/pin"
)

// Scheme is the way in which a PIN change script is made.
type Scheme int

// The schemes of the service.
const (
	SchemeEMVCommon  Scheme = iota + 1 // EMV's common method; the form is the caller's
	SchemeVisa                         // session keys from the counter, the key for cryptograms in the block
	SchemeAmex                         // as Visa
	SchemeMastercard                   // M/Chip
	SchemeEMV2000                      // session keys down a tree
)

// schemes are their names and forms, and whether the key for cryptograms is in the block.
var schemes = map[Scheme]struct {
	name  string
	form  emv.ScriptForm
	mixes bool
}{
	SchemeEMVCommon:  {name: "EMV common"},
	SchemeVisa:       {"Visa", emv.VisaForm, true},
	SchemeAmex:       {"American Express", emv.VisaForm, true},
	SchemeMastercard: {"Mastercard", emv.MChipForm, false},
	SchemeEMV2000:    {"EMV 2000", emv.EMV2000Form, false},
}

// String is the scheme's name.
func (s Scheme) String() string { return schemes[s].name }

// Script is a PIN change script as a card gets it. All but the scheme and the form is in hexadecimal.
type Script struct {
	Scheme  Scheme
	Form    emv.ScriptForm // of SchemeEMVCommon; other schemes have their own
	Message string         // the command before the PIN block, which the MAC covers too
	Current bool           // of Visa and American Express: the card's current PIN is in the block
	Block   string         // the new PIN, enciphered
	MAC     string         // the leftmost 4 to 8 bytes
}

// Format prints only the scheme, whatever the verb.
func (s Script) Format(w fmt.State, _ rune) { fmt.Fprintf(w, "Script(%v)", s.Scheme) }

func (s Script) form() emv.ScriptForm {
	if s.Scheme == SchemeEMVCommon {
		return s.Form
	}
	return schemes[s.Scheme].form
}

// PINChange makes the script that changes a card's PIN after a transaction: the block and the MAC of a script whose
// other members are given. The keys are E1 TDES_2KEY (for the PIN), E2 TDES_2KEY (for the MAC) and for Visa and
// American Express E0 TDES_2KEY. The current PIN is used only with Script.Current.
func (i *Issuer) PINChange(x Transaction, s Script, current, next string) Script {
	i.p.t.Helper()
	block, err := i.scriptBlock(x, s, current, next)
	var enciphered []byte
	if err == nil {
		enciphered, err = emv.EncryptPIN(i.scriptKey(E1TDES2, x, s.Scheme), s.form(), block)
	}
	i.check("a PIN change", err)
	sum, err := emv.ScriptMAC(i.scriptKey(E2TDES2, x, s.Scheme), append(i.p.hexBytes("a script", s.Message), enciphered...))
	i.check("the MAC of a script", err)
	s.Block, s.MAC = upperHex(enciphered), upperHex(sum)
	return s
}

func (i *Issuer) scriptBlock(x Transaction, s Script, current, next string) ([]byte, error) {
	i.p.t.Helper()
	to := i.pin(x.Account, next)
	if !schemes[s.Scheme].mixes {
		return emv.PINBlock(to)
	}
	key := i.cardKey(E0TDES2, x.Account, x.Sequence)
	if !s.Current {
		return emv.VisaPINBlock(key, to, nil)
	}
	from := i.pin(x.Account, current)
	return emv.VisaPINBlock(key, to, &from)
}

// scriptKey is the session key of a transaction's script.
func (i *Issuer) scriptKey(k KeyKind, x Transaction, s Scheme) (key []byte) {
	i.p.t.Helper()
	master, err := i.cardKey(k, x.Account, x.Sequence), error(nil)
	switch s {
	case SchemeEMVCommon, SchemeMastercard:
		key, err = emv.CommonSession(master, i.cryptogram(x))
	case SchemeVisa, SchemeAmex:
		key, err = emv.VisaScriptSession(master, i.counter(x))
	case SchemeEMV2000:
		key, err = emv.EMV2000(master, i.counter(x), emv.ServiceTree)
	default:
		i.p.t.Fatalf("enginetest: a script of %s: its scheme is %d", i.p.Name, int(s))
		return nil
	}
	i.check("a session key", err)
	i.p.sim.Secret(key)
	return key
}

// PIN is the card's PIN, "" until it is set or a script is accepted.
func (c *Card) PIN() string { return c.pin }

// SetPIN gives the card its PIN without a script, as at personalization.
func (c *Card) SetPIN(digits string) {
	c.issuer.p.t.Helper()
	c.pin = c.issuer.pin(c.Account, digits).Digits()
}

// TakesScript reports whether a PIN change script is right after the last transaction, and sets the
// new PIN if it is.
func (c *Card) TakesScript(s Script) bool {
	i := c.issuer
	i.p.t.Helper()
	enciphered := i.p.hexBytes("a script's block", s.Block)
	want, err := emv.ScriptMAC(i.scriptKey(E2TDES2, c.last, s.Scheme), append(i.p.hexBytes("a script", s.Message), enciphered...))
	i.check("the MAC of a script", err)
	sum := i.p.hexBytes("the MAC of a script", s.MAC)
	if len(sum) < 4 || len(sum) > 8 || !mac.Equal(sum, want[:len(sum)]) {
		return false
	}
	block := clearBlock(i.scriptKey(E1TDES2, c.last, s.Scheme), s.form(), enciphered)
	if block == nil {
		return false
	}
	if schemes[s.Scheme].mixes {
		c.unmix(block, s.Current)
	}
	p, err := pin.Decode(pin.ISO2, block, "")
	if err != nil {
		return false
	}
	c.pin = i.pin(c.Account, p.Digits()).Digits()
	return true
}

// unmix takes the key for cryptograms and the current PIN out of a block and makes it one of ISO format 2.
func (c *Card) unmix(block []byte, current bool) {
	subtle.XORBytes(block[4:], block[4:], c.key[4:8])
	if current {
		for i, d := range []byte(c.pin) {
			block[i/2] ^= (d - '0') << (4 * (1 - i%2))
		}
	}
	block[0] |= 0x20
}

// clearBlock is the 8 bytes in an enciphered script block; nil where it has not the form.
func clearBlock(key []byte, f emv.ScriptForm, enciphered []byte) []byte {
	if len(enciphered) == 0 || len(enciphered)%8 != 0 {
		return nil
	}
	b, out := doubleDES(key), make([]byte, len(enciphered))
	if f.CBC {
		cipher.NewCBCDecrypter(b, make([]byte, 8)).CryptBlocks(out, enciphered)
	} else {
		for at := 0; at < len(out); at += 8 {
			b.Decrypt(out[at:], enciphered[at:at+8])
		}
	}
	if f.Pad {
		padded := bytes.TrimRight(out, "\x00")
		if out = bytes.TrimSuffix(padded, []byte{0x80}); len(out) == len(padded) {
			return nil
		}
	}
	if f.Length {
		if len(out) == 0 || out[0] != 8 {
			return nil
		}
		out = out[1:]
	}
	if len(out) != 8 {
		return nil
	}
	return out
}
