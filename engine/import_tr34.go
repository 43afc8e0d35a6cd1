package engine

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"errors"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/tr31"
	"github.com/seed748fb4d1/apcsim/tr34"
)

// importTR34 imports a TR-34 key token, sent to a key pair of the account, in every form that package tr34
// reads (GUESS G-tr34-forms) and under any content cipher (GUESS G-tr34-content-cipher).
func importTR34(ctx context.Context, c *core.Call, m *ImportTr34KeyBlock, p *importPlan) error {
	// Load and check: the authority of the signer, and the key pair that the key token was made for.
	p.field = tr34Field + ".WrappedKeyBlock"
	receiver := m.receiver()
	authority := core.Need{Field: authorityField(tr34Field), Identifier: m.CertificateAuthorityPublicKeyIdentifier, Rules: core.AuthorityRules}
	importToken, needs, err := receiver.resolve(ctx, c, receivingRules, authority)
	if err != nil {
		return err
	}
	keys, err := c.Keys(ctx, needs...)
	if err != nil {
		return err
	}
	t, err := parseToken(c, m.WrappedKeyBlock)
	if err != nil {
		return err
	}
	if err := p.readTokenHeader(t); err != nil {
		return err
	}
	krd := receiver.keyPair(importToken, keys[1:])
	if err := p.wrappedUnder(krd.unchanged, strength{table: rsaStrength, by: krd.alg, field: krd.field}); err != nil {
		return err
	}
	// Import token and certificates: the receiver's own, and the signer's under the authority.
	if err := receiver.check(c, krd, apc.KeyMaterialTypeTR34KeyBlock); err != nil {
		return err
	}
	kdh, err := p.checkSigner(ctx, c, m.SigningKeyCertificate, &keys[0])
	if err != nil {
		return err
	}
	if err := checkFreshness(t, m.RandomNonce); err != nil {
		return err
	}
	// HSM: the only step that handles key material.
	made, err := c.Cloud.HSM.ImportTR34(ctx, krd.ref, t, tokenCheck(c, kdh, krd, m.RandomNonce), p.admit)
	if err != nil {
		return tokenError(c, err)
	}
	p.key.SetMaterial(&made)
	return nil
}

// receiver are the members that name the key pair which opens the key token.
func (m *ImportTr34KeyBlock) receiver() *keyPairMembers {
	return &keyPairMembers{
		token: m.ImportToken, key: m.WrappingKeyIdentifier, certificate: m.WrappingKeyCertificate,
		tokenField: tr34Field + ".ImportToken", keyField: tr34Field + ".WrappingKeyIdentifier",
		certificateField: tr34Field + ".WrappingKeyCertificate",
	}
}

// checkSigner reads the certificate of the key token's signer, and checks it under the authority that the
// request names. The authorities above it must be unchanged when the key is stored.
func (p *importPlan) checkSigner(ctx context.Context, c *core.Call, text string, authority *core.Key) (*x509.Certificate, error) {
	const field = tr34Field + ".SigningKeyCertificate"
	signer, _, err := core.ReadCertificate(text, field)
	if err != nil {
		return nil, err
	}
	above, err := core.CheckTrusted(ctx, c, signer, field, authority, authorityField(tr34Field))
	if err != nil {
		return nil, err
	}
	p.requires = append(p.requires, above.Unchanged()...)
	return signer, nil
}

// parseToken reads the part of a key token that is in the clear.
func parseToken(c *core.Call, text string) (*tr34.Token, error) {
	der, err := hex.DecodeString(text)
	if err != nil { // an odd digit: the shape has checked the others
		return nil, tokenError(c, &tr34.Error{
			Class: tr34.ErrASN1, Field: "token", Problem: core.ProblemOddDigits,
			Found: wording.Count(len(text), "digit"), Wanted: "an even number",
		})
	}
	t, err := tr34.Parse(der)
	if err != nil {
		return nil, tokenError(c, err)
	}
	return t, nil
}

// readTokenHeader reads the key block header in a key token, which is signed.
func (p *importPlan) readTokenHeader(t *tr34.Token) error {
	if t.Header == "" {
		return headerRefusal(core.Because(apc.RuleHeader, p.field, core.ProblemTokenNoHeader, "", ""))
	}
	h, err := tr31.ParseHeader(string(tr31.VersionD) + t.Header[1:]) // its version means nothing in TR-34
	if refusal, ok := errors.AsType[*tr31.Error](err); ok {
		why := core.BlockReason(p.field, refusal)
		why.Rule = apc.RuleHeader
		return headerRefusal(why)
	} else if err != nil {
		return core.Internal(err)
	}
	return p.readHeader(h, t.Header)
}

// checkFreshness: a two-pass token and RandomNonce go together (for a token
// without one: GUESS G-nonce-one-pass).
func checkFreshness(t *tr34.Token, nonce *string) error {
	if (t.Nonce != nil) == (nonce != nil) {
		return nil
	}
	problem := core.ProblemNoNonce
	if nonce != nil {
		problem = core.ProblemNonceGiven
	}
	return core.Invalid(
		"The random nonce does not fit the key block.",
		core.Because(apc.RuleNonce, tr34Field+".RandomNonce", problem, "", ""),
	)
}

// tokenCheck is what a key token is checked with. Revocation lists are not read, and the age of a
// signing time is not checked (GUESS G-signing-time). No nonce is remembered (GUESS G-nonce-again).
func tokenCheck(c *core.Call, kdh *x509.Certificate, krd *ownKeyPair, nonce *string) *tr34.Check {
	return &tr34.Check{KDH: kdh, KRD: krd.certificate, Now: c.Now, Nonce: nonceBytes(nonce), CRL: tr34.CRLIgnored}
}
