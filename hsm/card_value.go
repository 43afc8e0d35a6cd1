package hsm

import (
	"context"
	"fmt"

	"github.com/seed748fb4d1/apcsim/cvv"
	"github.com/seed748fb4d1/apcsim/emv"
)

// CardForm is how a card validation value is computed; see package cvv, which says which
// are not faithful to their scheme.
type CardForm int

// The forms, and what they need besides the account number.
const (
	CardCVV      CardForm = iota // Expiry, ServiceCode; CVV2 has service code 000, iCVV 999
	CardDCVV                     // PSN, Expiry, ServiceCode, ATC: dynamic CVV
	CardCVC3                     // PSN, ATC, UN, Track: dynamic card verification code
	CardHolder                   // PSN, ATC, UN: cardholder verification value
	CardCSC1                     // Expiry: American Express, version 1
	CardCSC2                     // Expiry, ServiceCode: American Express, version 2
	CardDiscover                 // Expiry, ATC, UN: Discover dynamic card verification code
)

// CardData is what a card validation value is computed of. An argument that does not fit
// is a *cvv.Error or a *emv.Error; members that the form does not need are ignored.
type CardData struct {
	Form        CardForm
	PAN         PAN    // 12 to 19 digits; 14 to 19 for American Express
	Expiry      string // 4 digits, in the caller's order
	ServiceCode string // 3 digits
	PSN         string // PAN sequence number, 2 digits
	ATC         string // application transaction counter, 1 to 4 hexadecimal digits
	UN          string // unpredictable number, 1 to 8 hexadecimal digits
	Track       Secret // track data template, which has the account number in it
}

// The lengths of a card validation value, in digits.
const (
	minCardValue = 3
	maxCardValue = cvv.MaxLength
)

// CardValue computes a card validation value of 3 to 5 digits. The key is TDES: the card
// verification key, or the issuer's key from which the card's is derived (option A).
func (h *HSM) CardValue(ctx context.Context, k KeyRef, d CardData, length int) (string, error) {
	if length < minCardValue || length > maxCardValue {
		return "", fmt.Errorf("%w: a card validation value of %d digits", ErrInput, length)
	}
	switch d.Form {
	case CardCVV:
		return h.staticValue(ctx, k, d, length)
	case CardCSC1, CardCSC2:
		return h.securityCode(ctx, k, d, length)
	case CardDCVV, CardCVC3, CardHolder, CardDiscover:
		return h.dynamicValue(ctx, k, d, length)
	}
	return "", fmt.Errorf("%w: form %d of a card validation value", ErrInput, d.Form)
}

// VerifyCardValue compares a card validation value of 3 to 5 digits with the card's, in
// constant time.
func (h *HSM) VerifyCardValue(ctx context.Context, k KeyRef, d CardData, value string) (Verdict, error) {
	want, err := h.CardValue(ctx, k, d, len(value))
	if err != nil {
		return Undecided, err
	}
	return verdict(cvv.Equal(want, value)), nil
}

// staticValue is a CVV: its first block is enciphered under the left half of the key.
func (h *HSM) staticValue(ctx context.Context, k KeyRef, d CardData, length int) (string, error) {
	w, err := h.openStored(ctx, k)
	if err != nil {
		return "", err
	}
	defer w.close()
	key, err := w.retailKey(ctx, revealCardValue)
	if err != nil {
		return "", err
	}
	return cvv.CVV(key, d.PAN.digits(), d.Expiry, d.ServiceCode, length)
}

// securityCode is a CSC of American Express, with the whole key.
func (h *HSM) securityCode(ctx context.Context, k KeyRef, d CardData, length int) (string, error) {
	w, err := h.openStored(ctx, k)
	if err != nil {
		return "", err
	}
	defer w.close()
	if w.algorithm != TDES {
		return "", ErrRefused
	}
	var code cvv.CSC
	if d.Form == CardCSC1 {
		code, err = cvv.CSC1(w.block(), d.PAN.digits(), d.Expiry)
	} else {
		code, err = cvv.CSC2(w.block(), d.PAN.digits(), d.Expiry, d.ServiceCode)
	}
	if err := w.outcome(err); err != nil {
		return "", err
	}
	return [...]string{code.Three, code.Four, code.Five}[length-minCardValue], nil
}

// discoverPSN is the card sequence number of Discover's code (GUESS G-discover-code).
const discoverPSN = "00"

// dynamicValue is a value under the card's own key.
func (h *HSM) dynamicValue(ctx context.Context, k KeyRef, d CardData, length int) (string, error) {
	psn := d.PSN
	if d.Form == CardDiscover {
		psn = discoverPSN
	}
	card, err := h.open(ctx, WorkingKey{k, EMV{Option: emv.OptionA, PAN: d.PAN, PSN: psn}}, forData)
	if err != nil {
		return "", err
	}
	defer card.close()
	retail, err := card.derived.retailKey(ctx)
	if err != nil {
		return "", err
	}
	switch pan := d.PAN.digits(); d.Form {
	case CardDCVV:
		return cvv.Dynamic(retail, pan, d.Expiry, d.ServiceCode, d.ATC, length)
	case CardCVC3:
		return cvv.CVC3(card.block(), retail, d.Track.bytes(), d.UN, d.ATC, length)
	case CardHolder:
		return cvv.Cardholder(card.block(), d.UN, d.ATC, length)
	default:
		return cvv.DiscoverDynamic(retail, pan, d.Expiry, d.UN, d.ATC, length)
	}
}
