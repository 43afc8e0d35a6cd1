package cvv

import (
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/mac"
)

// Error is a refused argument: which, what is wrong, what was found and what would do. No field
// holds a digit of an account number.
type Error struct {
	Field   string // "PAN", "expiry", …
	Problem string
	Found   string
	Wanted  string
}

// Error is "cvv: PAN: the problem: found X, wanted Y".
func (e *Error) Error() string {
	return "cvv: " + e.Field + ": " + wording.Text(e.Problem, e.Found, e.Wanted)
}

// Equal reports whether two values are the same, in constant time.
func Equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// The service codes with which [CVV] returns a CVV2, printed on the card, and an iCVV, in the
// chip.
const (
	CVV2Code = "000"
	ICVVCode = "999"
)

// MaxLength is the number of digits of the longest value. A caller may ask for 1 to 5.
const MaxLength = 5

// CVV returns the card verification value of n digits (1 to 5) of an account number, an expiry
// date and a service code. The issuer decides on the order of the date's digits: usually YYMM on
// the stripe, MMYY in print. With service code 000 ([CVV2Code]) it is the CVV2, with 999
// ([ICVVCode]) the iCVV. CVC, CVC2, CVN2 and CAV2 are the same computation.
func CVV(k *mac.RetailKey, pan, expiry, serviceCode string, n int) (string, error) {
	if err := check(pan, n, field{"expiry", expiry, 4, 4}, field{"service code", serviceCode, 3, 3}); err != nil {
		return "", err
	}
	return value(k, pan+expiry+serviceCode, n)
}

// value computes on digits, padded with zeros on the right to 32: the first half under
// the left key, both under the whole key, which is ISO 9797-1 algorithm 3.
func value(k *mac.RetailKey, digits string, n int) (string, error) {
	block, err := hex.DecodeString(digits + strings.Repeat("0", 32-len(digits)))
	if err != nil {
		return "", err // the digits have been checked
	}
	r, err := mac.Retail(k, mac.None, block)
	if err != nil {
		return "", err
	}
	return decimalize(r)[:n], nil
}

// decimalize is all decimal digits in order, then all letters in order, each minus 10.
func decimalize(b []byte) string {
	text := strings.ToUpper(hex.EncodeToString(b))
	var digits, letters []byte
	for i := range len(text) {
		if text[i] <= '9' {
			digits = append(digits, text[i])
		} else {
			letters = append(letters, text[i]-'A'+'0')
		}
	}
	return string(append(digits, letters...))
}

// Dynamic returns the dynamic card verification value (dCVV) of n digits (1 to 5): the CVV under
// the card's key of an account number whose first four digits are replaced by the application
// transaction counter, 1 to 4 hexadecimal digits. The letters of the counter are not converted
// to decimal digits (GUESS G-dcvv-letters).
func Dynamic(card *mac.RetailKey, pan, expiry, serviceCode, atc string, n int) (string, error) {
	if err := check(pan, n, field{"expiry", expiry, 4, 4}, field{"service code", serviceCode, 3, 3}); err != nil {
		return "", err
	}
	counter, err := counterDigits(atc)
	if err != nil {
		return "", err
	}
	return value(card, counter+pan[4:]+expiry+serviceCode, n)
}

// CVC3 returns the dynamic card verification code of n digits, 1 to 5 (EMV Contactless Book C-2).
// The arguments card and retail are the card's key, as a TDES cipher and as single DES ciphers;
// track is the bytes of the track data template; un is the unpredictable number, 1 to 8
// hexadecimal digits; atc is the counter, 1 to 4 hexadecimal digits.
func CVC3(card cipher.Block, retail *mac.RetailKey, track []byte, un, atc string, n int) (string, error) {
	iv, err := mac.Retail(retail, mac.Bit, track)
	if err != nil {
		return "", err
	}
	return code(card, [2]byte(iv[6:]), un, atc, n)
}

// Cardholder returns the cardholder verification value of n digits (1 to 5) under the card's
// key, a TDES cipher. NOT FAITHFUL: no definition is public; this is [CVC3] with zero bytes in
// place of the MAC of the track data.
func Cardholder(card cipher.Block, un, atc string, n int) (string, error) {
	return code(card, cardholderIV, un, atc, n)
}

