package hsm

import (
	"context"
	"crypto/subtle"
	"fmt"

	"github.com/seed748fb4d1/apcsim/emv"
)

// ARPC is which response cryptogram VerifyARQC computes (EMV Book 2, section 8.2).
type ARPC struct {
	Method       int     // 1 or 2
	ResponseCode [2]byte // method 1: authorization response code
	StatusUpdate [4]byte // method 2: card status update
	Proprietary  []byte  // method 2: proprietary authentication data, up to 8 bytes
}

// ARQC computes the application cryptogram, 8 bytes, of transaction data that the caller has
// padded to whole blocks of 8 bytes. The key is the issuer's key for cryptograms.
// Data that is not whole blocks is a *mac.Error.
func (h *HSM) ARQC(ctx context.Context, k KeyRef, e EMV, data []byte) ([]byte, error) {
	c, err := h.openCard(ctx, k, &e)
	if err != nil {
		return nil, err
	}
	defer c.clear()
	return emv.Cryptogram(c.session, data)
}

// VerifyARQC compares an application cryptogram with the data's, in constant time. If it is
// right and an ARPC is asked for, it returns that as well: 8 bytes of method 1, 4 of
// method 2. The ARPC's key is the session key of the cryptogram, for M/Chip the card's
// master key.
func (h *HSM) VerifyARQC(ctx context.Context, k KeyRef, e EMV, data []byte, arqc [8]byte, r *ARPC) (Verdict, []byte, error) {
	if r != nil && r.Method != 1 && r.Method != 2 {
		return Undecided, nil, fmt.Errorf("%w: ARPC method %d", ErrInput, r.Method)
	}
	c, err := h.openCard(ctx, k, &e)
	if err != nil {
		return Undecided, nil, err
	}
	defer c.clear()
	want, err := emv.Cryptogram(c.session, data)
	if err != nil {
		return Undecided, nil, err
	}
	var response []byte
	if r != nil { // before the comparison: a refused argument is refused with any cryptogram
		if response, err = r.compute(c.arpcKey(e.Session), arqc); err != nil {
			return Undecided, nil, err
		}
	}
	if subtle.ConstantTimeCompare(want, arqc[:]) != 1 {
		return NotVerified, nil, nil
	}
	return Verified, response, nil
}

func (r *ARPC) compute(key []byte, arqc [8]byte) ([]byte, error) {
	if r.Method == 1 {
		return emv.ARPC1(key, arqc, r.ResponseCode)
	}
	return emv.ARPC2(key, arqc, r.StatusUpdate, r.Proprietary)
}

// card is the keys of one card, in the clear, for the length of a command.
type card struct{ master, session []byte }

// openCard derives the keys of a card. The caller clears them.
func (h *HSM) openCard(ctx context.Context, k KeyRef, e *EMV) (card, error) {
	master, err := e.cardKey(ctx, h, k)
	if err != nil {
		return card{}, err
	}
	session, err := e.sessionKey(master)
	if err != nil {
		clear(master)
		return card{}, err
	}
	return card{master, session}, nil
}

func (c *card) clear() {
	clear(c.master)
	clear(c.session)
}

// arpcKey is the key of response cryptograms. For M/Chip it is the master key by Mastercard's
// own rules; that the service does so is a GUESS G-mchip-response-key. For EMV 2000 and UnionPay the
// session key is a GUESS G-response-session-key.
func (c *card) arpcKey(s Session) []byte {
	if s == SessionMChip {
		return c.master
	}
	return c.session
}
