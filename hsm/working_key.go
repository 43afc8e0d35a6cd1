package hsm

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"

	"github.com/seed748fb4d1/apcsim/cvv"
	"github.com/seed748fb4d1/apcsim/dukpt"
	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/internal/tdes"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/mac"
	"github.com/seed748fb4d1/apcsim/pin"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// WorkingKey is the key that a command of the data plane works with: a stored key
// itself, or one that is derived from it. A derived key is in host memory for the
// length of the command and is cleared at its end.
//
// A command does not look at the usage and the mode of use of a stored key: that is
// for its caller. It refuses a key whose algorithm does not fit with [ErrRefused].
type WorkingKey struct {
	Key    KeyRef
	Derive Derivation // nil: the key itself
}

// Derivation is how a working key is derived from a stored one: a [DUKPT], an
// [EMV], an [ECDH], a [WrappedKey] or an [AS2805PIN]; or a key that was derived
// already, a [HeldKey].
type Derivation interface {
	// derive returns the derived key, an AES or TDES key, for a purpose.
	derive(ctx context.Context, h *HSM, k KeyRef, use purpose) (*softwareKey, error)
}

// purpose is what a command does with its key. DUKPT has a key for each.
type purpose int

const (
	forData purpose = iota
	forMAC
	forPIN
)

// Direction is the way of the message that a DUKPT working key protects. A request
// goes from the terminal to the host. PIN keys have no direction.
type Direction int

// The directions.
const (
	Request Direction = iota
	Response
	BothWays
)

// DUKPT derives a working key of one transaction from a base derivation key, AES or TDES. A
// transaction has a key for PINs, keys for MACs and keys for data. A command that reads or makes a
// PIN block derives the key for PINs; MAC and VerifyMAC derive one for MACs; Encrypt, Decrypt and
// ReEncrypt derive one for data. Direction chooses among the keys for MACs and among those for
// data.
//
// A key serial number that does not fit and a derived key that would be stronger than
// the base derivation key are a *dukpt.Error.
type DUKPT struct {
	// KSN is the key serial number in hexadecimal digits: 20 or 16 with a TDES key,
	// 24 with an AES key.
	KSN string
	// Type is the algorithm of the derived key. A TDES base derivation key derives
	// only dukpt.TDES2.
	Type      dukpt.KeyType
	Direction Direction
}

// Session is how a session key is derived from a card's master key.
type Session int

// The derivations of session keys; see package emv.
const (
	SessionNone       Session = iota // the master key itself: cryptograms of Visa and American Express
	SessionCommon                    // the common method, from EMV.R
	SessionMChip                     // Mastercard M/Chip cryptograms, from EMV.ATC and EMV.UN
	SessionVisaScript                // scripts of Visa and American Express, from EMV.ATC
	SessionEMV2000                   // the tree of EMV 2000, from EMV.ATC
	SessionUnionPay                  // UnionPay, from EMV.ATC (GUESS G-unionpay-session)
)

// EMV derives a card's master key from an issuer's key, which is TDES, and from that a
// session key (EMV Book 2, annexes A1.3 and A1.4). An argument that does not fit is a
// *emv.Error.
type EMV struct {
	Option  emv.Option // of the master key
	PAN     PAN        // 12 to 19 digits
	PSN     string     // PAN sequence number, 2 digits
	Session Session

	R   [8]byte // SessionCommon: emv.CounterR(ATC) for cryptograms, the application cryptogram for scripts
	ATC [2]byte // application transaction counter
	UN  [4]byte // unpredictable number
}

// ECDH derives the working key from a key agreement. The stored key is the EC key pair.
// A peer that is no point of its curve is ErrInput. The caller has checked the peer's
// certificate.
type ECDH struct {
	Peer []byte // the other party's public key: an uncompressed point of the same curve
	KDF  KDF
	Hash crypto.Hash
	Info []byte // OtherInfo of ConcatKDF, SharedInfo of X963KDF

	Algorithm Algorithm // of the derived key: AES or TDES
	Bits      int       // its length
}

// WrappedKey is a working key that came with the request in a key block. The stored key is the
// block's protection key or, with Under, what that is derived from. Refusals of the block are a
// *tr31.Error with their exact class; a block whose key is neither AES nor TDES is ErrInput. The
// header is authenticated with the key, so that the fields that the caller has read before are
// authentic once the command has succeeded.
type WrappedKey struct {
	Block *tr31.Block
	Under *ECDH // nil: the stored key protects the block
}

// Verdict is the result of a verification that could be done.
type Verdict int

// The verdicts. Undecided always comes with an error: the arguments were refused, or
// the device could not do its work.
const (
	Undecided Verdict = iota
	Verified
	NotVerified
)

