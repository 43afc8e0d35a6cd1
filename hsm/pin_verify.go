package hsm

import (
	"context"
	"crypto/cipher"
	"strings"

	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/pin"
)

// VisaPVV is how Visa's PIN verification values are computed.
type VisaPVV struct {
	Key   KeyRef // PIN verification key, TDES
	PAN   PAN    // 12 to 19 digits
	Index int    // PIN verification key index, 0 to 9; the service takes 0 to 6
}

// IBM3624 is how natural PINs and offsets are computed (IBM 3624).
type IBM3624 struct {
	Key            KeyRef // PIN verification key, TDES
	Table          string // decimalization table: 16 decimal digits
	ValidationData PAN    // 1 to 16 digits, usually of the account number
	Pad            byte   // '0' to '9' or 'A' to 'F': fills the data to 16 digits on the right
}

// PINValue is an enciphered PIN block and what its PIN is verified with.
type PINValue struct {
	Block []byte
	Value string // the PVV, 4 digits; or the offset, as long as the PIN
}

// GeneratePVV draws a PIN of 4 to 12 digits, each with the same chance, enciphers it and
// computes its PVV.
func (h *HSM) GeneratePVV(ctx context.Context, to *PINForm, v *VisaPVV, length int) (PINValue, error) {
	return h.newPIN(ctx, to, v, length)
}

// PVV computes the PVV of the PIN in a block, and enciphers the PIN anew: Block differs from
// the one given where the format has random fill. A length other than 0 is the length
// that the PIN must have, else it is a *pin.Error of rule pin-length.
func (h *HSM) PVV(ctx context.Context, b *PINBlock, v *VisaPVV, length int) (PINValue, error) {
	return h.givenPIN(ctx, b, v, length)
}

// VerifyPVV compares the PVV of the PIN in a block with a value, in constant time.
func (h *HSM) VerifyPVV(ctx context.Context, b *PINBlock, v *VisaPVV, pvv string) (Verdict, error) {
	return h.verifyPIN(ctx, b, v, pvv)
}

// GenerateOffset draws a PIN of 4 to 12 digits, each with the same chance, enciphers it and
// computes its offset.
func (h *HSM) GenerateOffset(ctx context.Context, to *PINForm, m *IBM3624, length int) (PINValue, error) {
	return h.newPIN(ctx, to, m, length)
}

// NaturalPIN enciphers the natural PIN of 4 to 12 digits. Its offset is zeros.
func (h *HSM) NaturalPIN(ctx context.Context, to *PINForm, m *IBM3624, length int) (PINValue, error) {
	// A length out of range makes an offset that PINFromOffset refuses for its length.
	return h.PINFromOffset(ctx, to, m, strings.Repeat("0", min(max(length, 0), pin.MaxLength+1)))
}

// PINFromOffset enciphers the PIN that an offset of 4 to 12 digits belongs to.
func (h *HSM) PINFromOffset(ctx context.Context, to *PINForm, m *IBM3624, offset string) (PINValue, error) {
	pvk, err := h.openPVK(ctx, m.Key)
	if err != nil {
		return PINValue{}, err
	}
	defer pvk.close()
	method := m.method()
	p, err := method.PIN(pvk.block(), offset)
	if err := pvk.outcome(err); err != nil {
		return PINValue{}, err
	}
	block, err := h.sealPIN(ctx, to, p)
	if err != nil {
		return PINValue{}, err
	}
	return PINValue{block, offset}, nil
}

// PINOffset computes the offset of the PIN in a block, and enciphers the PIN anew, as
// [HSM.PVV] does.
func (h *HSM) PINOffset(ctx context.Context, b *PINBlock, m *IBM3624, length int) (PINValue, error) {
	return h.givenPIN(ctx, b, m, length)
}

// VerifyOffset compares the PIN in a block with the one that an offset of 4 to 12 digits
// belongs to, in constant time. A PIN of another length than the offset is not verified.
func (h *HSM) VerifyOffset(ctx context.Context, b *PINBlock, m *IBM3624, offset string) (Verdict, error) {
	return h.verifyPIN(ctx, b, m, offset)
}

