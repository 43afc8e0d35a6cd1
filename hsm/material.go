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

// material is what an export wraps, in the clear, and its check value. The caller
// destroys it.
func (h *HSM) material(ctx context.Context, k Material, m kcv.Method) (Secret, kcv.Value, error) {
	secret, err := h.clearMaterial(ctx, k)
	if err != nil {
		return Secret{}, kcv.Value{}, err
	}
	value, err := m.Compute(secret.bytes())
	if err != nil {
		secret.Destroy()
	}
	return secret, value, err
}

// clearMaterial is the material without its check value. The key stays prepared:
// one that was exported often is again, and opening a seal is the slowest call
// of a device.
func (h *HSM) clearMaterial(ctx context.Context, k Material) (Secret, error) {
	p, err := h.use(ctx, k.Key)
	if err != nil {
		return Secret{}, err
	}
	defer h.cache.release(p)
	if k.KSN != nil {
		return p.initialKey(ctx, k.KSN)
	}
	return revealFor(ctx, p.key, k.Key.Attributes, revealExport)
}
