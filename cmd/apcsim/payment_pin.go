package main

import (
	"crypto/rand"
	"flag"
	"fmt"
	"strconv"

	"github.com/seed748fb4d1/apcsim/cvv"
	"github.com/seed748fb4d1/apcsim/pin"
)

const exampleTDES = "0123456789ABCDEFFEDCBA9876543210"

var pinCommands = []paymentTool{
	{
		name: "pin block", args: "--format N [--pan PAN] [--pek HEX] PIN", argument: true,
		summary: "Make a PIN block, clear or enciphered",
		details: `
Formats are 0, 1, 2, 3 and 4 (ISO 9564) and as0 (AS 2805). Formats 0, 3, 4 and as0 need --pan;
format 4 needs --pek, an AES key. With --pek the block is enciphered. PIN and key may be - to
read them from standard input, a line each, the key first.

Example:
  apcsim pin block --format 0 --pan 5555555551234567 1234`,
		flags: pinBlock,
	}, {
		name: "pin open", args: "--format N [--pan PAN] [--pek HEX] BLOCK", argument: true,
		summary: "Read the PIN out of a PIN block",
		details: `
The block is read strictly: a wrong control digit, length, digit or fill is refused by name.

Example:
  apcsim pin open --format 0 --pan 5555555551234567 041261AAAAEDCBA9`,
		flags: pinOpen,
	}, {
		name: "pin pvv", args: "--pvk HEX --pan PAN --index N PIN", argument: true,
		summary: "Compute the Visa PIN verification value",
		details: `
Example:
  apcsim pin pvv --pvk ` + exampleTDES + ` --pan 1122334455667788 --index 1 4524`,
		flags: pinPVV,
	}, {
		name: "pin offset", args: "--pvk HEX --data DIGITS [--table DIGITS] [--pad C] PIN", argument: true,
		summary: "Compute the IBM 3624 natural PIN and offset",
		details: `
Example:
  apcsim pin offset --pvk ` + exampleTDES + ` --data 445566778899 4524`,
		flags: pinOffset,
	}, {
		name: "cvv", args: "--cvk HEX --pan PAN --expiry DATE --service-code N [--length N]",
		summary: "Compute a card verification value",
		details: `
Service code 000 makes it a CVV2, 999 an iCVV. DATE is 4 digits in the issuer's order: usually YYMM
for the stripe, MMYY for CVV2.

Example:
  apcsim cvv --cvk ` + exampleTDES + ` --pan 4123456789012345 --expiry 8701 --service-code 101`,
		flags: cardValue,
	},
}

var pinFormats = map[string]pin.Format{"0": pin.ISO0, "1": pin.ISO1, "2": pin.ISO2, "3": pin.ISO3, "4": pin.ISO4, "as0": pin.AS28050}

func pinFormat(name string) (pin.Format, error) {
	f, ok := pinFormats[name]
	if !ok {
		return 0, usageError("--format is one of 0, 1, 2, 3, 4, as0")
	}
	return f, nil
}

func pinBlock(fs *flag.FlagSet) compute {
	format, pan, pek := pinFlags(fs)
	return func(in *secrets, argument string) (results, error) {
		f, err := pinFormat(*format)
		if err != nil {
			return nil, err
		}
		var out []byte
		if *pek == "" {
			p, err := in.pin(argument)
			if err != nil {
				return nil, err
			}
			out, err = pin.Encode(f, p, *pan, rand.Reader)
			return results{{"block", fmt.Sprintf("%X", out)}}, err
		}
		b, err := in.pek(f, *pek)
		if err != nil {
			return nil, err
		}
		p, err := in.pin(argument)
		if err != nil {
			return nil, err
		}
		out, err = pin.Encrypt(b, f, p, *pan, rand.Reader)
		return results{{"block", fmt.Sprintf("%X", out)}}, err
	}
}

