package main

import (
	"crypto"
	"crypto/cipher"
	"crypto/hmac"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"flag"
	"fmt"

	"github.com/seed748fb4d1/apcsim/dukpt"
	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/mac"
	"github.com/seed748fb4d1/apcsim/pin"
)

// pek is the cipher of a PIN encryption key: AES for format 4, else TDES.
func (in *secrets) pek(f pin.Format, value string) (cipher.Block, error) {
	key, err := in.bytes("pek", value)
	if err != nil {
		return nil, err
	}
	if f == pin.ISO4 {
		return newAES("pek", key)
	}
	return newTDES("pek", key)
}

var keyCommands = []paymentTool{
	{
		name: "dukpt derive", args: "--bdk HEX --ksn HEX [--use USE] [--type TYPE]",
		summary: "Derive the keys of a DUKPT terminal",
		details: `
A serial number of 24 digits means AES DUKPT, one of 20 or 16 TDES DUKPT.
USE is pin, mac-request, mac-response, data-request, data-response and, for AES, mac, data or
key-encryption. TYPE is the algorithm of an AES DUKPT working key: AES_128, AES_192, AES_256,
TDES_2KEY, TDES_3KEY. The keys are printed.

Example:
  apcsim dukpt derive --bdk ` + exampleTDES + ` --ksn FFFF9876543210E00003 --use pin`,
		flags: dukptDerive,
	}, {
		name: "emv session", args: "--imk HEX --pan PAN [--psn NN] [--option A|B] --method NAME --atc HEX [--un HEX]",
		summary: "Derive a card's master key and session key",
		details: `
Methods are common, mchip, emv2000, unionpay and visa (whose cryptograms use the master key). The
keys are printed.

Example:
  apcsim emv session --imk ` + exampleTDES + ` --pan 99012345678901234 --psn 45 --method common --atc 0001`,
		flags: emvSession,
	}, {
		name: "emv arqc", args: "--imk HEX --pan PAN [--psn NN] [--option A|B] --method NAME --atc HEX [--un HEX] DATA", argument: true,
		summary: "Compute an application cryptogram",
		details: `
DATA is the transaction data in hexadecimal, padded to whole blocks of 8 bytes.

Example:
  apcsim emv arqc --imk ` + exampleTDES + ` --pan 99012345678901234 --psn 45 --method common --atc 0001 ` +
			`00000000100000000000000008400000000000084007032500112233443900000100000000000000`,
		flags: emvARQC,
	}, {
		name: "emv arpc", args: "--imk HEX --pan PAN … --arqc HEX (--response-code HEX | --status-update HEX [--proprietary HEX])",
		summary: "Compute the issuer's response cryptogram",
		details: `
--response-code makes it one of method 1, --status-update one of method 2. The other flags are
those of "emv session". Visa and M/Chip take the card's master key.

Example:
  apcsim emv arpc --imk ` + exampleTDES + ` --pan 99012345678901234 --psn 45 --method common --atc 0001 --arqc 1122334455667788 ` +
			`--response-code 3030`,
		flags: emvARPC,
	}, {
		name: "mac", args: "--algorithm NAME --key HEX [--padding N] [--length N] MESSAGE", argument: true,
		summary: "Compute a message authentication code",
		details: `
Algorithms are iso9797-1 and iso9797-3 (TDES), as2805 (iso9797-3, zeros, 4 bytes), cmac-tdes, cmac-aes,
hmac-sha224, hmac-sha256, hmac-sha384 and hmac-sha512. Padding methods of ISO 9797-1 are 0 (none), 1
(zeros), 2 (80 and zeros) and 3 (with the length). MESSAGE is hexadecimal.

Example:
  apcsim mac --algorithm iso9797-3 --key 41414141414141414242424242424242 --padding 2 68656C6C6F20776F726C64`,
		flags: macTool,
	},
}

var tdesUses = map[string]dukpt.TDESUse{"pin": dukpt.PIN, "mac-request": dukpt.MACRequest, "mac-response": dukpt.MACResponse,
	"data-request": dukpt.DataRequest, "data-response": dukpt.DataResponse}

var aesUses = map[string]dukpt.AESUse{
	"pin":            dukpt.PINEncryption,
	"mac-request":    dukpt.MACGeneration,
	"mac-response":   dukpt.MACVerification,
	"mac":            dukpt.MACBoth,
	"data-request":   dukpt.DataEncryption,
	"data-response":  dukpt.DataDecryption,
	"data":           dukpt.DataBoth,
	"key-encryption": dukpt.KeyEncryption,
}

var dukptTypes = map[string]dukpt.KeyType{"TDES_2KEY": dukpt.TDES2, "TDES_3KEY": dukpt.TDES3, "AES_128": dukpt.AES128,
	"AES_192": dukpt.AES192, "AES_256": dukpt.AES256}

