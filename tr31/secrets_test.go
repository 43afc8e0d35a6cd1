package tr31

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// shown is everything a careless caller might print of a value.
func shown(v any) string {
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		fmt.Fprintf(&out, verb+"\n", v)
		fmt.Fprintf(&out, verb+"\n", struct{ Field any }{v})
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("text", "value", v)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "value", v)
	text, err := json.Marshal(v)
	fmt.Fprintln(&out, string(text), err)
	return out.String()
}

// forms are the ways in which bytes appear in print.
func forms(secret []byte) []string {
	numbers := strings.Trim(fmt.Sprint(secret), "[]")
	return []string{string(secret), hex.EncodeToString(secret), upperHex(secret), numbers,
		base64.StdEncoding.EncodeToString(secret), strings.Trim(fmt.Sprintf("%#v", secret)[6:], "{}")}
}

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
	printed := shown(k) + shown(*k) + shown(b) + shown(*b)
	for _, err := range []error{badKBPK, badLength, badMAC} {
		if err == nil {
			t.Fatal("a refusal is missing")
		}
		printed += shown(err)
	}
	for _, secret := range [][]byte{kbpk, key, enc, mac} {
		for _, form := range append(forms(secret[:8]), forms(secret[8:])...) {
			if strings.Contains(printed, form) {
				t.Errorf("%q is shown", form)
			}
		}
	}
}
