package hsm_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/dukpt"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/pin"
)

// A PIN and an account number that no refusal may show, and keys.
const (
	canaryPIN = "739164820517"
	canaryPAN = "6789054321098765432"
	canaryPEK = "A1B2C3D4E5F60718293A4B5C6D7E8F90"
	canaryPVK = "0123456789ABCDEFFEDCBA9876543210"
	canaryTDK = "9ABCDEF0123456781F3D5B79E2C4A688"
)

// pinKeys are the keys of a PIN test in a device.
type pinKeys struct {
	pek, aes, bdk, aesBDK, pvk hsm.KeyRef
	block                      []byte // the canary PIN under pek, ISO format 0
}

func loadPINKeys(t testing.TB, b hsm.Backend) *pinKeys {
	t.Helper()
	h := hsm.New(b, nil)
	with := func(usage string, algorithm hsm.Algorithm, hex string) hsm.KeyRef {
		raw := testrig.Hex(hex)
		return load(
			t,
			h,
			hsm.Attributes{KeyID: "k" + usage, Usage: usage, Algorithm: algorithm, Mode: 'N', Exportability: 'N', Bits: 8 * len(raw)},
			raw,
		)
	}
	k := &pinKeys{
		pek: with("P0", hsm.TDES, canaryPEK), aes: with("P0", hsm.AES, canaryPEK), bdk: with("B0", hsm.TDES, canaryTDK),
		aesBDK: with("B0", hsm.AES, canaryTDK), pvk: with("V2", hsm.TDES, canaryPVK),
	}
	k.block = k.clear(t, pin.ISO0, canaryPIN)
	return k
}

