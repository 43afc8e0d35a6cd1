package engine

import (
	"context"
	"crypto/x509"
	"errors"
	"slices"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/tr31"
	"github.com/seed748fb4d1/apcsim/tr34"
)

// exportTR34 exports a key of any usage, imported or not (GUESS G-tr34-origin), as a TR-34 key token, signed
// with a key pair of the account.
func exportTR34(ctx context.Context, c *core.Call, in *ExportKeyInput, m *ExportTr34KeyBlock) (*WrappedKey, error) {
	// Load and check: all keys in one snapshot.
	signer := m.signer()
	authority := core.Need{Field: authorityField(tr34Field), Identifier: m.CertificateAuthorityPublicKeyIdentifier, Rules: core.AuthorityRules}
	exportToken, needs, err := signer.resolve(ctx, c, signingRules, authority)
	if err != nil {
		return nil, err
	}
	keys, err := c.Keys(ctx, append(needs, core.Need{Field: exportField, Identifier: in.ExportKeyIdentifier, Rules: exportRules})...)
	if err != nil {
		return nil, err
	}
	ca, named, key := &keys[0], keys[1:len(keys)-1], &keys[len(keys)-1]
	p, err := planExport(key, tr34Field, in.ExportAttributes)
	if err != nil {
		return nil, err
	}
	header, err := p.tokenHeader(m.KeyBlockHeaders)
	if err != nil {
		return nil, err
	}
	// Certificates: the receiver's under the authority, the signer's own.
	krd, err := readReceiver(ctx, c, p, m.WrappingKeyCertificate, ca)
	if err != nil {
		return nil, err
	}
	kdh := signer.keyPair(exportToken, named)
	if err := signer.check(c, kdh, apc.KeyMaterialTypeTR34KeyBlock); err != nil {
		return nil, err
	}
	// HSM: the only step that handles key material.
	der, value, err := c.Cloud.HSM.ExportTR34(ctx, sealing(c, p, kdh, krd, header, m.RandomNonce), kdh.ref, p.material(), p.check.Method)
	if err != nil {
		return nil, sealingError(err)
	}
	return p.wrapped(ca, apc.WrappedKeyMaterialFormatTR34KeyBlock, hexText(der), value), nil
}

// signer are the members that name the key pair which signs the key token.
func (m *ExportTr34KeyBlock) signer() *keyPairMembers {
	return &keyPairMembers{
		token: m.ExportToken, key: m.SigningKeyIdentifier, certificate: m.SigningKeyCertificate,
		tokenField: tr34Field + ".ExportToken", keyField: tr34Field + ".SigningKeyIdentifier",
		certificateField: tr34Field + ".SigningKeyCertificate",
	}
}

// tokenHeader is the header in a key token: the attributes of the key, and the optional blocks of the
// request, but none that the key was imported with (GUESS G-tr34-optional-blocks). Its version and length
// have no meaning; the service writes the same for every key.
func (p *exportPlan) tokenHeader(asked *KeyBlockHeaders) (string, error) {
	h, err := p.header(core.AlgorithmNamed(core.AES256), asked)
	if err != nil {
		return "", err
	}
	h.Blocks = slices.DeleteFunc(h.Blocks, func(b tr31.OptionalBlock) bool {
		return asked == nil || asked.OptionalBlocks[b.ID] == ""
	})
	text := []byte(h.Encode())
	copy(text, "D0112")
	return string(text), nil
}

// sealing is two-pass with the nonce of the request, one-pass without, as the
// service's own are. The key block is under TDES for a TDES key, under AES-128
// for an AES key (GUESS G-tr34-cipher: whatever the receiver's key).
func sealing(c *core.Call, p *exportPlan, kdh *ownKeyPair, krd *x509.Certificate, header string, nonce *string) tr34.Sealing {
	s := tr34.Sealing{
		Layout: tr34.LayoutX9TR342012,
		KDH:    kdh.certificate,
		KRD:    krd,
		Header: header,
		Cipher: tr34.TDESCBC,
		Nonce:  nonceBytes(nonce),
	}
	if p.as.Alg.Letter == hsm.AES {
		s.Cipher = tr34.AES128CBC
	}
	if s.Nonce == nil { // GUESS G-tr34-one-pass
		s.SigningTime = c.Now
	}
	return s
}

// sealingError is the refusal for a key token that was not made. Only the certificates can be wrong.
func sealingError(err error) error {
	refusal, ok := errors.AsType[*tr34.Error](err)
	if !ok {
		return core.HSMError(err)
	}
	field := tr34Field + ".SigningKeyCertificate"
	if refusal.Class == tr34.ErrRecipient {
		field = tr34Field + ".WrappingKeyCertificate"
	}
	out := core.Invalid("The key block cannot be made.", tokenReason(field, refusal))
	out.Err = refusal
	return out
}
