//go:build cgo

package pkcs11

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	p11 "github.com/miekg/pkcs11"

	"github.com/seed748fb4d1/apcsim/hsm"
)

// blames reports whether an error is one for a fault of the caller or of a key,
// where the device was at fault.
func blames(err error) bool {
	for _, wrong := range []error{hsm.ErrSealed, hsm.ErrAttributes, hsm.ErrRefused, hsm.ErrInput, hsm.ErrClosed, hsm.ErrNoMasterKey,
		errors.ErrUnsupported, ErrPIN, ErrMasterKeys, errWrong} {
		if errors.Is(err, wrong) {
			return true
		}
	}
	return false
}

// nth fails the nth call from now on, once.
func nth(n int, code uint) (fault func(string) error, fired func() string) {
	var mu sync.Mutex
	var at string
	return func(function string) error {
			mu.Lock()
			defer mu.Unlock()
			if n--; n != 0 {
				return nil
			}
			at = function
			return p11.Error(code)
		}, func() string {
			mu.Lock()
			defer mu.Unlock()
			return at
		}
}

// Codes of each kind, tried at every call of every exercise.
var codes = map[string][]uint{
	"lost": {
		p11.CKR_SESSION_HANDLE_INVALID,
		p11.CKR_SESSION_CLOSED,
		p11.CKR_USER_NOT_LOGGED_IN,
		p11.CKR_KEY_HANDLE_INVALID,
		p11.CKR_OBJECT_HANDLE_INVALID,
		p11.CKR_DEVICE_ERROR,
		p11.CKR_DEVICE_REMOVED,
		p11.CKR_TOKEN_NOT_PRESENT,
		p11.CKR_TOKEN_NOT_RECOGNIZED,
		p11.CKR_SLOT_ID_INVALID,
	},
	"failed": {
		p11.CKR_GENERAL_ERROR,
		p11.CKR_FUNCTION_FAILED,
		p11.CKR_HOST_MEMORY,
		p11.CKR_DEVICE_MEMORY,
		p11.CKR_SESSION_COUNT,
		p11.CKR_OPERATION_ACTIVE,
	},
}

// TestOneFailureAtEveryCall: whichever call of whatever is done fails, and
// however, the answer is right or an outage; afterwards everything works, and
// no session and no object is left behind.
func TestOneFailureAtEveryCall(t *testing.T) {
	b, f := watched(t, func(o *Options) { o.PoolSize = 2 })
	s := sealKnown(t, b)
	for _, d := range exercises {
		t.Run(d.name, func(t *testing.T) {
			for kind, list := range codes {
				for i, code := range list {
					for n := 1; ; n++ {
						if i > 1 && n > 1 {
							break // the first two at every call, the others at the first
						}
						fault, fired := nth(n, code)
						f.arm(fault, nil)
						err := d.do(ctx, b, s)
						f.arm(nil, nil)
						at := fired()
						if at == "" {
							if err != nil {
								t.Fatalf("without a failure: %v", err)
							}
							break
						}
						where := fmt.Sprintf("%s at call %d, %s", p11.Error(code), n, at)
						if blames(err) {
							t.Errorf("%s: %v", where, err)
						}
						if kind == "lost" && err != nil {
							t.Errorf("%s is not recovered from: %v", where, err)
						}
						if err := d.do(ctx, b, s); err != nil {
							t.Errorf("after %s: %v", where, err)
						}
						checkLeft(t, f, where)
					}
				}
			}
		})
	}
}

// checkLeft counts what is open while no key is: the login, two pools of two,
// the transport key.
func checkLeft(t *testing.T, f *faulty, where string) {
	t.Helper()
	if sessions, objects := f.counts(); sessions > 5 || objects > 1 {
		t.Fatalf("after %s there are %d sessions and %d objects", where, sessions, objects)
	}
}

// TestFailuresAfterTheEffect: the call was done, and then the device was lost.
func TestFailuresAfterTheEffect(t *testing.T) {
	b, f := watched(t, func(o *Options) { o.PoolSize = 2 })
	s := sealKnown(t, b)
	for _, d := range exercises {
		for n := 1; ; n++ {
			fault, fired := nth(n, p11.CKR_DEVICE_REMOVED)
			f.arm(nil, fault)
			err := d.do(ctx, b, s)
			f.arm(nil, nil)
			at := fired()
			if err != nil {
				t.Errorf("%s: lost after %s: %v", d.name, at, err)
			}
			if at == "" {
				break
			}
			checkLeft(t, f, at)
		}
	}
}

// crowd has goroutines do everything at the same time.
func crowd(t *testing.T, goroutines, rounds int, b *Backend, s sealedKeys) {
	t.Helper()
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range rounds {
				d := exercises[(g+i)%len(exercises)]
				if err := d.do(ctx, b, s); err != nil {
					t.Errorf("%s in a crowd: %v", d.name, err)
				}
			}
		})
	}
	wg.Wait()
}

// TestLossesInACrowd: connections are lost all the time while a crowd works.
// No call has a wrong result or waits forever, and no session or object is left.
func TestLossesInACrowd(t *testing.T) {
	b, f := watched(t, nil)
	s := sealKnown(t, b)
	var mu sync.Mutex
	n := 0
	f.arm(func(function string) error {
		mu.Lock()
		defer mu.Unlock()
		n++
		switch {
		case function == "C_CloseSession": // a session said to be gone would stay
		case n%199 == 0:
			return p11.Error(p11.CKR_SESSION_HANDLE_INVALID)
		case n%997 == 0:
			return p11.Error(p11.CKR_DEVICE_REMOVED)
		case n%307 == 0:
			return p11.Error(p11.CKR_GENERAL_ERROR)
		}
		return nil
	}, nil)
	var wg sync.WaitGroup
	right := 0
	for g := range 16 {
		wg.Go(func() {
			for i := range 20 {
				d := exercises[(g+i)%len(exercises)]
				err := d.do(ctx, b, s)
				if blames(err) {
					t.Errorf("%s: %v", d.name, err)
				}
				if err != nil {
					overdue(b)
					continue
				}
				mu.Lock()
				right++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	f.arm(nil, nil)
	if right < 100 {
		t.Errorf("of 320 exercises %d succeeded", right)
	}
	returns(t, b, func() error { return b.Random(ctx, make([]byte, 1)) })
	if err := exercises[0].do(ctx, b, s); err != nil {
		t.Error(err)
	}
	if _, objects := f.counts(); objects != 1 {
		t.Errorf("%d objects are left", objects)
	}
}

// TestCancelledInTheMiddle: what a call had made when its context was cancelled
// is not left behind.
func TestCancelledInTheMiddle(t *testing.T) {
	b, f := watched(t, func(o *Options) { o.PoolSize = 2 })
	s := sealKnown(t, b)
	for _, d := range exercises {
		for n := 1; ; n++ {
			ctx, cancel := context.WithCancel(ctx)
			left, fired := n, false
			f.arm(func(string) error {
				if left--; left == 0 {
					cancel()
					fired = true
				}
				return nil
			}, nil)
			err := d.do(ctx, b, s)
			f.arm(nil, nil)
			cancel()
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("%s cancelled at call %d: %v", d.name, n, err)
			}
			checkLeft(t, f, d.name)
			if !fired {
				break
			}
		}
	}
}
