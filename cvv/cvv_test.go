package cvv_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/cvv"
	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/payref"
	"github.com/seed748fb4d1/apcsim/mac"
)

func retailKey(key []byte) *mac.RetailKey {
	k, err := mac.NewRetailKey(key)
	if err != nil {
		panic(err)
	}
	return k
}

// cardKey is the card's key of the issuer key, account and sequence number in the arguments.
func cardKey(a payref.Args, psn string) []byte {
	option := emv.OptionA
	if a.Text("option") == "B" {
		option = emv.OptionB
	}
	key, err := emv.MasterKey(testrig.TDES(testrig.Hex(a.Text("imk"))), option, a.Text("pan"), psn)
	if err != nil {
		panic(err)
	}
	return key
}

func pick(c cvv.CSC, err error, n int) (string, error) {
	return map[int]string{5: c.Five, 4: c.Four, 3: c.Three}[n], err
}

var funcs = map[string]payref.Func{
	"cvv": func(a payref.Args) (string, error) {
		return cvv.CVV(retailKey(testrig.Hex(a.Text("cvk"))), a.Text("pan"), a.Text("expiry"), a.Text("service"), a.Int("n", 3))
	},
	"dcvv": func(a payref.Args) (string, error) {
		k := retailKey(cardKey(a, a.Text("psn")))
		return cvv.Dynamic(k, a.Text("pan"), a.Text("expiry"), a.Text("service"), a.Text("atc"), a.Int("n", 3))
	},
	"cvc3": func(a payref.Args) (string, error) {
		k := cardKey(a, a.Text("psn"))
		return cvv.CVC3(testrig.TDES(k), retailKey(k), testrig.Hex(a.Text("track")), a.Text("un"), a.Text("atc"), a.Int("n", 3))
	},
	"csc1": func(a payref.Args) (string, error) {
		c, err := cvv.CSC1(testrig.TDES(testrig.Hex(a.Text("key"))), a.Text("pan"), a.Text("expiry"))
		return pick(c, err, a.Int("n", 3))
	},
	"csc2": func(a payref.Args) (string, error) {
		c, err := cvv.CSC2(testrig.TDES(testrig.Hex(a.Text("key"))), a.Text("pan"), a.Text("expiry"), a.Text("service"))
		return pick(c, err, a.Int("n", 3))
	},
	"chvv": func(a payref.Args) (string, error) {
		return cvv.Cardholder(testrig.TDES(cardKey(a, a.Text("psn"))), a.Text("un"), a.Text("atc"), a.Int("n", 3))
	},
	"discover_dcvc": func(a payref.Args) (string, error) {
		return cvv.DiscoverDynamic(retailKey(cardKey(a, "00")), a.Text("pan"), a.Text("expiry"), a.Text("un"),
			a.Text("atc"), a.Int("n", 3))
	},
}

func TestValuesAreThoseOfAnotherImplementation(t *testing.T) {
	payref.Test(t, funcs, func(r *rand.Rand) payref.Case {
		pan, expiry, service := payref.Digits(r, 12, 19), payref.Digits(r, 4, 4), payref.One(r, "000", "999", payref.Digits(r, 3, 3))
		key, psn, n := payref.Hex(r, 16), payref.Digits(r, 2, 2), 1+r.IntN(5)
		atc, un := payref.Hex(r, 1+r.IntN(2)), payref.Hex(r, 1+r.IntN(4))
		amex := payref.One(r, "37", "34") + payref.Digits(r, 12, 17)
		switch r.IntN(7) {
		case 0:
			return payref.Case{Fn: "cvv", Args: payref.Args{"cvk": key, "pan": pan, "expiry": expiry, "service": service, "n": n}}
		case 1:
			return payref.Case{
				Fn: "dcvv",
				Args: payref.Args{
					"imk":     key,
					"pan":     pan,
					"psn":     psn,
					"expiry":  expiry,
					"service": service,
					"atc":     atc,
					"n":       n,
					"option":  payref.One(r, "A", "B"),
				},
			}
		case 2:
			return payref.Case{
				Fn:   "cvc3",
				Args: payref.Args{"imk": key, "pan": pan, "psn": psn, "track": payref.Hex(r, 1+r.IntN(80)), "un": un, "atc": atc, "n": n},
			}
		case 3:
			return payref.Case{Fn: "csc1", Args: payref.Args{"key": key, "pan": amex, "expiry": expiry, "n": 3 + r.IntN(3)}}
		case 4:
			return payref.Case{
				Fn:   "csc2",
				Args: payref.Args{"key": key, "pan": amex, "expiry": expiry, "service": service, "n": 3 + r.IntN(3)},
			}
		case 5:
			return payref.Case{Fn: "chvv", Args: payref.Args{"imk": key, "pan": pan, "psn": psn, "un": un, "atc": atc, "n": n}}
		}
		return payref.Case{Fn: "discover_dcvc", Args: payref.Args{"imk": key, "pan": pan, "expiry": expiry, "un": un, "atc": atc, "n": n}}
	})
}

