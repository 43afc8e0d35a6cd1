package dukpt

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// An AESKSN is a key serial number of AES DUKPT (X9.24-3): the initial key id, 8 bytes, and
// the transaction counter, 4 bytes.
type AESKSN [12]byte

// maxOnes is how many one bits a counter may have (X9.24-3, 6.1).
const maxOnes = 16

// ParseAESKSN reads 24 hexadecimal digits. Other text, and a counter that is not
// [AESKSN.Valid], is an [Error].
func ParseAESKSN(text string) (AESKSN, error) {
	if len(text) != 24 {
		return AESKSN{}, &Error{
			"key serial number",
			problemLength,
			wording.Count(len(text), "digit"),
			"24 hexadecimal digits for an AES key",
		}
	}
	var out AESKSN
	if err := decode(out[:], text); err != nil {
		return AESKSN{}, err
	}
	if !out.Valid() {
		return AESKSN{}, &Error{
			"key serial number",
			problemCounter,
			fmt.Sprintf("%d one bits", bits.OnesCount32(out.Counter())),
			"at most 16 one bits",
		}
	}
	return out, nil
}

// InitialKeyID returns the first 8 bytes, which identify the terminal and its base derivation key.
func (k AESKSN) InitialKeyID() [8]byte { return [8]byte(k[:8]) }

// Counter returns the transaction counter.
func (k AESKSN) Counter() uint32 { return binary.BigEndian.Uint32(k[8:]) }

// Valid reports whether a terminal uses this counter: it skips those with more than 16 one bits.
// Keys can be derived for any counter.
func (k AESKSN) Valid() bool { return bits.OnesCount32(k.Counter()) <= maxOnes }

// String is 24 hexadecimal digits, upper case.
func (k AESKSN) String() string { return fmt.Sprintf("%X", k[:]) }

// AESUse is the purpose of a key of AES DUKPT: the key usage indicator of the derivation
// data (X9.24-3, 6.3.2, tables 2 and 3).
type AESUse uint16

// The purposes. One that ends in Both is for either direction.
const (
	KeyEncryption   AESUse = 0x0002
	PINEncryption   AESUse = 0x1000
	MACGeneration   AESUse = 0x2000
	MACVerification AESUse = 0x2001
	MACBoth         AESUse = 0x2002
	DataEncryption  AESUse = 0x3000
	DataDecryption  AESUse = 0x3001
	DataBoth        AESUse = 0x3002

	keyDerivation AESUse = 0x8000
	initialKey    AESUse = 0x8001
)

// KeyType is the algorithm of a derived key (X9.24-3, 6.3.2, tables 2 and 3).
type KeyType uint16

// The algorithms.
const (
	TDES2 KeyType = iota
	TDES3
	AES128
	AES192
	AES256
	HMAC // of 128, 192 or 256 bits
)

var keyBits = map[KeyType]int{TDES2: 128, TDES3: 192, AES128: 128, AES192: 192, AES256: 256, HMAC: 256}

// aesTypes are the types of AES keys by their length in bytes.
var aesTypes = map[int]KeyType{16: AES128, 24: AES192, 32: AES256}

func aesType(initial []byte) (KeyType, error) {
	t, ok := aesTypes[len(initial)]
	if !ok {
		return 0, &Error{"initial key", problemLength, wording.Bytes(len(initial)), "16, 24 or 32 bytes"}
	}
	return t, nil
}

// derive enciphers the derivation data, once for each block of the key (X9.24-3, 6.3.1). Dst has
// room for 32 bytes and may hold the key that the cipher was made of.
func derive(dst []byte, b cipher.Block, use AESUse, t KeyType, length int, tail [8]byte) []byte {
	out := dst[:0]
	for block := byte(1); len(out) < length/8; block++ {
		out = append(out, 1, block)
		out = binary.BigEndian.AppendUint16(out, uint16(use))
		out = binary.BigEndian.AppendUint16(out, uint16(t))
		out = binary.BigEndian.AppendUint16(out, uint16(length))
		out = append(out, tail[:]...)
		last := out[len(out)-16:]
		b.Encrypt(last, last)
	}
	clear(out[length/8:])
	return out[:length/8]
}

