package tr31

// Block is a parsed key block: its header in the clear, nothing of which is
// authentic before Unwrap, and key data and MAC as they were written. Reading
// it is safe from any number of goroutines.
type Block struct {
	Header

	keyData, mac string // hexadecimal, checked
	mode         Mode
}

// Parse reads a key block without any key: everything but the classes kbpk, mac
// and key-length is judged here. Its text is at most 9999 characters.
func Parse(s string, m Mode) (*Block, error) {
	if len(s) > maxBlock {
		return nil, &Error{ErrLength, "", -1, "is longer than 9999 characters"}
	}
	b, err := parse(s, m)
	if err == nil {
		return b, nil
	}
	// What parse takes is printable, field by field. What it refuses is told
	// by its characters first, since they may be what misled it.
	if at := unprintable(s); at >= 0 {
		return nil, &Error{ErrCharset, "", at, "is not printable ASCII"}
	}
	return nil, err
}

// parse is Parse for a text that is not too long.
func parse(s string, m Mode) (*Block, error) {
	r, err := checkFrame(s)
	if err != nil {
		return nil, err
	}
	b := &Block{Header: headerFields(s), mode: m}
	if err := b.checkFields(m); err != nil {
		return nil, err
	}
	count, ok := decimal(s[atCount:atContext])
	if !ok {
		return nil, &Error{ErrHeaderField, "number of optional blocks", atCount, "is not two decimal digits"}
	}
	blocks, at, err := parseBlocks(s, fixedHeader, count, m)
	if err != nil {
		return nil, err
	}
	b.Blocks = blocks
	if err := b.checkBlocks(m); err != nil {
		return nil, err
	}
	if bad := notHexAt(s[at:], m); bad >= 0 {
		return nil, &Error{ErrHex, "key data or MAC", at + bad, "is not an upper-case hexadecimal digit"}
	}
	end := max(at, len(s)-2*r.mac)
	b.keyData, b.mac = s[at:end], s[end:]
	if err := b.checkData(r); err != nil {
		return nil, err
	}
	return b, nil
}

// checkFrame judges what must hold before any field is read: size, version and
// length field.
func checkFrame(s string) (*rules, error) {
	if len(s) < fixedHeader {
		return nil, &Error{ErrLength, "", -1, "is shorter than a header"}
	}
	r, err := Version(s[0]).rules()
	if err != nil {
		return nil, err
	}
	if n, ok := decimal(s[atLength:atUsage]); !ok || n != len(s) {
		return nil, &Error{ErrLength, "block length", atLength, "is not the length of the block in four decimal digits"}
	}
	return r, nil
}

// checkData judges the sizes of key data and MAC.
func (b *Block) checkData(r *rules) error {
	refuse := func(c Class, problem string) error {
		return &Error{c, "key data", b.size(), problem}
	}
	switch n := len(b.keyData); {
	case len(b.mac) != 2*r.mac || n < 2*r.least:
		return refuse(ErrLength, "and MAC have no room")
	case n%2 != 0:
		return refuse(ErrHex, "has an odd number of digits")
	case n/2%r.unit != 0:
		return refuse(ErrLength, "is not a whole number of cipher blocks")
	}
	return nil
}

// String encodes the block, byte for byte as it was parsed.
func (b *Block) String() string {
	n := b.length()
	out := b.append(make([]byte, 0, n), n)
	out = append(out, b.keyData...)
	return string(append(out, b.mac...))
}

// length is that of the whole block in characters.
func (b *Block) length() int { return b.size() + len(b.keyData) + len(b.mac) }
