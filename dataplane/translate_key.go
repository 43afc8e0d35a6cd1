package dataplane

import (
	"context"
	"errors"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// TranslateKeyMaterial unwraps a key block under a key agreed on by ECDH and wraps its key
// under a stored key-encryption key.
func (c *Caller) TranslateKeyMaterial(ctx context.Context, in *TranslateKeyMaterialInput) (*TranslateKeyMaterialOutput, error) {
	return core.Run(ctx, c.caller, "TranslateKeyMaterial", in, translateKeyMaterial)
}

func translateKeyMaterial(ctx context.Context, c *core.Call, in *TranslateKeyMaterialInput) (*TranslateKeyMaterialOutput, error) {
	// Load and check: all keys in one snapshot, then the block and the other party's certificate.
	m, to := in.IncomingKeyMaterial.DiffieHellmanTr31KeyBlock, in.OutgoingKeyMaterial.Tr31KeyBlock
	keys, err := c.Keys(
		ctx,
		need(c.Op, "", fieldKeyPair, m.PrivateKeyIdentifier),
		need(c.Op, "", fieldKeyAuthority, m.CertificateAuthorityPublicKeyIdentifier),
		need(c.Op, "", fieldWrapping, to.WrappingKeyIdentifier),
	)
	if err != nil {
		return nil, err
	}
	if err := c.Throttle(keys); err != nil {
		return nil, err
	}
	const field = fieldAgreed + ".WrappedKeyBlock"
	t := &translation{c: c, asked: in.KeyCheckValueAlgorithm}
	if t.Block, err = tr31.Parse(m.WrappedKeyBlock, tr31.Lenient); err != nil {
		return nil, core.BlockError(c, field, err)
	}
	if err := t.checkBlock(m, field); err != nil {
		return nil, err
	}
	peer, _, err := core.Peer(ctx, c, m.PublicKeyCertificate, fieldAgreed+".PublicKeyCertificate", &keys[0], &keys[1], fieldKeyAuthority)
	if err != nil {
		return nil, err
	}
	t.From, t.To, t.Now, t.CheckValue = m.agreement(&keys[0], peer), keys[2].Ref(), c.Now, t.checkValue
	// HSM: the only step that handles key material.
	block, value, err := c.Cloud.HSM.TranslateKeyBlock(ctx, &t.KeyBlockTranslation)
	if err != nil {
		return nil, translationError(c, field, m, &keys[0], err)
	}
	return &TranslateKeyMaterialOutput{
		WrappedKey: WrappedWorkingKey{WrappedKeyMaterial: block, KeyCheckValue: core.ShownCheckValue(value),
			WrappedKeyMaterialFormat: apc.WrappedKeyMaterialFormatTR31KeyBlock},
	}, nil
}

// translation is the translation of a key block from one protection key to the
// other.
type translation struct {
	hsm.KeyBlockTranslation
	c     *core.Call
	asked *apc.KeyCheckValueAlgorithm
}

// checkBlock holds the header of the block to the agreed key and to what may be translated.
func (t *translation) checkBlock(m *IncomingDiffieHellmanTr31KeyBlock, field string) error {
	derived := core.AlgorithmNamed(m.DeriveKeyAlgorithm)
	if !core.Ciphers.Has(derived) { // GUESS G-derived-hmac
		return core.Invalid(
			"The derived key algorithm is invalid for the operation.",
			core.Because(apc.RuleKeyAlgorithm, fieldAgreed+".DeriveKeyAlgorithm", core.ProblemDerivedAlgorithm,
				string(m.DeriveKeyAlgorithm), "an AES or TDES algorithm"),
		)
	}
	h := t.Block.Header
	if err := core.CheckBlockVersion(h.Version, derived, field); err != nil {
		return err
	}
	if h.Exportability == 'N' { // GUESS G-translate-not-exportable
		return core.Invalid(blockMessage, core.Because(apc.RuleExportability, field, problemNotExported, "N", "E or S"))
	}
	if core.AlgorithmsOf(h.Algorithm, t.hm()) == nil {
		return core.Invalid(
			blockMessage,
			core.Because(apc.RuleKeyAlgorithm, field, core.ProblemBlockAlgorithm, string(rune(h.Algorithm)),
				"T, A, or H with an HM block"),
		)
	}
	return nil
}

// hm is the HM block, which an HMAC key has.
func (t *translation) hm() string {
	b, _ := t.Block.Header.Block("HM")
	return b.Data
}

// agreement is how the protection key of the block is derived.
func (m *IncomingDiffieHellmanTr31KeyBlock) agreement(pair *core.Key, peer []byte) hsm.Agreement {
	derived := core.AlgorithmNamed(m.DeriveKeyAlgorithm)
	return hsm.Agreement{
		Pair:      pair.Ref(),
		Peer:      peer,
		KDF:       core.DerivationFunctions[m.KeyDerivationFunction],
		Hash:      core.DerivationHashes[m.KeyDerivationHashAlgorithm],
		Info:      bytesOf(*m.DerivationData.SharedInformation),
		Algorithm: derived.Letter,
		Bits:      derived.Bits,
	}
}

// checkValue decides on the key once its length is known and authenticated.
func (t *translation) checkValue(bits int) (kcv.Method, error) {
	var name apc.KeyCheckValueAlgorithm
	if t.asked != nil {
		name = *t.asked
	}
	candidates := core.AlgorithmsOf(t.Block.Header.Algorithm, t.hm())
	for _, a := range candidates {
		if a.Bits != bits && a.Letter != hsm.HMAC {
			continue
		}
		check, ok := a.Check(name)
		if !ok {
			return 0, core.Invalid(
				"The key check value algorithm is invalid for the key.",
				core.Because(apc.RuleKeyCheckValueAlgorithm, "KeyCheckValueAlgorithm", core.ProblemCheckAlgorithm,
					string(name), a.CheckNames()),
			)
		}
		return check.Method, nil
	}
	return 0, core.Foldable(t.c, core.Because(apc.RuleKeyLength, fieldAgreed+".WrappedKeyBlock", core.ProblemKeyLength,
		wording.Count(bits, "bit"), core.LengthsOf(candidates)))
}

// translationError is why a block was not translated.
func translationError(c *core.Call, field string, m *IncomingDiffieHellmanTr31KeyBlock, pair *core.Key, err error) error {
	if refusal, ok := errors.AsType[*apc.Error](err); ok { // of checkValue
		return refusal
	}
	if errors.Is(err, hsm.ErrInput) {
		return commandError(c, fieldAgreed+".PublicKeyCertificate", err)
	}
	return core.AgreedBlockError(c, field, &core.Derivation{Derived: m.DeriveKeyAlgorithm, KDF: m.KeyDerivationFunction,
		Hash: m.KeyDerivationHashAlgorithm, Info: *m.DerivationData.SharedInformation}, pair, err)
}
