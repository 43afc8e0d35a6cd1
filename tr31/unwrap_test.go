package tr31

import (
	"bytes"
	"context"
	"errors"
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
