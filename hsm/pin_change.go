package hsm

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/pin"
)

// PINChange is a card script that changes a PIN (EMV Book 2, section 9; VIS; M/Chip).
type PINChange struct {
	New     PINBlock
	Current *PINBlock // the current PIN, which Visa and American Express may use; else nil

	// Confidentiality and Integrity are the issuer's keys for the PIN and for the MAC.
	// Both session keys are derived in the way that Session says.
	Confidentiality, Integrity KeyRef
	Session                    EMV

	// Cryptogram is the issuer's key for cryptograms, which Visa and American Express mix
	// into the script block; nil for other schemes. Current is refused without it.
	Cryptogram *KeyRef

	Form    emv.ScriptForm // emv.VisaForm, emv.MChipForm, emv.EMV2000Form, or any for the common method
	Message []byte         // the script before the PIN: it is authenticated with the PIN
}

// PINChanged is the PIN for the card, and the MAC of the script.
type PINChanged struct {
	Block []byte // enciphered script block: 8 or 16 bytes
	MAC   []byte // 8 bytes, over Message and Block
}

// PINChange makes the parts of a PIN change script. The PINs are not returned.
func (h *HSM) PINChange(ctx context.Context, c *PINChange) (PINChanged, error) {
	block, err := h.scriptBlock(ctx, c)
	if err != nil {
		return PINChanged{}, err
	}
	defer clear(block)
	enciphered, err := h.encipherScript(ctx, c, block)
	if err != nil {
		return PINChanged{}, err
	}
	keys, err := h.openCard(ctx, c.Integrity, &c.Session)
	if err != nil {
		return PINChanged{}, err
	}
	defer keys.clear()
	code, err := emv.ScriptMAC(keys.session, slices.Concat(c.Message, enciphered))
	if err != nil {
		return PINChanged{}, err
	}
	return PINChanged{enciphered, code}, nil
}

// scriptBlock is the clear script block of 8 bytes.
func (h *HSM) scriptBlock(ctx context.Context, c *PINChange) ([]byte, error) {
	if c.Current != nil && c.Cryptogram == nil {
		return nil, fmt.Errorf("%w: a current PIN without a key for cryptograms", ErrInput)
	}
	next, err := h.openPIN(ctx, &c.New)
	if err != nil {
		return nil, err
	}
	if c.Cryptogram == nil {
		return emv.PINBlock(next)
	}
	var (
		room    pin.PIN
		current *pin.PIN
	)
	if c.Current != nil {
		current = &room
		if room, err = h.openPIN(ctx, c.Current); err != nil {
			return nil, ofCurrent(err)
		}
	}
	master, err := c.Session.cardKey(ctx, h, *c.Cryptogram)
	if err != nil {
		return nil, err
	}
	defer clear(master)
	return emv.VisaPINBlock(master, next, current)
}

// ofCurrent notes that a block that does not decode is that of the current PIN.
func ofCurrent(err error) error {
	if e, ok := errors.AsType[*PINBlockError](err); ok {
		e.Current = true
	}
	return err
}

// encipherScript enciphers the script block for the card.
func (h *HSM) encipherScript(ctx context.Context, c *PINChange, block []byte) ([]byte, error) {
	keys, err := h.openCard(ctx, c.Confidentiality, &c.Session)
	if err != nil {
		return nil, err
	}
	defer keys.clear()
	return emv.EncryptPIN(keys.session, c.Form, block)
}
