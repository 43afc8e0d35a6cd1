package hsm

import (
	"context"
	"fmt"

	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr34"
)

// ImportTR34 opens a TR-34 key token with the key pair of its receiver and seals
// the key inside. Refusals of the token are a [*tr34.Error] with their exact class.
// An error of admit is returned as it is. The caller checks whether the token's
// nonce or signing time was seen before.
func (h *HSM) ImportTR34(ctx context.Context, krd KeyRef, t *tr34.Token, c *tr34.Check, admit Admit) (Made, error) {
	p, err := h.use(ctx, krd)
	if err != nil {
		return Made{}, err
	}
	defer h.cache.release(p)
	opened, err := t.Open(&decrypter{ctx, p.key}, c)
	if err != nil {
		return Made{}, err
	}
	defer clear(opened.Key)
	return h.admitKey(ctx, opened.Key, admit)
}

// ExportTR34 makes a TR-34 key token around key material, signed by a key pair, and
// computes the material's check value. The sealing's Signer is nil, since it is
// that key pair; another is ErrInput. Refusals of the sealing are a [*tr34.Error].
func (h *HSM) ExportTR34(ctx context.Context, s tr34.Sealing, signer KeyRef, k Material, m kcv.Method) ([]byte, kcv.Value, error) {
	if s.Signer != nil {
		return nil, kcv.Value{}, fmt.Errorf("%w: the sealing has a signer of its own", ErrInput)
	}
	secret, value, err := h.material(ctx, k, m)
	if err != nil {
		return nil, kcv.Value{}, err
	}
	defer secret.Destroy()
	if s.KDH != nil {
		if s.Signer, err = h.Signer(ctx, signer, s.KDH.RawSubjectPublicKeyInfo); err != nil {
			return nil, kcv.Value{}, err
		}
	}
	out, err := tr34.Seal(&s, secret.bytes())
	return out, value, err
}
