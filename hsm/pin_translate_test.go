package hsm_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/pin"
)

// TestPINTranslationIsAnOutageWhereTheDeviceFails, with every kind of working key on both
// sides.
func TestPINTranslationIsAnOutageWhereTheDeviceFails(t *testing.T) {
	type translation struct {
		in *hsm.PINBlock
		to *hsm.PINForm
	}
	for _, form := range []string{"format 4", "DUKPT, TDES", "DUKPT, AES", "AS 2805"} {
		t.Run(form, func(t *testing.T) {
			eachCallFailing(t, func(t *testing.T, b hsm.Backend) translation {
				k := loadPINKeys(t, b)
				to := k.forms()[form]
				block, err := hsm.New(b, nil).TranslatePIN(ctx, k.given(), to)
				if err != nil {
					t.Fatal(err)
				}
				return translation{&hsm.PINBlock{Key: to.Key, Format: to.Format, Block: block, PAN: to.PAN}, to}
			}, func(h *hsm.HSM, x translation) ([]byte, error) { return h.TranslatePIN(ctx, x.in, x.to) })
		})
	}
}

// TestTranslationsAreThoseOfTheTable tries every two formats.
func TestTranslationsAreThoseOfTheTable(t *testing.T) {
	b := hsm.NewSoftware(nil)
	h := hsm.New(b, nil)
	k := loadPINKeys(t, b)
	all := []pin.Format{pin.ISO0, pin.ISO1, pin.ISO2, pin.ISO3, pin.ISO4, pin.AS28050}
	taken := map[pin.Format]string{
		pin.ISO0:    "0, 3, 4",
		pin.ISO1:    "0, 1, 3, 4",
		pin.ISO2:    "",
		pin.ISO3:    "0, 3, 4",
		pin.ISO4:    "0, 3, 4",
		pin.AS28050: "0, 3, 4",
	}
	key := func(f pin.Format) hsm.WorkingKey {
		if f == pin.ISO4 {
			return hsm.WorkingKey{Key: k.aes}
		}
		return hsm.WorkingKey{Key: k.pek}
	}
	for _, from := range all {
		var to []string
		for i, f := range all {
			block := &hsm.PINBlock{Key: key(from), Format: from, Block: k.clear(t, from, canaryPIN), PAN: hsm.NewPAN(canaryPAN)}
			_, err := h.TranslatePIN(ctx, block, &hsm.PINForm{Key: key(f), Format: f, PAN: hsm.NewPAN(canaryPAN)})
			if err == nil {
				to = append(to, fmt.Sprint(i))
			} else if e, ok := errors.AsType[*pin.Error](err); !ok || e.Rule != pin.RuleFormat {
				t.Errorf("%v to %v: got %v", from, f, err)
			}
		}
		if got := strings.Join(to, ", "); got != taken[from] {
			t.Errorf("%v is translated to formats %s, want %s", from, got, taken[from])
		}
	}
}

// translateInputs are the inputs of TranslatePinData.
type translateInputs struct {
	IncomingTranslationAttributes, OutgoingTranslationAttributes map[string]struct{ PrimaryAccountNumber string }
	EncryptedPinBlock                                            string
	IncomingDukptAttributes, OutgoingDukptAttributes             *dukptInput
	IncomingWrappedKey, OutgoingWrappedKey                       *wrappedInput
	IncomingAs2805Attributes                                     *as2805Input
}

func TestTranslatePINAsAnotherImplementation(t *testing.T) {
	onOperations(t, "TranslatePinData", func(t *testing.T, b hsm.Backend, h *hsm.HSM, c *operation) {
		in, want := read[translateInputs](t, c.Inputs), read[pinExpected](t, c.Expected)
		from := hsm.PINBlock{
			Key:   workingKey(t, b, c, "IncomingKeyIdentifier", in.IncomingWrappedKey, in.IncomingDukptAttributes),
			Block: testrig.Hex(in.EncryptedPinBlock),
		}
		if a := in.IncomingAs2805Attributes; a != nil {
			from.Key.Derive = hsm.AS2805PIN{Trace: a.SystemTraceAuditNumber, Amount: a.TransactionAmount, Under: from.Key.Derive}
		}
		to := hsm.PINForm{Key: workingKey(t, b, c, "OutgoingKeyIdentifier", in.OutgoingWrappedKey, in.OutgoingDukptAttributes)}
		for name, a := range in.IncomingTranslationAttributes {
			from.Format, from.PAN = pinFormats[name], newPAN(a.PrimaryAccountNumber)
		}
		for name, a := range in.OutgoingTranslationAttributes {
			to.Format, to.PAN = pinFormats[name], newPAN(a.PrimaryAccountNumber)
		}
		got, err := h.TranslatePIN(ctx, &from, &to)
		if want.Error != "" {
			if err == nil || !hsm.IsArgument(err) || got != nil {
				t.Errorf("got %X, %v, want %s", got, err, want.Error)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if want.PinBlock != "" && upperHex(got) != want.PinBlock {
			t.Errorf("got block %X, want %s", got, want.PinBlock)
		}
		if want.PinBlock == "" && want.Decoded.PIN == "" {
			t.Error("the case expects nothing")
		}
		if want.Decoded.PIN != "" {
			if digits := shown(t, b, h, &hsm.PINBlock{Key: to.Key, Format: to.Format, Block: got, PAN: to.PAN}); digits != want.Decoded.PIN {
				t.Errorf("got block %X of PIN %s, want %s", got, digits, want.Decoded.PIN)
			}
		}
	})
}
