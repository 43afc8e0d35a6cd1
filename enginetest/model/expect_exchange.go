package model

import (
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

// invalid is ValidationException unless all conditions hold.
func invalid(conditions ...bool) apc.Code {
	for _, ok := range conditions {
		if !ok {
			return apc.ErrValidation
		}
	}
	return ""
}

// identifiers is the refusal of keys and a token that a request names: what does not exist comes before what
// belongs to others, and that before an expired or unfitting token. An empty token is none.
func (p *place) identifiers(now time.Time, token string, m apc.KeyMaterialType, ids ...string) (keys []*Key, refused apc.Code) {
	keys, refused = p.findAll(ids...)
	if token == "" {
		return keys, refused
	}
	code := p.token(now, token, m)
	if code == apc.ErrResourceNotFound {
		return nil, code
	}
	return keys, first(refused, code)
}

// importKey is the refusal of key material, but for the quota.
func (p *place) importKey(now time.Time, m *engine.ImportKeyMaterial) apc.Code {
	switch {
	case m.RootCertificatePublicKey != nil:
		return ""
	case m.Tr31KeyBlock != nil:
		keys, code := p.findAll(m.Tr31KeyBlock.WrappingKeyIdentifier)
		if code != "" {
			return code
		}
		return invalid(keys[0].Unwraps())
	case m.Tr34KeyBlock != nil:
		in := m.Tr34KeyBlock
		keys, code := p.identifiers(
			now,
			text(in.ImportToken),
			apc.KeyMaterialTypeTR34KeyBlock,
			in.CertificateAuthorityPublicKeyIdentifier,
		)
		if code != "" {
			return code
		}
		return invalid(keys[0].issued(in.SigningKeyCertificate))
	case m.KeyCryptogram != nil:
		return p.token(now, m.KeyCryptogram.ImportToken, apc.KeyMaterialTypeKeyCryptogram)
	case m.DiffieHellmanTr31KeyBlock != nil:
		in := m.DiffieHellmanTr31KeyBlock
		keys, code := p.findAll(in.PrivateKeyIdentifier, in.CertificateAuthorityPublicKeyIdentifier)
		if code != "" {
			return code
		}
		return invalid(keys[0].Usable(), keys[0].Agrees != nil, keys[1].issued(in.PublicKeyCertificate))
	}
	keys, code := p.findAll(m.As2805KeyCryptogram.WrappingKeyIdentifier)
	if code != "" {
		return code
	}
	kek := keys[0]
	return invalid(kek.Usable(), kek.Attributes.KeyUsage == apc.KeyUsageTR31K0KeyEncryptionKey, isTDES(kek.Attributes.KeyAlgorithm),
		kek.Attributes.KeyModesOfUse.Unwrap, strong(kek.Attributes.KeyAlgorithm, m.As2805KeyCryptogram.KeyAlgorithm))
}

// exportKey is the refusal of an export.
func (p *place) exportKey(now time.Time, id string, m *engine.ExportKeyMaterial) apc.Code {
	switch {
	case m.Tr31KeyBlock != nil:
		keys, code := p.findAll(m.Tr31KeyBlock.WrappingKeyIdentifier, id)
		if code != "" {
			return code
		}
		kek, key := keys[0], keys[1]
		return invalid(kek.Wraps(), key.Leaves(), strong(kek.Attributes.KeyAlgorithm, key.Attributes.KeyAlgorithm))
	case m.Tr34KeyBlock != nil:
		in := m.Tr34KeyBlock
		keys, code := p.identifiers(
			now,
			text(in.ExportToken),
			apc.KeyMaterialTypeTR34KeyBlock,
			in.CertificateAuthorityPublicKeyIdentifier,
			id,
		)
		if code != "" {
			return code
		}
		return invalid(
			keys[0].issued(in.WrappingKeyCertificate),
			keys[1].Leaves(),
			isTDES(keys[1].Attributes.KeyAlgorithm),
		) // to RSA_2048
	case m.KeyCryptogram != nil:
		in := m.KeyCryptogram
		keys, code := p.findAll(in.CertificateAuthorityPublicKeyIdentifier, id)
		if code != "" {
			return code
		}
		return invalid(keys[0].issued(in.WrappingKeyCertificate), keys[1].Leaves(), isTDES(keys[1].Attributes.KeyAlgorithm))
	case m.DiffieHellmanTr31KeyBlock != nil:
		in := m.DiffieHellmanTr31KeyBlock
		keys, code := p.findAll(in.PrivateKeyIdentifier, in.CertificateAuthorityPublicKeyIdentifier, id)
		if code != "" {
			return code
		}
		a := keys[2].Attributes.KeyAlgorithm
		return invalid(keys[0].Usable(), keys[0].Agrees != nil, keys[1].issued(in.PublicKeyCertificate), keys[2].Leaves(),
			isTDES(a) || a == apc.KeyAlgorithmAES128) // agreed on P-256
	}
	keys, code := p.findAll(m.As2805KeyCryptogram.WrappingKeyIdentifier, id)
	if code != "" {
		return code
	}
	kek, key := keys[0], keys[1]
	return invalid(
		kek.WrapsNodes(),
		key.Leaves(),
		key.Attributes.KeyUsage == apc.KeyUsageTR31P0PINEncryptionKey,
		isTDES(key.Attributes.KeyAlgorithm),
		strong(kek.Attributes.KeyAlgorithm, key.Attributes.KeyAlgorithm),
	)
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
