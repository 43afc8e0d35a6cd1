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

// open is the material in the clear. The handle on its key stays prepared, as
// that of the key above it does: what is exported once often is again, and a
// device opens a seal slower than it does anything else with the key.
func (h *HSM) open(ctx context.Context, k Material) (Secret, error) {
	p, err := h.use(ctx, k.Key)
	if err != nil {
		return Secret{}, err
	}
	defer h.cache.release(p)
	if k.KSN != nil {
		return initialKey(ctx, p.key, k.Key.Attributes, k.KSN)
	}
	return p.key.Reveal(ctx)
}
