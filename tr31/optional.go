package tr31

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// OptionalBlock is one optional block of a header: two alphanumerics that say
// what it is, and its content, printable ASCII without id and length. Typed
// gives the content as a Go type.
type OptionalBlock struct {
	ID   string
	Data string

	form lengthForm // how it was written, so that a parsed block encodes as it was
}

// lengthForm is how an optional block says its length.
type lengthForm byte

const (
	formStandard lengthForm = iota // two digits; past 255 characters the long form
	formLong                       // the long form, though two digits would do
	formBytes                      // the long form with its digits counted in bytes: 02, not 04
)

// Characters before the data.
const (
	shortHead = 4  // id, two digits
	longHead  = 10 // id, 00, two digits, four digits
	maxShort  = 255
)

// idPadding is the block of filler that brings the others to whole cipher blocks.
const idPadding = "PB"

func (b *OptionalBlock) long() bool {
	return b.form != formStandard || shortHead+len(b.Data) > maxShort
}

func (b *OptionalBlock) size() int {
	if b.long() {
		return longHead + len(b.Data)
	}
	return shortHead + len(b.Data)
}

func sizeOf(blocks []OptionalBlock) (n int) {
	for i := range blocks {
		n += blocks[i].size()
	}
	return n
}

// append writes the block as it goes into a header.
func (b *OptionalBlock) append(dst []byte) []byte {
	dst = append(dst, b.ID...)
	n := b.size()
	if b.long() {
		head := "0004"
		if b.form == formBytes {
			head = "0002"
		}
		dst = append(dst, head...)
		dst = appendHex(dst, []byte{byte(n >> 8)})
	}
	dst = appendHex(dst, []byte{byte(n)})
	return append(dst, b.Data...)
}

// parseBlocks takes count optional blocks from s, from offset at, and says
// where they end. It checks form alone; checkBlocks checks the rest.
func parseBlocks(s string, at, count int, how Strictness) ([]OptionalBlock, int, error) {
	if count == 0 {
		return nil, at, nil
	}
	// The count is not authentic: it does not decide what is allocated.
	blocks := make([]OptionalBlock, 0, min(count, len(s)/shortHead))
	for range count {
		b, n, err := parseOptional(s, at, how)
		if err != nil {
			return nil, 0, err
		}
		blocks = append(blocks, b)
		at += n
	}
	return blocks, at, nil
}

// parseOptional takes the optional block at an offset of a key block, and its
// size.
func parseOptional(block string, at int, how Strictness) (b OptionalBlock, n int, err error) {
	s := block[at:]
	refuse := func(problem, found, wanted string) (OptionalBlock, int, error) {
		return b, 0, &Error{ErrOptBlock, b.ID, at, problem, found, wanted}
	}
	if len(s) < shortHead {
		return refuse(problemBlockEnd, characters(len(s)), "an id and a length in 4 characters")
	}
	if !isAlphanumeric(s[:2]) {
		return refuse(problemBlockID, wording.Quote(s, 2), "")
	}
	b.ID = s[:2]
	head, length := shortHead, s[2:shortHead]
	if length == "00" {
		if len(s) < longHead {
			return refuse(problemBlockEnd, characters(len(s)), "an id and an extended length in 10 characters")
		}
		switch {
		case s[4:6] == "04":
			b.form = formLong
		case s[4:6] == "02" && how == Lenient:
			b.form = formBytes
		default:
			return refuse(problemLongForm, wording.Quote(s, 6), b.ID+"0004")
		}
		head, length = longHead, s[6:longHead]
	}
	if !isHex(length) {
		return refuse(problemBlockHex, wording.Quote(s, head), "")
	}
	for i := range len(length) {
		n = n<<4 | int(hexValues[length[i]])
	}
	if n < head {
		return refuse(problemBlockShort, s[:head], "at least "+s[:head-len(length)]+hexOf(head, len(length)))
	}
	if n > len(s) {
		return refuse(problemBlockPast, s[:head], "at most "+s[:head-len(length)]+hexOf(len(s), len(length)))
	}
	b.Data = s[head:n]
	if b.form == formLong && shortHead+len(b.Data) > maxShort {
		b.form = formStandard
	}
	return b, n, nil
}

