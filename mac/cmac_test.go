package mac

import (
	"bytes"
	"crypto/cipher"
	"math/big"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// textbook is CMAC as SP 800-38B states it, on numbers and on a joined message.
func textbook(block cipher.Block, message []byte) []byte {
	n := block.BlockSize()
	l := make([]byte, n)
	block.Encrypt(l, l)
	k1 := doubled(l)
	last, subkey := (len(message)-1)/n*n, k1
	if len(message) == 0 || len(message)%n != 0 {
		subkey = doubled(k1)
		last = len(message) / n * n
		message = append(bytes.Clone(message), 0x80)
		message = append(message, make([]byte, last+n-len(message))...)
	}
	c := make([]byte, n)
	for i := 0; i < len(message); i += n {
		for j := range c {
			c[j] ^= message[i+j]
			if i == last {
				c[j] ^= subkey[j]
			}
		}
		block.Encrypt(c, c)
	}
	return c
}

func doubled(in []byte) []byte {
	polynomial := map[int]int64{8: 0x1B, 16: 0x87}[len(in)]
	x := new(big.Int).SetBytes(in)
	x.Lsh(x, 1)
	if top := len(in) * 8; x.Bit(top) == 1 {
		x.SetBit(x, top, 0)
		x.Xor(x, big.NewInt(polynomial))
	}
	return x.FillBytes(make([]byte, len(in)))
}

func newCipher(kind string, key []byte) cipher.Block {
	if strings.HasPrefix(kind, "TDES") {
		return testrig.TDES(key)
	}
	return testrig.AES(key)
}

func TestSumIsTheTextbooksHoweverTheMessageIsSplit(t *testing.T) {
	ciphers := []cipher.Block{
		newCipher("TDES", []byte("0123456789abcdefghijklmn")),
		newCipher("AES", []byte("0123456789abcdef")),
	}
	rapid.Check(t, func(t *rapid.T) {
		block := rapid.SampledFrom(ciphers).Draw(t, "cipher")
		parts := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 40), 0, 4).Draw(t, "parts")
		before := rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(t, "dst")
		m := NewCMAC(block)
		got := m.Sum(bytes.Clone(before), parts...)
		want := append(bytes.Clone(before), textbook(block, bytes.Join(parts, nil))...)
		if !bytes.Equal(got, want) || len(got) != len(before)+m.Size() {
			t.Fatalf("got %X, want %X", got, want)
		}
	})
}

func TestSumLeavesDstWithRoomInPlace(t *testing.T) {
	m := NewCMAC(newCipher("AES", make([]byte, 16)))
	dst := bytes.Repeat([]byte{0xFF}, 32)[:0] // what stood there before must not matter
	message := []byte("message")
	if got, want := m.Sum(dst, message), textbook(newCipher("AES", make([]byte, 16)), message); !bytes.Equal(got, want) {
		t.Errorf("got %X, want %X", got, want)
	}
	if n := testing.AllocsPerRun(100, func() { m.Sum(dst, message) }); n > 1 { // the list of parts
		t.Errorf("got %v allocations", n)
	}
}

func TestManyGoroutinesMayShareACMAC(t *testing.T) {
	m := NewCMAC(newCipher("TDES", make([]byte, 24)))
	want := m.Sum(nil, []byte("message"))
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 100 {
				if got := m.Sum(nil, []byte("mess"), []byte("age")); !bytes.Equal(got, want) {
					t.Errorf("got %X, want %X", got, want)
				}
			}
		})
	}
	all.Wait()
}

// TestMaskedEndsInTheTextbooksMAC: what a device with CBC makes of it.
func TestMaskedEndsInTheTextbooksMAC(t *testing.T) {
	ciphers := []cipher.Block{
		newCipher("TDES", []byte("0123456789abcdefghijklmn")),
		newCipher("AES", []byte("0123456789abcdef")),
	}
	rapid.Check(t, func(t *rapid.T) {
		block := rapid.SampledFrom(ciphers).Draw(t, "cipher")
		message := rapid.SliceOfN(rapid.Byte(), 0, 70).Draw(t, "message")
		before := bytes.Clone(message)
		if got, want := byCBC(block, message), textbook(block, message); !bytes.Equal(got, want) {
			t.Fatalf("%d bytes: got %X, want %X", len(message), got, want)
		}
		if !bytes.Equal(message, before) {
			t.Fatal("the message was changed")
		}
	})
}

// byCBC is the MAC as a device makes it that has ECB and CBC.
func byCBC(block cipher.Block, message []byte) []byte {
	size := block.BlockSize()
	l := make([]byte, size)
	block.Encrypt(l, l)
	out := Masked(l, message)
	cipher.NewCBCEncrypter(block, make([]byte, size)).CryptBlocks(out, out)
	return out[len(out)-size:]
}

func TestMaskedRefusesOtherWidths(t *testing.T) {
	for _, size := range []int{0, 7, 24} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("an L of %d bytes was taken", size)
				}
			}()
			Masked(make([]byte, size), nil)
		}()
	}
}

// narrow is a cipher of a width that CMAC does not have.
type narrow struct{ cipher.Block }

func (narrow) BlockSize() int { return 4 }

func TestNewCMACRefusesOtherWidths(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a cipher with blocks of 4 bytes was taken")
		}
	}()
	NewCMAC(narrow{})
}

// TestVectorsGiveTheirMACs: our own vectors, made with OpenSSL, and the published
// ones where there is a folder of them.
func TestVectorsGiveTheirMACs(t *testing.T) {
	type vector struct{ ID, Algorithm, Key, Message, Full string }
	for _, vectors := range [][]vector{
		testrig.ReadJSON[[]vector](t, "testdata/made.json"),
		testrig.Vectors[[]vector](t, "kcv.json"),
	} {
		n := 0
		for _, v := range vectors {
			if !strings.Contains(v.Algorithm, "-CMAC-") {
				continue
			}
			n++
			block, message, want := newCipher(v.Algorithm, testrig.Hex(v.Key)), testrig.Hex(v.Message), testrig.Hex(v.Full)
			if got := NewCMAC(block).Sum(nil, message); !bytes.Equal(got, want) {
				t.Errorf("%s: got %X, want %X", v.ID, got, want)
			}
			if got := byCBC(block, message); !bytes.Equal(got, want) {
				t.Errorf("%s by CBC: got %X, want %X", v.ID, got, want)
			}
		}
		if vectors != nil && n < 10 {
			t.Errorf("only %d of %d vectors are of CMAC", n, len(vectors))
		}
	}
}
