package tr31

import (
	"bytes"
	"context"
	"crypto/cipher"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/mac"
)

// benchKey is a wrapped key of the grid.
type benchKey struct {
	name      string
	algorithm byte
	bytes     int
}

var benchKeys = []benchKey{{"TDES_2KEY", 'T', 16}, {"TDES_3KEY", 'T', 24}, {"AES_128", 'A', 16}, {"AES_256", 'A', 32}}

// eachCase runs the grid of versions and keys.
func eachCase(b *testing.B, run func(b *testing.B, c *benchCase)) {
	for _, v := range []Version{VersionA, VersionB, VersionC, VersionD, VersionE} {
		for _, k := range benchKeys {
			b.Run(fmt.Sprintf("version=%c/key=%s", v, k.name), func(b *testing.B) { run(b, newCase(b, v, k)) })
		}
	}
}

// benchCase is one key, its block, and what bare cryptography needs of both.
type benchCase struct {
	rules    *rules
	kbpk     *KBPK
	header   Header
	key      []byte
	text     string
	enc, mac []byte // KBEK and KBAK
	head     int    // characters before the key data
	message  []byte // header and plaintext
	sealed   []byte // key data, encrypted
	tag      []byte // the MAC, as long as a cipher block
}

var benchKBPK = bytes.Repeat([]byte{0x3C}, 16)

func newCase(b *testing.B, v Version, k benchKey) *benchCase {
	b.Helper()
	c := &benchCase{header: header(b), key: bytes.Repeat([]byte{0x5A}, k.bytes)}
	c.header.Version, c.header.Algorithm = v, k.algorithm
	var err error
	if c.rules, err = v.rules(); err != nil {
		b.Fatal(err)
	}
	if c.kbpk, err = NewKBPK(benchKBPK); err != nil {
		b.Fatal(err)
	}
	if c.text, err = c.kbpk.Wrap(context.Background(), c.header, c.key, nil); err != nil {
		b.Fatal(err)
	}
	if c.enc, c.mac, err = DeriveKeys(v, benchKBPK); err != nil {
		b.Fatal(err)
	}
	block := parsed(b, c.text, Strict)
	c.head = block.size()
	c.sealed = testrig.Hex(block.keyData)
	c.tag = append(testrig.Hex(block.mac), make([]byte, 8)...)[:c.rules.block]
	c.message = append([]byte(c.text[:c.head]), c.sealed...)
	return c
}

// prepared are the working keys, expanded.
type prepared struct {
	kbek, kbak cipher.Block
	cmac       *mac.CMAC
}

func (c *benchCase) prepare() *prepared {
	kbek, err := c.rules.cipher(c.enc)
	if err != nil {
		panic(err)
	}
	kbak, err := c.rules.cipher(c.mac)
	if err != nil {
		panic(err)
	}
	return &prepared{kbek, kbak, mac.NewCMAC(kbak)}
}

// floorWrap is what no implementation can avoid: filler, MAC, encryption.
func (c *benchCase) floorWrap(p *prepared) {
	data := c.message[c.head:]
	rand.Read(data[2+len(c.key):])
	if c.rules.variant {
		c.crypt(p, c.message[:8], data, cipher.NewCBCEncrypter)
		c.sum(p)
		return
	}
	c.crypt(p, c.sum(p), data, cipher.NewCBCEncrypter)
}

// floorUnwrap is decryption, MAC and comparison.
func (c *benchCase) floorUnwrap(p *prepared) {
	data := c.message[c.head:]
	copy(data, c.sealed)
	if c.rules.variant {
		subtle.ConstantTimeCompare(c.sum(p), c.tag)
		c.crypt(p, c.message[:8], data, cipher.NewCBCDecrypter)
		return
	}
	c.crypt(p, c.tag, data, cipher.NewCBCDecrypter)
	subtle.ConstantTimeCompare(c.sum(p), c.tag)
}

func (c *benchCase) crypt(p *prepared, iv, data []byte, cbc func(cipher.Block, []byte) cipher.BlockMode) {
	if c.rules.unit == 1 {
		cipher.NewCTR(p.kbek, iv).XORKeyStream(data, data)
		return
	}
	cbc(p.kbek, iv).CryptBlocks(data, data)
}

func (c *benchCase) sum(p *prepared) []byte {
	if !c.rules.variant {
		return p.cmac.Sum(make([]byte, 0, 16), c.message)
	}
	out := make([]byte, len(c.message))
	cipher.NewCBCEncrypter(p.kbak, make([]byte, 8)).CryptBlocks(out, c.message)
	return out[len(out)-8:]
}

// ratio is how many times longer the subject takes than the floor: the median
// over rounds in which both run alternately, so that a busy machine slows both.
func ratio(floor, subject func()) float64 {
	const rounds, batch = 41, 50
	took := func(f func()) float64 {
		start := time.Now()
		for range batch {
			f()
		}
		return float64(time.Since(start))
	}
	all := make([]float64, rounds)
	for i := range all {
		all[i] = took(subject) / took(floor)
	}
	slices.Sort(all)
	return all[rounds/2]
}

// measure runs the subject, and then reports it against the floor with ciphers
// expanded beforehand (x-floor) and with derived keys alone (x-keys).
func (c *benchCase) measure(b *testing.B, floor func(*prepared), subject func()) {
	b.ReportAllocs()
	for b.Loop() {
		subject()
	}
	b.StopTimer()
	p := c.prepare()
	b.ReportMetric(ratio(func() { floor(p) }, subject), "x-floor")
	b.ReportMetric(ratio(func() { floor(c.prepare()) }, subject), "x-keys")
}

func (c *benchCase) wrap(b *testing.B, k *KBPK) {
	if _, err := k.Wrap(context.Background(), c.header, c.key, nil); err != nil {
		b.Fatal(err)
	}
}

// unwrap opens a block that has been parsed.
func (c *benchCase) unwrap(b *testing.B, k *KBPK, block *Block) {
	if _, err := k.Unwrap(context.Background(), block); err != nil {
		b.Fatal(err)
	}
}

func fresh(b *testing.B) *KBPK {
	k, err := NewKBPK(benchKBPK)
	if err != nil {
		b.Fatal(err)
	}
	return k
}

func BenchmarkWrap(b *testing.B) {
	eachCase(b, func(b *testing.B, c *benchCase) {
		c.measure(b, c.floorWrap, func() { c.wrap(b, c.kbpk) })
	})
}

func BenchmarkUnwrap(b *testing.B) {
	eachCase(b, func(b *testing.B, c *benchCase) {
		block := parsed(b, c.text, Strict)
		c.measure(b, c.floorUnwrap, func() { c.unwrap(b, c.kbpk, block) })
	})
}

// BenchmarkParseUnwrap goes all the way from the text, which the floor does not.
func BenchmarkParseUnwrap(b *testing.B) {
	eachCase(b, func(b *testing.B, c *benchCase) {
		c.measure(b, c.floorUnwrap, func() { c.unwrap(b, c.kbpk, parsed(b, c.text, Strict)) })
	})
}

func BenchmarkWrapUnprepared(b *testing.B) {
	eachCase(b, func(b *testing.B, c *benchCase) {
		c.measure(b, c.floorWrap, func() { c.wrap(b, fresh(b)) })
	})
}

func BenchmarkUnwrapUnprepared(b *testing.B) {
	eachCase(b, func(b *testing.B, c *benchCase) {
		block := parsed(b, c.text, Strict)
		c.measure(b, c.floorUnwrap, func() { c.unwrap(b, fresh(b), block) })
	})
}