// InitialAES derives a terminal's initial key from an AES base derivation key (X9.24-3, 6.3).
// The length of both in bits is 128, 192 or 256; another is an [Error]. The id is that of
// [AESKSN.InitialKeyID].
func InitialAES(bdk cipher.Block, bits int, id [8]byte) ([]byte, error) {
	t, ok := aesTypes[bits/8]
	if !ok || bits%8 != 0 {
		return nil, &Error{"base derivation key", problemLength, fmt.Sprintf("%d bits", bits), "128, 192 or 256 bits"}
	}
	return derive(make([]byte, 32), bdk, initialKey, t, bits, id), nil
}

// TransactionAES derives the transaction key of a serial number (X9.24-3, 6.1 and 6.3) from the
// terminal's initial key: one step for each one bit of the counter, the highest first. Both keys have
// 16, 24 or 32 bytes. Any counter is accepted.
func TransactionAES(initial []byte, k AESKSN) ([]byte, error) {
	t, err := aesType(initial)
	if err != nil {
		return nil, err
	}
	key := append(make([]byte, 0, 32), initial...)
	tail := [8]byte(k[4:])
	var register uint32
	for bit := uint32(1) << 31; bit > 0; bit >>= 1 {
		if k.Counter()&bit == 0 {
			continue
		}
		register |= bit
		binary.BigEndian.PutUint32(tail[4:], register)
		b, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		key = derive(key, b, keyDerivation, t, 8*len(key), tail)
	}
	return key, nil
}

// WorkingAES derives the working key of a purpose and an algorithm (X9.24-3, 6.3) from the
// terminal's initial key, 16, 24 or 32 bytes. The working key has the length of its algorithm:
// 16 bytes for TDES2 and AES128, 24 for TDES3 and AES192, 32 for AES256 and HMAC. An AES or
// HMAC key that is longer than the initial key is an [Error]. The parity bits of a TDES key are
// not set.
func WorkingAES(initial []byte, k AESKSN, use AESUse, t KeyType) ([]byte, error) {
	return WorkingHMAC(initial, k, use, t, keyBits[t])
}

// WorkingHMAC is [WorkingAES] for an HMAC key of 128, 192 or 256 bits. For any other algorithm the
// length must be that of the algorithm; else it is an [Error].
func WorkingHMAC(initial []byte, k AESKSN, use AESUse, t KeyType, length int) ([]byte, error) {
	if length != 128 && length != 192 && length != 256 || t != HMAC && keyBits[t] != length {
		wanted := "128, 192 or 256 bits"
		if bits, ok := keyBits[t]; ok && t != HMAC {
			wanted = fmt.Sprintf("%d bits", bits)
		}
		return nil, &Error{"working key", problemFit, fmt.Sprintf("%d bits", length), wanted}
	}
	if t >= AES128 && length > 8*len(initial) {
		return nil, &Error{"working key", problemStronger, fmt.Sprintf("%d bits", length), fmt.Sprintf("at most %d bits", 8*len(initial))}
	}
	key, err := TransactionAES(initial, k)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	b, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return derive(make([]byte, 32), b, use, t, length, [8]byte(k[4:])), nil
}

// UpdateAES derives the key under which a new initial key is sent to a terminal (X9.24-3, 6.5):
// the working key for key encryption of counter FFFFFFFF. It is an AES key as long as the
// initial key, 16, 24 or 32 bytes.
func UpdateAES(initial []byte, id [8]byte) ([]byte, error) {
	var k AESKSN
	copy(k[:], id[:])
	copy(k[8:], []byte{0xFF, 0xFF, 0xFF, 0xFF})
	t, err := aesType(initial)
	if err != nil {
		return nil, err
	}
	return WorkingAES(initial, k, KeyEncryption, t)
}
