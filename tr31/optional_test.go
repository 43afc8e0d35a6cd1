package tr31

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestLenientReadingTakesLongLengthsCountedInBytes(t *testing.T) {
	data := strings.Repeat("x", 254)
	text, _ := wrapped(t, Label(data).Encode())
	bytesForm := strings.Replace(text, "LB0004", "LB0002", 1)
	if _, err := Parse(bytesForm, Strict); !errors.Is(err, ErrOptBlock) {
		t.Errorf("strict: got %v, want class %s", err, ErrOptBlock)
	}
	b := parsed(t, bytesForm, Lenient)
	if got, _ := b.Block("LB"); got.Data != data || b.String() != bytesForm {
		t.Errorf("got %q in %q", got.Data, b)
	}
	again, err := newKBPK(t).Wrap(context.Background(), b.Header, make([]byte, 16), nil)
	if err != nil || !strings.Contains(again, "LB00040108x") {
		t.Errorf("got %q, %v, want the standard's form", again, err)
	}
}

func TestALongBlockIsEqualToTheOneWrapped(t *testing.T) {
	want := Label(strings.Repeat("x", 254)).Encode()
	text, _ := wrapped(t, want)
	if got, _ := parsed(t, text, Strict).Block("LB"); got != want {
		t.Errorf("got %#v, want %#v", got, want)
	}
}

// In A and C the MAC is of whole cipher blocks, which a lenient reader does not
// ask of the optional blocks: zeros fill the message.
func TestLenientReadingTakesUnpaddedOptionalBlocksInEveryVersion(t *testing.T) {
	ctx := context.Background()
	for _, v := range allVersions {
		h := header(t, Label("hello").Encode())
		h.Version = Version(v)
		r, c, err := newKBPK(t).open(h.Version)
		if err != nil {
			t.Fatal(err)
		}
		data := append([]byte{0, 128}, bytes.Repeat([]byte{0x5A}, 30)...)
		message := h.append(nil, h.size()+2*len(data)+2*r.mac)
		head := len(message)
		message = append(message, data...)
		mac, err := protect(ctx, r, c, message, head)
		if err != nil {
			t.Fatal(err)
		}
		text := string(message[:head]) + upperHex(message[head:]) + upperHex(mac)
		if _, err := Parse(text, Strict); !errors.Is(err, ErrOptBlockPadding) {
			t.Errorf("%c strict: got %v, want class %s", v, err, ErrOptBlockPadding)
		}
		for name, k := range map[string]*KBPK{
			"in memory": newKBPK(t),
			"external":  NewExternalKBPK(h.Version, newDevice(t, h.Version, testKBPK)),
		} {
			key, err := k.Unwrap(ctx, parsed(t, text, Lenient))
			if err != nil || !bytes.Equal(key, data[2:18]) {
				t.Errorf("%c %s: got %X, %v", v, name, key, err)
			}
		}
	}
}

func TestALongLengthThatNeedNotBeLongIsKept(t *testing.T) {
	h := header(t)
	h.Blocks = []OptionalBlock{{ID: "LB", Data: "label!", form: formLong}}
	text := string(h.append(nil, 96)) + strings.Repeat("0", 64)
	b := parsed(t, text, Strict)
	if got, _ := b.Block("LB"); got.Data != "label!" || b.String() != text {
		t.Errorf("got %q from %q", b, text)
	}
}

func TestWrapBringsOptionalBlocksToWholeCipherBlocks(t *testing.T) {
	label := func(n int) OptionalBlock { return OptionalBlock{ID: "LB", Data: strings.Repeat("x", n)} }
	pb := func(data string) OptionalBlock { return OptionalBlock{ID: "PB", Data: data} }
	for _, c := range []struct {
		version Version
		blocks  []OptionalBlock
		want    string // header and optional blocks but for the length
	}{
		{VersionB, nil, "P0TE00E0000"},
		{VersionB, []OptionalBlock{label(4)}, "P0TE00E0100LB08xxxx"},
		{VersionB, []OptionalBlock{label(0)}, "P0TE00E0200LB04PB04"},
		{VersionB, []OptionalBlock{label(1)}, "P0TE00E0200LB05xPB0B0000000"},
		{VersionD, []OptionalBlock{label(4)}, "P0TE00E0200LB08xxxxPB080000"},
		{VersionD, []OptionalBlock{label(9)}, "P0TE00E0200LB0DxxxxxxxxxPB13000000000000000"},
		// A padding block that fits stays; one that does not is replaced.
		{VersionB, []OptionalBlock{label(0), pb("filler!!")}, "P0TE00E0200LB04PB0Cfiller!!"},
		{VersionB, []OptionalBlock{label(4), pb("x")}, "P0TE00E0100LB08xxxx"},
		{VersionB, []OptionalBlock{label(0), pb("x")}, "P0TE00E0200LB04PB04"},
		{VersionD, []OptionalBlock{pb("x")}, "P0TE00E0000"},
		// Past 255 characters the long form.
		{VersionB, []OptionalBlock{label(251)}, "P0TE00E0200LBFF" + strings.Repeat("x", 251) + "PB0900000"},
		{VersionB, []OptionalBlock{label(254)}, "P0TE00E0100LB00040108" + strings.Repeat("x", 254)},
	} {
		h := header(t, c.blocks...)
		h.Version = c.version
		before := fmt.Sprint(h)
		got, err := newKBPK(t).Wrap(context.Background(), h, make([]byte, 16), nil)
		if err != nil || len(got) < 5+len(c.want) || got[5:5+len(c.want)] != c.want {
			t.Errorf("%c %v: got %q, %v, want %s", c.version, c.blocks, got, err, c.want)
		}
		if fmt.Sprint(h) != before {
			t.Errorf("Wrap changed its header: got %v, want %s", h, before)
		}
	}
}
