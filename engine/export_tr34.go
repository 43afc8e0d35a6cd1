package engine

import (
	"context"
	"crypto/x509"
	"errors"
	"strings"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/tr34"
)

func (k *call) exportTR34(ctx context.Context, in *ExportKeyInput, arm *ExportTr34KeyBlock) (*WrappedKey, error) {
	// Parse: who is meant to sign.
	members := &pairMembers{arm.ExportToken, arm.SigningKeyIdentifier, arm.SigningKeyCertificate,
		tr34Field + ".ExportToken", tr34Field + ".SigningKeyIdentifier", tr34Field + ".SigningKeyCertificate"}
	byToken, err := members.usesToken()
	if err != nil {
		return nil, err
	}
	// Load: all keys in one snapshot.
	ids := []string{arm.CertificateAuthorityPublicKeyIdentifier, in.ExportKeyIdentifier}
	if !byToken {
		ids = append(ids, *arm.SigningKeyIdentifier)
	}
	keys, err := k.loadKeys(ctx, ids...)
	if err != nil {
		return nil, err
	}
	ca, d := &keys[0], &departure{field: tr34Field, from: keys[1]}

	// Validate.
	if err := d.leave(in.ExportAttributes); err != nil {
		return nil, err
	}
	if !byToken {
		if err := checkPair(&keys[2], TR31S0AsymmetricKeyForDigitalSignature, sign, members.keyField); err != nil {
			return nil, err
		}
	}
	header, err := d.tokenHeader(arm.KeyBlockHeaders)
	if err != nil {
		return nil, err
	}
	krd, err := k.receiver(d, arm.WrappingKeyCertificate, ca)
	if err != nil {
		return nil, err
	}
	kdh, err := k.tokenOrPair(ctx, members, MaterialTR34KeyBlock, keys[2:])
	if err != nil {
		return nil, err
	}

	// HSM: the key is wrapped and signed within the device.
	der, value, err := k.engine.hsm.ExportTR34(ctx, k.sealing(d, kdh, krd, header, arm.RandomNonce), kdh.ref, d.material(), d.check.method)
	if err != nil {
		return nil, k.sealingError(err)
	}
	return d.wrapped(ca, FormatTR34KeyBlock, upperHexOf(der), value), nil
}

// tokenHeader is the header in a key token: attributes of the key alone. Its
// version and length mean nothing and are what the service writes, whatever the
// key. There is no place for optional blocks (GUESS: refused).
func (d *departure) tokenHeader(asked *KeyBlockHeaders) (string, error) {
	if asked != nil && len(asked.OptionalBlocks) > 0 {
		return "", invalid("The optional block is not supported.",
			because(RuleOptionalBlock, tr34Field+".KeyBlockHeaders.OptionalBlocks", problemNoOptionalBlocks, strings.Join(sortedKeys(asked.OptionalBlocks), ", "), "none"))
	}
	h, err := d.header(algorithmNamed(AES256), asked)
	if err != nil {
		return "", err
	}
	h.Blocks = nil
	text := []byte(h.String())
	copy(text, "D0112")
	return string(text), nil
}

// sealing is two-pass with the nonce of the request, one-pass without, as the
// service's own are. The key block is under TDES for a TDES key, under AES-128
// for an AES key.
func (k *call) sealing(d *departure, kdh *ownPair, krd *x509.Certificate, header string, nonce *string) tr34.Sealing {
	s := tr34.Sealing{Layout: tr34.LayoutX9TR342012, KDH: kdh.certificate, KRD: krd, Header: header, Cipher: tr34.TDESCBC, Nonce: nonceBytes(nonce)}
	if d.as.alg.letter == hsm.AES {
		s.Cipher = tr34.AES128CBC
	}
	if s.Nonce == nil {
		s.SigningTime = k.now
	}
	return s
}

// sealingError tells why a token was not made: only certificates can be at
// fault.
func (k *call) sealingError(err error) error {
	refusal, ok := errors.AsType[*tr34.Error](err)
	if !ok {
		return hsmError(err)
	}
	field := tr34Field + ".SigningKeyCertificate"
	if refusal.Class == tr34.ErrRecipient {
		field = tr34Field + ".WrappingKeyCertificate"
	}
	out := invalid("The key block cannot be made.", tokenReason(field, refusal))
	out.Err = refusal
	return out
}
