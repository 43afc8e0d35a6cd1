package tr31

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
)

// wrapped gives a good block of version B under testKBPK.
func wrapped(tb testing.TB, blocks ...OptionalBlock) (text string, key []byte) {
	tb.Helper()
	key = bytes.Repeat([]byte{0x5A}, 16)
	text, err := newKBPK(tb).Wrap(context.Background(), header(tb, blocks...), key, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return text, key
}

func parsed(tb testing.TB, text string, how Strictness) *Block {
	tb.Helper()
	b, err := Parse(text, how)
	if err != nil {
		tb.Fatalf("%q: %v", text, err)
	}
	return b
}

func TestNewKBPKRefusesLengthsOfNoCipher(t *testing.T) {
	for n := range 65 {
		_, err := NewKBPK(make([]byte, n))
		if good := n == 16 || n == 24 || n == 32; good != (err == nil) || !good && !errors.Is(err, ErrKBPK) {
			t.Errorf("%d bytes: got %v", n, err)
		}
	}
}

func TestNewKBPKDoesNotRetainTheCallersKey(t *testing.T) {
	text, want := wrapped(t)
	mine := bytes.Clone(testKBPK)
	k, err := NewKBPK(mine)
	if err != nil {
		t.Fatal(err)
	}
	clear(mine)
	if got, err := k.Unwrap(context.Background(), parsed(t, text, Strict)); err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %X, %v, want %X", got, err, want)
	}
}