func dukptDerive(fs *flag.FlagSet) compute {
	bdk := fs.String("bdk", "", "the base derivation key, `HEX` or -")
	ksn := fs.String("ksn", "", "the key serial number, `HEX`")
	use := fs.String("use", "pin", "what the working key is for, `USE`")
	keyType := fs.String("type", "AES_128", "the algorithm of an AES DUKPT working key, `TYPE`")
	return func(in *secrets, _ string) (results, error) {
		key, err := in.bytes("bdk", *bdk)
		if err != nil {
			return nil, err
		}
		defer clear(key)
		if len(*ksn) == 24 {
			return deriveAES(key, *ksn, *use, *keyType)
		}
		return deriveTDES(key, *ksn, *use)
	}
}

func deriveTDES(bdk []byte, text, use string) (results, error) {
	u, ok := tdesUses[use]
	if !ok {
		return nil, usageError("--use is one of pin, mac-request, mac-response, data-request, data-response for TDES DUKPT")
	}
	ksn, err := dukpt.ParseTDESKSN(text)
	if err != nil {
		return nil, err
	}
	variant, err := dukpt.Variant(bdk)
	if err != nil {
		return nil, err
	}
	left, err := newTDES("bdk", bdk)
	if err != nil {
		return nil, err
	}
	right, err := newTDES("bdk", variant)
	if err != nil {
		return nil, err
	}
	initial := dukpt.InitialTDES(left, right, ksn)
	defer clear(initial)
	transaction, err := dukpt.TransactionTDES(initial, ksn)
	if err != nil {
		return nil, err
	}
	working, err := dukpt.WorkingTDES(initial, ksn, u)
	return derived(initial, transaction, working), err
}

func deriveAES(bdk []byte, text, use, keyType string) (results, error) {
	u, ok := aesUses[use]
	if !ok {
		return nil, usageError("--use is one of pin, mac-request, mac-response, mac, data-request, data-response, data, key-encryption")
	}
	t, ok := dukptTypes[keyType]
	if !ok {
		return nil, usageError("--type is one of AES_128, AES_192, AES_256, TDES_2KEY, TDES_3KEY")
	}
	ksn, err := dukpt.ParseAESKSN(text)
	if err != nil {
		return nil, err
	}
	bits := 8 * len(bdk)
	b, err := newAES("bdk", bdk)
	if err != nil {
		return nil, err
	}
	initial, err := dukpt.InitialAES(b, bits, ksn.InitialKeyID())
	if err != nil {
		return nil, err
	}
	defer clear(initial)
	transaction, err := dukpt.TransactionAES(initial, ksn)
	if err != nil {
		return nil, err
	}
	working, err := dukpt.WorkingAES(initial, ksn, u, t)
	return derived(initial, transaction, working), err
}

func derived(initial, transaction, working []byte) results {
	return results{
		{"initial key", fmt.Sprintf("%X", initial)},
		{"transaction key", fmt.Sprintf("%X", transaction)},
		{"working key", fmt.Sprintf("%X", working)},
	}
}

// card are the flags that say which card's keys are meant, and in which transaction.
type card struct{ imk, pan, psn, option, method, atc, un *string }

func cardFlags(fs *flag.FlagSet) *card {
	return &card{
		imk: fs.String("imk", "", "the issuer master key, `HEX` or -"), pan: fs.String("pan", "", "the account number, `DIGITS`"),
		psn: fs.String(
			"psn",
			"00",
			"the card sequence number, `NN`",
		), option: fs.String("option", "A", "how the card's key is derived, `A|B`"),
		method: fs.String("method", "common", "how the session key is derived, `NAME`"),
		atc: fs.String(
			"atc",
			"",
			"the application transaction counter, `HEX`",
		), un: fs.String("un", "", "the unpredictable number of mchip, `HEX`"),
	}
}

// keys derives the card's master key and the session key of the transaction's cryptogram.
func (c *card) keys(in *secrets) (mk, sk []byte, err error) {
	imk, err := in.tdes("imk", *c.imk)
	if err != nil {
		return nil, nil, err
	}
	if len(*c.option) != 1 {
		return nil, nil, usageError("--option is A or B")
	}
	if mk, err = emv.MasterKey(imk, emv.Option((*c.option)[0]), *c.pan, *c.psn); err != nil {
		return nil, nil, err
	}
	atc, err := counter(*c.atc)
	if err != nil {
		return nil, nil, err
	}
	switch *c.method {
	case "common":
		sk, err = emv.CommonSession(mk, emv.CounterR(atc))
	case "mchip":
		var un []byte
		if un, err = in.sized("un", *c.un, 4); err != nil {
			return nil, nil, err
		}
		sk, err = emv.MChipSession(mk, atc, [4]byte(un))
	case "emv2000":
		sk, err = emv.EMV2000(mk, atc, emv.ServiceTree)
	case "unionpay":
		sk, err = emv.UnionPaySession(mk, atc)
	case "visa":
		sk = mk
	default:
		err = usageError("--method is one of common, mchip, emv2000, unionpay, visa")
	}
	return mk, sk, err
}