// hexOf is a number in so many hexadecimal digits.
func hexOf(n, width int) string { return fmt.Sprintf("%0*X", width, n) }

// checkBlocks checks the optional blocks of a header.
func (h *Header) checkBlocks(how Strictness) error {
	if len(h.Blocks) > 99 {
		return &Error{ErrOptBlock, "optional blocks", atCount, problemManyBlocks, strconv.Itoa(len(h.Blocks)), "at most 99"}
	}
	at := fixedHeader
	for i := range h.Blocks {
		if err := h.checkBlock(i, at, how); err != nil {
			return err
		}
		at += h.Blocks[i].size()
	}
	if n, unit := at-fixedHeader, h.Version.BlockSize(); how == Strict && n%unit != 0 {
		return &Error{ErrOptBlockPadding, "optional blocks", fixedHeader, problemPadding,
			characters(n), fmt.Sprintf("a multiple of %d, by a padding block PB", unit)}
	}
	return nil
}

// checkBlock checks the optional block of index i, which begins at an offset.
func (h *Header) checkBlock(i, at int, how Strictness) error {
	b := &h.Blocks[i]
	if len(b.ID) != 2 || !isAlphanumeric(b.ID) {
		return &Error{ErrOptBlock, "id", at, problemBlockID, wording.Quote(b.ID, 2), ""}
	}
	if bad := unprintable(b.Data); bad >= 0 {
		return &Error{ErrOptBlock, b.ID, at, problemBlockChar, wording.Char(b.Data[bad:]) + " in " + b.ID, ""}
	}
	if slices.ContainsFunc(h.Blocks[:i], func(o OptionalBlock) bool { return o.ID == b.ID }) {
		return &Error{ErrOptBlock, b.ID, at, problemBlockTwice, b.ID, ""}
	}
	if how == Lenient {
		return nil
	}
	if b.ID == idPadding && i != len(h.Blocks)-1 {
		return &Error{ErrOptBlock, b.ID, at, problemPaddingPlace, h.Blocks[i+1].ID + " after PB", ""}
	}
	if _, wanted := b.typed(); wanted != "" {
		return b.wrongData(at, wanted)
	}
	return nil
}

func (b *OptionalBlock) wrongData(at int, wanted string) error {
	return &Error{ErrOptBlockData, b.ID, at, problemBlockData, b.ID + " with " + wording.Foreign(b.Data), wanted}
}

// checkWritten refuses the forms that are read and not written when strict: a
// key serial number of 16 digits.
func (h *Header) checkWritten(how Strictness) error {
	at := fixedHeader
	for i := range h.Blocks {
		b := &h.Blocks[i]
		if how == Strict && b.ID == idKSN && len(b.Data) != ksnDigits {
			return b.wrongData(at, ksnForm)
		}
		at += b.size()
	}
	return nil
}

// padded gives the blocks in the standard's form, with a padding block where
// the total needs one. A last padding block that does not fit is replaced. The
// caller's slice stays as it is.
func padded(blocks []OptionalBlock, unit int) []OptionalBlock {
	out := make([]OptionalBlock, len(blocks), len(blocks)+1)
	for i, b := range blocks {
		out[i] = OptionalBlock{ID: b.ID, Data: b.Data}
	}
	if sizeOf(out)%unit == 0 {
		return out
	}
	if last := len(out) - 1; out[last].ID == idPadding {
		out = out[:last]
	}
	gap := -sizeOf(out) & (unit - 1)
	if gap == 0 {
		return out
	}
	if gap < shortHead {
		gap += unit
	}
	return append(out, OptionalBlock{ID: idPadding, Data: strings.Repeat("0", gap-shortHead)})
}
