package emv

import (
	"fmt"

	"github.com/seed748fb4d1/apcsim/mac"
)

// Cryptogram returns an application cryptogram (ARQC, TC, AAC), 8 bytes: ISO 9797-1
// algorithm 3 under the session key over data that the caller has padded to whole blocks
// (EMV Book 2, section 8.1).
func Cryptogram(sk, data []byte) ([]byte, error) {
	return retail("session key", sk, mac.None, data)
}

// ScriptMAC returns the MAC of an issuer script, 8 bytes, under the session key of the integrity
// key: algorithm 3 with padding method 2 (section 9.2).
func ScriptMAC(sk, message []byte) ([]byte, error) {
	return retail("session key", sk, mac.Bit, message)
}

// ARPC1 returns the response cryptogram of method 1, 8 bytes: E(ARQC XOR response code)
// (section 8.2.1). The key is the session key of the cryptogram; the card's master key
// for Visa, American Express and M/Chip.
func ARPC1(key []byte, arqc [8]byte, responseCode [2]byte) ([]byte, error) {
	b, err := newCipher("key", key)
	if err != nil {
		return nil, err
	}
	arqc[0] ^= responseCode[0]
	arqc[1] ^= responseCode[1]
	b.Encrypt(arqc[:], arqc[:])
	return arqc[:], nil
}

// ARPC2 returns the response cryptogram of method 2, 4 bytes: of algorithm 3 with padding
// method 2 over the ARQC, the card status update and up to 8 bytes of proprietary authentication
// data (section 8.2.2).
func ARPC2(key []byte, arqc [8]byte, statusUpdate [4]byte, proprietary []byte) ([]byte, error) {
	if len(proprietary) > 8 {
		return nil, &Error{"proprietary authentication data", problemLength, fmt.Sprintf("%d bytes", len(proprietary)), "up to 8 bytes"}
	}
	message := append(append(arqc[:], statusUpdate[:]...), proprietary...)
	out, err := retail("key", key, mac.Bit, message)
	if err != nil {
		return nil, err
	}
	return out[:4], nil
}

func retail(name string, key []byte, p mac.Padding, message []byte) ([]byte, error) {
	if err := keyLength(name, key); err != nil {
		return nil, err
	}
	k, err := mac.NewRetailKey(key)
	if err != nil {
		return nil, err
	}
	return mac.Retail(k, p, message)
}
