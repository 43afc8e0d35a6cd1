package hsm

import (
	"context"

	"github.com/seed748fb4d1/apcsim/kcv"
)

// Material is what an export wraps: a symmetric key or, where there is a key
// serial number, the initial DUKPT key that it derives as a base derivation
// key. The number is 10 bytes for TDES, 12 for AES; its counter is ignored.
type Material struct {
	Key KeyRef
	KSN []byte // nil: the key itself
}

// reveal is the material in the clear, for one command, and its check value.
// The caller destroys it.
func (h *HSM) reveal(ctx context.Context, k Material, m kcv.Method) (Secret, kcv.Value, error) {
	secret, err := h.open(ctx, k)
	if err != nil {
		return Secret{}, kcv.Value{}, err
	}
	value, err := m.Compute(secret.bytes())
	if err != nil {
		secret.Destroy()
	}
	return secret, value, err
}

func (h *HSM) open(ctx context.Context, k Material) (Secret, error) {
	if k.KSN != nil {
		return h.initialKey(ctx, k.Key, k.KSN)
	}
	key, err := h.backend.Open(ctx, k.Key.Sealed, k.Key.Attributes)
	if err != nil {
		return Secret{}, err
	}
	defer key.Close()
	return key.Reveal(ctx)
}
