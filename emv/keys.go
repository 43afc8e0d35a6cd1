package emv

import (
	"crypto/cipher"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/seed748fb4d1/apcsim/internal/tdes"
	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// Error is a refused argument: which, what is wrong, what was found and what would do. No field
// holds a digit of an account number or a byte of a key.
type Error struct {
	Field   string // "PAN", "session key", …
	Problem string
	Found   string
	Wanted  string
}

// Error is "emv: PAN: the problem: found X, wanted Y".
func (e *Error) Error() string {
	return "emv: " + e.Field + ": " + wording.Text(e.Problem, e.Found, e.Wanted)
}

// Option is how a card's master key is derived from the issuer's (annex A1.4).
type Option byte

// The options. For an account number of 16 digits or fewer option B is option A.
const (
	OptionA Option = 'A' // from the last 16 digits of the account number followed by the sequence number (A1.4.1)
	OptionB Option = 'B' // from 16 decimal digits made of the SHA-1 of both (A1.4.2)
)

// MasterKey derives a card's master key (annex A1.4) from the issuer's, a TDES cipher: E(Y) and
// E(not Y), where the option makes the 8 bytes Y from the account number (PAN, 12 to 19 digits)
// and the PAN sequence number (psn, 2 digits; "00" where a card has none). A refused argument is
// an [Error].
func MasterKey(imk cipher.Block, o Option, pan, psn string) ([]byte, error) {
	out, err := MasterKeyBlocks(o, pan, psn)
	if err != nil {
		return nil, err
	}
	return encryptKey(imk, out), nil
}

// MasterKeyBlocks returns Y and not Y of [MasterKey], 16 bytes, for a device that enciphers both
// in one call (ECB). Set to odd parity, the result is the master key. It fails as [MasterKey] does.
func MasterKeyBlocks(o Option, pan, psn string) ([]byte, error) {
	if err := digits("PAN", pan, 12, 19); err != nil {
		return nil, err
	}
	if err := digits("PAN sequence number", psn, 2, 2); err != nil {
		return nil, err
	}
	if o != OptionA && o != OptionB {
		return nil, &Error{"option", problemOption, fmt.Sprintf("%q", byte(o)), "A or B"}
	}
	text := pan + psn
	if o == OptionB && len(pan) > 16 {
		text = hashed(text)
	}
	out := make([]byte, 16)
	for i, at := 0, len(text)-16; i < 16; i, at = i+1, at+1 {
		if at >= 0 { // else a zero in front
			out[i/2] |= (text[at] - '0') << (4 * (1 - i%2))
		}
	}
	for i, b := range out[:8] {
		out[8+i] = ^b
	}
	return out, nil
}

// hashed is 16 decimal digits of a SHA-1: its decimal digits, filled up from its letters
// minus 10 (annex A1.4.2).
func hashed(text string) string {
	if len(text)%2 == 1 {
		text = "0" + text
	}
	packed, _ := hex.DecodeString(text) // the digits have been checked
	sum := sha1.Sum(packed)
	var decimal, letters []byte
	for _, c := range []byte(hex.EncodeToString(sum[:])) {
		if c <= '9' {
			decimal = append(decimal, c)
		} else {
			letters = append(letters, c-'a'+'0')
		}
	}
	return string(append(decimal, letters...)[:16])
}

// CommonSession derives a session key from a card's master key by the common method (annex
// A1.3.1): E(R with F0 as third byte) and E(R with 0F as third byte). R is [CounterR] for
// cryptograms, and the application cryptogram of the transaction for scripts.
func CommonSession(mk []byte, r [8]byte) ([]byte, error) {
	b, err := newCipher("card master key", mk)
	if err != nil {
		return nil, err
	}
	out := append(r[:], r[:]...)
	out[2], out[10] = 0xF0, 0x0F
	return encryptKey(b, out), nil
}

// CounterR returns R of [CommonSession] for cryptograms: the application transaction counter and
// six zero bytes.
func CounterR(atc [2]byte) [8]byte { return [8]byte{atc[0], atc[1]} }

// MChipSession derives the session key of Mastercard M/Chip cryptograms (M/Chip, not public;
// several programs agree): [CommonSession] with R made of the application transaction counter, two
// zero bytes and the terminal's unpredictable number.
func MChipSession(mk []byte, atc [2]byte, un [4]byte) ([]byte, error) {
	return CommonSession(mk, [8]byte{atc[0], atc[1], 0, 0, un[0], un[1], un[2], un[3]})
}

// VisaScriptSession derives the session key of Visa and American Express scripts (Visa VIS): the
// card's master key with a change of the last two bytes of each half. Those of the left half are
// XORed with the application transaction counter, those of the right half with its complement.
// Cryptograms of these schemes have no session key: they are made with the master key.
func VisaScriptSession(mk []byte, atc [2]byte) ([]byte, error) {
	if err := keyLength("card master key", mk); err != nil {
		return nil, err
	}
	out := append([]byte(nil), mk...)
	subtle.XORBytes(out[6:8], out[6:8], atc[:])
	subtle.XORBytes(out[14:], out[14:], []byte{^atc[0], ^atc[1]})
	return oddParity(out), nil
}

// UnionPaySession derives the session key of UnionPay cards: E(six zero bytes, counter) and E(six
// zero bytes, complement of the counter). GUESS G-unionpay-session, after PBOC 3.0.
func UnionPaySession(mk []byte, atc [2]byte) ([]byte, error) {
	b, err := newCipher("card master key", mk)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 16)
	copy(out[6:8], atc[:])
	out[14], out[15] = ^atc[0], ^atc[1]
	return encryptKey(b, out), nil
}

