package core

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/keystore"
)

const (
	KindToken   = keystore.Kind("token")
	CountTokens = "tokens"

	// tokenVersion is the version of a token's record. The second has the purpose, which before was
	// in the id alone, and the attributes that the key pair was sealed with.
	tokenVersion = 2

	// tokenRemembered is how long the record of an expired token is kept, so
	// that its refusal is that it has expired (GUESS G-expired-token: nothing
	// is documented).
	tokenRemembered = 365 * 24 * time.Hour
)

// TokenPurpose is what a token is for.
type TokenPurpose string

const (
	ForImport TokenPurpose = "import" // the key pair decrypts
	ForExport TokenPurpose = "export" // the key pair signs
)

// prefix is what the ids of tokens of a purpose begin with.
func (p TokenPurpose) prefix() string { return string(p) + "-token-" }

// Token is an import or export token: a key pair, the certificate of its public half, and the time
// until which they are valid. It belongs to an account, a Region and one kind of key material.
type Token struct {
	Place   keystore.Partition
	ID      string
	Purpose TokenPurpose
	rev     keystore.CommitID

	Material         apc.KeyMaterialType
	Alg              *Algorithm
	Created, Expires time.Time // the former orders the tokens
	Certificate      string    // as text
	Public           hsm.Public

	// The sealed key pair, and the attributes that it was sealed with in the HSM's binary form. Both
	// are nil once the token has expired and has been settled.
	sealed hsm.Sealed
	bound  []byte
}

// NewToken is a token of the caller without its key pair, created now.
func (c *Call) NewToken(p TokenPurpose, m apc.KeyMaterialType, alg *Algorithm) Token {
	return Token{Place: c.Home(), ID: p.prefix() + c.Cloud.tokens.ID(), Purpose: p, Material: m, Alg: alg,
		Created: c.Cloud.tokenTime(c.Now), Expires: c.Now.Add(c.Cloud.Limits.TokenLife)}
}

// tokenTime is the time by which a new token is the last one: now, or later than that of the token before,
// where the clock has not moved or was set back.
func (cloud *Cloud) tokenTime(now time.Time) time.Time {
	for {
		last := cloud.lastToken.Load()
		next := max(now.UnixMilli(), last+1)
		if cloud.lastToken.CompareAndSwap(last, next) {
			return time.UnixMilli(next)
		}
	}
}

// TokensOrdered reports whether new tokens of an index are later than those that other engines made: those of the
// caller's account and Region have been read.
func (c *Call) TokensOrdered(index string) bool {
	return c.Cloud.readTokens.get(keystore.Ref{Partition: c.Home(), Kind: KindToken, ID: index})
}

// OrderTokens makes new tokens of an index later than the newest one that is stored. The engine that made it may have
// ended, and its clock may have been ahead.
func (c *Call) OrderTokens(index string, newest time.Time) {
	for !newest.IsZero() {
		last := c.Cloud.lastToken.Load()
		if newest.UnixMilli() <= last || c.Cloud.lastToken.CompareAndSwap(last, newest.UnixMilli()) {
			break
		}
	}
	c.Cloud.readTokens.put(keystore.Ref{Partition: c.Home(), Kind: KindToken, ID: index}, true)
}

// SetMaterial gives a new token the key pair that the HSM made.
func (t *Token) SetMaterial(m *hsm.Made) {
	t.sealed, t.Public = m.Sealed, m.Public
	t.bound, _ = m.Attributes.AppendBinary(nil) // it does not fail
}

// TokenIndex finds the tokens of a purpose, a kind of key material and an algorithm.
func TokenIndex(p TokenPurpose, m apc.KeyMaterialType, alg *Algorithm) string {
	return p.prefix() + string(m) + "-" + string(alg.Name)
}

// Record is the token as it is stored: due when it expires, and again when its record is removed.
func (t *Token) Record() keystore.Record {
	w := &writer{b: make([]byte, 1, 256+len(t.Certificate)+len(t.Public)+len(t.sealed)+len(t.bound))}
	w.b[0] = tokenVersion
	w.text(string(t.Purpose))
	w.text(string(t.Material))
	w.text(string(t.Alg.Name))
	w.time(t.Created)
	w.time(t.Expires)
	w.text(t.Certificate)
	w.bytes(t.Public)
	w.bytes(t.sealed)
	w.bytes(t.bound)
	due := t.Expires
	if t.sealed == nil {
		due = t.Expires.Add(tokenRemembered)
	}
	return keystore.Record{
		Partition: t.Place,
		Kind:      KindToken,
		ID:        t.ID,
		Rev:       t.rev,
		Due:       due,
		Index:     TokenIndex(t.Purpose, t.Material, t.Alg),
		Data:      w.record(),
	}
}

