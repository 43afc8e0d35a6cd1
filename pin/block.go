package pin

import (
	"crypto/cipher"
	"crypto/subtle"
	"fmt"
	"io"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// Format is a PIN block format. The zero value is ISO format 0.
type Format int

// The formats (ISO 9564-1:2017, section 9; AS 2805.3). What follows the PIN in a block is its
// fill, hexadecimal digits.
const (
	ISO0    Format = iota // of PIN and account number; fill F
	ISO1                  // of the PIN only; random fill, 0 to F
	ISO2                  // of the PIN only; fill F; for scripts that change the PIN of a card
	ISO3                  // of PIN and account number; random fill, A to F
	ISO4                  // of PIN and account number; fill A and 8 random bytes; under AES, in two encryptions
	AS28050               // AS 2805 format 0: the same bytes as ISO0
)

var formats = [...]struct {
	name    string
	control byte // first digit of the PIN field
	bound   bool // to the account number
}{
	ISO0: {"ISO format 0", 0, true}, ISO1: {"ISO format 1", 1, false}, ISO2: {"ISO format 2", 2, false},
	ISO3: {"ISO format 3", 3, true}, ISO4: {"ISO format 4", 4, true}, AS28050: {"AS 2805 format 0", 0, true},
}

// String is "ISO format 0".
func (f Format) String() string {
	if !f.known() {
		return fmt.Sprintf("format(%d)", int(f))
	}
	return formats[f].name
}

func (f Format) known() bool { return f >= 0 && int(f) < len(formats) }

// Size returns the length of an enciphered block in bytes: 16 for ISO format 4, else 8.
func (f Format) Size() int {
	if f == ISO4 {
		return 16
	}
	return 8
}

// Encode returns the clear block, 8 bytes, of any format but ISO 4, which has no clear block of
// its own: see [Encrypt] (ISO 9564-1, section 9.3). Formats 0 and 3 need the account number, 12
// to 19 digits; formats 1 and 3 need random, the source of the fill. The other formats do not
// look at them. A refused argument is an [Error]; an error of random is wrapped. The caller
// clears the block.
func Encode(f Format, p PIN, pan string, random io.Reader) ([]byte, error) {
	if f == ISO4 {
		return nil, &Error{Rule: RuleFormat, Problem: problemFormat4, Wanted: "Encrypt"}
	}
	field, err := pinField(f, p, random)
	if err != nil {
		return nil, err
	}
	return field, bind(f, field, pan)
}

// Decode reads a clear block, 8 bytes, of any format but ISO 4 (ISO 9564-1, section 9.3). It
// checks the control digit (the first, which names the format), the length of the PIN, 4 to 12,
// that the PIN is decimal, and every digit of the fill; the first fault in this order is the
// [Error]. Formats 0 and 3 need the account number, 12 to 19 digits: with another one the result
// is in most cases an error, and by chance another PIN.
func Decode(f Format, block []byte, pan string) (PIN, error) {
	if f == ISO4 {
		return PIN{}, &Error{Rule: RuleFormat, Problem: problemFormat4, Wanted: "Decrypt"}
	}
	if err := f.check(len(block)); err != nil {
		return PIN{}, err
	}
	field := append([]byte(nil), block...)
	defer clear(field)
	if err := bind(f, field, pan); err != nil {
		return PIN{}, err
	}
	return readField(f, field)
}

// Encrypt returns the enciphered block of any format, [Format.Size] bytes, under a cipher with
// blocks of that size: AES for ISO format 4 (ISO 9564-1, section 9.4.2), else TDES. The account
// number has 12 to 19 digits, for format 4 1 to 19; format 4 needs random too. It fails as
// [Encode] does, and with an [Error] where the cipher has blocks of another size.
func Encrypt(b cipher.Block, f Format, p PIN, pan string, random io.Reader) ([]byte, error) {
	if err := f.check(b.BlockSize()); err != nil {
		return nil, err
	}
	out, err := pinField(f, p, random)
	if err != nil {
		return nil, err
	}
	if f != ISO4 {
		if err := bind(f, out, pan); err != nil {
			return nil, err
		}
		b.Encrypt(out, out)
		return out, nil
	}
	account, err := PANField4(pan)
	if err != nil {
		return nil, err
	}
	b.Encrypt(out, out)
	subtle.XORBytes(out, out, account)
	b.Encrypt(out, out)
	return out, nil
}

// Decrypt reads an enciphered block of any format, [Format.Size] bytes, with the arguments of
// [Encrypt] and the checks of [Decode].
func Decrypt(b cipher.Block, f Format, block []byte, pan string) (PIN, error) {
	if err := f.check(b.BlockSize()); err != nil {
		return PIN{}, err
	}
	if err := f.check(len(block)); err != nil {
		return PIN{}, err
	}
	field := make([]byte, len(block))
	defer clear(field)
	b.Decrypt(field, block)
	if f != ISO4 {
		if err := bind(f, field, pan); err != nil {
			return PIN{}, err
		}
		return readField(f, field)
	}
	account, err := PANField4(pan)
	if err != nil {
		return PIN{}, err
	}
	subtle.XORBytes(field, field, account)
	b.Decrypt(field, field)
	return readField(f, field)
}

// check compares the size of a block, clear, enciphered or of the cipher, with the
// format's.
func (f Format) check(size int) error {
	if !f.known() {
		return &Error{Rule: RuleFormat, Problem: problemFormat, Found: fmt.Sprint(int(f)), Wanted: "ISO0 to ISO4 or AS28050"}
	}
	if size != f.Size() {
		return &Error{
			Rule:    RuleBlock,
			Problem: problemBlockSize,
			Found:   wording.Bytes(size),
			Wanted:  wording.Bytes(f.Size()) + " for " + f.String(),
		}
	}
	return nil
}

// pinField is the PIN field of a block: control digit, length, PIN, fill.
func pinField(f Format, p PIN, random io.Reader) ([]byte, error) {
	if !f.known() {
		return nil, f.check(0)
	}
	digits := p.Digits()
	if len(digits) == 0 {
		return nil, &Error{Rule: RuleLength, Problem: problemLength, Found: "no digits", Wanted: "4 to 12 digits"}
	}
	room := make([]byte, 16) // a digit to a byte, then two
	if err := f.fill(random, room); err != nil {
		return nil, err
	}
	room[0], room[1] = formats[f].control, byte(len(digits))
	for i := range len(digits) {
		room[2+i] = digits[i] - '0'
	}
	for i := range 8 {
		room[i] = room[2*i]<<4 | room[2*i+1]
	}
	clear(room[8:])
	if f != ISO4 {
		return room[:8:8], nil
	}
	return room, draw(random, room[8:])
}

// fill makes 16 fill digits of a format.
func (f Format) fill(random io.Reader, out []byte) error {
	switch f {
	case ISO1:
		if err := draw(random, out); err != nil {
			return err
		}
		for i := range out {
			out[i] &= 0x0F
		}
	case ISO3:
		if err := drawBelow(random, 6, out); err != nil {
			return err
		}
		for i := range out {
			out[i] += 0xA
		}
	case ISO4:
		for i := range out {
			out[i] = 0xA
		}
	default:
		for i := range out {
			out[i] = 0xF
		}
	}
	return nil
}

func draw(random io.Reader, out []byte) error {
	if _, err := io.ReadFull(random, out); err != nil {
		return fmt.Errorf("pin: drawing fill: %w", err)
	}
	return nil
}

// drawBelow draws numbers below n without bias.
func drawBelow(random io.Reader, n int, out []byte) error {
	limit := 256 / n * n // larger bytes would make small numbers more likely
	for left := out; len(left) > 0; {
		if err := draw(random, left); err != nil {
			return err
		}
		kept := 0
		for _, v := range left {
			if int(v) < limit {
				left[kept] = v % byte(n)
				kept++
			}
		}
		left = left[kept:]
	}
	return nil
}

// readField reads a PIN field. Every digit is compared before any is refused, in a time that
// does not depend on which of them is wrong.
func readField(f Format, field []byte) (PIN, error) {
	var nibbles [16]byte
	defer clear(nibbles[:])
	for i := range 8 {
		nibbles[2*i], nibbles[2*i+1] = field[i]>>4, field[i]&0x0F
	}
	control, length := nibbles[0], int(nibbles[1])
	low, high := fillRange(f)
	badDigit, badFill := 0, 0 // the first of each, counted from 1
	for i := len(nibbles) - 2; i > 0; i-- {
		n := int(nibbles[1+i])
		inPIN := subtle.ConstantTimeLessOrEq(i, length)
		decimal := subtle.ConstantTimeLessOrEq(n, 9)
		fill := subtle.ConstantTimeLessOrEq(int(low), n) & subtle.ConstantTimeLessOrEq(n, int(high))
		badDigit = subtle.ConstantTimeSelect(inPIN&(1-decimal), i, badDigit)
		badFill = subtle.ConstantTimeSelect((1-inPIN)&(1-fill), i-length, badFill)
	}
	switch {
	case control != formats[f].control:
		return PIN{}, &Error{Rule: RuleControl, Problem: problemControl,
			Found: fmt.Sprintf("%X", control), Wanted: fmt.Sprintf("%X for %s", formats[f].control, f)}
	case length < MinLength || length > MaxLength:
		return PIN{}, &Error{Rule: RuleLength, Problem: problemBlockLength, Found: fmt.Sprintf("%X", length), Wanted: "4 to C"}
	case badDigit > 0:
		return PIN{}, &Error{Rule: RuleDigits, Problem: problemBlockDigit, Found: fmt.Sprintf("digit %d", badDigit), Wanted: "0 to 9"}
	case badFill > 0:
		return PIN{}, &Error{
			Rule:    RuleFill,
			Problem: problemFill,
			Found:   fmt.Sprintf("fill digit %d", badFill),
			Wanted:  fillText(low, high) + " for " + f.String(),
		}
	}
	digits := nibbles[2 : 2+length]
	for i := range digits {
		digits[i] += '0'
	}
	return New(string(digits))
}

func fillRange(f Format) (low, high byte) {
	switch f {
	case ISO1:
		return 0, 0xF
	case ISO3:
		return 0xA, 0xF
	case ISO4:
		return 0xA, 0xA
	}
	return 0xF, 0xF
}

func fillText(low, high byte) string {
	if low == high {
		return fmt.Sprintf("%X", low)
	}
	return fmt.Sprintf("%X to %X", low, high)
}

// bind combines a PIN field with the account number, where the format does, and
// takes it apart again.
func bind(f Format, field []byte, pan string) error {
	if !formats[f].bound {
		return nil
	}
	account, err := panField(pan)
	if err != nil {
		return err
	}
	subtle.XORBytes(field, field, account[:])
	return nil
}

// PANField returns the account number field of formats 0 and 3, 8 bytes (ISO 9564-1, section
// 9.3.2): four zero digits and the rightmost 12 digits of the account number, not counting the
// check digit, which is its last. An account number that has not 12 to 19 digits is an [Error].
func PANField(pan string) ([]byte, error) {
	out, err := panField(pan)
	if err != nil {
		return nil, err
	}
	return out[:], nil
}

func panField(pan string) (out [8]byte, err error) {
	if err := checkPAN(pan); err != nil {
		return out, err
	}
	pack(out[:], 16-1, pan[max(0, len(pan)-13):len(pan)-1])
	return out, nil
}

// pack sets digits, two to a byte, in a field of zeros. The last one is at a place counted from 0.
func pack(out []byte, last int, digits string) {
	for i, at := len(digits)-1, last; i >= 0; i, at = i-1, at-1 {
		out[at/2] |= (digits[i] - '0') << (4 * (1 - at%2))
	}
}

// PANField4 returns the account number field of format 4, 16 bytes (ISO 9564-1, section 9.4.2):
// one digit that says by how many digits the account number is longer than 12, the account number,
// and zeros. Account numbers of 1 to 11 digits get zeros on the left, up to 12. One that has not
// 1 to 19 digits is an [Error].
func PANField4(pan string) ([]byte, error) {
	if err := checkDigits(pan, 1); err != nil {
		return nil, err
	}
	out, over := make([]byte, 16), max(0, len(pan)-12)
	out[0] = byte(over) << 4
	pack(out, 12+over, pan)
	return out, nil
}

func checkPAN(pan string) error { return checkDigits(pan, 12) }

func checkDigits(pan string, least int) error {
	if len(pan) < least || len(pan) > 19 {
		return &Error{
			Rule:    RulePAN,
			Problem: problemPANLength,
			Found:   wording.Count(len(pan), "digit"),
			Wanted:  fmt.Sprintf("%d to 19 digits", least),
		}
	}
	if i := notDigit(pan); i >= 0 {
		return &Error{Rule: RulePAN, Problem: problemPANDigit, Found: fmt.Sprintf("character %d", i+1), Wanted: "0 to 9"}
	}
	return nil
}
