package tr31

import (
	"context"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig/canary"
)

func TestNothingPrintedShowsAKey(t *testing.T) {
	ctx := context.Background()
	kbpk := []byte("canary-of-a-kbpk")
	key := []byte("canary-of-a-key!")
	k, err := NewKBPK(kbpk)
	if err != nil {
		t.Fatal(err)
	}
	text, err := k.Wrap(ctx, header(t), key, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := parsed(t, text, Strict)
	if _, err := k.Unwrap(ctx, b); err != nil { // the working keys exist from here on
		t.Fatal(err)
	}
	_, badKBPK := NewKBPK(kbpk[:15])
	_, badLength := k.Wrap(ctx, header(t), key[:15], nil)
	other := parsed(t, text, Strict)
	other.ModeOfUse = 'D'
	_, badMAC := k.Unwrap(ctx, other)
	enc, mac, err := DeriveKeys(VersionB, kbpk)
	if err != nil {
		t.Fatal(err)
	}
	printed := canary.Printed(k) + canary.Printed(*k) + canary.Printed(b) + canary.Printed(*b)
	for _, err := range []error{badKBPK, badLength, badMAC} {
		if err == nil {
			t.Fatal("a refusal is missing")
		}
		printed += canary.Printed(err)
	}
	for _, secret := range [][]byte{kbpk, key, enc, mac} {
		for _, form := range append(canary.Forms(secret[:8]), canary.Forms(secret[8:])...) {
			if strings.Contains(printed, form) {
				t.Errorf("%q is shown", form)
			}
		}
	}
}
