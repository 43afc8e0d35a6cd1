package engine

import (
	"cmp"
	"context"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/keystore"
)

const (
	kindToken    keystore.Kind = "token"
	tokenVersion               = 1
	countTokens                = "tokens"

	// tokenRemembered is how long an expired token is still known as one, so
	// that its refusal says so (GUESS: nothing is documented).
	tokenRemembered = 365 * 24 * time.Hour
)

// What token ids begin with: both are of one length.
const (
	importToken = "import-token-"
	exportToken = "export-token-"
)

// token is the parameters of an import or an export: a pair, the certificate of
// its public half, and the time until which they serve. It belongs to an
// account, a Region and one kind of material.
type token struct {
	place keystore.Partition
	id    string // with its prefix
	rev   keystore.CommitID

	material         apc.KeyMaterialType
	alg              *algorithm
	created, expires time.Time
	certificate      string // as text
	public           hsm.Public
	sealed           hsm.Sealed // nil once expired and settled
}

// index finds the tokens of a purpose and an algorithm.
func (t *token) index() string { return tokenIndex(t.id[:len(importToken)], t.material, t.alg) }

func tokenIndex(prefix string, m apc.KeyMaterialType, alg *algorithm) string {
	return prefix + string(m) + "-" + string(alg.name)
}

func (t *token) record() keystore.Record {
	w := &writer{b: make([]byte, 1, 256+len(t.certificate)+len(t.public)+len(t.sealed))}
	w.b[0] = tokenVersion
	w.text(string(t.material))
	w.text(string(t.alg.name))
	w.time(t.created)
	w.time(t.expires)
	w.text(t.certificate)
	w.bytes(t.public)
	w.bytes(t.sealed)
	due := t.expires
	if t.sealed == nil {
		due = t.expires.Add(tokenRemembered)
	}
	return keystore.Record{Partition: t.place, Kind: kindToken, ID: t.id, Rev: t.rev, Due: due, Index: t.index(), Data: w.record()}
}

func decodeToken(rec *keystore.Record) (token, error) {
	r := newReader(rec.Data, "token", tokenVersion)
	t := token{place: rec.Partition, id: rec.ID, rev: rec.Rev, material: member(&r, keyMaterialTypes)}
	if t.alg = algorithmNamed(member(&r, keyAlgorithms)); t.alg == nil || len(t.id) < len(importToken) {
		r.fail = cmp.Or(r.fail, errRecord)
	}
	t.created, t.expires = r.time(), r.time()
	t.certificate = r.text()
	t.public, t.sealed = r.bytes(), r.bytes()
	return t, r.end()
}

// attributes are those the token's pair is sealed with.
func (t *token) attributes() hsm.Attributes {
	usage, mode := "K2", byte('D')
	if t.id[:len(exportToken)] == exportToken {
		usage, mode = "S0", 'S'
	}
	return hsm.Attributes{KeyID: t.id, Usage: usage, Algorithm: t.alg.letter, Mode: mode, Exportability: 'N', Bits: t.alg.bits}
}

func (t *token) ref() hsm.KeyRef { return hsm.KeyRef{Sealed: t.sealed, Attributes: t.attributes()} }

func (t *token) unchanged() keystore.Change {
	return keystore.Change{Require: &keystore.Require{Ref: tokenRef(t.place, t.id), Expect: t.rev}}
}

func tokenRef(p keystore.Partition, id string) keystore.Ref {
	return keystore.Ref{Partition: p, Kind: kindToken, ID: id}
}

// expired: what has been settled stays so, whatever the clock says.
func (t *token) expired(now time.Time) bool { return t.sealed == nil || !t.expires.After(now) }

func (t *token) forgotten(now time.Time) bool { return !t.expires.Add(tokenRemembered).After(now) }

// loadToken finds a token of the caller and holds it to its time and its
// material. An unknown one is ResourceNotFoundException, an expired one
// ValidationException (GUESS).
func (c *call) loadToken(ctx context.Context, id string, m apc.KeyMaterialType, field string) (token, error) {
	found, err := c.cloud.store.Read(ctx, tokenRef(c.home(), id))
	if err != nil {
		return token{}, storeError(err)
	}
	unknown := notFound(id, because(apc.RuleToken, field, problemNoToken, "", ""))
	if !found[0].Record.Exists() {
		return token{}, unknown
	}
	t, err := decodeToken(&found[0].Record)
	switch {
	case err != nil:
		return token{}, unreadable(&found[0].Record, err)
	case t.forgotten(c.now):
		return token{}, unknown
	case t.expired(c.now):
		return token{}, invalid("The token has expired.", because(apc.RuleTokenExpired, field, problemTokenExpired,
			"valid until "+t.expires.Format(time.RFC3339), "valid at "+c.now.Format(time.RFC3339)))
	case t.material != m:
		return token{}, invalid("The token is not valid for this key material.", because(apc.RuleTokenMaterial, field, problemTokenOther, string(t.material), string(m)))
	}
	return t, nil
}

// settleToken erases the key pair of a token that has expired and lowers the
// counter, and removes the token when it has been expired for long.
func (e *cloud) settleToken(ctx context.Context, rec keystore.Record, now time.Time) error {
	t, err := decodeToken(&rec)
	if err != nil {
		return &skipError{err}
	}
	var count *keystore.Add
	old := t.sealed
	if t.sealed != nil {
		t.sealed = nil
		count = &keystore.Add{Ref: counter(t.place, countTokens), Delta: -1}
	}
	change := keystore.Replace(t.record())
	if t.forgotten(now) {
		change = keystore.Erase(rec)
	}
	if err := e.commitSettled(ctx, []keystore.Change{change}, count); err != nil {
		return err
	}
	if old != nil {
		e.hsm.Forget(old)
	}
	return nil
}
