package tr31

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// Sizes in characters.
const (
	fixedHeader = 16   // before the optional blocks
	maxBlock    = 9999 // what the length field can say
)

// Where the fields of the header are.
const (
	atLength        = 1
	atUsage         = 5
	atAlgorithm     = 7
	atMode          = 8
	atKeyVersion    = 9
	atExportability = 11
	atCount         = 12
	atContext       = 14
	atReserved      = 15
)

// Header is the part of a key block that is in the clear: the 16 fixed characters, without the
// block length and the number of optional blocks, which are computed, and the optional blocks in
// order.
type Header struct {
	Version       Version
	KeyUsage      string          // two characters, "P0"
	Algorithm     byte            // of the wrapped key, 'T'
	ModeOfUse     byte            // 'E'
	KeyVersion    string          // two characters, "00" when unused
	Exportability byte            // 'E', 'N' or 'S'
	Context       byte            // '0', '1' storage only, '2' exchange only
	Reserved      byte            // '0'
	Blocks        []OptionalBlock // owned by the maker of the Header
}

// ParseHeader reads a header without a key block, as tools and TR-34 tokens have it: 16 fixed characters
// and perhaps the optional blocks behind them. The length is ignored, and so is the number of optional
// blocks where there are only 16 characters. Codes are not checked; [KBPK.Wrap] does that.
func ParseHeader(s string) (Header, error) {
	if len(s) < fixedHeader || len(s) > maxBlock {
		return Header{}, &Error{ErrLength, "header", -1, problemHeaderLength, characters(len(s)),
			fmt.Sprintf("%d to %s", fixedHeader, characters(maxBlock))}
	}
	if at := unprintable(s); at >= 0 {
		return Header{}, &Error{ErrCharset, "header", at, problemHeaderChar, wording.Char(s[at:]), ""}
	}
	h := headerFields(s)
	if _, err := h.Version.rules(); err != nil || len(s) == fixedHeader {
		return h, err
	}
	count, ok := decimal(s[atCount:atContext])
	if !ok {
		return h, wrongCount(s)
	}
	blocks, end, err := parseBlocks(s, fixedHeader, count, Lenient)
	if err != nil {
		return h, err
	}
	if end != len(s) {
		return h, &Error{ErrLength, "header", end, problemHeaderLength, characters(len(s)),
			fmt.Sprintf("%s for a header with %s", characters(end), wording.Count(count, "optional block"))}
	}
	h.Blocks = blocks
	return h, h.checkBlocks(Lenient)
}

// headerFields takes the fields from at least 16 characters and checks none of
// them.
func headerFields(s string) Header {
	return Header{
		Version:       Version(s[0]),
		KeyUsage:      s[atUsage:atAlgorithm],
		Algorithm:     s[atAlgorithm],
		ModeOfUse:     s[atMode],
		KeyVersion:    s[atKeyVersion:atExportability],
		Exportability: s[atExportability],
		Context:       s[atContext],
		Reserved:      s[atReserved],
	}
}

// Encode is the header without a key block: the 16 fixed characters, with 0000 for the length, and
// the optional blocks. Nothing is checked or padded.
func (h Header) Encode() string { return string(h.append(nil, 0)) }

// String is the 16 fixed characters, with 0000 for the length of a block that
// does not exist yet.
func (h Header) String() string { return string(h.appendFixed(nil, 0)) }

// Block finds an optional block by its id.
func (h Header) Block(id string) (OptionalBlock, bool) {
	for _, b := range h.Blocks {
		if b.ID == id {
			return b, true
		}
	}
	return OptionalBlock{}, false
}

// appendFixed writes the 16 fixed characters of a block of the given length.
func (h *Header) appendFixed(dst []byte, length int) []byte {
	dst = append(dst, byte(h.Version))
	dst = appendTwo(dst, length/100)
	dst = appendTwo(dst, length%100)
	dst = append(dst, h.KeyUsage...)
	dst = append(dst, h.Algorithm, h.ModeOfUse)
	dst = append(dst, h.KeyVersion...)
	dst = append(dst, h.Exportability)
	dst = appendTwo(dst, len(h.Blocks))
	return append(dst, h.Context, h.Reserved)
}