// clear is a PIN block under pek or aes, made by package pin.
func (k *pinKeys) clear(t testing.TB, f pin.Format, digits string) []byte {
	t.Helper()
	p, err := pin.New(digits)
	if err != nil {
		t.Fatal(err)
	}
	under := testrig.TDES(testrig.Hex(canaryPEK))
	if f == pin.ISO4 {
		under = testrig.AES(testrig.Hex(canaryPEK))
	}
	out, err := pin.Encrypt(under, f, p, canaryPAN, strings.NewReader(strings.Repeat("random", 20)))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (k *pinKeys) given() *hsm.PINBlock {
	return &hsm.PINBlock{Key: hsm.WorkingKey{Key: k.pek}, Format: pin.ISO0, Block: k.block, PAN: hsm.NewPAN(canaryPAN)}
}

// forms are the ways in which a block can be made: each key, or derivation, and format.
func (k *pinKeys) forms() map[string]*hsm.PINForm {
	pan := hsm.NewPAN(canaryPAN)
	return map[string]*hsm.PINForm{
		"format 0":    {Key: hsm.WorkingKey{Key: k.pek}, Format: pin.ISO0, PAN: pan},
		"format 3":    {Key: hsm.WorkingKey{Key: k.pek}, Format: pin.ISO3, PAN: pan},
		"format 4":    {Key: hsm.WorkingKey{Key: k.aes}, Format: pin.ISO4, PAN: pan},
		"DUKPT, TDES": {Key: hsm.WorkingKey{Key: k.bdk, Derive: hsm.DUKPT{KSN: "FFFF9876543210E00003"}}, Format: pin.ISO0, PAN: pan},
		"DUKPT, AES": {
			Key:    hsm.WorkingKey{Key: k.aesBDK, Derive: hsm.DUKPT{KSN: "123456789012345600000003", Type: dukpt.AES128}},
			Format: pin.ISO4,
			PAN:    pan,
		},
		"DUKPT, AES DES": {
			Key:    hsm.WorkingKey{Key: k.aesBDK, Derive: hsm.DUKPT{KSN: "123456789012345600000003", Type: dukpt.TDES2}},
			Format: pin.ISO3,
			PAN:    pan,
		},
		"AS 2805": {
			Key:    hsm.WorkingKey{Key: k.pek, Derive: hsm.AS2805PIN{Trace: "000123", Amount: "000000009950"}},
			Format: pin.ISO0,
			PAN:    pan,
		},
	}
}

func (k *pinKeys) visa() *hsm.VisaPVV {
	return &hsm.VisaPVV{Key: k.pvk, PAN: hsm.NewPAN(canaryPAN), Index: 1}
}

func (k *pinKeys) ibm() *hsm.IBM3624 {
	return &hsm.IBM3624{Key: k.pvk, Table: "0123456789012345", ValidationData: hsm.NewPAN(canaryPAN[:16]), Pad: 'F'}
}

// showsNothing is whether a refusal shows no four digits of the canaries in a row.
func showsNothing(t *testing.T, name string, err error) {
	t.Helper()
	if err == nil {
		return
	}
	text := err.Error() // no addresses, which may have any digits
	if reason, ok := errors.AsType[*pin.Error](err); ok {
		text += fmt.Sprintf("%+v", *reason)
	}
	for _, secret := range []string{canaryPIN, canaryPAN, canaryPEK, canaryPVK, canaryTDK} {
		for i := range len(secret) - 3 {
			if strings.Contains(text, secret[i:i+4]) {
				t.Errorf("%s: the refusal %q shows %s", name, text, secret[i:i+4])
				return
			}
		}
	}
}

// checkRefused checks an error, and that it shows nothing.
func checkRefused(t *testing.T, name string, err error, want func(error) bool) {
	t.Helper()
	if err == nil || !want(err) {
		t.Errorf("%s: got %v", name, err)
	}
	showsNothing(t, name, err)
}

// broken is an error of an argument that breaks the rule, and is not about a PIN block.
func broken(rule pin.Rule) func(error) bool {
	return func(err error) bool {
		e, ok := errors.AsType[*pin.Error](err)
		_, block := errors.AsType[*hsm.PINBlockError](err)
		return ok && !block && e.Rule == rule && hsm.IsArgument(err)
	}
}

func is(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }

func (k *pinKeys) formWith(change func(f *hsm.PINForm)) *hsm.PINForm {
	f := *k.forms()["format 0"]
	change(&f)
	return &f
}

func (k *pinKeys) visaWith(change func(v *hsm.VisaPVV)) *hsm.VisaPVV {
	v := k.visa()
	change(v)
	return v
}

func (k *pinKeys) ibmWith(change func(m *hsm.IBM3624)) *hsm.IBM3624 {
	m := k.ibm()
	change(m)
	return m
}

func (k *pinKeys) givenWith(change func(b *hsm.PINBlock)) *hsm.PINBlock {
	b := k.given()
	change(b)
	return b
}

func TestPINCommandsRefuseArgumentsThatDoNotFitAndShowNothing(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, b hsm.Backend, h *hsm.HSM) {
		k := loadPINKeys(t, b)
		checkRefused(
			t,
			"PAN of 11 digits",
			second(h.GeneratePVV(ctx, k.formWith(func(f *hsm.PINForm) { f.PAN = hsm.NewPAN(canaryPAN[:11]) }), k.visa(), 4)),
			broken(pin.RulePAN),
		)
		checkRefused(
			t,
			"PAN of letters",
			second(h.PVV(ctx, k.givenWith(func(b *hsm.PINBlock) { b.PAN = hsm.NewPAN("6789054321O98765") }), k.visa(), 0)),
			broken(pin.RulePAN),
		)
		checkRefused(
			t,
			"no PAN for the PVV",
			second(h.PVV(ctx, k.given(), k.visaWith(func(v *hsm.VisaPVV) { v.PAN = hsm.PAN{} }), 0)),
			broken(pin.RulePAN),
		)
		checkRefused(t, "no such format", second(h.PVV(ctx, k.givenWith(func(b *hsm.PINBlock) { b.Format = 99 }), k.visa(), 0)),
			broken(pin.RuleFormat))
		checkRefused(t, "index 10", second(h.VerifyPVV(ctx, k.given(), k.visaWith(func(v *hsm.VisaPVV) { v.Index = 10 }), "1234")),
			broken(pin.RuleIndex))
		checkRefused(t, "3 digits", second(h.GeneratePVV(ctx, k.forms()["format 0"], k.visa(), 3)), broken(pin.RuleLength))
		checkRefused(t, "a natural PIN of 13 digits", second(h.NaturalPIN(ctx, k.forms()["format 0"], k.ibm(), 13)), broken(pin.RuleLength))
		checkRefused(t, "a natural PIN of -1 digits", second(h.NaturalPIN(ctx, k.forms()["format 0"], k.ibm(), -1)), broken(pin.RuleLength))
		checkRefused(t, "a PIN of another length", second(h.PVV(ctx, k.given(), k.visa(), 4)), broken(pin.RuleLength))
		checkRefused(t, "another length, offset", second(h.PINOffset(ctx, k.given(), k.ibm(), 11)), broken(pin.RuleLength))
		checkRefused(t, "offset of letters", second(h.PINFromOffset(ctx, k.forms()["format 0"], k.ibm(), "12F4")), broken(pin.RuleOffset))
		checkRefused(
			t,
			"table of 15",
			second(h.PINOffset(ctx, k.given(), k.ibmWith(func(m *hsm.IBM3624) { m.Table = m.Table[:15] }), 0)),
			broken(pin.RuleTable),
		)
		checkRefused(
			t,
			"no validation data",
			second(h.VerifyOffset(ctx, k.given(), k.ibmWith(func(m *hsm.IBM3624) { m.ValidationData = hsm.PAN{} }), "1234")),
			broken(pin.RuleData),
		)
		checkRefused(
			t,
			"pad character",
			second(h.VerifyOffset(ctx, k.given(), k.ibmWith(func(m *hsm.IBM3624) { m.Pad = 'G' }), "1234")),
			broken(pin.RulePad),
		)
		checkRefused(
			t,
			"another PAN",
			second(h.TranslatePIN(ctx, k.given(), k.formWith(func(f *hsm.PINForm) { f.PAN = hsm.NewPAN("4111111111111111") }))),
			broken(pin.RulePAN),
		)
	})
}

