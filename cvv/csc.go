package cvv

import (
	"crypto/cipher"
	"encoding/hex"
	"strings"
)

// CSC is an American Express card security code: the codes of five, four and three digits, which
// share no digit.
type CSC struct{ Five, Four, Three string }

// cscReversed are the first digits of the account numbers whose block has the account
// number in front of the date (GUESS G-csc-34).
const cscReversed = "34"

// CSC1 returns the card security codes of version 1: one encryption of the expiry date, YYMM, and
// digits 3 to 14 of the account number, which has 14 to 19 digits. The key is a TDES cipher. For
// account numbers that begin with 34 the date is behind the digits (GUESS G-csc-34).
func CSC1(b cipher.Block, pan, expiry string) (CSC, error) {
	if err := check(pan, MaxLength, field{"expiry", expiry, 4, 4}); err != nil {
		return CSC{}, err
	}
	text, err := cscBlock(pan, expiry)
	if err != nil {
		return CSC{}, err
	}
	block, err := hex.DecodeString(text)
	if err != nil {
		return CSC{}, err // the digits have been checked
	}
	b.Encrypt(block, block)
	return cscOf(block), nil
}

// CSC2 returns the card security codes of version 2. They are made of the last block of a CBC
// encryption with a zero IV; what is encrypted is the block of version 1, the service code, 3
// digits, and zeros up to 16 bytes (GUESS G-csc-2).
func CSC2(b cipher.Block, pan, expiry, serviceCode string) (CSC, error) {
	if err := check(pan, MaxLength, field{"expiry", expiry, 4, 4}, field{"service code", serviceCode, 3, 3}); err != nil {
		return CSC{}, err
	}
	text, err := cscBlock(pan, expiry)
	if err != nil {
		return CSC{}, err
	}
	block, err := hex.DecodeString(text + serviceCode + strings.Repeat("0", 32-len(text)-len(serviceCode)))
	if err != nil {
		return CSC{}, err // the digits have been checked
	}
	cipher.NewCBCEncrypter(b, make([]byte, 8)).CryptBlocks(block, block)
	return cscOf(block[8:]), nil
}

func cscBlock(pan, expiry string) (string, error) {
	if len(pan) < 14 {
		return "", &Error{"PAN", problemLength, "fewer than 14 digits", "14 to 19 digits"}
	}
	account := pan[2:14]
	if strings.HasPrefix(pan, cscReversed) {
		return account + expiry, nil
	}
	return expiry + account, nil
}

// cscOf turns 8 bytes into 12 digits: the decimal digits in order, then the letters from
// the left as 1 to 6, from the sixth hexadecimal digit on plus 5 modulo 10. The first 5
// are the code of 5 digits, the next 4 that of 4, the next 3 that of 3.
func cscOf(block []byte) CSC {
	text := strings.ToUpper(hex.EncodeToString(block))
	var digits, letters []byte
	for i := range len(text) {
		if text[i] <= '9' {
			digits = append(digits, text[i])
			continue
		}
		d := text[i] - 'A' + 1
		if i >= 5 {
			d = (d + 5) % 10
		}
		letters = append(letters, '0'+d)
	}
	all := string(append(digits, letters...))
	return CSC{all[:5], all[5:9], all[9:12]}
}
