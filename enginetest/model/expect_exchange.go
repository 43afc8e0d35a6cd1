package model

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

// expectExchange expects imports, exports and the tokens for them.
func (q *request) expectExchange(in any) (Refusal, bool) {
	switch in := in.(type) {
	case *engine.GetParametersForImportInput:
		return q.parameters(false, in.KeyMaterialType, in.ReuseLastGeneratedToken), true
	case *engine.GetParametersForExportInput:
		return q.parameters(true, in.KeyMaterialType, in.ReuseLastGeneratedToken), true
	case *engine.ImportKeyInput:
		return q.importKey(in), true
	case *engine.ExportKeyInput:
		return q.exportKey(in.ExportKeyIdentifier, &in.KeyMaterial), true
	}
	return Refusal{}, false
}

func (q *request) parameters(export bool, m apc.KeyMaterialType, reuse *bool) Refusal {
	switch {
	case m == apc.KeyMaterialTypeTR31KeyBlock, export && m == apc.KeyMaterialTypeKeyCryptogram:
		return invalid(apc.RuleKeyMaterialType)
	case reuse != nil && *reuse && len(q.reusable(export, m)) > 0, q.w.limits.OpenTokens == 0:
		return Refusal{}
	}
	open := 0
	for _, k := range q.p.tokens {
		if k.expires.After(q.now) {
			open++
		}
	}
	if open >= q.w.limits.OpenTokens {
		return overQuota
	}
	return Refusal{}
}

// reusable are the tokens made last of those that are valid for long enough.
func (q *request) reusable(export bool, m apc.KeyMaterialType) (ids []string) {
	var last time.Time
	for id, k := range q.p.tokens {
		switch {
		case k.Export != export || k.Material != m || k.expires.Sub(q.now) < q.w.limits.TokenReuse:
		case k.created.After(last):
			last, ids = k.created, []string{id}
		case k.created.Equal(last):
			ids = append(ids, id)
		}
	}
	return ids
}

// token is the refusal of a token that does not exist. An empty one is none.
func (q *request) token(id string) Refusal {
	if k := q.p.tokens[id]; id != "" && (k == nil || !k.expires.Add(365*day).After(q.now)) {
		return notFound(apc.RuleToken)
	}
	return Refusal{}
}

// valid is the refusal of a token that exists.
func (q *request) valid(id string, m apc.KeyMaterialType) Refusal {
	k := q.p.tokens[id]
	if k == nil { // none is given
		return Refusal{}
	}
	return invalid(firstRule(unless(k.expires.After(q.now), apc.RuleTokenExpired), unless(k.Material == m, apc.RuleTokenMaterial)))
}

func (q *request) importKey(in *engine.ImportKeyInput) Refusal {
	q.implied = q.mayTagAndReplicate(in.Tags, in.ReplicationRegions)
	if r := first(tagKeys(in.Tags), q.regions(q.who.Region, in.ReplicationRegions), q.material(&in.KeyMaterial)); r.refused() {
		return r
	}
	exportable := true // what is drawn is exportable, except certificates
	if in.KeyMaterial.RootCertificatePublicKey != nil {
		exportable = false
		if q.p.team != nil && in.RequesterComment == nil {
			return invalid(apc.RuleRequired)
		}
	}
	return q.newKey(in.Tags, in.ReplicationRegions, exportable)
}

// material is the refusal of key material.
func (q *request) material(m *engine.ImportKeyMaterial) Refusal {
	switch {
	case m.RootCertificatePublicKey != nil:
		return q.implied
	case m.Tr31KeyBlock != nil:
		_, r := q.keys(working(m.Tr31KeyBlock.WrappingKeyIdentifier, unwraps))
		return r
	case m.Tr34KeyBlock != nil:
		return q.importTR34(m.Tr34KeyBlock)
	case m.KeyCryptogram != nil:
		return first(q.token(m.KeyCryptogram.ImportToken), q.implied, q.valid(m.KeyCryptogram.ImportToken, apc.KeyMaterialTypeKeyCryptogram))
	case m.DiffieHellmanTr31KeyBlock != nil:
		in := m.DiffieHellmanTr31KeyBlock
		keys, r := q.keys(working(in.PrivateKeyIdentifier, isAgreementPair),
			working(in.CertificateAuthorityPublicKeyIdentifier, isAuthority))
		if r.refused() {
			return r
		}
		return invalid(firstRule(agreesOnKEK(keys[0]), keys[0].sameCurve(in.PublicKeyCertificate), keys[1].issued(in.PublicKeyCertificate)))
	}
	in := m.As2805KeyCryptogram
	keys, r := q.keys(working(in.WrappingKeyIdentifier, unwrapsNodes))
	if r.refused() {
		return r
	}
	return invalid(unless(strong(keys[0].Attributes.KeyAlgorithm, in.KeyAlgorithm), apc.RuleWrappingStrength))
}