func emvSession(fs *flag.FlagSet) compute {
	c := cardFlags(fs)
	return func(in *secrets, _ string) (results, error) {
		mk, sk, err := c.keys(in)
		return results{{"master key", fmt.Sprintf("%X", mk)}, {"session key", fmt.Sprintf("%X", sk)}}, err
	}
}

func emvARQC(fs *flag.FlagSet) compute {
	c := cardFlags(fs)
	return func(in *secrets, argument string) (results, error) {
		_, sk, err := c.keys(in)
		if err != nil {
			return nil, err
		}
		data, err := in.bytes("data", argument)
		if err != nil {
			return nil, err
		}
		out, err := emv.Cryptogram(sk, data)
		return results{{"arqc", fmt.Sprintf("%X", out)}}, err
	}
}

func emvARPC(fs *flag.FlagSet) compute {
	c := cardFlags(fs)
	arqc := fs.String("arqc", "", "the cryptogram to answer, 16 digits of `HEX`")
	code := fs.String("response-code", "", "the response code of method 1, 4 digits of `HEX`")
	update := fs.String("status-update", "", "the card status update of method 2, 8 digits of `HEX`")
	proprietary := fs.String("proprietary", "", "proprietary authentication data of method 2, `HEX`")
	return func(in *secrets, _ string) (results, error) {
		if (*code == "") == (*update == "") {
			return nil, usageError("wants either --response-code or --status-update")
		}
		mk, key, err := c.keys(in)
		if err != nil {
			return nil, err
		}
		if *c.method == "mchip" {
			key = mk
		}
		cryptogram, err := in.sized("arqc", *arqc, 8)
		if err != nil {
			return nil, err
		}
		out, err := arpc(in, key, [8]byte(cryptogram), *code, *update, *proprietary)
		return results{{"arpc", fmt.Sprintf("%X", out)}}, err
	}
}

func arpc(in *secrets, key []byte, arqc [8]byte, code, update, proprietary string) ([]byte, error) {
	if code != "" {
		c, err := in.sized("response-code", code, 2)
		if err != nil {
			return nil, err
		}
		return emv.ARPC1(key, arqc, [2]byte(c))
	}
	u, err := in.sized("status-update", update, 4)
	if err != nil {
		return nil, err
	}
	p, err := unhex("proprietary", proprietary)
	if err != nil {
		return nil, err
	}
	return emv.ARPC2(key, arqc, [4]byte(u), p)
}

var hmacHashes = map[string]crypto.Hash{
	"hmac-sha224": crypto.SHA224,
	"hmac-sha256": crypto.SHA256,
	"hmac-sha384": crypto.SHA384,
	"hmac-sha512": crypto.SHA512,
}

func macTool(fs *flag.FlagSet) compute {
	algorithm := fs.String("algorithm", "", "`NAME` as above")
	keyHex := fs.String("key", "", "the key, `HEX` or -")
	padding := fs.Int("padding", 1, "the padding method of iso9797-1 and iso9797-3, `N`")
	length := fs.Int("length", 0, "only the leftmost `N` bytes")
	return func(in *secrets, argument string) (results, error) {
		key, err := in.bytes("key", *keyHex)
		if err != nil {
			return nil, err
		}
		defer clear(key)
		message, err := in.bytes("message", argument)
		if err != nil {
			return nil, err
		}
		if *padding < 0 || *padding > 3 {
			return nil, usageError("--padding is 0, 1, 2 or 3")
		}
		out, err := computeMAC(*algorithm, key, mac.Padding(*padding), message)
		if err != nil {
			return nil, err
		}
		if *length < 0 || *length > len(out) {
			return nil, usageError(fmt.Sprintf("--length is at most %d for this algorithm", len(out)))
		}
		if *length > 0 {
			out = out[:*length]
		}
		return results{{"mac", fmt.Sprintf("%X", out)}}, nil
	}
}

func computeMAC(algorithm string, key []byte, p mac.Padding, message []byte) ([]byte, error) {
	if hash, ok := hmacHashes[algorithm]; ok {
		h := hmac.New(hash.New, key)
		h.Write(message)
		return h.Sum(nil), nil
	}
	switch algorithm {
	case "iso9797-1":
		b, err := newTDES("key", key)
		if err != nil {
			return nil, err
		}
		return mac.CBC(b, p, message)
	case "iso9797-3", "as2805":
		k, err := mac.NewRetailKey(key)
		if err != nil {
			return nil, err
		}
		if algorithm == "iso9797-3" {
			return mac.Retail(k, p, message)
		}
		out, err := mac.Retail(k, mac.Zeros, message)
		if err != nil {
			return nil, err
		}
		return out[:4], nil
	case "cmac-tdes", "cmac-aes":
		make := newTDES
		if algorithm == "cmac-aes" {
			make = newAES
		}
		b, err := make("key", key)
		if err != nil {
			return nil, err
		}
		return mac.NewCMAC(b).Sum(nil, message), nil
	}
	return nil, usageError(
		"--algorithm is one of iso9797-1, iso9797-3, as2805, cmac-tdes, cmac-aes, hmac-sha224, hmac-sha256, hmac-sha384, hmac-sha512",
	)
}
