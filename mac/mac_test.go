package mac_test

import (
	"bytes"
	"crypto/cipher"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/payref"
	"github.com/seed748fb4d1/apcsim/mac"
)

func retailKey(key string) *mac.RetailKey {
	k, err := mac.NewRetailKey(testrig.Hex(key))
	if err != nil {
		panic(err)
	}
	return k
}

func upper(b []byte, err error) (string, error) { return fmt.Sprintf("%X", b), err }

var funcs = map[string]payref.Func{
	"mac1": func(a payref.Args) (string, error) {
		return upper(mac.CBC(payref.Block(a.Text("alg"), a.Text("key")), mac.Padding(a.Int("padding", 1)), testrig.Hex(a.Text("x"))))
	},
	"mac3": func(a payref.Args) (string, error) {
		return upper(mac.Retail(retailKey(a.Text("key")), mac.Padding(a.Int("padding", 1)), testrig.Hex(a.Text("x"))))
	},
	"as2805_41": func(a payref.Args) (string, error) {
		out, err := mac.Retail(retailKey(a.Text("key")), mac.Zeros, testrig.Hex(a.Text("x")))
		return upper(out[:4], err)
	},
	"cmac": func(a payref.Args) (string, error) {
		return upper(mac.NewCMAC(payref.Block(a.Text("alg"), a.Text("key"))).Sum(nil, testrig.Hex(a.Text("x"))), nil)
	},
}

func TestMACsAreThoseOfAnotherImplementation(t *testing.T) {
	payref.Test(t, funcs, func(r *rand.Rand) payref.Case {
		alg := payref.One(r, "TDES_2KEY", "TDES_3KEY", "AES_128", "AES_192", "AES_256")
		size := map[string]int{"TDES_2KEY": 16, "TDES_3KEY": 24, "AES_128": 16, "AES_192": 24, "AES_256": 32}[alg]
		x := payref.Hex(r, payref.One(r, 0, 8, 16, r.IntN(50)))
		switch r.IntN(4) {
		case 0:
			return payref.Case{Fn: "mac1", Args: payref.Args{"key": payref.Hex(r, size), "alg": alg, "x": x, "padding": 1 + r.IntN(3)}}
		case 1:
			return payref.Case{Fn: "mac3", Args: payref.Args{"key": payref.Hex(r, payref.One(r, 16, 24)), "x": x, "padding": 1 + r.IntN(3)}}
		case 2:
			return payref.Case{Fn: "as2805_41", Args: payref.Args{"key": payref.Hex(r, 16), "x": x}}
		}
		return payref.Case{Fn: "cmac", Args: payref.Args{"key": payref.Hex(r, size), "alg": alg, "x": x}}
	})
}

func TestPublishedMACs(t *testing.T) {
	payref.Published(t, 8, func(t *testing.T, v payref.Vector) {
		args := payref.Args{"key": v.Keys["key"].Hex, "x": v.Inputs.Text("message"), "padding": 2}
		fn := "mac3"
		switch {
		case strings.Contains(v.Algorithm, "algorithm 1"):
			fn = "mac1"
		case strings.HasPrefix(v.Algorithm, "CMAC"):
			fn, args["alg"] = "cmac", strings.TrimPrefix(v.Algorithm, "CMAC ")
		}
		if got, err := funcs[fn](args); err != nil || got != v.Expected.Text("mac") {
			t.Errorf("%s: got %s, %v, want %s", v.Algorithm, got, err, v.Expected.Text("mac"))
		}
	}, "ISO 9797-1", "CMAC", "retail MAC")
}

func TestPadding(t *testing.T) {
	for _, c := range []struct {
		padding       mac.Padding
		message, want string
	}{
		{mac.Zeros, "", "0000000000000000"},
		{mac.Zeros, "01", "0100000000000000"},
		{mac.Zeros, "0102030405060708", "0102030405060708"},
		{mac.Bit, "", "8000000000000000"},
		{mac.Bit, "0102030405060708", "01020304050607088000000000000000"},
		{mac.Length, "", "00000000000000000000000000000000"},
		{mac.Length, "0102", "00000000000000100102000000000000"},
		{mac.None, "0102030405060708", "0102030405060708"},
	} {
		got, err := c.padding.Pad(testrig.Hex(c.message), 8)
		if err != nil || fmt.Sprintf("%X", got) != c.want {
			t.Errorf("padding %d of %q is %X, %v, want %s", c.padding, c.message, got, err, c.want)
		}
	}
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	b := payref.Block("TDES", "0123456789ABCDEFFEDCBA9876543210")
	for name, err := range map[string]error{
		"empty without padding":   second(mac.CBC(b, mac.None, nil)),
		"7 bytes without padding": second(mac.Retail(retailKey("0123456789ABCDEFFEDCBA9876543210"), mac.None, make([]byte, 7))),
		"unknown padding":         second(mac.CBC(b, mac.Padding(9), nil)),
		"short key":               second(mac.NewRetailKey(make([]byte, 8))),
	} {
		if e, ok := errors.AsType[*mac.Error](err); !ok || e.Problem == "" || e.Found == "" || e.Wanted == "" {
			t.Errorf("%s: %v, want a *mac.Error that is filled in", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestAChangedBitChangesTheMAC(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		message := rapid.SliceOfN(rapid.Byte(), 1, 64).Draw(t, "message")
		padding := rapid.SampledFrom([]mac.Padding{mac.Zeros, mac.Bit, mac.Length}).Draw(t, "padding")
		key := retailKey("0123456789ABCDEFFEDCBA9876543210")
		before, err := mac.Retail(key, padding, message)
		if err != nil {
			t.Fatal(err)
		}
		message[rapid.IntRange(0, len(message)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		after, err := mac.Retail(key, padding, message)
		if err != nil {
			t.Fatal(err)
		}
		if mac.Equal(before, after) || !mac.Equal(after, bytes.Clone(after)) {
			t.Fatalf("MACs %X and %X", before, after)
		}
	})
}

// FuzzMAC: a device that has CBC and no CMAC computes the same, and no message panics.
func FuzzMAC(f *testing.F) {
	f.Add([]byte("message"), uint8(2))
	f.Add([]byte{}, uint8(0))
	f.Fuzz(func(t *testing.T, message []byte, padding uint8) {
		b := payref.Block("AES_128", "2B7E151628AED2A6ABF7158809CF4F3C")
		whole := mac.NewCMAC(b).Sum(nil, message)
		l := make([]byte, 16)
		b.Encrypt(l, l)
		masked := mac.Masked(l, message)
		cipher.NewCBCEncrypter(b, make([]byte, 16)).CryptBlocks(masked, masked)
		if !bytes.Equal(whole, masked[len(masked)-16:]) {
			t.Fatalf("CMAC %X, by CBC %X", whole, masked[len(masked)-16:])
		}
		out, err := mac.CBC(b, mac.Padding(padding), message)
		if (err == nil) != (len(out) == 16) {
			t.Fatalf("%d bytes, %v", len(out), err)
		}
	})
}
