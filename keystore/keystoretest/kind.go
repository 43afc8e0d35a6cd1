package keystoretest

import (
	"testing"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// Kind is a kind of store, and what a test can do to one besides calling it.
// Open is needed; each other hook may be nil, and the cases that need it are
// skipped then. The suite closes every store it gets from a hook; one of them
// may have been closed before.
type Kind struct {
	// Open makes a fresh, empty store.
	Open func(t testing.TB) keystore.Store

	// Again opens the content of s anew, as after a restart. The suite has
	// closed s and all others on this content before. Nil: the store forgets.
	Again func(t testing.TB, s keystore.Store) keystore.Store

	// Second opens the content of s, which stays open, a second time, as another
	// process would: the two share no memory that matters. It may be called more
	// than once for one s. Nil: only one may be open.
	Second func(t testing.TB, s keystore.Store) keystore.Store

	// Cut has the calls of s that run at this moment fail, if it can, as when a
	// connection is lost: the outcome of a commit may be unknown then. Calls
	// made later work again, if not at the first try. It is called while other
	// goroutines call s. Nil: there is nothing to cut.
	Cut func(t testing.TB, s keystore.Store)
}

// KindCase is a promise that takes more to check than one open store.
type KindCase struct {
	Name    string
	Promise string
	Needs   Need
	Check   func(t T, b *Bench)
}

// KindCases are all of them.
func KindCases() []KindCase {
	var out []KindCase
	for _, group := range [][]KindCase{againCases, secondCases, crowdsOfTwo, linearOfTwo, cutCases} {
		out = append(out, group...)
	}
	return out
}

// Need is the hook without which a case has nothing to do.
type Need int

// What a case can need.
const (
	NeedsAgain Need = iota
	NeedsSecond
	NeedsCut
)

// missing names the hook if the kind does not have it.
func (n Need) missing(k Kind) string {
	switch {
	case n == NeedsAgain && k.Again == nil:
		return "Kind.Again"
	case n == NeedsSecond && k.Second == nil:
		return "Kind.Second"
	case n == NeedsCut && k.Cut == nil:
		return "Kind.Cut"
	}
	return ""
}

// Bench is a kind of store under test. What it opens is closed when the test
// ends.
type Bench struct {
	t    testing.TB
	kind Kind
}

func (b *Bench) closing(opened keystore.Store) keystore.Store {
	b.t.Cleanup(func() { opened.Close() })
	return opened
}

// Open is Kind.Open.
func (b *Bench) Open() keystore.Store { return b.closing(b.kind.Open(b.t)) }

// Again is Kind.Again.
func (b *Bench) Again(s keystore.Store) keystore.Store { return b.closing(b.kind.Again(b.t, s)) }

// Second is Kind.Second.
func (b *Bench) Second(s keystore.Store) keystore.Store { return b.closing(b.kind.Second(b.t, s)) }

// Cut is Kind.Cut.
func (b *Bench) Cut(s keystore.Store) { b.kind.Cut(b.t, s) }