// String is "verified", "not verified" or "undecided".
func (v Verdict) String() string {
	switch v {
	case Verified:
		return "verified"
	case NotVerified:
		return "not verified"
	}
	return "undecided"
}

// verdict turns a comparison into a Verdict.
func verdict(equal bool) Verdict {
	if equal {
		return Verified
	}
	return NotVerified
}

// IsArgument reports whether an error of a command refuses an argument, so that the command may
// succeed with another one: it is ErrInput or an error of one of the packages of formats and
// algorithms. Any other error means that the device could not do its work, or that the key is not
// one for the command.
func IsArgument(err error) bool {
	var (
		ofMAC   *mac.Error
		ofPIN   *pin.Error
		ofCVV   *cvv.Error
		ofEMV   *emv.Error
		ofDUKPT *dukpt.Error
		ofTR31  *tr31.Error
	)
	return errors.Is(err, ErrInput) || errors.As(err, &ofMAC) || errors.As(err, &ofPIN) || errors.As(err, &ofCVV) ||
		errors.As(err, &ofEMV) || errors.As(err, &ofDUKPT) || errors.As(err, &ofTR31)
}

// HeldKey is a derived key that stays in host memory from one command to the next, so that
// it is derived once: a [Derivation] that derives nothing. One goroutine at a time uses it, and
// Close clears it.
type HeldKey struct{ key *softwareKey }

// Hold derives a key that is in a key block or is agreed on ([WrappedKey], [ECDH]), and
// computes its check value. The caller closes it.
func (h *HSM) Hold(ctx context.Context, k WorkingKey, m kcv.Method) (*HeldKey, kcv.Value, error) {
	if k.Derive == nil {
		return nil, kcv.Value{}, fmt.Errorf("%w: a stored key is not held", ErrInput)
	}
	key, err := k.Derive.derive(ctx, h, k.Key, forData)
	if err != nil {
		return nil, kcv.Value{}, err
	}
	value, err := checkValue(ctx, key, m)
	if err != nil {
		key.Close()
		return nil, kcv.Value{}, err
	}
	return &HeldKey{key}, value, nil
}

// Close clears the key. A command with it fails from then on.
func (k *HeldKey) Close() error { return k.key.Close() }

// Format prints no key, whatever the verb.
func (k HeldKey) Format(w fmt.State, _ rune) { io.WriteString(w, "HeldKey") }

func (k *HeldKey) derive(ctx context.Context, _ *HSM, _ KeyRef, _ purpose) (*softwareKey, error) {
	if k.key.closed.Load() {
		return nil, ErrClosed
	}
	return k.key, ctx.Err()
}

func (d DUKPT) derive(ctx context.Context, h *HSM, k KeyRef, use purpose) (*softwareKey, error) {
	if d.Direction < Request || d.Direction > BothWays {
		return nil, fmt.Errorf("%w: direction %d", ErrInput, d.Direction)
	}
	p, err := h.use(ctx, k)
	if err != nil {
		return nil, err
	}
	defer h.cache.release(p)
	switch k.Attributes.Algorithm {
	case TDES:
		return d.deriveTDES(ctx, p, use)
	case AES:
		return d.deriveAES(ctx, p, use)
	}
	return nil, ErrRefused
}

// tdesUses and aesUses are the working keys of a purpose by direction. Both ways is
// the request's key of TDES (X9.24-1) and a key of its own of AES (GUESS G-dukpt-both-ways: which keys
// the service takes for both ways).
var (
	tdesUses = [...][3]dukpt.TDESUse{
		forData: {dukpt.DataRequest, dukpt.DataResponse, dukpt.DataRequest},
		forMAC:  {dukpt.MACRequest, dukpt.MACResponse, dukpt.MACRequest},
		forPIN:  {dukpt.PIN, dukpt.PIN, dukpt.PIN},
	}
	aesUses = [...][3]dukpt.AESUse{
		forData: {dukpt.DataEncryption, dukpt.DataDecryption, dukpt.DataBoth},
		forMAC:  {dukpt.MACGeneration, dukpt.MACVerification, dukpt.MACBoth},
		forPIN:  {dukpt.PINEncryption, dukpt.PINEncryption, dukpt.PINEncryption},
	}
)

func (d DUKPT) deriveTDES(ctx context.Context, bdk *prepared, use purpose) (*softwareKey, error) {
	ksn, err := dukpt.ParseTDESKSN(d.KSN)
	if err != nil {
		return nil, err
	}
	if d.Type != dukpt.TDES2 {
		return nil, fmt.Errorf("%w: a TDES base derivation key derives double-length TDES keys alone", ErrInput)
	}
	initial, err := bdk.initialKey(ctx, ksn[:])
	if err != nil {
		return nil, err
	}
	defer initial.Destroy()
	raw, err := dukpt.WorkingTDES(initial.bytes(), ksn, tdesUses[use][d.Direction])
	if err != nil {
		return nil, err
	}
	return hostKey(TDES, raw)
}