// cardholderIV is the IV in place of the track data's (GUESS G-cardholder-value).
var cardholderIV = [2]byte{}

// code is the last two bytes of one encryption as a decimal number of 5 digits, of
// which the rightmost n are the code.
func code(card cipher.Block, iv [2]byte, un, atc string, n int) (string, error) {
	if err := checkLength(n); err != nil {
		return "", err
	}
	number, counter, err := dynamicDigits(un, atc)
	if err != nil {
		return "", err
	}
	x := append([]byte(nil), iv[:]...)
	rest, err := hex.DecodeString(number + counter)
	if err != nil {
		return "", err // the digits have been checked
	}
	x = append(x, rest...)
	card.Encrypt(x, x)
	text := fmt.Sprintf("%05d", binary.BigEndian.Uint16(x[6:]))
	return text[len(text)-n:], nil
}

// DiscoverDynamic returns Discover's dynamic card verification code of n digits (1 to 5) under
// the card's key, derived with card sequence number 00. NOT FAITHFUL: no definition is public;
// this is [Dynamic] with the last three digits of the unpredictable number, written in decimal,
// as the service code.
func DiscoverDynamic(card *mac.RetailKey, pan, expiry, un, atc string, n int) (string, error) {
	if err := check(pan, n, field{"expiry", expiry, 4, 4}); err != nil {
		return "", err
	}
	number, counter, err := dynamicDigits(un, atc)
	if err != nil {
		return "", err
	}
	return value(card, counter+pan[4:]+expiry+discoverCode(number), n)
}

// discoverCode is the part of the unpredictable number in a Discover code (GUESS G-discover-code): the last
// three digits of the number written in decimal.
func discoverCode(number string) string {
	n, _ := strconv.ParseUint(number, 16, 32) // the digits have been checked
	return fmt.Sprintf("%03d", n%1000)
}

// field is an argument of decimal digits.
type field struct {
	name, digits string
	low, high    int
}

// checkLength refuses a number of digits that no value has.
func checkLength(n int) error {
	if n < 1 || n > MaxLength {
		return &Error{"length", problemDigits, fmt.Sprint(n), fmt.Sprintf("1 to %d", MaxLength)}
	}
	return nil
}

func check(pan string, n int, fields ...field) error {
	for _, f := range append([]field{{"PAN", pan, 12, 19}}, fields...) {
		if n := len(f.digits); n < f.low || n > f.high {
			wanted := fmt.Sprintf("%d to %d digits", f.low, f.high)
			if f.low == f.high {
				wanted = wording.Count(f.low, "digit")
			}
			return &Error{f.name, problemLength, wording.Count(n, "digit"), wanted}
		}
		if i := strings.IndexFunc(f.digits, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
			return &Error{f.name, problemDecimal, fmt.Sprintf("character %d", i+1), "0 to 9"}
		}
	}
	return checkLength(n)
}

// dynamicDigits are the 8 digits of an unpredictable number and the 4 of a transaction counter.
func dynamicDigits(un, atc string) (number, counter string, err error) {
	if number, err = hexDigits("unpredictable number", un, 8); err != nil {
		return "", "", err
	}
	counter, err = counterDigits(atc)
	return number, counter, err
}

func counterDigits(atc string) (string, error) {
	return hexDigits("application transaction counter", atc, 4)
}

// hexDigits pads a number of up to n hexadecimal digits with zeros on the left.
func hexDigits(name, text string, n int) (string, error) {
	if len(text) < 1 || len(text) > n {
		return "", &Error{name, problemLength, wording.Count(len(text), "digit"), fmt.Sprintf("1 to %d digits", n)}
	}
	for i := range len(text) {
		if !strings.ContainsRune("0123456789ABCDEFabcdef", rune(text[i])) {
			return "", &Error{name, problemHex, fmt.Sprintf("character %d", i+1), "0 to 9 or A to F"}
		}
	}
	return strings.Repeat("0", n-len(text)) + strings.ToUpper(text), nil
}
