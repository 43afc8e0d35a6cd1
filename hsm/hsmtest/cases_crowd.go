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

// together calls f from n goroutines at once. A panic is a failure, and so is not
// coming to an end.
func together(t tester, n int, f func(i int)) {
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

// openAll opens the keys, to be closed by closeAll.
func openAll(t tester, b hsm.Backend, sealed []sealedUse) (keys []hsm.Key) {
	for _, u := range sealed {
		keys = append(keys, open(t, b, u.sealed, u.a))
	}
	return keys
}

func closeAll(t tester, keys []hsm.Key) { together(t, len(keys), func(i int) { keys[i].Close() }) }

var crowdCases = []testCase{
	newCase(
		"CrowdsShareBackends",
		promises{
			"Any number of goroutines may share one; the caller that opened it closes it.",
			"Open readies a sealed key for use. The caller closes the Key.",
		},
		on(func(t tester, b hsm.Backend) {
			sealed, calls := seal(t, b, uses()), callsOn(t, b)
			for _, u := range sealed { // all open and close one key
				together(t, keyUsers, func(int) { good(t, u.name+", opened and closed by others", u.whole(ctx, b)) })
			}
			together(t, crowd, func(i int) {
				for r := range rounds {
					u, c := sealed[(i+r*7)%len(sealed)], calls[(i*3+r)%len(calls)]
					good(t, u.name+" in a crowd", u.whole(ctx, b))
					good(t, c.name+" in a crowd", c.do(ctx, b))
				}
			})
		}),
	),
	newCase("CrowdsShareKeys", promises{"Any number of goroutines may use one at the same time."}, on(func(t tester, b hsm.Backend) {
		sealed := seal(t, b, uses())
		keys := openAll(t, b, sealed)
		for i, u := range sealed { // all with one key, then all with all
			together(t, crowd, func(int) { good(t, u.name+", all with one key", u.do(ctx, keys[i])) })
		}
		together(t, crowd, func(i int) {
			for r := range rounds {
				n := (i + r*5) % len(sealed)
				good(t, sealed[n].name+" in a crowd", sealed[n].do(ctx, keys[n]))
			}
		})
		closeAll(t, keys)
	})),
	newCase("KeysClosedInUse", promises{"ErrClosed: the backend or the key was closed."}, on(func(t tester, b hsm.Backend) {
		for _, u := range seal(t, b, uses()) {
			k := open(t, b, u.sealed, u.a)
			whileUsed(t, u.name, keyUsers, keyCalls, 3, k.Close, func(int, int) error { return u.do(ctx, k) })
			fails(t, hsm.ErrClosed, map[string]error{u.name + " with a key that was closed in use": u.do(ctx, k)})
			good(t, u.name+" with the same key opened anew", u.whole(ctx, b))
		}
	})),
	newCase("BackendsClosedInUse", promises{"Later calls fail with ErrClosed; a second Close does nothing."}, func(t tester, s *subject) {
		for n := range closings {
			b := s.Open()
			sealed, calls := seal(t, b, uses()), callsOn(t, b)
			keys := openAll(t, b, sealed)
			whileUsed(t, "a backend", crowd, mostCalls, (n+1)*crowd/2, b.Close, func(i, r int) error {
				at := i + r*7
				u, c := sealed[at%len(sealed)], calls[at%len(calls)]
				switch r % 3 {
				case 0:
					return u.whole(ctx, b)
				case 1:
					return c.do(ctx, b)
				}
				// An open key may stay usable when its backend is closed.
				if err := u.do(ctx, keys[at%len(sealed)]); err != nil {
					return err
				}
				return second(b.MasterKeyID(ctx))
			})
			together(t, len(calls), func(i int) {
				fails(t, hsm.ErrClosed, map[string]error{calls[i].name + " with a backend that was closed in use": calls[i].do(ctx, b)})
			})
			closeAll(t, keys)
		}
	}),
}

// whileUsed closes something after so many calls, while users go on with it: each of
// their calls succeeds or ends with ErrClosed, which ends the user.
func whileUsed(t tester, what string, users, most, after int, shut func() error, do func(i, r int) error) {
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
