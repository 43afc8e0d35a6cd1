package engine_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// loadUnder is a load of an AES key of 16 bytes of one value, under an id.
func loadUnder(id string, value byte) *engine.LoadKeyInput {
	part := []byte(strings.Repeat(string(value), 16))
	return &engine.LoadKeyInput{
		KeyAttributes: kekAttributes(apc.KeyAlgorithmAES128), Exportable: new(true), KeyID: &id,
		Components: []hsm.Secret{hsm.NewSecret(part), hsm.NewSecret(make([]byte, 16))},
	}
}

func TestLoadKeyAgainUnderItsIDReturnsTheSameKey(t *testing.T) {
	eng := simtest.New(t, nil)
	const id = "zoneKey000000000001"
	first, err := eng.LoadKey(ctx, loadUnder(id, 1))
	if err != nil {
		t.Fatal(err)
	}
	if want := "arn:aws:payment-cryptography:us-east-1:111122223333:key/" + id; first.Key.KeyArn != want {
		t.Errorf("got %s, want %s", first.Key.KeyArn, want)
	}
	if _, err := eng.StopKeyUsage(ctx, &engine.StopKeyUsageInput{KeyIdentifier: first.Key.KeyArn}); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			again, err := eng.LoadKey(ctx, loadUnder(id, 1))
			if err != nil || again.Key.KeyArn != first.Key.KeyArn || again.Key.Enabled ||
				again.ComponentCheckValues[0] != first.ComponentCheckValues[0] {
				t.Errorf("again: got %+v, %v, want the key as it is now", again, err)
			}
			other, err := eng.LoadKey(ctx, loadUnder("together0000000001", 2)) // of several at once one stores it
			if err != nil || !strings.HasSuffix(other.Key.KeyArn, "together0000000001") {
				t.Errorf("together: got %+v, %v", other, err)
			}
		})
	}
	all.Wait()
	keys, err := eng.ListKeys(ctx, &engine.ListKeysInput{})
	if err != nil || len(keys.Keys) != 2 {
		t.Errorf("got %d keys, %v, want 2", len(keys.Keys), err)
	}
}

func TestLoadKeyRefusesAnotherKeyUnderTheID(t *testing.T) {
	eng := simtest.New(t, nil)
	const id = "zoneKey000000000001"
	if _, err := eng.LoadKey(ctx, loadUnder(id, 1)); err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]*engine.LoadKeyInput{
		"other components": loadUnder(id, 2),
		"not exportable":   func() *engine.LoadKeyInput { in := loadUnder(id, 1); in.Exportable = new(false); return in }(),
		"another usage": func() *engine.LoadKeyInput {
			in := loadUnder(id, 1)
			in.KeyAttributes.KeyUsage = apc.KeyUsageTR31K0KeyEncryptionKey
			return in
		}(),
	} {
		_, err := eng.LoadKey(ctx, in)
		refused(t, name, err, apc.ErrConflict, "key-exists")
	}
	for _, id := range []string{"", "short", strings.Repeat("a", 65), "sixteen-letters-"} {
		_, err := eng.LoadKey(ctx, loadUnder(id, 1))
		refusal := refused(t, "id "+id, err, apc.ErrValidation,
			map[bool]apc.Rule{true: "length", false: "pattern"}[len(id) < 16 || len(id) > 64])
		if len(refusal.Reasons) > 0 && refusal.Reasons[0].Field != "KeyID" {
			t.Errorf("id %q: got %+v, want KeyID named", id, refusal.Reasons)
		}
	}
}

