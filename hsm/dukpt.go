package hsm

import (
	"context"
	"fmt"

	"github.com/seed748fb4d1/apcsim/dukpt"
)

// initialKey derives the initial DUKPT key of a key serial number from a base derivation
// key. The AES derivation and the left half of the TDES one are the device's.
func (p *prepared) initialKey(ctx context.Context, ksn []byte) (Secret, error) {
	switch a := p.attributes.Algorithm; {
	case a == AES && len(ksn) == len(dukpt.AESKSN{}):
		return p.initialAES(ctx, dukpt.AESKSN(ksn))
	case a == TDES && len(ksn) == len(dukpt.TDESKSN{}):
		return p.initialTDES(ctx, dukpt.TDESKSN(ksn))
	}
	return Secret{}, fmt.Errorf("%w: a key serial number of %d bytes with a base derivation key of algorithm %v",
		ErrInput, len(ksn), p.attributes.Algorithm)
}

func (p *prepared) initialAES(ctx context.Context, ksn dukpt.AESKSN) (Secret, error) {
	bdk := p.working(ctx)
	out, err := dukpt.InitialAES(bdk.block(), p.attributes.Bits, ksn.InitialKeyID())
	if err := bdk.outcome(err); err != nil {
		clear(out)
		return Secret{}, err
	}
	return adopt(out), nil
}

func (p *prepared) initialTDES(ctx context.Context, ksn dukpt.TDESKSN) (Secret, error) {
	variant, err := p.variantBDK(ctx)
	if err != nil {
		return Secret{}, err
	}
	bdk := p.working(ctx)
	out := dukpt.InitialTDES(bdk.block(), variant.block, ksn)
	if err := bdk.outcome(nil); err != nil {
		clear(out)
		return Secret{}, err
	}
	return adopt(out), nil
}

// variantBDK is the variant of a TDES base derivation key, under which the right half of an
// initial key is made. It is in host memory and stays prepared.
func (p *prepared) variantBDK(ctx context.Context) (*softwareKey, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.variant != nil {
		return p.variant, nil
	}
	revealed, err := revealFor(ctx, p.key, p.attributes, revealDUKPT)
	if err != nil {
		return nil, err
	}
	defer revealed.Destroy()
	raw, err := dukpt.Variant(revealed.bytes())
	if err != nil {
		return nil, err
	}
	variant, err := hostKey(TDES, raw)
	if err != nil {
		return nil, err
	}
	variant.cipher() // here, since others may use it at once
	p.variant = variant
	return variant, nil
}
