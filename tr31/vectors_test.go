package tr31

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// vector is one entry of testdata/made.json (our own) or of the published
// vectors, which have the same form.
type vector struct {
	ID       string `json:"id"`
	Source   string `json:"source"`
	Version  string `json:"version"`
	KBPK     string `json:"kbpk"`
	KeyBlock string `json:"key_block"`
	Header   struct {
		Usage         string `json:"key_usage"`
		Algorithm     string `json:"algorithm"`
		Mode          string `json:"mode_of_use"`
		KeyVersion    string `json:"key_version"`
		Exportability string `json:"exportability"`
		Context       string `json:"key_context"`
		Reserved      string `json:"reserved"`
	} `json:"header"`
	Blocks []struct {
		ID   string `json:"id"`
		Data string `json:"data"`
	} `json:"optional_blocks"`
	Key     string `json:"key"`
	Expect  string `json:"expect"`
	Lenient string `json:"expect_lenient"`
	Firm    bool   `json:"class_firm"`
}

const accepted = "unwrap"

func (v vector) expect(how Strictness) string {
	if how == Lenient {
		return v.Lenient
	}
	return v.Expect
}

// published are the vectors that are not ours to keep, or none where there is no
// folder of them.
func published(tb testing.TB) []vector {
	tb.Helper()
	all := testrig.Vectors[[]vector](tb, "tr31.json")
	return slices.DeleteFunc(all, func(v vector) bool { return strings.HasPrefix(v.ID, "gen-") })
}

func made(tb testing.TB) []vector {
	tb.Helper()
	all := testrig.ReadJSON[[]vector](tb, "testdata/made.json")
	if len(all) < 200 {
		tb.Fatalf("testdata/made.json has %d vectors", len(all))
	}
	return all
}

// read is the whole way from text to key.
func read(kbpk []byte, text string, how Strictness) (*Block, []byte, error) {
	b, err := Parse(text, how)
	if err != nil {
		return nil, nil, err
	}
	k, err := NewKBPK(kbpk)
	if err != nil {
		return b, nil, err
	}
	key, err := k.Unwrap(context.Background(), b)
	return b, key, err
}

var modes = map[string]Strictness{"strict": Strict, "lenient": Lenient}

// eachVector runs a check on every vector, ours and published, in both modes.
func eachVector(t *testing.T, check func(t *testing.T, v vector, how Strictness)) {
	for _, v := range append(made(t), published(t)...) {
		for mode, how := range modes {
			t.Run(v.ID+"/"+mode, func(t *testing.T) { check(t, v, how) })
		}
	}
}

func TestVectorsGiveTheirVerdicts(t *testing.T) {
	eachVector(t, func(t *testing.T, v vector, how Strictness) {
		b, key, err := read(testrig.Hex(v.KBPK), v.KeyBlock, how)
		want := v.expect(how)
		if want == accepted {
			if err != nil {
				t.Fatalf("%q: %v", v.KeyBlock, err)
			}
			if got := strings.ToUpper(hex.EncodeToString(key)); got != v.Key {
				t.Errorf("got key %s, want %s", got, v.Key)
			}
			checkHeader(t, b, v)
			return
		}
		var e *Error
		if !errors.As(err, &e) {
			t.Fatalf("%q: got %v, want an *Error of class %s", v.KeyBlock, err, want)
		}
		if key != nil {
			t.Error("a refusal came with a key")
		}
		if v.Firm && string(e.Class) != want {
			t.Errorf("%q: got %v, want class %s", v.KeyBlock, err, want)
		}
	})
}

func checkHeader(t *testing.T, b *Block, v vector) {
	t.Helper()
	got := []string{b.Version.String(), b.KeyUsage, string(b.Algorithm), string(b.ModeOfUse),
		b.KeyVersion, string(b.Exportability), string(b.Context), string(b.Reserved)}
	h := v.Header
	want := []string{v.Version, h.Usage, h.Algorithm, h.Mode, h.KeyVersion, h.Exportability, h.Context, h.Reserved}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got header %q, want %q", got, want)
	}
	if len(b.Blocks) != len(v.Blocks) {
		t.Fatalf("got %d optional blocks, want %d", len(b.Blocks), len(v.Blocks))
	}
	for i, w := range v.Blocks {
		if g := b.Blocks[i]; g.ID != w.ID || g.Data != w.Data {
			t.Errorf("optional block %d: got %s %q, want %s %q", i, g.ID, g.Data, w.ID, w.Data)
		}
	}
}

