package core

import (
	"cmp"
	"context"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/keystore"
)

const (
	KindToken    = keystore.Kind("token")
	tokenVersion = 1
	CountTokens  = "tokens"

	// tokenRemembered is how long an expired token is still known as one, so
	// that its refusal says so (GUESS: nothing is documented).
	tokenRemembered = 365 * 24 * time.Hour
)

// What token ids begin with: both are of one length.
const (
	ImportToken = "import-token-"
	ExportToken = "export-token-"
)

// Token is the parameters of an import or an export: a pair, the certificate of
// its public half, and the time until which they serve. It belongs to an
// account, a Region and one kind of material.
type Token struct {
	Place keystore.Partition
	ID    string // with its prefix
	rev   keystore.CommitID

	Material         apc.KeyMaterialType
	Alg              *Algorithm
	Created, Expires time.Time
	Certificate      string // as text
	Public           hsm.Public
	Sealed           hsm.Sealed // nil once expired and settled
}

// index finds the tokens of a purpose and an algorithm.
func (t *Token) index() string { return TokenIndex(t.ID[:len(ImportToken)], t.Material, t.Alg) }

func TokenIndex(prefix string, m apc.KeyMaterialType, alg *Algorithm) string {
	return prefix + string(m) + "-" + string(alg.Name)
}

func (t *Token) Record() keystore.Record {
	w := &writer{b: make([]byte, 1, 256+len(t.Certificate)+len(t.Public)+len(t.Sealed))}
	w.b[0] = tokenVersion
	w.text(string(t.Material))
	w.text(string(t.Alg.Name))
	w.time(t.Created)
	w.time(t.Expires)
	w.text(t.Certificate)
	w.bytes(t.Public)
	w.bytes(t.Sealed)
	due := t.Expires
	if t.Sealed == nil {
		due = t.Expires.Add(tokenRemembered)
	}
	return keystore.Record{Partition: t.Place, Kind: KindToken, ID: t.ID, Rev: t.rev, Due: due, Index: t.index(), Data: w.record()}
}

func DecodeToken(rec *keystore.Record) (Token, error) {
	r := newReader(rec.Data, "token", tokenVersion)
	t := Token{Place: rec.Partition, ID: rec.ID, rev: rec.Rev, Material: member(&r, keyMaterialTypes)}
	if t.Alg = AlgorithmNamed(member(&r, keyAlgorithms)); t.Alg == nil || len(t.ID) < len(ImportToken) {
		r.fail = cmp.Or(r.fail, errRecord)
	}
	t.Created, t.Expires = r.time(), r.time()
	t.Certificate = r.text()
	t.Public, t.Sealed = r.bytes(), r.bytes()
	return t, r.end()
}

// Attributes are those the token's pair is sealed with.
func (t *Token) Attributes() hsm.Attributes {
	usage, mode := "K2", byte('D')
	if t.ID[:len(ExportToken)] == ExportToken {
		usage, mode = "S0", 'S'
	}
	return hsm.Attributes{KeyID: t.ID, Usage: usage, Algorithm: t.Alg.Letter, Mode: mode, Exportability: 'N', Bits: t.Alg.Bits}
}

func (t *Token) Ref() hsm.KeyRef { return hsm.KeyRef{Sealed: t.Sealed, Attributes: t.Attributes()} }

func (t *Token) Unchanged() keystore.Change {
	return keystore.Change{Require: &keystore.Require{Ref: tokenRef(t.Place, t.ID), Expect: t.rev}}
}

func tokenRef(p keystore.Partition, id string) keystore.Ref {
	return keystore.Ref{Partition: p, Kind: KindToken, ID: id}
}

// Expired: what has been settled stays so, whatever the clock says.
func (t *Token) Expired(now time.Time) bool { return t.Sealed == nil || !t.Expires.After(now) }

func (t *Token) forgotten(now time.Time) bool { return !t.Expires.Add(tokenRemembered).After(now) }

// FindToken finds an import or export token of the caller. An unknown one is
// ResourceNotFoundException. Whether the token may be used is for [Token.Check].
func (c *Call) FindToken(ctx context.Context, id, field string) (Token, error) {
	found, err := c.Cloud.Store.Read(ctx, tokenRef(c.Home(), id))
	if err != nil {
		return Token{}, StoreError(err)
	}
	unknown := notFound(id, Because(apc.RuleToken, field, problemNoToken, "", ""))
	if !found[0].Record.Exists() {
		return Token{}, unknown
	}
	t, err := DecodeToken(&found[0].Record)
	switch {
	case err != nil:
		return Token{}, unreadable(&found[0].Record, err)
	case t.forgotten(c.Now):
		return Token{}, unknown
	}
	return t, nil
}

// Check refuses a token that has expired, and one for another kind of key material
// (ValidationException: GUESS).
func (t *Token) Check(now time.Time, m apc.KeyMaterialType, field string) error {
	switch {
	case t.Expired(now):
		return Invalid("The token has expired.", Because(apc.RuleTokenExpired, field, problemTokenExpired,
			"valid until "+t.Expires.Format(time.RFC3339), "valid at "+now.Format(time.RFC3339)))
	case t.Material != m:
		return Invalid("The token is not valid for this key material.", Because(apc.RuleTokenMaterial, field, problemTokenOther, string(t.Material), string(m)))
	}
	return nil
}

// settleToken erases the key pair of a token that has expired and lowers the
// counter, and removes the token when it has been expired for long.
func (e *Cloud) settleToken(ctx context.Context, rec keystore.Record, now time.Time) error {
	t, err := DecodeToken(&rec)
	if err != nil {
		return &skipError{err}
	}
	var count *keystore.Add
	old := t.Sealed
	if t.Sealed != nil {
		t.Sealed = nil
		count = &keystore.Add{Ref: Counter(t.Place, CountTokens), Delta: -1}
	}
	change := keystore.Replace(t.Record())
	if t.forgotten(now) {
		change = keystore.Erase(rec)
	}
	if _, err := e.commitSettled(ctx, []keystore.Change{change}, count); err != nil {
		return err
	}
	if old != nil {
		e.HSM.Forget(old)
	}
	return nil
}
