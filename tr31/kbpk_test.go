package tr31

import (
	"bytes"
	"context"
	"errors"
	"testing"
)

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
