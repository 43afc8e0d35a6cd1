package hsm

import (
	"bytes"
	"context"
	"fmt"

	"github.com/seed748fb4d1/apcsim/internal/tdes"
)

// KEKMask is which variants of a key-encryption key a validation uses (AS 2805.6.2).
type KEKMask int

// The masks.
const (
	KEKMask82   KEKMask = iota // 82 repeated for what is sent, 84 for what is received
	KEKMask82C0                // 82C0 and 84C0 repeated (GUESS G-kek-mask-82c0)
)

// kekMasks are the variants of what the requesting party sends, and of what it then receives.
var kekMasks = [...]struct{ send, receive Variant }{
	KEKMask82:   {Variant{0x82, 0x82}, Variant{0x84, 0x84}},
	KEKMask82C0: {Variant{0x82, 0xC0}, Variant{0x84, 0xC0}},
}

// KEKValidation is what two parties exchange to see that they have the same
// key-encryption key.
type KEKValidation struct {
	Send    []byte // a random key, as the requesting party sends it
	Receive []byte // its inverse with odd parity, as the other party answers
}

// RequestKEKValidation draws a random key of 8, 16 or 24 bytes and encrypts it, and its
// inverse, under variants of a TDES key-encryption key, by CBC with a zero IV (AS 2805.6.2). Send
// is for the other party, whose answer must be Receive. Another length is ErrInput.
func (h *HSM) RequestKEKValidation(ctx context.Context, kek KeyRef, mask KEKMask, length int) (KEKValidation, error) {
	if err := checkKEKValidation(mask, length); err != nil {
		return KEKValidation{}, err
	}
	random := make([]byte, length)
	defer clear(random)
	if err := h.backend.Random(ctx, random); err != nil {
		return KEKValidation{}, err
	}
	send, receive, err := h.kekMasked(ctx, kek, mask)
	if err != nil {
		return KEKValidation{}, err
	}
	defer send.Close()
	defer receive.Close()
	sent := bytes.Clone(random)
	if err := send.Encrypt(ctx, CBC, make([]byte, 8), sent); err != nil {
		clear(sent)
		return KEKValidation{}, err
	}
	return invertKEKValidation(ctx, receive, sent, random)
}

// AnswerKEKValidation is the other party's side of [HSM.RequestKEKValidation]: from what was sent
// it makes the answer. A length that is not 8, 16 or 24 bytes is ErrInput. It cannot find out
// whether what was sent was made under the same key: the requesting party compares the answer.
func (h *HSM) AnswerKEKValidation(ctx context.Context, kek KeyRef, mask KEKMask, sent []byte) (KEKValidation, error) {
	if err := checkKEKValidation(mask, len(sent)); err != nil {
		return KEKValidation{}, err
	}
	send, receive, err := h.kekMasked(ctx, kek, mask)
	if err != nil {
		return KEKValidation{}, err
	}
	defer send.Close()
	defer receive.Close()
	random := bytes.Clone(sent)
	defer clear(random)
	if err := send.Decrypt(ctx, CBC, make([]byte, 8), random); err != nil {
		return KEKValidation{}, err
	}
	return invertKEKValidation(ctx, receive, bytes.Clone(sent), random)
}

// kekMasked is the key-encryption key under both masks, in host memory. The caller closes
// both.
func (h *HSM) kekMasked(ctx context.Context, kek KeyRef, mask KEKMask) (send, receive Key, err error) {
	secret, err := h.revealKEK(ctx, kek)
	if err != nil {
		return nil, nil, err
	}
	defer secret.Destroy()
	m := kekMasks[mask]
	return newHostKeys(TDES, tdes.Variant(secret.bytes(), m.send[:]...), tdes.Variant(secret.bytes(), m.receive[:]...))
}

// invertKEKValidation makes the answer from the random key, which it changes.
func invertKEKValidation(ctx context.Context, receive Key, sent, random []byte) (KEKValidation, error) {
	for i := range random {
		random[i] ^= 0xFF
	}
	tdes.SetOddParity(random)
	answer := bytes.Clone(random)
	if err := receive.Encrypt(ctx, CBC, make([]byte, 8), answer); err != nil {
		clear(answer)
		return KEKValidation{}, err
	}
	return KEKValidation{Send: sent, Receive: answer}, nil
}

func checkKEKValidation(mask KEKMask, length int) error {
	if mask < 0 || int(mask) >= len(kekMasks) {
		return fmt.Errorf("%w: KEK validation with mask %d", ErrInput, int(mask))
	}
	if length != 8 && length != 16 && length != 24 {
		return fmt.Errorf("%w: KEK validation with a random key of %d bytes, want 8, 16 or 24", ErrInput, length)
	}
	return nil
}
