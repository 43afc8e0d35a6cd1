package emv

import (
	"crypto/cipher"
	"crypto/subtle"
	"fmt"

	"github.com/seed748fb4d1/apcsim/pin"
)

// ScriptForm is how the PIN of a PIN change script is enciphered.
type ScriptForm struct {
	Length bool // the byte 08 in front of the block
	Pad    bool // padding method 2 behind it
	CBC    bool // CBC with a zero IV instead of ECB
}

// The forms of the schemes. The common method takes any form that the caller asks for.
var (
	VisaForm    = ScriptForm{Length: true, Pad: true} // American Express too
	MChipForm   = ScriptForm{CBC: true}
	EMV2000Form = ScriptForm{Pad: true, CBC: true} // GUESS G-emv2000-script
)

// PINBlock returns the clear script block, 8 bytes, of every scheme but Visa and American
// Express: ISO 9564 format 2.
func PINBlock(p pin.PIN) ([]byte, error) { return pin.Encode(pin.ISO2, p, "", nil) }

// VisaPINBlock returns the clear script block, 8 bytes, of Visa and American Express: length
// and digits of the new PIN, filled with F, XOR bytes 5 to 8 of the card's master key for
// cryptograms, XOR the digits of the current PIN, if there is one.
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

// EncryptPIN enciphers a clear script block of 8 bytes under the session key of the
// confidentiality key: 8 or 16 bytes (EMV Book 2, section 9.3).
func EncryptPIN(sk []byte, f ScriptForm, block []byte) ([]byte, error) {
	if len(block) != 8 {
		return nil, &Error{"script block", problemLength, fmt.Sprintf("%d bytes", len(block)), "8 bytes"}
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
