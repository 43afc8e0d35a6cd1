//go:build cgo

package pkcs11

import (
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/testrig/softtoken"
)

// optionsOf are options on a soft token.
func optionsOf(a softtoken.Token) Options {
	return Options{Module: a.Module, Reserved: a.Reserved, Label: a.Label, PIN: a.PIN, LockDir: a.Dir}
}

// sharedToken is one token for all tests.
func sharedToken(t testing.TB, kind softtoken.Kind) softtoken.Token {
	t.Helper()
	token, err := softtoken.Shared(kind)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// opened is a backend with master keys, closed when the test ends.
func opened(t testing.TB, o Options) *Backend {
	t.Helper()
	b, err := Open(ctx, &o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	if err := b.Initialize(ctx); err != nil {
		t.Fatal(err)
	}
	return b
}

// overdue ends the time of an outage in which a backend does not try to reach its token.
func overdue(b *Backend) {
	b.recovery.Lock()
	defer b.recovery.Unlock()
	b.outage.until = time.Time{}
}

// returns fails the test if a token that is there again is not found at one of the first
// attempts, of which each needs no time to pass.
func returns(t *testing.T, b *Backend, do func() error) {
	t.Helper()
	err := errWrong
	for n := 0; err != nil && n < 3; n++ {
		overdue(b)
		err = do()
	}
	if err != nil {
		t.Fatalf("the token is there again: %v", err)
	}
}

// watched is a backend on the shared SoftHSM token through a faulty module.
func watched(t testing.TB, change func(*Options)) (*Backend, *faulty) {
	t.Helper()
	between := putBetween(t.Cleanup)
	o := optionsOf(sharedToken(t, softtoken.SoftHSM))
	if change != nil {
		change(&o)
	}
	return opened(t, o), between()
}
