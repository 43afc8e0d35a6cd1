package tr31

import (
	"slices"
	"strings"
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
// where they end. It judges form alone; checkBlocks judges the rest.
func parseBlocks(s string, at, count int, m Mode) ([]OptionalBlock, int, error) {
	if count == 0 {
		return nil, at, nil
	}
	// The count is not authentic: it does not decide what is allocated.
	blocks := make([]OptionalBlock, 0, min(count, len(s)/shortHead))
	for range count {
		b, n, problem := parseOptional(s[at:], m)
		if problem != "" {
			return nil, 0, &Error{ErrOptBlock, b.ID, at, problem}
		}
		blocks = append(blocks, b)
		at += n
	}
	return blocks, at, nil
}

// parseOptional takes the optional block at the start of s and its size; or it
// says what is wrong.
func parseOptional(s string, m Mode) (b OptionalBlock, n int, problem string) {
	if len(s) < shortHead {
		return b, 0, "ends before id and length"
	}
	if !isAlphanumeric(s[:2]) {
		return b, 0, "id is not two alphanumerics"
	}
	b.ID = s[:2]
	head, digits := shortHead, s[2:shortHead]
	if digits == "00" {
		if len(s) < longHead {
			return b, 0, "ends before its long length"
		}
		switch {
		case s[4:6] == "04":
			b.form = formLong
		case s[4:6] == "02" && m == Lenient:
			b.form = formBytes
		default:
			return b, 0, "long length is not announced by 04"
		}
		head, digits = longHead, s[6:longHead]
	}
	if !isHex(digits) {
		return b, 0, "length is not upper-case hexadecimal"
	}
	for i := range len(digits) {
		n = n<<4 | int(hexValues[digits[i]])
	}
	if n < head || n > len(s) {
		return b, 0, "length is less than its own head or past the end"
	}
	b.Data = s[head:n]
	if b.form == formLong && shortHead+len(b.Data) > maxShort {
		b.form = formStandard
	}
	return b, n, ""
}

// checkBlocks judges the optional blocks of a header.
func (h *Header) checkBlocks(m Mode) error {
	if len(h.Blocks) > 99 {
		return &Error{ErrOptBlock, "optional blocks", atCount, "are more than 99"}
	}
	at := fixedHeader
	for i := range h.Blocks {
		if err := h.checkBlock(i, at, m); err != nil {
			return err
		}
		at += h.Blocks[i].size()
	}
	if m == Strict && (at-fixedHeader)%h.Version.BlockSize() != 0 {
		return &Error{ErrOptBlockPadding, "optional blocks", fixedHeader, "do not fill whole cipher blocks"}
	}
	return nil
}

// checkBlock judges the optional block of index i, which stands at an offset.
func (h *Header) checkBlock(i, at int, m Mode) error {
	b := &h.Blocks[i]
	refuse := func(problem string) error { return &Error{ErrOptBlock, b.ID, at, problem} }
	if len(b.ID) != 2 || !isAlphanumeric(b.ID) {
		return &Error{ErrOptBlock, "id", at, "is not two alphanumerics"}
	}
	if unprintable(b.Data) >= 0 {
		return refuse("data is not printable ASCII")
	}
	if slices.ContainsFunc(h.Blocks[:i], func(o OptionalBlock) bool { return o.ID == b.ID }) {
		return refuse("appears twice")
	}
	if m == Lenient {
		return nil
	}
	if b.ID == idPadding && i != len(h.Blocks)-1 {
		return refuse("is not the last block")
	}
	if _, wanted := b.typed(); wanted != "" {
		return &Error{ErrOptBlockData, b.ID, at, "is not " + wanted}
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
