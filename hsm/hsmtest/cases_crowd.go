package hsmtest

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed748fb4d1/apcsim/hsm"
)

const (
	crowd     = 16               // goroutines
	rounds    = 6                // of each of them
	closings  = 3                // of a backend while calls run
	mostCalls = 12               // of one goroutine that waits for ErrClosed
	keyUsers  = 6                // of one key that is closed meanwhile, or opened by all
	keyCalls  = 4                // of one of them
	patience  = 60 * time.Second // for a crowd to end
)

// together calls f from n goroutines at once. A panic is a fault, and so is not
// coming to an end.
func together(t T, n int, f func(i int)) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					t.Errorf("a panic: %v", p)
				}
			}()
			f(i)
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("calls have not ended after %v", patience)
	}
}

var crowdCases = []Case{
	{"CrowdsShareBackends", "Any number of goroutines may share one; whoever opened it closes it.", func(t T, b hsm.Backend) {
		sealed, calls := sealUses(t, b), callsOn(t, b)
		together(t, crowd, func(i int) {
			for r := range rounds {
				u, c := sealed[(i+r*7)%len(sealed)], calls[(i*3+r)%len(calls)]
				if err := u.whole(ctx, b); err != nil {
					t.Errorf("%s in a crowd: %v", u.name, err)
				}
				if err := c.do(ctx, b); err != nil {
					t.Errorf("%s in a crowd: %v", c.name, err)
				}
			}
		})
	}},
	{"CrowdsShareKeys", "Any number of goroutines may use one at a time", func(t T, b hsm.Backend) {
		sealed := sealUses(t, b)
		keys := make([]hsm.Key, len(sealed))
		for i, u := range sealed {
			keys[i] = open(t, b, u.sealed, u.a)
			defer keys[i].Close()
		}
		for i, u := range sealed { // all with one key, then all with all
			together(t, crowd, func(int) {
				if err := u.do(ctx, keys[i]); err != nil {
					t.Errorf("%s, all with one key: %v", u.name, err)
				}
			})
		}
		together(t, crowd, func(i int) {
			for r := range rounds {
				n := (i + r*5) % len(sealed)
				if err := sealed[n].do(ctx, keys[n]); err != nil {
					t.Errorf("%s in a crowd: %v", sealed[n].name, err)
				}
			}
		})
	}},
	{"CrowdsOpenAndCloseOneKey", "Open readies a sealed key for use. The caller closes the Key.", func(t T, b hsm.Backend) {
		for _, u := range sealUses(t, b) {
			together(t, keyUsers, func(int) {
				if err := u.whole(ctx, b); err != nil {
					t.Errorf("%s, opened and closed by others: %v", u.name, err)
				}
			})
		}
	}},
	{"KeysClosedInUse", "ErrClosed: the backend or the key was closed.", func(t T, b hsm.Backend) {
		for _, u := range sealUses(t, b) {
			k := open(t, b, u.sealed, u.a)
			whileUsed(t, u.name, keyUsers, keyCalls, 3, k.Close, func(int, int) error { return u.do(ctx, k) })
			if err := u.do(ctx, k); !errors.Is(err, hsm.ErrClosed) {
				t.Errorf("%s with a key that was closed in use: %v", u.name, err)
			}
			if err := u.whole(ctx, b); err != nil {
				t.Errorf("%s with the same key opened anew: %v", u.name, err)
			}
		}
	}},
}

var closingCases = []DeviceCase{
	{"BackendsClosedInUse", "Later calls fail with ErrClosed; a second Close does nothing.", NeedsOpen, func(t T, d *Bench) {
		for n := range closings {
			b := d.Open()
			sealed, calls := sealUses(t, b), callsOn(t, b)
			keys := make([]hsm.Key, len(sealed))
			for i, u := range sealed {
				keys[i] = open(t, b, u.sealed, u.a)
			}
			whileUsed(t, "a backend", crowd, mostCalls, (n+1)*crowd/2, b.Close, func(i, r int) error {
				switch at := i + r*7; r % 3 {
				case 0:
					return sealed[at%len(sealed)].whole(ctx, b)
				case 1:
					return calls[at%len(calls)].do(ctx, b)
				default:
					return openUntilClosed(b, sealed[at%len(sealed)], keys[at%len(sealed)])
				}
			})
			together(t, len(calls), func(i int) {
				if err := calls[i].do(ctx, b); !errors.Is(err, hsm.ErrClosed) {
					t.Errorf("%s with a backend that was closed in use: %v", calls[i].name, err)
				}
			})
			together(t, len(keys), func(i int) { keys[i].Close() })
		}
	}},
}

// openUntilClosed uses an open key, which may stay usable when its backend is
// closed; after that it asks the backend.
func openUntilClosed(b hsm.Backend, u sealedUse, k hsm.Key) error {
	if err := u.do(ctx, k); err != nil {
		return err
	}
	_, err := b.MasterKeyID(ctx)
	return err
}

// whileUsed closes something after so many calls, while users go on with it:
// each of their calls succeeds or ends with ErrClosed, which ends the user.
func whileUsed(t T, what string, users, most, after int, shut func() error, do func(i, r int) error) {
	t.Helper()
	var begun atomic.Int64
	reached := make(chan struct{})
	together(t, users+1, func(i int) {
		if i == users {
			<-reached
			if err := shut(); err != nil {
				t.Errorf("closing %s in use: %v", what, err)
			}
			return
		}
		for r := range most {
			if begun.Add(1) == int64(after) {
				close(reached)
			}
			err := do(i, r)
			if errors.Is(err, hsm.ErrClosed) {
				return
			}
			if err != nil {
				t.Errorf("%s is closed in use: %v", what, err)
			}
		}
	})
}
