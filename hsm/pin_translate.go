package hsm

import (
	"bytes"
	"context"
	"crypto/subtle"
	"fmt"
	"strings"

	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/pin"
)

// translations are the formats that a PIN block of a format may be translated to. A block that is bound to an
// account number stays bound to it (ISO 9564-1); format 2 is only for card scripts. GUESS G-pin-translations: format
// 1 to itself is taken, and AS 2805 format 0 is for incoming blocks.
var translations = map[pin.Format][]pin.Format{
	pin.ISO0:    {pin.ISO0, pin.ISO3, pin.ISO4},
	pin.ISO1:    {pin.ISO0, pin.ISO1, pin.ISO3, pin.ISO4},
	pin.ISO3:    {pin.ISO0, pin.ISO3, pin.ISO4},
	pin.ISO4:    {pin.ISO0, pin.ISO3, pin.ISO4},
	pin.AS28050: {pin.ISO0, pin.ISO3, pin.ISO4},
}

// TranslatePIN deciphers a PIN block with one key and enciphers the PIN with another, in the
// same format or in another. Two formats that are not translated, and another account
// number on the outgoing side, are a *pin.Error of rule pin-format and pan.
func (h *HSM) TranslatePIN(ctx context.Context, from *PINBlock, to *PINForm) ([]byte, error) {
	if err := checkTranslation(from, to); err != nil {
		return nil, err
	}
	p, err := h.openPIN(ctx, from)
	if err != nil {
		return nil, err
	}
	return h.sealPIN(ctx, to, p)
}

// sealPIN enciphers a PIN.
func (h *HSM) sealPIN(ctx context.Context, f *PINForm, p pin.PIN) ([]byte, error) {
	w, err := h.open(ctx, f.Key, forPIN)
	if err != nil {
		return nil, err
	}
	defer w.close()
	return w.writePIN(ctx, f, p)
}

func checkTranslation(from *PINBlock, to *PINForm) error {
	allowed := translations[from.Format]
	for _, f := range allowed {
		if f != to.Format {
			continue
		}
		if from.Format != pin.ISO1 && to.Format != pin.ISO1 && !from.PAN.Equal(to.PAN) {
			return &pin.Error{Rule: pin.RulePAN, Problem: problemPANChange, Wanted: "that of the incoming block"}
		}
		return nil
	}
	var names []string
	for _, f := range allowed {
		names = append(names, f.String())
	}
	return &pin.Error{
		Rule:    pin.RuleFormat,
		Problem: problemTranslation,
		Found:   fmt.Sprintf("%v to %v", from.Format, to.Format),
		Wanted:  wording.Or(names),
	}
}

// AS2805PIN derives the key of one transaction from a PIN encryption key, which is TDES (AS 2805.6.2,
// one-way function of the transaction's data). The derived key is a double-length TDES key.
type AS2805PIN struct {
	Trace  string     // system trace audit number, 6 digits
	Amount string     // transaction amount, 12 digits
	Under  Derivation // of the PIN encryption key; nil: the stored key itself
}

func (d AS2805PIN) derive(ctx context.Context, h *HSM, k KeyRef, use purpose) (*softwareKey, error) {
	data, err := d.data()
	if err != nil {
		return nil, err
	}
	w, err := h.open(ctx, WorkingKey{Key: k, Derive: d.Under}, use)
	if err != nil {
		return nil, err
	}
	defer w.close()
	if w.algorithm != TDES {
		return nil, ErrRefused
	}
	chained, out := data, bytes.Clone(data[:])
	if err := w.key.Encrypt(ctx, CBC, zeroIV[:8], chained[:]); err != nil {
		return nil, err
	}
	if err := w.key.Encrypt(ctx, CBC, chained[8:], out); err != nil {
		return nil, err
	}
	subtle.XORBytes(out, out, data[:])
	return hostKey(TDES, out)
}

// data is the transaction's data: the trace number and zeros, zeros and the amount.
func (d AS2805PIN) data() (out [16]byte, err error) {
	if len(d.Trace) != 6 || len(d.Amount) != 12 || strings.Trim(d.Trace+d.Amount, "0123456789") != "" {
		return out, fmt.Errorf("%w: a system trace audit number of 6 digits and an amount of 12", ErrInput)
	}
	text := d.Trace + "0000000000" + "0000" + d.Amount
	for i := range out {
		out[i] = (text[2*i]-'0')<<4 | (text[2*i+1] - '0')
	}
	return out, nil
}
