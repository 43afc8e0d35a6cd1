package kcv

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/mac"
)

// vector is one known answer. Full is the whole output, KCV its leftmost
// bytes: those the standard shows or those someone showed.
type vector struct {
	ID, Algorithm, Message, Key, Full, KCV string
}

// methodOf says which method a vector's algorithm is.
var methodOf = map[string]Method{
	"TDES-ECB-ZERO":  TDESZero,
	"TDES-CMAC-ZERO": TDESCMAC,
	"AES-ECB-ZERO":   AESZero,
	"AES-CMAC-ZERO":  AESCMAC,
	"HMAC-SHA1":      HMACSHA1,
	"HMAC-SHA224":    HMACSHA224,
	"HMAC-SHA256":    HMACSHA256,
	"HMAC-SHA384":    HMACSHA384,
	"HMAC-SHA512":    HMACSHA512,
	"SHA1-OF-KEY":    SHA1,
}

// plainCMAC are the algorithms that are no check value here, but CMAC over a
// message of their own.
var plainCMAC = map[string]bool{"AES-CMAC-RAW": true, "AES-CMAC-EMPTY": true, "AES-CMAC-ONES": true}

// otherDefinition is a check value by Adyen's rule: the last 3 bytes, over
// eight characters 0.
const otherDefinition = "kcv-pub-022"

// TestVectorsGiveTheirCheckValues: our own vectors, and the published ones where
// there is a folder of them.
func TestVectorsGiveTheirCheckValues(t *testing.T) {
	agree(t, generated(t))
	agree(t, testrig.Vectors[[]vector](t, "kcv.json"))
}

func generated(t *testing.T) []vector {
	t.Helper()
	all := testrig.ReadJSON[[]vector](t, "testdata/generated.json")
	if len(all) == 0 {
		t.Fatal("testdata/generated.json has no vectors")
	}
	return all
}

// agree asks for the vector's answer from the key, and again from the whole
// output as a device would give it.
func agree(t *testing.T, vs []vector) {
	t.Helper()
	for _, v := range vs {
		key, full := testrig.Hex(v.Key), testrig.Hex(v.Full)
		if plainCMAC[v.Algorithm] {
			block := testrig.AES(key)
			if got := mac.NewCMAC(block).Sum(nil, testrig.Hex(v.Message)); !bytes.Equal(got, full) {
				t.Errorf("%s: CMAC got %X, want %X", v.ID, got, full)
			}
			continue
		}
		m, ok := methodOf[v.Algorithm]
		if !ok {
			t.Errorf("%s: %s is no method", v.ID, v.Algorithm)
			continue
		}
		value, err := m.Compute(key)
		if err != nil {
			t.Errorf("%s: %v", v.ID, err)
			continue
		}
		if v.ID == otherDefinition {
			if value.Short(3) == v.KCV {
				t.Errorf("%s: got %s, which is another definition's", v.ID, value)
			}
			continue
		}
		if got := value.String(); !strings.HasPrefix(v.Full, got) {
			t.Errorf("%s: String got %s, want the beginning of %s", v.ID, got, v.Full)
		}
		if got := value.Short(3); got != v.KCV[:6] {
			t.Errorf("%s: Short(3) got %s, want the beginning of %s", v.ID, got, v.KCV)
		}
		if len(v.KCV) == 10 && value.String() != v.KCV {
			t.Errorf("%s: String got %s, want %s", v.ID, value, v.KCV)
		}
		device, err := m.Value(full)
		if err != nil || !device.Equal(value) {
			t.Errorf("%s: from the whole output got %v, %v, want %v", v.ID, device, err, value)
		}
	}
}

func TestEveryMethodIsInTheVectors(t *testing.T) {
	seen := map[Method]bool{}
	for _, v := range generated(t) {
		seen[methodOf[v.Algorithm]] = true
	}
	for m := TDESZero; int(m) < len(rules); m++ {
		if !seen[m] {
			t.Errorf("no vector for %v", m)
		}
	}
}

