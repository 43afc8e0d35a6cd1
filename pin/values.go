package pin

import (
	"bytes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// PVV returns the Visa PIN verification value (Visa Payment Technology Standards Manual), 4
// decimal digits. The argument pvk is the PIN verification key, a TDES cipher. It enciphers the
// 11 digits of the account number left of the check digit, the key index and the leftmost 4 digits
// of the PIN; [Decimalize] makes the value of the result.
//
// The account number has 12 to 19 digits, the key index is 0 to 9 (AWS takes 0 to 6). A refused
// argument is an [Error].
func PVV(pvk cipher.Block, pan string, index int, p PIN) (string, error) {
	if err := checkPAN(pan); err != nil {
		return "", err
	}
	if index < 0 || index > 9 {
		return "", &Error{Rule: RuleIndex, Problem: problemIndex, Found: fmt.Sprint(index), Wanted: "0 to 9"}
	}
	if p.Len() == 0 {
		return "", &Error{Rule: RuleLength, Problem: problemLength, Found: "no digits", Wanted: "4 to 12 digits"}
	}
	if err := checkCipher(pvk); err != nil {
		return "", err
	}
	account := pan[len(pan)-12 : len(pan)-1]
	block := make([]byte, 8)
	defer clear(block)
	pack(block, 10, account)
	block[5] |= byte(index)
	pack(block, 15, p.Digits()[:4])
	pvk.Encrypt(block, block)
	return Decimalize(block, 4), nil
}

// VerifyPVV reports whether a PIN has the verification value. The comparison takes constant time.
// A refused argument is an [Error], as of [PVV]; a wrong PIN is not.
func VerifyPVV(pvk cipher.Block, pan string, index int, p PIN, pvv string) (bool, error) {
	want, err := PVV(pvk, pan, index, p)
	return err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(pvv)) == 1, err
}

// Decimalize makes decimal digits of bytes, as Visa's values are made. It takes first those
// hexadecimal digits of b that are decimal, in order, then the letters, in order, each minus 10
// (A is 0, F is 5). It returns the leftmost n of them, or all where there are fewer.
func Decimalize(b []byte, n int) string {
	out := make([]byte, 0, 2*len(b))
	for letters := range 2 {
		for _, v := range b {
			for _, digit := range [2]byte{v >> 4, v & 0xF} {
				if int(digit/10) == letters {
					out = append(out, '0'+digit%10)
				}
			}
		}
	}
	return string(out[:min(n, len(out))])
}

// IBM3624 is what the IBM 3624 method needs besides the key and the PIN. No standard defines the
// method; it is computed here as IBM's and Thales's HSMs document it. The zero value is refused.
type IBM3624 struct {
	Table          string // decimalization table: 16 decimal digits, one for each hexadecimal digit
	ValidationData string // 1 to 16 digits, usually of the account number
	Pad            byte   // '0' to '9' or 'A' to 'F': fills the data to 16 digits on the right
}

// NaturalPIN returns the natural PIN of a length, 4 to 12 digits. The padded validation data is
// enciphered with pvk, the PIN verification key as a TDES cipher; the table gives a decimal digit
// for each of the leftmost hexadecimal digits of the result. A refused argument or field is an
// [Error].
func (m *IBM3624) NaturalPIN(pvk cipher.Block, length int) (PIN, error) {
	if length < MinLength || length > MaxLength {
		return PIN{}, &Error{Rule: RuleLength, Problem: problemLength, Found: wording.Count(length, "digit"), Wanted: "4 to 12 digits"}
	}
	if err := m.check(); err != nil {
		return PIN{}, err
	}
	if err := checkCipher(pvk); err != nil {
		return PIN{}, err
	}
	padded := [16]byte(bytes.Repeat([]byte{m.Pad}, 16))
	copy(padded[:], m.ValidationData)
	block := make([]byte, 8)
	if _, err := hex.Decode(block, padded[:]); err != nil {
		return PIN{}, err // the digits have been checked
	}
	pvk.Encrypt(block, block)
	var room [MaxLength]byte
	digits := room[:length]
	for i := range digits {
		nibble := block[i/2] >> 4
		if i%2 == 1 {
			nibble = block[i/2] & 0x0F
		}
		digits[i] = m.Table[nibble]
	}
	return New(string(digits))
}

// Offset returns the offset of a PIN, decimal digits, as many as the PIN has: the PIN minus the
// natural PIN, digit by digit modulo 10. It fails as [IBM3624.NaturalPIN] does.
func (m *IBM3624) Offset(pvk cipher.Block, p PIN) (string, error) {
	natural, err := m.NaturalPIN(pvk, p.Len())
	if err != nil {
		return "", err
	}
	return combine(p.Digits(), natural.Digits(), func(a, b byte) byte { return (a + 10 - b) % 10 }), nil
}

// PIN returns the PIN of an offset of 4 to 12 decimal digits: the natural PIN plus the offset,
// digit by digit modulo 10. An offset that is not decimal is an [Error]; else it fails as
// [IBM3624.NaturalPIN] does.
func (m *IBM3624) PIN(pvk cipher.Block, offset string) (PIN, error) {
	if i := notDigit(offset); i >= 0 {
		return PIN{}, &Error{Rule: RuleOffset, Problem: problemOffset, Found: fmt.Sprintf("character %d", i+1), Wanted: "0 to 9"}
	}
	natural, err := m.NaturalPIN(pvk, len(offset))
	if err != nil {
		return PIN{}, err
	}
	return New(combine(natural.Digits(), offset, func(a, b byte) byte { return (a + b) % 10 }))
}

// Verify reports whether a PIN has the offset. The comparison takes constant time. An offset that
// is not as long as the PIN does not verify, and is no error.
func (m *IBM3624) Verify(pvk cipher.Block, p PIN, offset string) (bool, error) {
	want, err := m.Offset(pvk, p)
	return err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(offset)) == 1, err
}

func combine(a, b string, f func(a, b byte) byte) string {
	out := make([]byte, len(a))
	for i := range out {
		out[i] = '0' + f(a[i]-'0', b[i]-'0')
	}
	return string(out)
}

func (m *IBM3624) check() error {
	switch {
	case len(m.Table) != 16 || notDigit(m.Table) >= 0:
		return &Error{Rule: RuleTable, Problem: problemTable, Found: wording.Count(len(m.Table), "character"), Wanted: "16 digits"}
	case len(m.ValidationData) < 1 || len(m.ValidationData) > 16 || notDigit(m.ValidationData) >= 0:
		return &Error{Rule: RuleData, Problem: problemData, Found: wording.Count(len(m.ValidationData), "character"), Wanted: "1 to 16 digits"}
	case !strings.ContainsRune("0123456789ABCDEF", rune(m.Pad)):
		return &Error{Rule: RulePad, Problem: problemPad, Found: fmt.Sprintf("%q", m.Pad), Wanted: "0 to 9 or A to F"}
	}
	return nil
}

func checkCipher(b cipher.Block) error {
	if size := b.BlockSize(); size != 8 {
		return &Error{Rule: RuleBlock, Problem: problemPVK, Found: wording.Bytes(size), Wanted: "8 bytes (TDES)"}
	}
	return nil
}