func TestAKBPKOfTheWrongKindIsRefused(t *testing.T) {
	text, _ := wrapped(t)
	b := parsed(t, text, Strict)
	long, err := NewKBPK(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	for name, k := range map[string]*KBPK{
		"32 bytes":           long,
		"external version C": NewExternalKBPK(VersionC, newDevice(t, VersionC, testKBPK)),
		"zero value":         {},
	} {
		if key, err := k.Unwrap(context.Background(), b); key != nil || !errors.Is(err, ErrKBPK) {
			t.Errorf("%s: unwrap got %X, %v, want class %s", name, key, err, ErrKBPK)
		}
		if s, err := k.Wrap(context.Background(), b.Header, make([]byte, 16), nil); s != "" || !errors.Is(err, ErrKBPK) {
			t.Errorf("%s: wrap got %q, %v, want class %s", name, s, err, ErrKBPK)
		}
	}
}

// Unwrap authenticates the header in the Block, so no change after Parse
// passes, and none makes it panic.
func TestUnwrapRefusesABlockChangedAfterParse(t *testing.T) {
	text, _ := wrapped(t, Label("a label!").Encode())
	for name, change := range map[string]func(*Block){
		"usage":          func(b *Block) { b.KeyUsage = "K0" },
		"empty usage":    func(b *Block) { b.KeyUsage, b.KeyVersion = "", "" },
		"mode of use":    func(b *Block) { b.ModeOfUse = 'D' },
		"exportability":  func(b *Block) { b.Exportability = 'S' },
		"label":          func(b *Block) { b.Blocks[0].Data = "another!" },
		"no blocks":      func(b *Block) { b.Blocks = nil },
		"version A":      func(b *Block) { b.Version = VersionA },
		"version D":      func(b *Block) { b.Version = VersionD },
		"version E":      func(b *Block) { b.Version = VersionE },
		"version 0":      func(b *Block) { b.Version = 0 },
		"many blocks":    func(b *Block) { b.Blocks = make([]OptionalBlock, 20000) },
		"nothing at all": func(b *Block) { *b = Block{} },
		"no data":        func(b *Block) { *b = Block{Header: b.Header} },
	} {
		b := parsed(t, text, Strict)
		change(b)
		if key, err := newKBPK(t).Unwrap(context.Background(), b); key != nil || err == nil {
			t.Errorf("%s: got %X, %v, want a refusal", name, key, err)
		}
	}
}

func TestUnwrapPassesOnWhatADeviceReports(t *testing.T) {
	text, _ := wrapped(t)
	b := parsed(t, text, Strict)
	broken := errors.New("broken")
	d := newDevice(t, VersionB, testKBPK)
	for name, f := range map[string]*faulty{
		"MAC":     {device: d, mac: broken},
		"decrypt": {device: d, decrypt: broken},
	} {
		key, err := NewExternalKBPK(VersionB, f).Unwrap(context.Background(), b)
		if key != nil || !errors.Is(err, broken) {
			t.Errorf("%s: got %X, %v, want the error wrapped", name, key, err)
		}
	}
	key, err := NewExternalKBPK(VersionB, &faulty{device: d, short: true}).Unwrap(context.Background(), b)
	if key != nil || err == nil {
		t.Errorf("MAC of 3 bytes: got %X, %v, want an error", key, err)
	}
}

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

// keeper is a device that keeps what it was shown, to see what becomes of it.
type keeper struct {
	faulty
	seen [][]byte
}

func (k *keeper) Encrypt(ctx context.Context, iv, data []byte) error {
	k.seen = append(k.seen, data)
	return k.faulty.Encrypt(ctx, iv, data)
}

func (k *keeper) Decrypt(ctx context.Context, iv, data []byte) error {
	k.seen = append(k.seen, data)
	return k.faulty.Decrypt(ctx, iv, data)
}

func (k *keeper) MAC(ctx context.Context, message []byte) ([]byte, error) {
	k.seen = append(k.seen, message)
	return k.faulty.MAC(ctx, message)
}

func TestClearKeyDataIsErasedAfterUse(t *testing.T) {
	broken := errors.New("broken")
	key := bytes.Repeat([]byte{0x5A}, 16)
	for _, v := range allVersions {
		h := header(t)
		h.Version = Version(v)
		for _, f := range []faulty{{}, {encrypt: broken}, {mac: broken}, {decrypt: broken}} {
			f.device = newDevice(t, h.Version, testKBPK)
			k := &keeper{faulty: f}
			external := NewExternalKBPK(h.Version, k)
			text, _ := newKBPK(t).Wrap(context.Background(), h, key, nil)
			external.Wrap(context.Background(), h, key, nil)
			external.Unwrap(context.Background(), parsed(t, text, Strict))
			for _, seen := range k.seen {
				if bytes.Contains(seen, key) {
					t.Errorf("%c: a buffer still holds the key", v)
				}
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

func TestParseRefusesTooLongATextBeforeReadingIt(t *testing.T) {
	if _, err := Parse(strings.Repeat("\x00", 10000), Lenient); !errors.Is(err, ErrLength) {
		t.Errorf("got %v, want class %s", err, ErrLength)
	}
}

func TestParseRefusesABlockWithoutKeyData(t *testing.T) {
	for _, v := range allVersions {
		r, err := Version(v).rules()
		if err != nil {
			t.Fatal(err)
		}
		for _, bytes := range []int{0, r.least - 1} {
			n := fixedHeader + 2*bytes + 2*r.mac
			text := fmt.Sprintf("%c%04dP0TE00E0000", v, n) + strings.Repeat("0", n-fixedHeader)
			if _, err := Parse(text, Lenient); !errors.Is(err, ErrLength) {
				t.Errorf("%q: got %v, want class %s", text, err, ErrLength)
			}
		}
	}
}

func TestErrorsNameFieldAndOffset(t *testing.T) {
	good, _ := wrapped(t, Label("label").Encode(), CheckValue{ID: "KC", Value: []byte{1, 2, 3}}.Encode())
	change := func(from, to string) string { return strings.Replace(good, from, to, 1) }
	for _, c := range []struct {
		text   string
		class  Class
		field  string
		offset int
	}{
		{"F" + good[1:], ErrVersion, "version", 0},
		{change("P0TE", "ZZTE"), ErrHeaderField, "key usage", 5},
		{change("P0TE", "P0QE"), ErrHeaderField, "algorithm", 7},
		{change("P0TE", "P0TQ"), ErrHeaderField, "mode of use", 8},
		{change("P0TE00", "P0TE.0"), ErrHeaderField, "key version", 9},
		{change("00E03", "00Q03"), ErrHeaderField, "exportability", 11},
		{change("00E03", "00E0x"), ErrHeaderField, "number of optional blocks", 12},
		{change("0300LB", "0350LB"), ErrHeaderField, "key context", 14},
		{change("0300LB", "0301LB"), ErrHeaderField, "reserved", 15},
		{change("KC0C", "KC03"), ErrOptBlock, "KC", 25},
		{change("KC0C00", "KC0C09"), ErrOptBlockData, "KC", 25},
		{good[:len(good)-1] + "G", ErrHex, "key data or MAC", len(good) - 1},
	} {
		_, err := Parse(c.text, Strict)
		var e *Error
		if !errors.As(err, &e) || e.Class != c.class || e.Field != c.field || e.Offset != c.offset {
			t.Errorf("%q: got %v, want %s, %s at %d", c.text, err, c.class, c.field, c.offset)
		}
	}
}

// Many goroutines share a KBPK and a Block; half of them fail. Neither the
// block nor the others' results change. (The race detector watches.)
func TestAFailedUnwrapDoesNotAffectOthers(t *testing.T) {
	text, want := wrapped(t, Label("label").Encode())
	good := parsed(t, text, Strict)
	other := "0" // any other digit than the MAC's last one
	if strings.HasSuffix(text, other) {
		other = "1"
	}
	bad := parsed(t, text[:len(text)-1]+other, Lenient)
	before := *bad
	k := newKBPK(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				if key, err := k.Unwrap(context.Background(), bad); key != nil || !errors.Is(err, ErrMAC) {
					t.Errorf("bad block: got %X, %v", key, err)
				}
				key, err := k.Unwrap(context.Background(), good)
				if err != nil || !bytes.Equal(key, want) {
					t.Errorf("good block: got %X, %v", key, err)
				}
				clear(key) // it is ours alone
				if _, err := k.Wrap(context.Background(), good.Header, want, nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if !reflect.DeepEqual(*bad, before) || good.String() != text {
		t.Error("an unwrap changed its block")
	}
}
