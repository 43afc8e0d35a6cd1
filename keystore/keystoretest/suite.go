// Package keystoretest is the conformance suite of keystore.Store: [Run] it
// against an implementation of your own.
package keystoretest

import (
	"slices"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig/promise"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// Options are what a test can do to a store besides calling it. Each may be nil;
// the cases that need it are not run then, and the log names them. The suite closes every store that it
// gets; one of them may have been closed before.
type Options struct {
	// Again opens the content of s anew, as after a restart. The suite has
	// closed s and all others on this content before. Nil: the content does not
	// outlast a store.
	Again func(t testing.TB, s keystore.Store) keystore.Store

	// Second opens the content of s, which stays open, a second time, as another
	// process would: the two share the content and nothing in memory. It may be
	// called more than once for one s. Nil: only one may be open.
	Second func(t testing.TB, s keystore.Store) keystore.Store

	// Cut makes the calls of s that run at this moment fail, if it can, as when a connection is
	// lost: the outcome of a commit may then be unknown. Later calls work again, perhaps not at the
	// first try. It is called while other goroutines call s. Nil: there is nothing to cut.
	Cut func(t testing.TB, s keystore.Store)
}

// Run tests every promise of [keystore.Store] on a store. Open makes a new, empty store; each case
// has its own. Nil options are none.
//
// The suite has few calls that run at the same time: run your own tests of
// concurrent calls, with the race detector.
func Run(t *testing.T, open func(t testing.TB) keystore.Store, o *Options) {
	promise.Run(t, cases(), open, o)
}

type (
	tester   = promise.T
	subject  = promise.Subject[keystore.Store, Options]
	testCase = promise.Case[*subject]
	promises = []string
)

var (
	newCase = promise.New[*subject]
	on      = promise.On[keystore.Store, Options]
)

func cases() []testCase {
	return slices.Concat(readCases, listCases, commitCases, outcomeCases, lifeCases, againCases, handleCases)
}