// pinMethod is a method of PIN verification: VisaPVV or IBM3624.
type pinMethod interface {
	pvk() KeyRef
	// value is what a PIN is verified with.
	value(pvk cipher.Block, p pin.PIN) (string, error)
	// verify compares in constant time.
	verify(pvk cipher.Block, p pin.PIN, value string) (bool, error)
}

// newPIN draws a PIN.
func (h *HSM) newPIN(ctx context.Context, to *PINForm, m pinMethod, length int) (PINValue, error) {
	random := &deviceRandom{ctx: ctx, backend: h.backend}
	defer random.clear()
	p, err := pin.Random(random, length)
	if err != nil {
		return PINValue{}, err
	}
	return h.valued(ctx, to, m, p)
}

// givenPIN reads the PIN of a block.
func (h *HSM) givenPIN(ctx context.Context, b *PINBlock, m pinMethod, length int) (PINValue, error) {
	p, err := h.openPIN(ctx, b)
	if err != nil {
		return PINValue{}, err
	}
	if length != 0 && length != p.Len() {
		return PINValue{}, &pin.Error{Rule: pin.RuleLength, Problem: problemPINLength, Wanted: wording.Count(length, "digit")}
	}
	return h.valued(ctx, &PINForm{b.Key, b.Format, b.PAN}, m, p)
}

// valued computes what a PIN is verified with, and enciphers the PIN.
func (h *HSM) valued(ctx context.Context, to *PINForm, m pinMethod, p pin.PIN) (PINValue, error) {
	pvk, err := h.openPVK(ctx, m.pvk())
	if err != nil {
		return PINValue{}, err
	}
	defer pvk.close()
	value, err := m.value(pvk.block(), p)
	if err := pvk.outcome(err); err != nil {
		return PINValue{}, err
	}
	block, err := h.sealPIN(ctx, to, p)
	if err != nil {
		return PINValue{}, err
	}
	return PINValue{block, value}, nil
}

func (h *HSM) verifyPIN(ctx context.Context, b *PINBlock, m pinMethod, value string) (Verdict, error) {
	p, err := h.openPIN(ctx, b)
	if err != nil {
		return Undecided, err
	}
	pvk, err := h.openPVK(ctx, m.pvk())
	if err != nil {
		return Undecided, err
	}
	defer pvk.close()
	equal, err := m.verify(pvk.block(), p, value)
	if err := pvk.outcome(err); err != nil {
		return Undecided, err
	}
	return verdict(equal), nil
}

// openPVK readies a PIN verification key. The caller closes it.
func (h *HSM) openPVK(ctx context.Context, k KeyRef) (working, error) {
	if k.Attributes.Algorithm != TDES {
		return working{}, ErrRefused
	}
	return h.openStored(ctx, k)
}

func (v *VisaPVV) pvk() KeyRef { return v.Key }

func (v *VisaPVV) value(pvk cipher.Block, p pin.PIN) (string, error) {
	return pin.PVV(pvk, v.PAN.digits(), v.Index, p)
}

func (v *VisaPVV) verify(pvk cipher.Block, p pin.PIN, pvv string) (bool, error) {
	return pin.VerifyPVV(pvk, v.PAN.digits(), v.Index, p, pvv)
}

func (m *IBM3624) pvk() KeyRef { return m.Key }

func (m *IBM3624) method() *pin.IBM3624 {
	return &pin.IBM3624{Table: m.Table, ValidationData: m.ValidationData.digits(), Pad: m.Pad}
}

func (m *IBM3624) value(pvk cipher.Block, p pin.PIN) (string, error) {
	return m.method().Offset(pvk, p)
}

func (m *IBM3624) verify(pvk cipher.Block, p pin.PIN, offset string) (bool, error) {
	want, err := m.method().PIN(pvk, offset) // it checks the offset too
	return err == nil && p.Equal(want), err
}