// Tree is the shape of EMV 2000's tree of session keys (EMV 4.0 Book 2). For each of
// the 65536 counters to have a key of its own, Branch to the power of Height must be 65536 or
// more; this is not checked.
type Tree struct {
	Height int // 2 to 16
	Branch int // the branch factor, 2 to 256
	IV     [16]byte
}

// ServiceTree is the tree that is taken to be the service's: height 8, branch factor 4, a zero IV
// (GUESS G-emv2000-tree; height 16 with branch factor 2 is the other one in use).
var ServiceTree = Tree{Height: 8, Branch: 4}

// EMV2000 derives the session key of an application transaction counter from a card's master key
// (EMV 4.0 Book 2): one step for each level of the tree. A tree with a height or a
// branch factor out of range is an [Error].
func EMV2000(mk []byte, atc [2]byte, t Tree) ([]byte, error) {
	if err := keyLength("card master key", mk); err != nil {
		return nil, err
	}
	if t.Height < 2 || t.Height > 16 || t.Branch < 2 || t.Branch > 256 {
		return nil, &Error{
			"tree",
			problemShape,
			fmt.Sprintf("height %d, branch factor %d", t.Height, t.Branch),
			"height 2 to 16, branch factor 2 to 256",
		}
	}
	counter := int(binary.BigEndian.Uint16(atc[:]))
	place := make([]int, t.Height) // the counter divided by the branch factor, from the leaf up
	for i := range place {
		place[i] = counter
		counter /= t.Branch
	}
	grandparent, parent := append([]byte(nil), t.IV[:]...), append([]byte(nil), mk...)
	defer func() { clear(grandparent); clear(parent) }()
	for i := t.Height - 1; i >= 0; i-- {
		child, err := t.child(parent, grandparent, place[i])
		if err != nil {
			return nil, err
		}
		if i == 0 {
			subtle.XORBytes(child, child, grandparent)
			return oddParity(child), nil
		}
		clear(grandparent)
		grandparent, parent = parent, child
	}
	return nil, nil // not reached: the height is at least 2
}

// child is the function Φ: the grandparent's halves, marked with the branch, under the parent.
func (t Tree) child(parent, grandparent []byte, place int) ([]byte, error) {
	b, err := newCipher("tree key", parent)
	if err != nil {
		return nil, err
	}
	out := append([]byte(nil), grandparent...)
	j := byte(place % t.Branch)
	out[7] ^= j
	out[15] ^= j ^ 0xF0
	b.Encrypt(out[:8], out[:8])
	b.Encrypt(out[8:], out[8:])
	return out, nil
}

// encryptKey enciphers both halves in place and sets odd parity.
func encryptKey(b cipher.Block, halves []byte) []byte {
	b.Encrypt(halves[:8], halves[:8])
	b.Encrypt(halves[8:], halves[8:])
	return oddParity(halves)
}

func keyLength(name string, key []byte) error {
	if len(key) != 16 {
		return &Error{name, problemLength, wording.Bytes(len(key)), "16 bytes"}
	}
	return nil
}

// newCipher is the TDES cipher of a double-length key.
func newCipher(name string, key []byte) (cipher.Block, error) {
	if err := keyLength(name, key); err != nil {
		return nil, err
	}
	return tdes.NewCipher(key)
}

func oddParity(key []byte) []byte {
	tdes.SetOddParity(key)
	return key
}

func digits(name, text string, low, high int) error {
	if len(text) < low || len(text) > high {
		wanted := fmt.Sprintf("%d to %d digits", low, high)
		if low == high {
			wanted = wording.Count(low, "digit")
		}
		return &Error{name, problemLength, wording.Count(len(text), "digit"), wanted}
	}
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return &Error{name, problemDecimal, fmt.Sprintf("character %d", i+1), "0 to 9"}
		}
	}
	return nil
}