// TestLoadKeyComparesTheCheckValuesOfTheRecord: components of 0x11 and 0x22, whose XOR is 0x33.
func TestLoadKeyComparesTheCheckValuesOfTheRecord(t *testing.T) {
	eng := simtest.New(t, nil)
	part := func(b byte) hsm.Secret { return hsm.NewSecret([]byte(strings.Repeat(string(b), 16))) }
	for _, c := range []struct {
		what    string
		values  []string
		key     *string
		message string // "": taken
		reasons []string
	}{
		{"no record", nil, nil, "", nil},
		{"a whole record", []string{"EE23D8", "44A01D"}, new("90618D"), "", nil},
		{"four small digits, and none", []string{"", "44a0"}, new("9061"), "", nil},
		{"another second component", []string{"EE23D8", "AAAAAA"}, new("90618D"), "Component 2 does not have the check value given for it.",
			[]string{"Components[1]: the check value of the component is not the one given for it: found 44A01D, wanted AAAAAA"}},
		{"components in the other order", []string{"44A01D", "EE23D8"}, nil, "Component 1 does not have the check value given for it.",
			[]string{"Components[0]: the check value of the component is not the one given for it: found EE23D8, wanted 44A01D",
				"Components[1]: the check value of the component is not the one given for it: found 44A01D, wanted EE23D8"}},
		{"another key", []string{"EE23D8", "44A01D"}, new("90618E"), "The key does not have the check value given for it.",
			[]string{"KeyCheckValue: the check value of the key is not the one given for it: found 90618D, wanted 90618E"}},
	} {
		_, err := eng.LoadKey(ctx, &engine.LoadKeyInput{KeyAttributes: kekAttributes(apc.KeyAlgorithmAES128), Exportable: new(true),
			Components: []hsm.Secret{part(0x11), part(0x22)}, ComponentCheckValues: c.values, KeyCheckValue: c.key})
		if c.message == "" {
			if err != nil {
				t.Errorf("%s: %v", c.what, err)
			}
			continue
		}
		refusal := refused(t, c.what, err, apc.ErrValidation, apc.RuleKeyCheckValue)
		var reasons []string
		for _, r := range refusal.Reasons {
			reasons = append(reasons, r.String())
		}
		if refusal.Message != c.message || !slices.Equal(reasons, c.reasons) {
			t.Errorf("%s: got %s %q, want %s %q", c.what, refusal.Message, reasons, c.message, c.reasons)
		}
	}
	keys, err := eng.ListKeys(ctx, &engine.ListKeysInput{})
	if err != nil || len(keys.Keys) != 3 {
		t.Errorf("%d keys, %v; want the 3 that were not refused", len(keys.Keys), err)
	}
}

func TestLoadKeyRefusesCheckValuesThatAreNone(t *testing.T) {
	eng := simtest.New(t, nil)
	for _, c := range []struct {
		values []string
		key    *string
		rule   apc.Rule
		field  string
	}{
		{[]string{"EE23D8"}, nil, apc.RuleLength, "ComponentCheckValues"},
		{[]string{"", "44A"}, nil, apc.RuleLength, "ComponentCheckValues[1]"},
		{[]string{"", "44A01X"}, nil, apc.RulePattern, "ComponentCheckValues[1]"},
		{[]string{"", strings.Repeat("A", 32)}, nil, apc.RuleLength, "ComponentCheckValues[1]"},
		{nil, new("90618D000000"), apc.RuleLength, "KeyCheckValue"},
		{nil, new(""), apc.RuleLength, "KeyCheckValue"},
	} {
		in := loadUnder("zoneKey000000000001", 1)
		in.ComponentCheckValues, in.KeyCheckValue = c.values, c.key
		_, err := eng.LoadKey(ctx, in)
		if r := refused(t, c.field, err, apc.ErrValidation, c.rule); r.Reasons[0].Field != c.field {
			t.Errorf("%v: got %v, want %s named", c.values, r.Reasons, c.field)
		}
	}

	tdes := &engine.LoadKeyInput{
		KeyAttributes: attributes(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmTDES2Key, cipherModes),
		Exportable:    new(true),
		Components:    []hsm.Secret{hsm.NewSecret(testrig.Hex(tdesKey))},
		KeyCheckValue: new("08D7B4FB62"),
	}
	_, err := eng.LoadKey(ctx, tdes)
	r := refused(t, "10 digits for TDES", err, apc.ErrValidation, apc.RuleKeyCheckValue)
	if got, want := r.Reasons[0].String(), "KeyCheckValue: the check value given has more digits than check values of this algorithm: "+
		"found 10 digits, wanted 4 to 6"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestLoadKeyTakesOneToThreeComponents(t *testing.T) {
	eng := simtest.New(t, nil)
	for n := range 5 {
		in := loadUnder("zoneKey00000000000"+string(rune('0'+n)), 1)
		in.Components = nil
		for range n {
			in.Components = append(in.Components, hsm.NewSecret(testrig.Hex(aesKey)))
		}
		out, err := eng.LoadKey(ctx, in)
		if n < 1 || n > 3 {
			if r := refused(t, "a number of components", err, apc.ErrValidation, apc.RuleLength); r.Reasons[0].Field != "Components" {
				t.Errorf("%d components: got %v, want Components named", n, r.Reasons)
			}
			continue
		}
		if err != nil || len(out.ComponentCheckValues) != n || n == 1 && out.Key.KeyCheckValue != out.ComponentCheckValues[0] {
			t.Errorf("%d components: got %+v, %v", n, out, err)
		}
	}
}