func TestLengthsAreThoseOfTheStandard(t *testing.T) {
	key := make([]byte, 16)
	for _, c := range []struct {
		m                      Method
		message, short, digits int
	}{
		{TDESZero, 8, 6, 6}, {TDESCMAC, 8, 8, 10}, {AESZero, 16, 6, 6}, {AESCMAC, 16, 8, 10},
		{HMACSHA1, 0, 6, 6}, {HMACSHA512, 0, 6, 6}, {SHA1, 0, 8, 40},
	} {
		v, err := c.m.Compute(key)
		if err != nil {
			t.Fatalf("%v: %v", c.m, err)
		}
		got := [3]int{len(c.m.Message()), len(v.Short(4)), len(v.String())}
		if want := [3]int{c.message, c.short, c.digits}; got != want {
			t.Errorf("%v: message bytes, digits of Short(4), digits of String: got %v, want %v", c.m, got, want)
		}
		if v.Method() != c.m {
			t.Errorf("the value of %v says %v", c.m, v.Method())
		}
	}
}

func TestComputeRefusesOtherKeySizes(t *testing.T) {
	for m := TDESZero; int(m) < len(rules); m++ {
		sizes := m.rule().sizes
		for n := range 66 {
			taken := n > 0
			if sizes != nil {
				taken = bytes.IndexByte([]byte{16, 24, 32}[:len(sizes)], byte(n)) >= 0
			}
			_, err := m.Compute(make([]byte, n))
			if taken != (err == nil) {
				t.Errorf("%v with %d bytes: got %v", m, n, err)
			}
			var size KeySizeError
			if err != nil && (!errors.As(err, &size) || size != KeySizeError{m, n}) {
				t.Errorf("%v with %d bytes: got %#v, want a KeySizeError that says so", m, n, err)
			}
		}
	}
}

func TestNoMethodComputesNothing(t *testing.T) {
	for _, m := range []Method{0, Method(len(rules)), 255} {
		if v, err := m.Compute(make([]byte, 16)); err == nil || v != (Value{}) {
			t.Errorf("method %d: Compute got %v, %v, want an error", m, v, err)
		}
		if v, err := m.Value(nil); err == nil || v != (Value{}) {
			t.Errorf("method %d: Value got %v, %v, want an error", m, v, err)
		}
		if got := m.String(); got != "no method" {
			t.Errorf("method %d is called %q", m, got)
		}
	}
	if got := (Value{}).String() + (Value{}).Short(3); got != "" {
		t.Errorf("the zero Value shows %q", got)
	}
}

func TestValueRefusesOutputsOfAnotherLength(t *testing.T) {
	for m := TDESZero; int(m) < len(rules); m++ {
		whole := m.rule().whole
		for _, n := range []int{0, 3, whole - 1, whole + 1} {
			if v, err := m.Value(make([]byte, n)); err == nil {
				t.Errorf("%v took %d bytes: %v", m, n, v)
			}
		}
	}
}

func TestEqualLooksAtMethodAndEveryByte(t *testing.T) {
	output := make([]byte, 8)
	a, _ := TDESZero.Value(output)
	c, _ := TDESCMAC.Value(output)
	if !a.Equal(a) || a.Equal(c) {
		t.Errorf("equal to itself %v, to another method's %v", a.Equal(a), a.Equal(c))
	}
	for i := range 5 {
		other := bytes.Clone(output)
		other[i] = 1
		if d, _ := TDESCMAC.Value(other); d.Equal(c) {
			t.Errorf("byte %d is not compared", i)
		}
	}
}

func TestComputeDoesNotChangeTheKey(t *testing.T) {
	for m := TDESZero; int(m) < len(rules); m++ {
		key := testrig.Hex("0123456789ABCDEFFEDCBA9876543210")
		before := bytes.Clone(key)
		if _, err := m.Compute(key); err != nil || !bytes.Equal(key, before) {
			t.Errorf("%v: key is %X, %v, was %X", m, key, err, before)
		}
	}
}
