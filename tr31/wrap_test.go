package tr31

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
)

var testKBPK = []byte("0123456789abcdef")

func newKBPK(tb testing.TB) *KBPK {
	tb.Helper()
	k, err := NewKBPK(testKBPK)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

// header is a template with optional blocks, for version B.
func header(tb testing.TB, blocks ...OptionalBlock) Header {
	tb.Helper()
	h, err := ParseHeader("B0000P0TE00E0000")
	if err != nil {
		tb.Fatal(err)
	}
	h.Blocks = blocks
	return h
}

func TestWrapHidesTheKeyLengthOnlyWhenAsked(t *testing.T) {
	for _, c := range []struct {
		version      Version
		algorithm    byte
		bytes        int
		plain, hides string // first five characters
	}{
		{VersionB, 'T', 16, "B0080", "B0096"},
		{VersionB, 'T', 24, "B0096", "B0096"},
		{VersionB, 'A', 16, "B0080", "B0112"},
		{VersionC, 'T', 16, "C0072", "C0088"},
		{VersionD, 'T', 16, "D0112", "D0112"},
		{VersionD, 'A', 16, "D0112", "D0144"},
		{VersionD, 'A', 24, "D0112", "D0144"},
		{VersionD, 'A', 32, "D0144", "D0144"},
		{VersionD, 'H', 16, "D0112", "D0112"},
		{VersionE, 'T', 16, "E0084", "E0100"},
	} {
		h := header(t)
		h.Version, h.Algorithm = c.version, c.algorithm
		for _, o := range []*WrapOptions{nil, {HideLength: true}} {
			want := c.plain
			if o != nil {
				want = c.hides
			}
			got, err := newKBPK(t).Wrap(context.Background(), h, make([]byte, c.bytes), o)
			if err != nil || !strings.HasPrefix(got, want) || fmt.Sprintf("%04d", len(got)) != got[1:5] {
				t.Errorf("%c key of %d bytes, options %v: got %q, %v, want %s...", c.algorithm, c.bytes, o, got, err, want)
			}
		}
	}
}

func TestWrapPadsToTheBytesAsked(t *testing.T) {
	got, err := newKBPK(t).Wrap(context.Background(), header(t), make([]byte, 16), &WrapOptions{PadTo: 60})
	if want := 16 + 2*64 + 16; err != nil || len(got) != want {
		t.Errorf("got %d characters, %v, want %d", len(got), err, want)
	}
}

func TestWrapRefusesWhatAStrictReaderWould(t *testing.T) {
	with := func(change func(*Header)) Header { h := header(t); change(&h); return h }
	long := OptionalBlock{ID: "LB", Data: strings.Repeat("x", 9990)}
	key := make([]byte, 16)
	for _, c := range []struct {
		h    Header
		key  []byte
		o    *WrapOptions
		want Class
	}{
		{with(func(h *Header) { h.Version = 'F' }), key, nil, ErrVersion},
		{Header{}, key, nil, ErrVersion},
		{Header{Version: 'B'}, key, &WrapOptions{Strictness: Lenient}, ErrHeaderField},
		{with(func(h *Header) { h.KeyUsage = "ZZ" }), key, nil, ErrHeaderField},
		{with(func(h *Header) { h.KeyUsage = "P00" }), key, &WrapOptions{Strictness: Lenient}, ErrHeaderField},
		{with(func(h *Header) { h.KeyUsage = "P\x00" }), key, &WrapOptions{Strictness: Lenient}, ErrHeaderField},
		{with(func(h *Header) { h.Algorithm = 'Q' }), key, nil, ErrHeaderField},
		{with(func(h *Header) { h.ModeOfUse = 0xFF }), key, &WrapOptions{Strictness: Lenient}, ErrHeaderField},
		{with(func(h *Header) { h.KeyVersion = "" }), key, &WrapOptions{Strictness: Lenient}, ErrHeaderField},
		{with(func(h *Header) { h.Reserved = 'Z' }), key, nil, ErrHeaderField},
		{header(t, OptionalBlock{ID: "L*"}), key, nil, ErrOptBlock},
		{header(t, OptionalBlock{ID: "LBX"}), key, &WrapOptions{Strictness: Lenient}, ErrOptBlock},
		{header(t, OptionalBlock{ID: "LB", Data: "\n"}), key, &WrapOptions{Strictness: Lenient}, ErrOptBlock},
		{header(t, OptionalBlock{ID: "LB"}, OptionalBlock{ID: "LB"}), key, &WrapOptions{Strictness: Lenient}, ErrOptBlock},
		{header(t, OptionalBlock{ID: "PB"}, OptionalBlock{ID: "LB"}), key, nil, ErrOptBlock},
		{header(t, make([]OptionalBlock, 100)...), key, &WrapOptions{Strictness: Lenient}, ErrOptBlock},
		{header(t, OptionalBlock{ID: "HM", Data: "99"}), key, nil, ErrOptBlockData},
		{header(t, Pedigree(7).Encode()), key, nil, ErrOptBlockData},
		{header(t), nil, &WrapOptions{Strictness: Lenient}, ErrKeyLength},
		{header(t), make([]byte, 8), nil, ErrKeyLength},
		{header(t), make([]byte, 17), nil, ErrKeyLength},
		{header(t, long), key, nil, ErrLength},
		{header(t), make([]byte, 1<<20), &WrapOptions{Strictness: Lenient}, ErrLength},
		{header(t), key, &WrapOptions{PadTo: int(^uint(0) >> 1)}, ErrLength},
	} {
		got, err := newKBPK(t).Wrap(context.Background(), c.h, c.key, c.o)
		if !errors.Is(err, c.want) || got != "" {
			t.Errorf("%v: got %q, %v, want class %s", c.h, got, err, c.want)
		}
	}
}

func TestLenientWrapTakesWhatTheStandardDoesNotHave(t *testing.T) {
	h := header(t, OptionalBlock{ID: "HM", Data: "99"})
	h.KeyUsage, h.Reserved = "ZZ", 'Z'
	text, err := newKBPK(t).Wrap(context.Background(), h, make([]byte, 8), &WrapOptions{Strictness: Lenient})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Parse(text, Strict); !errors.Is(err, ErrHeaderField) {
		t.Errorf("strict: got %v, want class %s", err, ErrHeaderField)
	}
	if _, key, err := read(testKBPK, text, Lenient); err != nil || len(key) != 8 {
		t.Errorf("lenient: got %d bytes, %v", len(key), err)
	}
}

func TestWrapPassesOnWhatItsHelpersReport(t *testing.T) {
	broken := errors.New("broken")
	d := newDevice(t, VersionB, testKBPK)
	for name, c := range map[string]struct {
		k *KBPK
		o *WrapOptions
	}{
		"filler":  {newKBPK(t), &WrapOptions{Rand: iotest.ErrReader(broken)}},
		"MAC":     {NewExternalKBPK(VersionB, &faulty{device: d, mac: broken}), nil},
		"encrypt": {NewExternalKBPK(VersionB, &faulty{device: d, encrypt: broken}), nil},
	} {
		if got, err := c.k.Wrap(context.Background(), header(t), make([]byte, 16), c.o); got != "" || !errors.Is(err, broken) {
			t.Errorf("%s: got %q, %v, want the error wrapped", name, got, err)
		}
	}
	short := NewExternalKBPK(VersionB, &faulty{device: d, short: true})
	if got, err := short.Wrap(context.Background(), header(t), make([]byte, 16), nil); got != "" || err == nil {
		t.Errorf("MAC of 3 bytes: got %q, %v, want an error", got, err)
	}
}

func TestWrapDrawsFreshFiller(t *testing.T) {
	first, err := newKBPK(t).Wrap(context.Background(), header(t), make([]byte, 16), nil)
	if err != nil {
		t.Fatal(err)
	}
	second, err := newKBPK(t).Wrap(context.Background(), header(t), make([]byte, 16), nil)
	if err != nil || first == second {
		t.Errorf("got %q twice, %v", first, err)
	}
}

func TestWrapLeavesTheKeyAsItIs(t *testing.T) {
	key := bytes.Repeat([]byte{0x5A}, 16)
	if _, err := newKBPK(t).Wrap(context.Background(), header(t), key, nil); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(key, bytes.Repeat([]byte{0x5A}, 16)) {
		t.Errorf("got %X", key)
	}
}
