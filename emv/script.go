package emv

import (
	"crypto/cipher"
	"crypto/subtle"

	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/pin"
)

// ScriptForm is how the PIN block of a PIN change script is padded and enciphered. The zero value
// is the block alone, in ECB.
type ScriptForm struct {
	Length bool // the byte 08, the length of the block, in front of it; needs Pad
	Pad    bool // padding method 2 behind the block
	CBC    bool // CBC with a zero IV instead of ECB
}

// The forms of the schemes. With session keys of the common method all three are in
// use.
var (
	VisaForm    = ScriptForm{Length: true, Pad: true} // and of American Express
	MChipForm   = ScriptForm{CBC: true}
	EMV2000Form = ScriptForm{Pad: true, CBC: true} // GUESS G-emv2000-script
)

// PINBlock returns the clear PIN block of a script, 8 bytes, of every scheme but Visa and American
// Express: ISO 9564-1 format 2. The zero PIN is a [pin.Error]. The caller clears the block.
func PINBlock(p pin.PIN) ([]byte, error) { return pin.Encode(pin.ISO2, p, "", nil) }

// VisaPINBlock returns the clear PIN block of a script of Visa and American Express, 8 bytes (Visa
// VIS). It begins with the length of the new PIN in one byte, its digits, and F up to 8 bytes. The
// last four bytes are then XORed with bytes 5 to 8 of mk, the card's master key for cryptograms,
// and the first bytes with the digits of the current PIN, where current is not nil. The zero PIN
// is a [pin.Error]. The caller clears the block.
func VisaPINBlock(mk []byte, p pin.PIN, current *pin.PIN) ([]byte, error) {
	if err := keyLength("card master key", mk); err != nil {
		return nil, err
	}
	out, err := pin.Encode(pin.ISO2, p, "", nil)
	if err != nil {
		return nil, err
	}
	out[0] &= 0x0F // the length without the control digit
	subtle.XORBytes(out[4:], out[4:], mk[4:8])
	if current == nil {
		return out, nil
	}
	for i, d := range []byte(current.Digits()) {
		out[i/2] ^= (d - '0') << (4 * (1 - i%2))
	}
	return out, nil
}

// EncryptPIN enciphers a clear PIN block of a script, 8 bytes, under a session key of the card's
// key for message confidentiality (section 9.3). The result is 8 bytes, or 16 where the form has
// padding. A form with a length and no padding is an [Error].
func EncryptPIN(sk []byte, f ScriptForm, block []byte) ([]byte, error) {
	if len(block) != 8 {
		return nil, &Error{"script block", problemLength, wording.Bytes(len(block)), "8 bytes"}
	}
	if f.Length && !f.Pad {
		return nil, &Error{"script form", problemPadding, "none", "padding method 2"}
	}
	b, err := newCipher("session key", sk)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, 16)
	if f.Length {
		out = append(out, 8)
	}
	out = append(out, block...)
	if f.Pad { // method 2, to 16 bytes
		out = append(out, 0x80)[:16]
	}
	if f.CBC {
		cipher.NewCBCEncrypter(b, make([]byte, 8)).CryptBlocks(out, out)
		return out, nil
	}
	for rest := out; len(rest) > 0; rest = rest[8:] {
		b.Encrypt(rest, rest[:8])
	}
	return out, nil
}
