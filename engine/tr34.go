package engine

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"slices"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/tr34"
	"github.com/seed748fb4d1/apcsim/x509ca"
)

const tr34Field = "KeyMaterial.Tr34KeyBlock"

// ownKeyPair is the account's key pair in a TR-34 exchange: that of an import or export token, or a
// key with a certificate that another authority issued for it.
type ownKeyPair struct {
	ref         hsm.KeyRef
	alg         *core.Algorithm
	field       string // the member that names the key pair
	unchanged   keystore.Change
	certificate *x509.Certificate // set by keyPairMembers.check

	token *core.Token // one of the two
	key   *core.Key
}

// keyPairMembers are the members of an arm that name the key pair: a token, or a key and its
// certificate.
type keyPairMembers struct {
	token, key, certificate                *string
	tokenField, keyField, certificateField string
}

// usesToken reports whether the members name a token; else they name a key. Both and neither are
// refused (GUESS G-token-and-key). An empty token is none.
func (m *keyPairMembers) usesToken() (bool, error) {
	token := m.token != nil && *m.token != ""
	switch {
	case token && (m.key != nil || m.certificate != nil):
		return false, core.Invalid(
			"The parameters exclude each other.",
			core.Because(apc.RuleOneOf, m.tokenField, core.ProblemTokenAndKey, "", "one of the two"),
		)
	case !token && m.key == nil:
		return false, core.Invalid(
			"A parameter is missing.",
			core.Because(apc.RuleOneOf, m.tokenField, core.ProblemTokenNorKey, "", "one of the two"),
		)
	case !token && m.certificate == nil:
		return false, missing(m.certificateField)
	}
	return token, nil
}

// resolve finds the token or, where the members name a key, returns nil and adds the key to the others
// that the operation needs.
func (m *keyPairMembers) resolve(
	ctx context.Context,
	c *core.Call,
	rules *core.KeyRules,
	others ...core.Need,
) (*core.Token, []core.Need, error) {
	byToken, err := m.usesToken()
	switch {
	case err != nil:
		return nil, nil, err
	case !byToken:
		return nil, append(others, core.Need{Field: m.keyField, Identifier: *m.key, Rules: rules}), nil
	}
	t, err := c.FindToken(ctx, *m.token, m.tokenField)
	return &t, others, err
}

// keyPair is the key pair of the token or, without one, the key that the members name.
func (m *keyPairMembers) keyPair(t *core.Token, named []core.Key) *ownKeyPair {
	if t != nil {
		return &ownKeyPair{ref: t.Ref(), alg: t.Alg, field: m.tokenField, unchanged: t.Unchanged(), token: t}
	}
	key := &named[0]
	return &ownKeyPair{ref: key.Ref(), alg: key.Attributes.Alg, field: m.keyField, unchanged: key.Unchanged(), key: key}
}

// check refuses a token that may not be used, or a certificate that is not one of the key, and
// sets the certificate.
func (m *keyPairMembers) check(c *core.Call, p *ownKeyPair, material apc.KeyMaterialType) (err error) {
	if p.key != nil {
		p.certificate, err = core.CheckOwnCertificate(c, *m.certificate, m.certificateField, p.key)
		return err
	}
	if err := p.token.Check(c.Now, material, m.tokenField); err != nil {
		return err
	}
	if p.certificate, err = x509ca.Decode(p.token.Certificate); err != nil {
		return core.Internal(err)
	}
	return nil
}

// authorityField is the member of an arm that names the certificate authority.
func authorityField(arm string) string { return arm + ".CertificateAuthorityPublicKeyIdentifier" }

// nonceBytes is the random number of a request; nil where there is none.
func nonceBytes(text *string) []byte {
	if text == nil {
		return nil
	}
	out, _ := hex.DecodeString(*text) // the shape has checked the digits
	return out
}

// behindDecryption are the classes of refusal that can only be known with the private key.
var behindDecryption = []tr34.Class{tr34.ErrOAEP, tr34.ErrContent, tr34.ErrKeyBlock, tr34.ErrIDKDH, tr34.ErrHeader}

// faultyMember is the member that a class of refusal is about, where it is not
// the token.
var faultyMember = map[tr34.Class]string{
	tr34.ErrCertificate: ".SigningKeyCertificate", tr34.ErrSigner: ".SigningKeyCertificate", tr34.ErrNonce: ".RandomNonce",
	tr34.ErrTime: ".RandomNonce",
}

// tokenReason is why a key token was refused.
func tokenReason(field string, e *tr34.Error) apc.Reason {
	return core.Because(apc.Rule(e.Class), field, e.Problem, e.Found, e.Wanted)
}

// tokenError is the refusal for a key token: of a *tr34.Error by its class; any other error is the
// device's.
func tokenError(c *core.Call, err error) error {
	refusal, ok := errors.AsType[*tr34.Error](err)
	if !ok {
		return core.HSMError(err)
	}
	if slices.Contains(behindDecryption, refusal.Class) {
		return core.Foldable(c, tokenReason(tr34Field+".WrappedKeyBlock", refusal))
	}
	field := tr34Field + ".WrappedKeyBlock"
	if member, ok := faultyMember[refusal.Class]; ok {
		field = tr34Field + member
	}
	message := "The key block is invalid."
	if refusal.Class == tr34.ErrCertificate { // as for a certificate that fails elsewhere
		message = core.CertificateMessage
	}
	out := core.Invalid(message, tokenReason(field, refusal))
	out.Err = refusal
	return out
}
