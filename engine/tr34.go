package engine

import (
	"crypto/x509"
	"encoding/hex"
	"errors"
	"slices"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/tr34"
)

const tr34Field = "KeyMaterial.Tr34KeyBlock"

// ownPair is the pair of the account that takes part in a TR-34 exchange: a
// token's, or a key named at run time with a certificate that somebody else made
// for it.
type ownPair struct {
	ref         hsm.KeyRef
	alg         *core.Algorithm
	certificate *x509.Certificate
	field       string // the member that names it
	unchanged   keystore.Change
}

// pairMembers are the members of an arm that name it: a token, or a key and its
// certificate.
type pairMembers struct {
	token, key, certificate                *string
	tokenField, keyField, certificateField string
}

// usesToken reports which of the two it is; both and neither are refused (GUESS),
// an empty token is none.
func (m *pairMembers) usesToken() (bool, error) {
	token := m.token != nil && *m.token != ""
	switch {
	case token && (m.key != nil || m.certificate != nil):
		return false, core.Invalid("The parameters exclude each other.", core.Because(apc.RuleOneOf, m.tokenField, core.ProblemTokenAndKey, "", "one of the two"))
	case !token && m.key == nil:
		return false, core.Invalid("A parameter is missing.", core.Because(apc.RuleOneOf, m.tokenField, core.ProblemTokenNorKey, "", "one of the two"))
	case !token && m.certificate == nil:
		return false, missing(m.certificateField)
	}
	return token, nil
}

// needs adds the key, where the members name one, to the other keys that an operation needs.
func (m *pairMembers) needs(rules *core.KeyRules, others ...core.Need) ([]core.Need, error) {
	byToken, err := m.usesToken()
	if err == nil && !byToken {
		others = append(others, core.Need{Field: m.keyField, Identifier: *m.key, Rules: rules})
	}
	return others, err
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

// behindDecryption are the classes that only the owner of the private key can
// tell apart.
var behindDecryption = []tr34.Class{tr34.ErrOAEP, tr34.ErrContent, tr34.ErrKeyBlock, tr34.ErrIDKDH, tr34.ErrHeader}

// faultyMember is the member that a class of refusal is about, where it is not
// the token.
var faultyMember = map[tr34.Class]string{
	tr34.ErrCertificate: ".SigningKeyCertificate", tr34.ErrSigner: ".SigningKeyCertificate", tr34.ErrNonce: ".RandomNonce", tr34.ErrTime: ".RandomNonce",
}

// tokenReason is why a key token was refused.
func tokenReason(field string, e *tr34.Error) apc.Reason {
	return core.Because(apc.Rule(e.Class), field, e.Problem, e.Found, e.Wanted)
}

// tokenError tells why a key token was refused: a *tr34.Error by its class, the
// rest as the device's.
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
	out := core.Invalid("The key block is invalid.", tokenReason(field, refusal))
	out.Err = refusal
	return out
}
