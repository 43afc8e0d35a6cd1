package hsm

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed748fb4d1/apcsim/pin"
)

// PINBlock is an enciphered PIN block and what is needed to read it.
//
// A block that does not decode is a [*PINBlockError]: its fill, length or digits are wrong,
// most often because it was made with another key or account number. An account number
// of the wrong form is a *pin.Error, and a key whose block size does not fit the format
// ErrRefused.
type PINBlock struct {
	Key    WorkingKey // PIN encryption key: TDES, for pin.ISO4 AES
	Format pin.Format
	Block  []byte // 8 bytes, of pin.ISO4 16
	PAN    PAN    // for the formats that use it: 12 to 19 digits
}

// PINForm is how a PIN is enciphered. Its errors are those of [PINBlock].
type PINForm struct {
	Key    WorkingKey // PIN encryption key: TDES, for pin.ISO4 AES
	Format pin.Format
	PAN    PAN // for the formats that use it: 12 to 19 digits
}

// PINBlockError is a PIN block that does not decode. It names what is wrong with it, down to the
// position of a digit, and shows no digit of the PIN. A program that reports refusals to an
// untrusted party leaves Reason out: a party that can try many account numbers can find a PIN with
// it.
type PINBlockError struct {
	Reason  *pin.Error
	Current bool // of a [PINChange]: the block is that of the current PIN
}

// Error is "hsm: the PIN block does not decode: " and the reason.
func (e *PINBlockError) Error() string {
	return "hsm: the PIN block does not decode: " + e.Reason.Error()
}

// Unwrap is the reason.
func (e *PINBlockError) Unwrap() error { return e.Reason }

// openPIN reads the PIN of an enciphered block.
func (h *HSM) openPIN(ctx context.Context, b *PINBlock) (pin.PIN, error) {
	w, err := h.open(ctx, b.Key, forPIN)
	if err != nil {
		return pin.PIN{}, err
	}
	defer w.close()
	return w.readPIN(b)
}

// readPIN is openPIN with an open key.
func (w *working) readPIN(b *PINBlock) (pin.PIN, error) {
	if err := w.takesFormat(b.Format); err != nil {
		return pin.PIN{}, err
	}
	p, err := pin.Decrypt(w.block(), b.Format, b.Block, b.PAN.digits())
	if err := w.outcome(err); err != nil {
		return pin.PIN{}, blockError(err)
	}
	return p, nil
}

// writePIN enciphers a PIN with an open key.
func (w *working) writePIN(ctx context.Context, f *PINForm, p pin.PIN) ([]byte, error) {
	if err := w.takesFormat(f.Format); err != nil {
		return nil, err
	}
	random := &deviceRandom{ctx: ctx, backend: w.hsm.backend}
	defer random.clear()
	out, err := pin.Encrypt(w.block(), f.Format, p, f.PAN.digits(), random)
	if err := w.outcome(err); err != nil {
		return nil, err
	}
	return out, nil
}

// takesFormat refuses a key whose blocks do not have the size of the format's.
func (w *working) takesFormat(f pin.Format) error {
	if size := w.size(); size != f.Size() {
		return fmt.Errorf("%w: a key of algorithm %v with a PIN block of %v", ErrRefused, w.algorithm, f)
	}
	return nil
}

// blockRules are the rules that a block breaks which does not decode.
var blockRules = map[pin.Rule]bool{
	pin.RuleBlock:   true,
	pin.RuleControl: true,
	pin.RuleLength:  true,
	pin.RuleDigits:  true,
	pin.RuleFill:    true,
}

// blockError makes a PINBlockError of the error of a block that does not decode.
func blockError(err error) error {
	if reason, ok := errors.AsType[*pin.Error](err); ok && blockRules[reason.Rule] {
		return &PINBlockError{Reason: reason}
	}
	return err
}

// deviceRandom is the device's random bytes as an io.Reader for one command. It asks for
// several at a time, since each call may be one to a token.
type deviceRandom struct {
	ctx     context.Context // of the command
	backend Backend
	buffer  [32]byte
	left    int // bytes at the end of the buffer that were not read yet
}

func (r *deviceRandom) Read(p []byte) (int, error) {
	if r.left == 0 {
		if err := r.backend.Random(r.ctx, r.buffer[:]); err != nil {
			return 0, err
		}
		r.left = len(r.buffer)
	}
	n := copy(p, r.buffer[len(r.buffer)-r.left:])
	r.left -= n
	return n, nil
}

func (r *deviceRandom) clear() { clear(r.buffer[:]) }
