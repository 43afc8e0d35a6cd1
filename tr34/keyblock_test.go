package tr34

import (
	"bytes"
	"slices"
	"testing"
)

// keyBlockOf is a key block of KDH 1, without padding, for a key of n bytes.
func (p *parties) keyBlockOf(tb testing.TB, version, n int) []byte {
	tb.Helper()
	block := keyBlock{NameOf(p.kdh), bytes.Repeat([]byte{0x5A}, n), []byte(testHeader)}
	out, err := block.padded(version, 8)
	if err != nil {
		tb.Fatal(err)
	}
	return out[:len(out)-int(out[len(out)-1])]
}

// aligned is a key block that fills blocks of 16 bytes.
func (p *parties) aligned(t *testing.T) (block []byte, n int) {
	t.Helper()
	for n = 1; ; n++ {
		if block = p.keyBlockOf(t, 1, n); len(block)%16 == 0 {
			return block, n
		}
	}
}

func TestOpenTakesPKCS7PaddingAndNoneWhereNoneIsNeeded(t *testing.T) {
	p := newParties(t)
	block, n := p.aligned(t)
	short := p.keyBlockOf(t, 1, n-1) // one byte of padding in any cipher
	pad := func(b []byte, with ...byte) []byte { return slices.Concat(b, with) }
	full := func(n int) []byte { return bytes.Repeat([]byte{byte(n)}, n) }
	for _, c := range []struct {
		name   string
		cipher Cipher
		plain  []byte
		want   Class
	}{
		{"unpadded, TDES", TDESCBC, block, ""},
		{"unpadded, AES", AES256CBC, block, ""},
		{"a block of padding, TDES", TDESCBC, pad(block, full(8)...), ""},
		{"a block of padding, AES", AES128CBC, pad(block, full(16)...), ""},
		{"one byte, AES", AES128CBC, pad(short, 1), ""},
		{"one byte that is not 1", AES128CBC, pad(short, 2), ErrContent},
		{"one byte that is 0", AES128CBC, pad(short, 0), ErrContent},
		{"one byte above the block", TDESCBC, pad(short, 9), ErrContent},
		{"two blocks of padding, TDES", TDESCBC, pad(block, full(16)...), ErrContent},
		{"zeros", TDESCBC, pad(block, make([]byte, 8)...), ErrContent},
		{"first byte wrong", TDESCBC, pad(block, 7, 8, 8, 8, 8, 8, 8, 8), ErrContent},
		{"last byte wrong", TDESCBC, pad(block, 8, 8, 8, 8, 8, 8, 8, 7), ErrContent},
		{"padding alone", AES128CBC, full(16), ErrKeyBlock},
		{"more padding than there should be", TDESCBC, pad(block, 1, 1, 1, 1, 4, 4, 4, 4), ErrKeyBlock},
		{"two key blocks", TDESCBC, pad(block, block...), ErrContent},
		{"two key blocks, padded", TDESCBC, pad(pad(block, block...), full(8)...), ErrKeyBlock},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := open(p.forgePlain(t, c.cipher, c.plain), p.krdKey, p.check())
			checkVerdict(t, err, c.want)
			if c.want == "" && (err != nil || len(got.Key) < n-1 || got.Key[0] != 0x5A) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

// Where the parts of a key block of version 1 are.
var brokenKeyBlocks = []change{
	{"version 2", set(nil, 0, 2), ErrKeyBlock},
	{"version 0 with an attribute", set(nil, 0, 0), ErrKeyBlock},
	{"version 1 with a bare header", func(root *node) { root.kids[3] = primitive(0x04, []byte(testHeader)...) }, ErrKeyBlock},
	{"no KDH", drop(nil, 1), ErrKeyBlock},
	{"no key", drop(nil, 2), ErrKeyBlock},
	{"key without bytes", set(nil, 2), ErrKeyBlock},
	{"no header", drop(nil, 3), ErrKeyBlock},
	{"header of 15 characters", setAt(nil, []int{3, 1, 0}, []byte("D0112K0TB00E000")...), ErrKeyBlock},
	{"header twice", double([]int{3, 1}, 0), ErrKeyBlock},
	{"header of another type", set([]int{3}, 0, 0x2A), ErrKeyBlock},
	{"something after the header", insert(nil, 4, primitive(0x05)), ErrKeyBlock},
	{"another KDH", setAt(nil, []int{1, 1}, 7), ErrIDKDH},
	{"another issuer", setAt(nil, []int{1, 0}), ErrIDKDH},
	{"another header", setAt(nil, []int{3, 1, 0}, []byte("D0112K0TB00N0000")...), ErrHeader},
	{"nothing wrong", func(*node) {}, ""},
}

func TestOpenRefusesWhatIsNoKeyBlockOfTheSigner(t *testing.T) {
	p := newParties(t)
	good := nodes(t, p.keyBlockOf(t, 1, 16))[0]
	for _, c := range brokenKeyBlocks {
		t.Run(c.name, func(t *testing.T) {
			root := good.clone()
			c.edit(root)
			plain := root.bytes()
			n := 8 - len(plain)%8
			plain = append(plain, bytes.Repeat([]byte{byte(n)}, n)...)
			_, err := open(p.forgePlain(t, TDESCBC, plain), p.krdKey, p.check())
			checkVerdict(t, err, c.want)
		})
	}
}

func TestOpenTakesTheKeyBlockOfAnnexDInAnyLayout(t *testing.T) {
	p := newParties(t)
	block := keyBlock{NameOf(p.kdh), testKey, []byte(testHeader)}
	plain, err := block.padded(0, 8)
	if err != nil {
		t.Fatal(err)
	}
	got, err := open(p.forgePlain(t, TDESCBC, plain), p.krdKey, p.check())
	if err != nil || !bytes.Equal(got.Key, testKey) {
		t.Errorf("got %v, %v", got, err)
	}
}
