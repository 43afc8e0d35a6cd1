package main

import (
	"crypto/aes"
	"crypto/des"
	"crypto/rand"
	"encoding/hex"
	"strings"

	"github.com/seed748fb4d1/apcsim/dukpt"
	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/pin"
)

// The terminal and the card are not in the service. They have keys of their own, derived when they
// were made, and compute with the packages that the service's HSM has too.

// card is what is on the card, and its PIN.
type card struct {
	pan, psn, expiry string
	pin              string
	pvv, cvv, cvv2   string
	key              []byte // for cryptograms: the card's master key
}

// payment is what the terminal sends.
type payment struct {
	ksn      string
	pinBlock string // ISO format 4 under a key of AES DUKPT
	data     string // of the transaction, padded to whole blocks
	atc      string // application transaction counter
	arqc     string
}

const (
	terminalKSN = "123456789012345600000001" // 8 bytes of the terminal's id, a counter
	withAmount  = "000000012500000000000000097800000000000978261129007A3B9C2D19800003" + "80000000000000"
)

// encryptPIN is what the keypad does: the PIN in ISO format 4 under the key of this transaction.
func encryptPIN(bdk []byte, ksn, digits, pan string) (string, error) {
	master, err := aes.NewCipher(bdk)
	if err != nil {
		return "", err
	}
	serial, err := dukpt.ParseAESKSN(ksn)
	if err != nil {
		return "", err
	}
	initial, err := dukpt.InitialAES(master, 8*len(bdk), serial.InitialKeyID()) // loaded when the terminal was made
	if err != nil {
		return "", err
	}
	key, err := dukpt.WorkingAES(initial, serial, dukpt.PINEncryption, dukpt.AES128)
	if err != nil {
		return "", err
	}
	cipher, err := aes.NewCipher(key)
	if err != nil {
		return "", err
	}
	return encryptBlock(func(p pin.PIN) ([]byte, error) { return pin.Encrypt(cipher, pin.ISO4, p, pan, rand.Reader) }, digits)
}

// choosePIN is what the issuer's branch does: the chosen PIN in ISO format 0 under the issuer's key.
func choosePIN(pek []byte, digits, pan string) (string, error) {
	cipher, err := des.NewTripleDESCipher(append(append([]byte(nil), pek...), pek[:8]...))
	if err != nil {
		return "", err
	}
	return encryptBlock(func(p pin.PIN) ([]byte, error) { return pin.Encrypt(cipher, pin.ISO0, p, pan, nil) }, digits)
}

func encryptBlock(encrypt func(pin.PIN) ([]byte, error), digits string) (string, error) {
	p, err := pin.New(digits)
	if err != nil {
		return "", err
	}
	block, err := encrypt(p)
	return upper(block), err
}

// cardKey is the card's key, derived from the issuer's when the card is made.
func cardKey(imk []byte, pan, psn string) ([]byte, error) {
	cipher, err := des.NewTripleDESCipher(append(append([]byte(nil), imk...), imk[:8]...))
	if err != nil {
		return nil, err
	}
	return emv.MasterKey(cipher, emv.OptionA, pan, psn)
}

// cryptogram is what the chip does: an ARQC over the data of the transaction.
func (c *card) cryptogram(data, atc string) (string, error) {
	counter, err := hex.DecodeString(atc)
	if err != nil {
		return "", err
	}
	session, err := emv.CommonSession(c.key, emv.CounterR([2]byte(counter)))
	if err != nil {
		return "", err
	}
	raw, err := hex.DecodeString(data)
	if err != nil {
		return "", err
	}
	arqc, err := emv.Cryptogram(session, raw)
	return upper(arqc), err
}

func upper(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }
