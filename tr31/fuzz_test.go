package tr31

import (
	"bytes"
	"context"
	"errors"
	"testing"
)

func FuzzParse(f *testing.F) {
	for _, v := range made(f) {
		f.Add(v.KeyBlock, []byte(v.KBPK))
	}
	f.Fuzz(func(t *testing.T, text string, kbpk []byte) {
		_, strict := checkParse(t, text, kbpk, Strict)
		_, lenient := checkParse(t, text, kbpk, Lenient)
		if strict == nil && lenient != nil {
			t.Errorf("%q: strict takes it, lenient says %v", text, lenient)
		}
	})
}

// checkParse holds that a text is refused with an *Error, or encodes to itself,
// and that Unwrap returns from it.
func checkParse(t *testing.T, text string, kbpk []byte, how Strictness) (*Block, error) {
	t.Helper()
	b, err := Parse(text, how)
	if err != nil {
		var e *Error
		if !errors.As(err, &e) || e.Offset < -1 || e.Offset > len(text) {
			t.Fatalf("%q: got %#v", text, err)
		}
		return nil, err
	}
	if got := b.String(); got != text {
		t.Fatalf("got %q, want %q", got, text)
	}
	if at := unprintable(text); at >= 0 {
		t.Fatalf("accepted %q, unprintable at %d", text, at)
	}
	k, err := NewKBPK(append(bytes.Clone(kbpk), make([]byte, 16)...)[:16])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Unwrap(context.Background(), b); err != nil && b.String() != text {
		t.Fatalf("a failed unwrap changed %q", text)
	}
	return b, nil
}

func FuzzOptionalBlocks(f *testing.F) {
	for _, v := range made(f) {
		for _, b := range v.Blocks {
			f.Add(b.ID, b.Data)
		}
	}
	f.Fuzz(func(t *testing.T, id, data string) {
		b := OptionalBlock{ID: id, Data: data}
		c, err := b.Typed()
		if err != nil {
			if !errors.Is(err, ErrOptBlockData) || c != nil {
				t.Fatalf("%s %q: got %v, %v", id, data, c, err)
			}
			return
		}
		if got := c.Encode(); got != b {
			t.Errorf("%T: got %v, want %v", c, got, b)
		}
	})
}