// appendTwo writes the last two decimal digits; greater numbers were refused before.
func appendTwo(dst []byte, n int) []byte {
	return append(dst, '0'+byte(n/10%10), '0'+byte(n%10))
}

// append writes header and optional blocks: what the MAC covers first.
func (h *Header) append(dst []byte, length int) []byte {
	dst = h.appendFixed(dst, length)
	for i := range h.Blocks {
		dst = h.Blocks[i].append(dst)
	}
	return dst
}

// size is the length in characters of header and optional blocks.
func (h *Header) size() int { return fixedHeader + sizeOf(h.Blocks) }

// checkFields checks the fixed fields: what may be in a block at all, and when
// strict whether the standard has it.
func (h *Header) checkFields(how Strictness) error {
	fits := func(shape, known bool) bool { return shape && (known || how == Lenient) }
	one := func(c byte) string { return wording.Char(string([]byte{c})) }
	two := func(s string) string { return wording.Quote(s, 2) }
	switch {
	case !fits(isTwo(h.KeyUsage), knownUsage(h.KeyUsage)):
		return &Error{ErrHeaderField, "key usage", atUsage, problemUsage, two(h.KeyUsage), usageCodes()}
	case !fits(isPrintable(h.Algorithm), knownCode(algorithms, h.Algorithm)):
		return &Error{ErrHeaderField, "algorithm", atAlgorithm, problemAlgorithm, one(h.Algorithm), "one of " + algorithms}
	case !fits(isPrintable(h.ModeOfUse), knownCode(modesOfUse, h.ModeOfUse)):
		return &Error{ErrHeaderField, "mode of use", atMode, problemModeOfUse, one(h.ModeOfUse), "one of " + modesOfUse}
	case !fits(isTwo(h.KeyVersion), isAlphanumeric(h.KeyVersion)):
		return &Error{ErrHeaderField, "key version", atKeyVersion, problemKeyVersion, two(h.KeyVersion), "00 where it is not used"}
	case !fits(isPrintable(h.Exportability), knownCode(exportabilities, h.Exportability)):
		return &Error{ErrHeaderField, "exportability", atExportability, problemExportability, one(h.Exportability), "E, N or S"}
	case !fits(isPrintable(h.Context), knownCode(contexts, h.Context)):
		return &Error{ErrHeaderField, "key context", atContext, problemContext, one(h.Context), "0, 1 or 2"}
	case !fits(isPrintable(h.Reserved), h.Reserved == '0'):
		return &Error{ErrHeaderField, "reserved", atReserved, problemReserved, one(h.Reserved), "0"}
	}
	return nil
}

// usageCodes lists the known key usages: "B0 to B3, C0, ...".
func usageCodes() string {
	var out []string
	for first, second := range usages {
		if second == "" {
			continue
		}
		code := string(rune(first)) + second[:1]
		last := len(second) - 1
		switch {
		case last == 0:
		case int(second[last]-second[0]) == last:
			code += " to " + string(rune(first)) + second[last:]
		default:
			code = string(rune(first)) + strings.Join(strings.Split(second, ""), ", "+string(rune(first)))
		}
		out = append(out, code)
	}
	return strings.Join(out, ", ")
}

func isTwo(s string) bool { return len(s) == 2 && isPrintable(s[0]) && isPrintable(s[1]) }

// checkKeyLength checks the length of a key in bytes.
func (h *Header) checkKeyLength(n int, how Strictness) error {
	if n == 0 {
		return &Error{ErrKeyLength, "key", -1, problemNoKey, "", ""}
	}
	if how == Lenient || int(h.Algorithm) >= len(keyLengths) || keyLengths[h.Algorithm] == nil {
		return nil
	}
	lengths := keyLengths[h.Algorithm]
	if slices.Contains(lengths, n) {
		return nil
	}
	return &Error{
		ErrKeyLength,
		"key",
		-1,
		problemKeyLength,
		wording.Bytes(n),
		wording.Or(lengths) + " bytes for algorithm " + string(rune(h.Algorithm)),
	}
}