func pinFlags(fs *flag.FlagSet) (format, pan, pek *string) {
	return fs.String("format", "0", "the `FORMAT` of the block"), fs.String("pan", "", "the account number, `DIGITS`"),
		fs.String("pek", "", "the PIN encryption key, `HEX` or -")
}

// pin reads a PIN.
func (in *secrets) pin(argument string) (pin.PIN, error) {
	digits, err := in.text("PIN", argument)
	if err != nil {
		return pin.PIN{}, err
	}
	return pin.New(digits)
}

func pinOpen(fs *flag.FlagSet) compute {
	format, pan, pek := pinFlags(fs)
	return func(in *secrets, argument string) (results, error) {
		f, err := pinFormat(*format)
		if err != nil {
			return nil, err
		}
		if *pek == "" {
			block, err := in.bytes("block", argument)
			if err != nil {
				return nil, err
			}
			p, err := pin.Decode(f, block, *pan)
			return results{{"pin", p.Digits()}}, err
		}
		b, err := in.pek(f, *pek)
		if err != nil {
			return nil, err
		}
		block, err := in.bytes("block", argument)
		if err != nil {
			return nil, err
		}
		p, err := pin.Decrypt(b, f, block, *pan)
		return results{{"pin", p.Digits()}}, err
	}
}

func pinPVV(fs *flag.FlagSet) compute {
	pvk := fs.String("pvk", "", "the PIN verification key, `HEX` or -")
	pan := fs.String("pan", "", "the account number, `DIGITS`")
	index := fs.Int("index", 1, "the key index, `N` from 0 to 9")
	return func(in *secrets, argument string) (results, error) {
		b, err := in.tdes("pvk", *pvk)
		if err != nil {
			return nil, err
		}
		p, err := in.pin(argument)
		if err != nil {
			return nil, err
		}
		value, err := pin.PVV(b, *pan, *index, p)
		return results{{"pvv", value}}, err
	}
}

func pinOffset(fs *flag.FlagSet) compute {
	pvk := fs.String("pvk", "", "the PIN verification key, `HEX` or -")
	data := fs.String("data", "", "the validation data, `DIGITS`")
	table := fs.String("table", "0123456789012345", "the decimalization table, 16 `DIGITS`")
	pad := fs.String("pad", "F", "the character `C` that fills the validation data")
	return func(in *secrets, argument string) (results, error) {
		if len(*pad) != 1 {
			return nil, usageError("--pad is one character")
		}
		b, err := in.tdes("pvk", *pvk)
		if err != nil {
			return nil, err
		}
		p, err := in.pin(argument)
		if err != nil {
			return nil, err
		}
		m := &pin.IBM3624{Table: *table, ValidationData: *data, Pad: (*pad)[0]}
		natural, err := m.NaturalPIN(b, p.Len())
		if err != nil {
			return nil, err
		}
		offset, err := m.Offset(b, p)
		return results{{"natural pin", natural.Digits()}, {"offset", offset}}, err
	}
}

func cardValue(fs *flag.FlagSet) compute {
	cvk := fs.String("cvk", "", "the card verification key, `HEX` or -")
	pan := fs.String("pan", "", "the account number, `DIGITS`")
	expiry := fs.String("expiry", "", "the expiry `DATE`")
	code := fs.String("service-code", "", "the service code, `NNN`")
	length := fs.Int("length", 3, "`N` digits")
	return func(in *secrets, _ string) (results, error) {
		k, err := in.retail("cvk", *cvk)
		if err != nil {
			return nil, err
		}
		value, err := cvv.CVV(k, *pan, *expiry, *code, *length)
		return results{{"cvv", value}}, err
	}
}

// counter reads an application transaction counter, up to 4 hexadecimal digits.
func counter(text string) (out [2]byte, err error) {
	n, err := strconv.ParseUint(text, 16, 16)
	if err != nil {
		return out, usageError("--atc is 1 to 4 hexadecimal digits")
	}
	return [2]byte{byte(n >> 8), byte(n)}, nil
}
