package tr34

import (
	"bytes"
	"testing"
)

func TestParseRefusesWhatIsNotBER(t *testing.T) {
	p := newParties(t)
	good := p.seal(t, p.sealing(LayoutStandard))
	deep := []byte{}
	for range 33 {
		deep = (&node{tag: 0x30, data: deep}).flat()
	}
	for name, der := range map[string][]byte{
		"nothing":         {},
		"a zero behind":   append(good[:len(good):len(good)], 0),
		"a tag alone":     {0x30},
		"no end":          append([]byte{0x30, 0x80}, good[4:]...),
		"high tag number": {0x3F, 0x81, 0x01, 0x00},
		"too deep":        deep,
		"too long":        append(append([]byte{0x30, 0x83, 1, 0, 0}, make([]byte, 65536)...), 0),
		"twice":           append(good, good...),
		"text":            []byte("-----BEGIN CMS-----"),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(der)
			checkRefused(t, err, ErrASN1)
		})
	}
}

// TestLongMessagesAreNotRead, whose elements would each be written anew.
func TestLongMessagesAreNotRead(t *testing.T) {
	long := append([]byte{0x30, 0x80}, bytes.Repeat([]byte{0x05, 0x00}, maxMessage)...)
	long = append(long, 0, 0)
	if n := testing.AllocsPerRun(1, func() { openMessage(long) }); n > 100 {
		t.Errorf("%v allocations for a message of %d bytes", n, len(long))
	}
	for _, length := range []int{maxMessage, maxMessage + 1} {
		r := openMessage(append([]byte{0x30, 0x82, 0xFF, 0xFC}, make([]byte, length-4)...))
		if tooLong := r.fail.err != nil && r.fail.err.Problem == problemTooLong; tooLong != (length > maxMessage) {
			t.Errorf("%d bytes: got %v, want those beyond %d refused for their length", length, r.fail.err, maxMessage)
		}
	}
}

// TestParseNamesWhatIsBehindTheMessage, whether that is an element or not.
func TestParseNamesWhatIsBehindTheMessage(t *testing.T) {
	p := newParties(t)
	good := p.seal(t, p.sealing(LayoutStandard))
	for _, behind := range []string{"\x00", "\n", "\x05\x00"} {
		_, err := Parse(append(good[:len(good):len(good)], behind...))
		checkRefused(t, err, ErrASN1)
		if got := err.(*Error); got.Problem != problemBehind {
			t.Errorf("%q behind the token: got %v, want %s", behind, err, problemBehind)
		}
	}
}

// flat is bytes for a node whose data is elements already.
func (n *node) flat() []byte { return append([]byte{n.tag, byte(len(n.data))}, n.data...) }