func (q *request) importTR34(in *engine.ImportTr34KeyBlock) Refusal {
	token := text(in.ImportToken)
	if r := q.token(token); r.refused() {
		return r
	}
	keys, r := q.keys(working(in.CertificateAuthorityPublicKeyIdentifier, isAuthority))
	if r.refused() {
		return r
	}
	return first(q.valid(token, apc.KeyMaterialTypeTR34KeyBlock), invalid(keys[0].issued(in.SigningKeyCertificate)))
}

// exportKey is the refusal of an export.
func (q *request) exportKey(id string, m *engine.ExportKeyMaterial) Refusal {
	switch {
	case m.Tr31KeyBlock != nil:
		keys, r := q.keys(working(m.Tr31KeyBlock.WrappingKeyIdentifier, wraps), working(id, exports))
		if r.refused() {
			return r
		}
		return invalid(unless(strong(keys[0].Attributes.KeyAlgorithm, keys[1].Attributes.KeyAlgorithm), apc.RuleWrappingStrength))
	case m.Tr34KeyBlock != nil:
		in := m.Tr34KeyBlock
		if r := q.token(text(in.ExportToken)); r.refused() {
			return r
		}
		return first(q.exportToRSA(in.CertificateAuthorityPublicKeyIdentifier, in.WrappingKeyCertificate, id),
			q.valid(text(in.ExportToken), apc.KeyMaterialTypeTR34KeyBlock))
	case m.KeyCryptogram != nil:
		return q.exportToRSA(m.KeyCryptogram.CertificateAuthorityPublicKeyIdentifier, m.KeyCryptogram.WrappingKeyCertificate, id)
	case m.DiffieHellmanTr31KeyBlock != nil:
		in := m.DiffieHellmanTr31KeyBlock
		keys, r := q.keys(working(in.PrivateKeyIdentifier, isAgreementPair),
			working(in.CertificateAuthorityPublicKeyIdentifier, isAuthority), working(id, exports))
		if r.refused() {
			return r
		}
		return invalid(firstRule(
			agreesOnKEK(keys[0]),
			unless(strongCurve(keys[0].Attributes.KeyAlgorithm, keys[2].Attributes.KeyAlgorithm), apc.RuleWrappingStrength),
			keys[0].sameCurve(in.PublicKeyCertificate),
			keys[1].issued(in.PublicKeyCertificate),
		))
	}
	keys, r := q.keys(working(m.As2805KeyCryptogram.WrappingKeyIdentifier, wrapsNodes), working(id, exports))
	if r.refused() {
		return r
	}
	key := keys[1].Attributes
	return invalid(firstRule(
		unless(code(key.KeyUsage) == "P0", apc.RuleAS2805Variant),
		unless(isTDES(key.KeyAlgorithm), apc.RuleKeyAlgorithm),
		unless(strong(keys[0].Attributes.KeyAlgorithm, key.KeyAlgorithm), apc.RuleWrappingStrength),
	))
}

// exportToRSA is the refusal of an export to a receiver with an RSA_2048 key, which takes TDES keys.
func (q *request) exportToRSA(authority, receiver, id string) Refusal {
	keys, r := q.keys(working(authority, isAuthority), working(id, exports))
	if r.refused() {
		return r
	}
	return invalid(firstRule(unless(isTDES(keys[1].Attributes.KeyAlgorithm), apc.RuleWrappingStrength), keys[0].issued(receiver)))
}

// issued is the rule that a certificate, given as the service takes it, breaks where the authority did not sign it.
func (k *Key) issued(text string) apc.Rule {
	c := certificate(text)
	return unless(c != nil && k.root != nil && c.CheckSignatureFrom(k.root) == nil, apc.RuleIssuer)
}

// sameCurve is the rule that a certificate breaks whose key is not on the curve of the key pair.
func (k *Key) sameCurve(text string) apc.Rule {
	bits := map[apc.KeyAlgorithm]int{apc.KeyAlgorithmECCNISTP256: 256, apc.KeyAlgorithmECCNISTP384: 384, apc.KeyAlgorithmECCNISTP521: 521}
	public, ok := certificate(text).PublicKey.(*ecdsa.PublicKey)
	return unless(ok && public.Curve.Params().BitSize == bits[k.Attributes.KeyAlgorithm], apc.RuleKeyAlgorithm)
}

// certificate reads base64 of one PEM block; nil where it is none.
func certificate(text string) *x509.Certificate {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil
	}
	return c
}