func (d DUKPT) deriveAES(ctx context.Context, bdk *prepared, use purpose) (*softwareKey, error) {
	ksn, err := dukpt.ParseAESKSN(d.KSN)
	if err != nil {
		return nil, err
	}
	algorithm := AES
	switch d.Type {
	case dukpt.TDES2, dukpt.TDES3:
		algorithm = TDES
	case dukpt.AES128, dukpt.AES192, dukpt.AES256:
	default:
		return nil, fmt.Errorf("%w: the type of a DUKPT working key is AES or TDES", ErrInput)
	}
	initial, err := bdk.initialKey(ctx, ksn[:])
	if err != nil {
		return nil, err
	}
	defer initial.Destroy()
	raw, err := dukpt.WorkingAES(initial.bytes(), ksn, aesUses[use][d.Direction], d.Type)
	if err != nil {
		return nil, err
	}
	return hostKey(algorithm, raw)
}

func (e EMV) derive(ctx context.Context, h *HSM, k KeyRef, _ purpose) (*softwareKey, error) {
	master, err := e.cardKey(ctx, h, k)
	if err != nil {
		return nil, err
	}
	defer clear(master)
	raw, err := e.sessionKey(master)
	if err != nil {
		return nil, err
	}
	return hostKey(TDES, raw)
}

// cardKey is the card's master key, in the clear. The caller clears it.
func (e *EMV) cardKey(ctx context.Context, h *HSM, k KeyRef) ([]byte, error) {
	if k.Attributes.Algorithm != TDES {
		return nil, ErrRefused
	}
	out, err := emv.MasterKeyBlocks(e.Option, e.PAN.digits(), e.PSN)
	if err != nil {
		return nil, err
	}
	w, err := h.openStored(ctx, k)
	if err != nil {
		return nil, err
	}
	defer w.close()
	if err := w.key.Encrypt(ctx, ECB, nil, out); err != nil {
		clear(out)
		return nil, err
	}
	tdes.SetOddParity(out)
	return out, nil
}

// sessionKey is the session key of a card's master key. The caller clears it.
func (e *EMV) sessionKey(master []byte) ([]byte, error) {
	switch e.Session {
	case SessionNone:
		return append([]byte(nil), master...), nil
	case SessionCommon:
		return emv.CommonSession(master, e.R)
	case SessionMChip:
		return emv.MChipSession(master, e.ATC, e.UN)
	case SessionVisaScript:
		return emv.VisaScriptSession(master, e.ATC)
	case SessionEMV2000:
		return emv.EMV2000(master, e.ATC, emv.ServiceTree)
	case SessionUnionPay:
		return emv.UnionPaySession(master, e.ATC)
	}
	return nil, fmt.Errorf("%w: session key derivation %d", ErrInput, e.Session)
}

func (e ECDH) derive(ctx context.Context, h *HSM, k KeyRef, _ purpose) (*softwareKey, error) {
	raw, err := h.agreedKey(ctx, e.with(k))
	if err != nil {
		return nil, err
	}
	return hostKey(e.Algorithm, raw)
}

// with is the agreement with a key pair of ours.
func (e ECDH) with(pair KeyRef) *Agreement {
	return &Agreement{Pair: pair, Peer: e.Peer, KDF: e.KDF, Hash: e.Hash, Info: e.Info, Algorithm: e.Algorithm, Bits: e.Bits}
}

func (wk WrappedKey) derive(ctx context.Context, h *HSM, k KeyRef, _ purpose) (*softwareKey, error) {
	if wk.Block == nil {
		return nil, fmt.Errorf("%w: no key block", ErrInput)
	}
	raw, err := wk.unwrap(ctx, h, k)
	if err != nil {
		return nil, err
	}
	key, err := hostKey(Algorithm(wk.Block.Header.Algorithm), raw)
	if err != nil {
		return nil, fmt.Errorf("%w: the key in the block is no AES or TDES key", ErrInput)
	}
	return key, nil
}

func (wk WrappedKey) unwrap(ctx context.Context, h *HSM, k KeyRef) ([]byte, error) {
	if wk.Under != nil {
		kbpk, err := h.agree(ctx, wk.Under.with(k), wk.Block.Header.Version)
		if err != nil {
			return nil, err
		}
		return kbpk.Unwrap(ctx, wk.Block)
	}
	p, err := h.use(ctx, k)
	if err != nil {
		return nil, err
	}
	defer h.cache.release(p)
	kbpk, err := p.protection(ctx, wk.Block.Header.Version)
	if err != nil {
		return nil, err
	}
	return kbpk.Unwrap(ctx, wk.Block)
}
