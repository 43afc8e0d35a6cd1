package pin_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/payref"
	"github.com/seed748fb4d1/apcsim/pin"
)

// mustPIN is the PIN of digits that are right.
func mustPIN(t interface{ Fatal(...any) }, digits string) pin.PIN {
	p, err := pin.New(digits)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAPINIsNeverPrinted(t *testing.T) {
	const digits = "739164"
	p := mustPIN(t, digits)
	var log bytes.Buffer
	holder := struct{ p pin.PIN }{p}
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "pin", p, "holder", holder)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "pin", p, "holder", holder)
	text, err := json.Marshal(map[string]any{"pin": p})
	if err != nil {
		t.Fatal(err)
	}
	out := log.String() + string(text)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X"} {
		out += fmt.Sprintf(verb, p) + fmt.Sprintf(verb, &p) + fmt.Sprintf(verb, holder) + fmt.Sprintf(verb, []pin.PIN{p})
	}
	for _, shown := range []string{digits, fmt.Sprintf("%x", digits)} {
		if strings.Contains(out, shown) {
			t.Errorf("a PIN was printed: %s", out)
		}
	}
}

func TestRefusalsNameWhatWasWrongAndNoDigit(t *testing.T) {
	block := func(digits string) []byte { return testrig.Hex(digits) }
	m := &pin.IBM3624{Table: "012345678901234", ValidationData: "1234", Pad: 'F'}
	b := payref.Block("TDES", "0123456789ABCDEFFEDCBA9876543210")
	const secret = "7391"
	cases := []struct {
		name string
		err  error
		want string
	}{
		{"short PIN", second(pin.New("739")), "pin: the PIN has the wrong length: found 3 digits, wanted 4 to 12 digits"},
		{"letter", second(pin.New("7391x")), "pin: a character of the PIN is not a decimal digit: found character 5, wanted 0 to 9"},
		{
			"control",
			second(pin.Decode(pin.ISO2, block("147391FFFFFFFFFF"), "")),
			"pin: the control digit is not that of the PIN block format: found 1, wanted 2 for ISO format 2",
		},
		{
			"length",
			second(pin.Decode(pin.ISO2, block("2D7391FFFFFFFFFF"), "")),
			"pin: the length in the PIN block is wrong: found D, wanted 4 to C",
		},
		{
			"digit",
			second(pin.Decode(pin.ISO2, block("24739AFFFFFFFFFF"), "")),
			"pin: a digit of the PIN is not decimal: found digit 4, wanted 0 to 9",
		},
		{
			"fill",
			second(pin.Decode(pin.ISO2, block("247391FFFFF0FFFF"), "")),
			"pin: a fill digit is not that of the PIN block format: found fill digit 6, wanted F for ISO format 2",
		},
		{
			"size",
			second(pin.Decode(pin.ISO2, block("247391"), "")),
			"pin: the size of the PIN block does not fit its format: found 3 bytes, wanted 8 bytes for ISO format 2",
		},
		{
			"PAN",
			second(pin.PANField("12345678901")),
			"pin: the account number has the wrong length: found 11 digits, wanted 12 to 19 digits",
		},
		{
			"table",
			second(m.Offset(b, mustPIN(t, secret))),
			"pin: the decimalization table is not 16 decimal digits: found 15 characters, wanted 16 digits",
		},
		{
			"format 4 under TDES",
			second(pin.Encrypt(b, pin.ISO4, mustPIN(t, secret), "123456789012", rand.Reader)),
			"pin: the size of the PIN block does not fit its format: found 8 bytes, wanted 16 bytes for ISO format 4",
		},
	}
	for _, c := range cases {
		e, ok := errors.AsType[*pin.Error](c.err)
		if !ok || e.Error() != c.want {
			t.Errorf("%s: refused with %v, want %s", c.name, c.err, c.want)
		}
		if ok && strings.Contains(e.Error(), secret) {
			t.Errorf("%s: the refusal shows the PIN: %v", c.name, e)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestRandomPINsHaveNoBias(t *testing.T) {
	// A reader that counts through all bytes must give each digit equally often.
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	source := bytes.NewReader(bytes.Repeat(all, 48))
	var seen [10]int
	for range 1000 {
		p, err := pin.Random(source, 12)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range p.Digits() {
			seen[d-'0']++
		}
	}
	for d, n := range seen {
		if n != 1200 {
			t.Errorf("digit %d came %d times of 12,000, want 1,200", d, n)
		}
	}
	if _, err := pin.Random(bytes.NewReader(nil), 4); !errors.Is(err, io.EOF) {
		t.Errorf("without chance: %v, want io.EOF", err)
	}
}