func TestPINCommandsRefuseKeysThatDoNotFitAndShowNothing(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, b hsm.Backend, h *hsm.HSM) {
		k := loadPINKeys(t, b)
		checkRefused(
			t,
			"an AES key for format 0",
			second(h.PVV(ctx, k.givenWith(func(b *hsm.PINBlock) { b.Key.Key = k.aes }), k.visa(), 0)),
			is(hsm.ErrRefused),
		)
		checkRefused(
			t,
			"a TDES key for format 4",
			second(h.NaturalPIN(ctx, k.formWith(func(f *hsm.PINForm) { f.Format = pin.ISO4 }), k.ibm(), 4)),
			is(hsm.ErrRefused),
		)
		checkRefused(
			t,
			"an AES key for the PVV",
			second(h.PVV(ctx, k.given(), k.visaWith(func(v *hsm.VisaPVV) { v.Key = k.aes }), 0)),
			is(hsm.ErrRefused),
		)
		checkRefused(t, "AS 2805 with an AES key", second(h.PVV(ctx, k.givenWith(func(b *hsm.PINBlock) {
			b.Key = hsm.WorkingKey{Key: k.aes, Derive: hsm.AS2805PIN{Trace: "000123", Amount: "000000009950"}}
		}), k.visa(), 0)), is(hsm.ErrRefused))
		for _, a := range []hsm.AS2805PIN{{}, {Trace: "00012", Amount: "0000000099500"}, {Trace: "00012x", Amount: "000000009950"}} {
			checkRefused(t, "AS 2805 data", second(h.PVV(ctx, k.givenWith(func(b *hsm.PINBlock) { b.Key.Derive = a }), k.visa(), 0)),
				is(hsm.ErrInput))
		}
	})
}

// FuzzPINCommands: no input makes a command panic, and what it makes it reads.
func FuzzPINCommands(f *testing.F) {
	b := hsm.NewSoftware(nil)
	h := hsm.New(b, nil)
	var k *pinKeys
	f.Add(0, 0, []byte{1, 2, 3, 4, 5, 6, 7, 8}, canaryPAN, "1234", 4, "0123456789012345", byte('F'))
	f.Add(4, 3, make([]byte, 16), "", "", -1, "", byte(0))
	f.Fuzz(func(t *testing.T, from, to int, block []byte, pan, value string, length int, table string, pad byte) {
		if k == nil {
			k = loadPINKeys(t, b)
		}
		for _, key := range []hsm.KeyRef{k.pek, k.aes} {
			in := &hsm.PINBlock{Key: hsm.WorkingKey{Key: key}, Format: pin.Format(from), Block: block, PAN: hsm.NewPAN(pan)}
			out := &hsm.PINForm{Key: hsm.WorkingKey{Key: key}, Format: pin.Format(to), PAN: hsm.NewPAN(pan)}
			visa := &hsm.VisaPVV{Key: k.pvk, PAN: hsm.NewPAN(pan), Index: length}
			ibm := &hsm.IBM3624{Key: k.pvk, Table: table, ValidationData: hsm.NewPAN(pan), Pad: pad}
			h.TranslatePIN(ctx, in, out)
			h.PVV(ctx, in, visa, length)
			h.VerifyPVV(ctx, in, visa, value)
			h.VerifyOffset(ctx, in, ibm, value)
			h.PINOffset(ctx, in, ibm, length)
			h.NaturalPIN(ctx, out, ibm, length)
			if made, err := h.PINFromOffset(ctx, out, ibm, value); err == nil {
				again := &hsm.PINBlock{Key: out.Key, Format: out.Format, Block: made.Block, PAN: out.PAN}
				if got, err := h.VerifyOffset(ctx, again, ibm, value); got != hsm.Verified || err != nil {
					t.Errorf("the PIN of offset %q: got %v, %v", value, got, err)
				}
			}
			if made, err := h.GeneratePVV(ctx, out, visa, length); err == nil {
				again := &hsm.PINBlock{Key: out.Key, Format: out.Format, Block: made.Block, PAN: out.PAN}
				if got, err := h.VerifyPVV(ctx, again, visa, made.Value); got != hsm.Verified || err != nil {
					t.Errorf("PVV %s: got %v, %v", made.Value, got, err)
				}
			}
		}
	})
}
