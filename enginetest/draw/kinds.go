package draw

import (
	_ "embed"
	"fmt"
	"math/bits"
	"strings"
	"sync"
	"time"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/enginetest"
)

// attributesText has all attributes that CreateKey takes, one key on a line, plainest first. A test
// compares it with the engine and writes it.
//
//go:embed testdata/attributes.txt
var attributesText string

var allAttributes = sync.OnceValue(func() (all []apc.KeyAttributes) {
	for line := range strings.Lines(attributesText) {
		all = append(all, parseAttributes(strings.TrimSpace(line)))
	}
	return all
})

// parseAttributes reads "P0 TDES_2KEY SYMMETRIC_KEY Encrypt,Wrap".
func parseAttributes(line string) apc.KeyAttributes {
	f := strings.Fields(line)
	a := enginetest.KeyKind(f[0] + " " + f[1]).Attributes()
	a.KeyClass, a.KeyModesOfUse = apc.KeyClass(f[2]), apc.KeyModesOfUse{}
	for name := range strings.SplitSeq(f[3], ",") {
		*modeNamed(&a.KeyModesOfUse, name) = true
	}
	return a
}

func modeNamed(m *apc.KeyModesOfUse, name string) *bool {
	return map[string]*bool{"Encrypt": &m.Encrypt, "Decrypt": &m.Decrypt, "Wrap": &m.Wrap, "Unwrap": &m.Unwrap, "Generate": &m.Generate,
		"Sign": &m.Sign, "Verify": &m.Verify, "DeriveKey": &m.DeriveKey, "NoRestrictions": &m.NoRestrictions}[name]
}

// even draws one of several, each as often: rapid's own sampling prefers the first. It shrinks to the first.
func even[T any](all []T) *rapid.Generator[T] {
	return rapid.Custom(func(t *rapid.T) T {
		n := 0
		for range bits.Len(uint(len(all))) + 3 {
			n *= 2
			if rapid.Bool().Draw(t, "bit") {
				n++
			}
		}
		return all[n%len(all)]
	})
}

// Attributes draws the attributes of any key that CreateKey takes.
func Attributes() *rapid.Generator[apc.KeyAttributes] { return rapid.SampledFrom(allAttributes()) }

// Symmetric draws the attributes of any symmetric key that CreateKey takes.
func Symmetric() *rapid.Generator[apc.KeyAttributes] {
	var some []apc.KeyAttributes
	for _, a := range allAttributes() {
		if a.KeyClass == apc.KeyClassSymmetricKey {
			some = append(some, a)
		}
	}
	return rapid.SampledFrom(some)
}

// Kind draws a usage and an algorithm that CreateKey accepts together.
func Kind() *rapid.Generator[enginetest.KeyKind] {
	var kinds []enginetest.KeyKind
	for line := range strings.Lines(attributesText) {
		f := strings.Fields(line)
		k := enginetest.KeyKind(f[0] + " " + f[1])
		if len(kinds) == 0 || kinds[len(kinds)-1] != k {
			kinds = append(kinds, k)
		}
	}
	return rapid.SampledFrom(kinds)
}

// Fault draws a fault at one of so many calls.
func Fault(calls int) *rapid.Generator[enginetest.Fault] {
	return rapid.Custom(func(t *rapid.T) enginetest.Fault {
		return enginetest.Fault{Nth: rapid.IntRange(1, calls).Draw(t, "call"),
			Effect: rapid.SampledFrom([]enginetest.Effect{enginetest.Throttled, enginetest.Unavailable, enginetest.AnswerLost,
				enginetest.RequestLost, enginetest.Slow}).
				Draw(t, "effect"),
		}
	})
}

// Wait draws a duration that ends shortly before, on or after a whole number of days, at most the
// given one. It shrinks to a day.
func Wait(days int) *rapid.Generator[time.Duration] {
	return rapid.Custom(func(t *rapid.T) time.Duration {
		d := time.Duration(rapid.IntRange(1, days).Draw(t, "days")) * 24 * time.Hour
		return d + rapid.SampledFrom([]time.Duration{0, -time.Millisecond, time.Millisecond}).Draw(t, "off by")
	})
}

// Key draws the bytes of a key of an algorithm, TDES with odd parity. It shrinks to the key of
// ascending bytes.
func Key(a apc.KeyAlgorithm) *rapid.Generator[[]byte] {
	size, ok := sizes[a]
	if !ok {
		panic(fmt.Sprintf("draw: a key of algorithm %s has no bytes of its own", a))
	}
	return rapid.Custom(func(t *rapid.T) []byte {
		first := rapid.Byte().Draw(t, "first byte")
		key := make([]byte, size)
		for i := range key {
			key[i] = first + byte(7*i)
			if a == apc.KeyAlgorithmTDES2Key || a == apc.KeyAlgorithmTDES3Key {
				key[i] = oddParity(key[i])
			}
		}
		return key
	})
}

var sizes = map[apc.KeyAlgorithm]int{apc.KeyAlgorithmTDES2Key: 16, apc.KeyAlgorithmTDES3Key: 24, apc.KeyAlgorithmAES128: 16,
	apc.KeyAlgorithmAES192: 24, apc.KeyAlgorithmAES256: 32}

func oddParity(b byte) byte {
	ones := 0
	for i := range 8 {
		ones += int(b >> i & 1)
	}
	if ones%2 == 0 {
		return b ^ 1
	}
	return b
}
