package emv

import (
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/mac"
)

// Cryptogram returns an application cryptogram (ARQC, TC or AAC), 8 bytes (section 8.1.2): ISO
// 9797-1 MAC algorithm 3 of the data under the session key, without padding. The caller has padded
// the data as the card's scheme does, to one or more blocks of 8 bytes; other data are a
// [mac.Error].
func Cryptogram(sk, data []byte) ([]byte, error) {
	return retail("session key", sk, mac.None, data)
}

// ScriptMAC returns the MAC of an issuer script, 8 bytes (section 9.2.3): ISO 9797-1 MAC algorithm
// 3 with padding method 2, under a session key of the card's key for message integrity. The
// message may have any length.
func ScriptMAC(sk, message []byte) ([]byte, error) {
	return retail("session key", sk, mac.Bit, message)
}

// ARPC1 returns the response cryptogram of method 1, 8 bytes (section 8.2.1): E(X), where X is the
// ARQC whose first two bytes are XORed with the authorization response code. The key is the session
// key that made the ARQC; for Visa, American Express and M/Chip it is the card's master key.
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

// ARPC2 returns the response cryptogram of method 2, 4 bytes (section 8.2.2): the leftmost bytes
// of ISO 9797-1 MAC algorithm 3 with padding method 2 over the ARQC, the card status update and
// the proprietary authentication data. The proprietary data is 0 to 8 bytes; more are an
// [Error]. The key is that of [ARPC1].
func ARPC2(key []byte, arqc [8]byte, statusUpdate [4]byte, proprietary []byte) ([]byte, error) {
	if len(proprietary) > 8 {
		return nil, &Error{"proprietary authentication data", problemLength, wording.Bytes(len(proprietary)), "up to 8 bytes"}
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