func TestPublishedValues(t *testing.T) {
	payref.Published(t, 1, func(t *testing.T, v payref.Vector) {
		args := payref.Args{"imk": v.Keys["imk"].Hex, "option": "B", "service": v.Inputs.Text("service_code")}
		for _, name := range []string{"pan", "psn", "expiry", "atc"} {
			args[name] = v.Inputs.Text(name)
		}
		if got, err := funcs["dcvv"](args); err != nil || got != v.Expected.Text("dcvv") {
			t.Errorf("dCVV is %s, %v, want %s", got, err, v.Expected.Text("dcvv"))
		}
	}, "dCVV")
}

func TestAValueOfAnotherCardDiffers(t *testing.T) {
	k := retailKey(testrig.Hex("0123456789ABCDEFFEDCBA9876543210"))
	rapid.Check(t, func(t *rapid.T) {
		pan := []byte(rapid.StringMatching(`[0-9]{12,19}`).Draw(t, "pan"))
		var before, after string
		var err error
		if before, err = cvv.CVV(k, string(pan), "2712", "101", 5); err != nil {
			t.Fatal(err)
		}
		if again, err := cvv.CVV(k, string(pan), "2712", "101", 5); err != nil || !cvv.Equal(before, again) {
			t.Fatalf("the same card: %s, %v, want %s", again, err, before)
		}
		if short, err := cvv.CVV(k, string(pan), "2712", "101", 3); err != nil || short != before[:3] {
			t.Fatalf("3 digits: %s, %v, want %s", short, err, before[:3])
		}
		i := rapid.IntRange(0, len(pan)-1).Draw(t, "digit")
		pan[i] = '0' + (pan[i]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10
		if after, err = cvv.CVV(k, string(pan), "2712", "101", 5); err != nil {
			t.Fatal(err)
		}
		if cvv.Equal(before, after) {
			t.Skip("two cards with one value of 5 digits: one in 100,000")
		}
	})
}

func TestRefusalsNameTheArgumentAndNoDigit(t *testing.T) {
	k := retailKey(testrig.Hex("0123456789ABCDEFFEDCBA9876543210"))
	b := testrig.TDES(testrig.Hex("0123456789ABCDEFFEDCBA9876543210"))
	const pan = "4123456789012345"
	for _, c := range []struct {
		err  error
		want string
	}{
		{second(cvv.CVV(k, pan[:11], "2712", "101", 3)), "cvv: PAN: the length is wrong: found 11 digits, wanted 12 to 19 digits"},
		{second(cvv.CVV(k, pan, "271", "101", 3)), "cvv: expiry: the length is wrong: found 3 digits, wanted 4 digits"},
		{second(cvv.CVV(k, pan, "2712", "1x1", 3)), "cvv: service code: a character is not a decimal digit: found character 2, wanted 0 to 9"},
		{second(cvv.CVV(k, pan, "2712", "101", 6)), "cvv: length: the value has another number of digits: found 6, wanted 1 to 5"},
		{second(cvv.Dynamic(k, pan, "2712", "101", "12345", 3)),
			"cvv: application transaction counter: the length is wrong: found 5 digits, wanted 1 to 4 digits"},
		{second(cvv.CVC3(b, k, nil, "xyz", "1", 3)), "cvv: unpredictable number: a character is not a hexadecimal digit: found character " +
			"1, wanted 0 to 9 or A to F"},
		{second(cvv.CSC1(b, pan[:13], "2712")), "cvv: PAN: the length is wrong: found fewer than 14 digits, wanted 14 to 19 digits"},
	} {
		if e, ok := errors.AsType[*cvv.Error](c.err); !ok || e.Error() != c.want {
			t.Errorf("refused with %v, want %s", c.err, c.want)
		} else if strings.Contains(e.Error(), pan[:6]) {
			t.Errorf("the refusal shows the account number: %v", e)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// FuzzValues: no argument panics; a value has as many digits as were asked for.
func FuzzValues(f *testing.F) {
	f.Add("4123456789012345", "2712", "101", "0001", "12345678", []byte{1}, 3)
	f.Fuzz(func(t *testing.T, pan, expiry, service, atc, un string, track []byte, n int) {
		key := testrig.Hex("0123456789ABCDEFFEDCBA9876543210")
		k, b := retailKey(key), testrig.TDES(key)
		for _, do := range []func() (string, error){
			func() (string, error) { return cvv.CVV(k, pan, expiry, service, n) },
			func() (string, error) { return cvv.Dynamic(k, pan, expiry, service, atc, n) },
			func() (string, error) { return cvv.CVC3(b, k, track, un, atc, n) },
			func() (string, error) { return cvv.Cardholder(b, un, atc, n) },
			func() (string, error) { return cvv.DiscoverDynamic(k, pan, expiry, un, atc, n) },
		} {
			if value, err := do(); err == nil && (len(value) != n || strings.Trim(value, "0123456789") != "") {
				t.Fatalf("value %q, want %d digits", value, n)
			}
		}
		if c, err := cvv.CSC2(b, pan, expiry, service); err == nil && len(c.Five+c.Four+c.Three) != 12 {
			t.Fatalf("CSC %v", c)
		}
		if _, err := cvv.CSC1(b, pan, expiry); err == nil && len(pan) < 14 {
			t.Fatal("CSC of a short account number")
		}
	})
}
