package engine

import (
	"context"
	"crypto/x509"
	"encoding/hex"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/tr31"
	"github.com/seed748fb4d1/apcsim/tr34"
	"github.com/seed748fb4d1/apcsim/x509ca"
)

func (k *call) importTR34(ctx context.Context, in *ImportKeyInput, arm *ImportTr34KeyBlock, out *key) error {
	// Parse: the token, in the clear, and who is meant to open it.
	field := tr34Field + ".WrappedKeyBlock"
	der, err := hex.DecodeString(arm.WrappedKeyBlock)
	if err != nil { // an odd digit
		return k.tokenError(&tr34.Error{Class: tr34.ErrASN1, Field: "token", Problem: problemOddDigits, Found: wording.Count(len(arm.WrappedKeyBlock), "digit"), Wanted: "an even number"})
	}
	t, err := tr34.Parse(der)
	if err != nil {
		return k.tokenError(err)
	}
	members := &pairMembers{arm.ImportToken, arm.WrappingKeyIdentifier, arm.WrappingKeyCertificate,
		tr34Field + ".ImportToken", tr34Field + ".WrappingKeyIdentifier", tr34Field + ".WrappingKeyCertificate"}
	byToken, err := members.usesToken()
	if err != nil {
		return err
	}
	return k.storeArrival(ctx, in, out, func() (*arrival, error) {
		// Load and validate: certificate authority and own pair.
		ids := []string{arm.CertificateAuthorityPublicKeyIdentifier}
		if !byToken {
			ids = append(ids, *arm.WrappingKeyIdentifier)
		}
		keys, err := k.loadKeys(ctx, ids...)
		if err != nil {
			return nil, err
		}
		const caField = tr34Field + ".CertificateAuthorityPublicKeyIdentifier"
		issuer, err := checkAuthority(&keys[0], caField)
		if err != nil {
			return nil, err
		}
		if !byToken {
			if err := checkPair(&keys[1], TR31K2TR34AsymmetricKey, decrypt|unwrap, members.keyField); err != nil {
				return nil, err
			}
		}
		a := &arrival{field: field, refuse: k.tokenError}
		if err := a.readTokenHeader(t); err != nil {
			return nil, err
		}
		krd, err := k.tokenOrPair(ctx, members, MaterialTR34KeyBlock, keys[1:])
		if err != nil {
			return nil, err
		}
		// Certificate: the signer's, under the authority.
		kdh, _, err := readCertificate(arm.SigningKeyCertificate, tr34Field+".SigningKeyCertificate")
		if err != nil {
			return nil, err
		}
		if err := k.checkTrusted(kdh, tr34Field+".SigningKeyCertificate", issuer, caField); err != nil {
			return nil, err
		}
		if err := checkFreshness(t, arm.RandomNonce); err != nil {
			return nil, err
		}
		a.participants = []keystore.Change{keys[0].unchanged(), krd.unchanged}
		a.through = keys[0].arn.key + " " + krd.name
		a.strong = func(moved *algorithm) error { return checkStrength(rsaStrength, krd.alg, moved, krd.field) }
		a.open = func(ctx context.Context, admit hsm.Admit) (hsm.Made, error) {
			return k.engine.hsm.ImportTR34(ctx, krd.ref, t, k.tokenCheck(kdh, krd, arm.RandomNonce), admit)
		}
		return a, nil
	})
}

// readTokenHeader maps the header that the token's signer vouches for.
func (a *arrival) readTokenHeader(t *tr34.Token) error {
	h, err := tr31.ParseHeader(t.Header)
	if err != nil {
		return a.headerError(because(RuleHeader, a.field, problemTokenHeader, wording.Quote(t.Header, 16), ""))
	}
	return a.readHeader(h, t.Header)
}

// checkFreshness: a two-pass token and RandomNonce go together (for a token
// without one: GUESS).
func checkFreshness(t *tr34.Token, nonce *string) error {
	if (t.Nonce != nil) == (nonce != nil) {
		return nil
	}
	problem := problemNoNonce
	if nonce != nil {
		problem = problemNonceGiven
	}
	return invalid("The random nonce does not fit the key block.", because(RuleNonce, tr34Field+".RandomNonce", problem, "", ""))
}

// tokenCheck is what the receiver knows. Revocation lists are not consulted; the
// age of a signing time is not judged (GUESS).
func (k *call) tokenCheck(kdh *x509.Certificate, krd *ownPair, nonce *string) *tr34.Check {
	return &tr34.Check{KDH: kdh, KRD: krd.certificate, Now: k.now, Nonce: nonceBytes(nonce), CRL: tr34.CRLIgnored}
}

// tokenOrPair is the account's own pair: that of the token, or the key that has
// been loaded and judged.
func (k *call) tokenOrPair(ctx context.Context, m *pairMembers, material KeyMaterialType, named []key) (*ownPair, error) {
	if len(named) > 0 {
		pair := &named[0]
		c, err := k.checkOwnCertificate(*m.certificate, m.certificateField, pair)
		return &ownPair{pair.ref(), pair.attributes.alg, c, m.keyField, pair.arn.key, pair.unchanged()}, err
	}
	t, err := k.loadToken(ctx, *m.token, material, m.tokenField)
	if err != nil {
		return nil, err
	}
	c, err := x509ca.Decode(t.certificate)
	if err != nil {
		return nil, internal(err)
	}
	return &ownPair{t.ref(), t.alg, c, m.tokenField, t.id, t.unchanged()}, nil
}