func TestParsedVectorsEncodeByteForByte(t *testing.T) {
	eachVector(t, func(t *testing.T, v vector, how Strictness) {
		b, err := Parse(v.KeyBlock, how)
		if err != nil {
			if v.expect(how) == accepted {
				t.Fatal(err)
			}
			return
		}
		if got := b.String(); got != v.KeyBlock {
			t.Errorf("got  %q\nwant %q", got, v.KeyBlock)
		}
	})
}

// A changed character is refused, whatever it is; save that a lenient reader
// gives the same key when only the case of a hexadecimal digit changed.
func TestVectorsCorruptedAtAnyCharacterAreRefused(t *testing.T) {
	eachVector(t, func(t *testing.T, v vector, how Strictness) {
		// A strict reader walks every block; the longest are not worth a second walk.
		if v.expect(how) != accepted || how == Lenient && len(v.KeyBlock) > 1000 && v.Expect == accepted {
			return
		}
		k, err := NewKBPK(testrig.Hex(v.KBPK))
		if err != nil {
			t.Fatal(err)
		}
		text, key := []byte(v.KeyBlock), testrig.Hex(v.Key)
		for i, c := range text {
			others := []byte{c ^ 0x01, c ^ 0x20, c ^ 0x80}
			if min(i, len(text)-i) > 500 { // in the middle of a long block one of them is enough
				others = others[i%3 : i%3+1]
			}
			for _, other := range others {
				text[i] = other
				checkCorrupted(t, k, string(text), v.KeyBlock, key, how)
			}
			text[i] = c
		}
	})
}

func checkCorrupted(t *testing.T, k *KBPK, bad, good string, key []byte, how Strictness) {
	t.Helper()
	b, err := Parse(bad, how)
	if err != nil {
		return
	}
	got, err := k.Unwrap(context.Background(), b)
	if err != nil {
		return
	}
	if how == Strict || !strings.EqualFold(bad, good) || !bytes.Equal(got, key) {
		t.Errorf("accepted %q, made from %q", bad, good)
	}
}

func TestShortenedVectorsAreRefused(t *testing.T) {
	eachVector(t, func(t *testing.T, v vector, how Strictness) {
		if v.expect(how) != accepted { // one of these is a good block and a character
			return
		}
		for n := range min(len(v.KeyBlock), 300) {
			if _, err := Parse(v.KeyBlock[:n], how); err == nil {
				t.Errorf("accepted %q", v.KeyBlock[:n])
			}
		}
	})
}

func TestVectorsWrappedAgainUnwrap(t *testing.T) {
	eachVector(t, func(t *testing.T, v vector, how Strictness) {
		if v.expect(how) != accepted {
			return
		}
		b, key, err := read(testrig.Hex(v.KBPK), v.KeyBlock, how)
		if err != nil {
			t.Fatal(err)
		}
		k, err := NewKBPK(testrig.Hex(v.KBPK))
		if err != nil {
			t.Fatal(err)
		}
		written := how
		if ks, ok := b.Block(idKSN); ok && len(ks.Data) != ksnDigits {
			written = Lenient // a strict writer has no old forms
		}
		text, err := k.Wrap(context.Background(), b.Header, key, &WrapOptions{Strictness: written})
		if err != nil {
			t.Fatal(err)
		}
		again, got, err := read(testrig.Hex(v.KBPK), text, how)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if !bytes.Equal(got, key) {
			t.Errorf("got another key from %q", text)
		}
		if want := padded(b.Blocks, b.Version.BlockSize()); len(again.Blocks) != len(want) {
			t.Errorf("got %d optional blocks, want %d", len(again.Blocks), len(want))
		}
	})
}