// DecodeToken reads the record of a token.
func DecodeToken(rec *keystore.Record) (Token, error) {
	r := newReader(rec.Data, "token", tokenVersion)
	t := Token{Place: rec.Partition, ID: rec.ID, rev: rec.Rev}
	if r.version == 1 {
		t.Purpose = ForImport
		if strings.HasPrefix(t.ID, ForExport.prefix()) {
			t.Purpose = ForExport
		}
	} else {
		t.Purpose = member(&r, []TokenPurpose{ForImport, ForExport})
	}
	t.Material = member(&r, keyMaterialTypes)
	if t.Alg = AlgorithmNamed(member(&r, keyAlgorithms)); t.Alg == nil || t.Purpose == "" {
		r.fail = cmp.Or(r.fail, errRecord)
	}
	t.Created, t.Expires = r.time(), r.time()
	t.Certificate = r.text()
	t.Public, t.sealed = r.bytes(), r.bytes()
	if r.version > 1 {
		if t.bound = r.bytes(); (t.bound == nil) != (t.sealed == nil) {
			r.fail = cmp.Or(r.fail, errRecord)
		}
	}
	if err := r.end(); err != nil {
		return Token{}, err
	}
	if r.version == 1 && t.sealed != nil {
		t.bound, _ = t.HSMAttributes().AppendBinary(nil) // it does not fail
	}
	return t, nil
}

// HSMAttributes are those with which a new token's key pair is sealed, and with which those in
// records of the first version were.
func (t *Token) HSMAttributes() hsm.Attributes {
	usage, mode := "K2", byte('D')
	if t.Purpose == ForExport {
		usage, mode = "S0", 'S'
	}
	return hsm.Attributes{KeyID: t.ID, Usage: usage, Algorithm: t.Alg.Letter, Mode: mode, Exportability: 'N', Bits: t.Alg.Bits}
}

// Ref is the sealed key pair with the attributes that it was sealed with. If the record has become
// another token's since then, it is a reference that does not open.
func (t *Token) Ref() hsm.KeyRef {
	ref, now := hsm.KeyRef{Sealed: t.sealed}, t.HSMAttributes()
	a := &ref.Attributes
	if err := a.UnmarshalBinary(t.bound); err != nil || a.KeyID != now.KeyID || a.Usage != now.Usage || a.Algorithm != now.Algorithm ||
		a.Bits != now.Bits {
		ref.Attributes = hsm.Attributes{}
	}
	return ref
}

// Unchanged requires of a commit that the token has not changed since it was read.
func (t *Token) Unchanged() keystore.Change {
	return keystore.Change{Require: &keystore.Require{Ref: tokenRef(t.Place, t.ID), Expect: t.rev}}
}

func tokenRef(p keystore.Partition, id string) keystore.Ref {
	return keystore.Ref{Partition: p, Kind: KindToken, ID: id}
}

// Settled reports whether the token has expired and its key pair has been erased.
func (t *Token) Settled() bool { return t.sealed == nil }

// Expired reports whether the token has expired. One that has been settled
// stays expired if the clock is set back.
func (t *Token) Expired(now time.Time) bool { return t.sealed == nil || !t.Expires.After(now) }

func (t *Token) removable(now time.Time) bool { return !t.Expires.Add(tokenRemembered).After(now) }

// FindToken finds an import or export token of the caller, which is of its account and Region (GUESS G-token-place).
// An unknown one is ResourceNotFoundException. Whether the token may be used is for [Token.Check].
func (c *Call) FindToken(ctx context.Context, id, field string) (Token, error) {
	found, err := c.Cloud.Read(ctx, tokenRef(c.Home(), id))
	if err != nil {
		return Token{}, StoreError(err)
	}
	// GUESS G-unknown-token: the exception.
	unknown := notFound(id, Because(apc.RuleToken, field, problemNoToken, "", ""))
	if !found[0].Record.Exists() {
		return Token{}, unknown
	}
	t, err := DecodeToken(&found[0].Record)
	switch {
	case err != nil:
		return Token{}, unreadable(&found[0].Record, err)
	case t.removable(c.Now):
		return Token{}, unknown
	}
	return t, nil
}

// Check refuses a token that has expired, and one for another kind of key material
// (GUESS G-token-refusal: ValidationException).
func (t *Token) Check(now time.Time, m apc.KeyMaterialType, field string) error {
	switch {
	case t.Expired(now):
		return Invalid("The token has expired.", Because(apc.RuleTokenExpired, field, problemTokenExpired,
			"valid until "+t.Expires.Format(time.RFC3339), "valid at "+now.Format(time.RFC3339)))
	case t.Material != m:
		return Invalid(
			"The token is not valid for this key material.",
			Because(apc.RuleTokenMaterial, field, problemTokenOther, string(t.Material), string(m)),
		)
	}
	return nil
}

// settleToken erases the key pair of a token that has expired and lowers the
// counter, and removes the token when it has been expired for long.
func (cloud *Cloud) settleToken(ctx context.Context, rec keystore.Record, now time.Time) error {
	t, err := DecodeToken(&rec)
	if err != nil {
		return &skipError{err}
	}
	var count *keystore.Add
	old := t.sealed
	if t.sealed != nil {
		t.sealed, t.bound = nil, nil
		count = &keystore.Add{Ref: Counter(t.Place, CountTokens), Delta: -1}
	}
	change := keystore.Replace(t.Record())
	if t.removable(now) {
		change = keystore.Erase(rec)
	}
	if _, err := cloud.commitSettled(ctx, []keystore.Change{change}, count); err != nil {
		return err
	}
	if old != nil {
		cloud.HSM.Forget(old)
	}
	return nil
}
