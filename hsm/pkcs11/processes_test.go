//go:build cgo

package pkcs11

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	p11 "github.com/miekg/pkcs11"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig/softtoken"
)

// TestBackendsThatInitialiseBesideEachOther: on two tokens of one module. Making
// master keys initialises the module anew under the others.
func TestBackendsThatInitialiseBesideEachOther(t *testing.T) {
	o := optionsOf(softtoken.New(t, softtoken.SoftHSM, &softtoken.Options{Labels: []string{"one", "two"}}))
	var wg sync.WaitGroup
	for n := range 6 {
		wg.Go(func() {
			for round := range 3 {
				o := o
				o.Label = []string{"one", "two"}[n%2]
				o.MasterLabel = fmt.Sprintf("%s %d %d", o.Label, n, round)
				b, err := Open(ctx, &o)
				if err != nil {
					t.Error(err)
					return
				}
				err = b.Initialize(ctx)
				if err == nil {
					_, err = b.Import(ctx, hsm.NewSecret(knownKey), knownAES)
				}
				if err := errors.Join(err, b.Close()); err != nil {
					t.Errorf("%s: %v", o.MasterLabel, err)
				}
			}
		})
	}
	wg.Wait()
	for _, label := range []string{"one", "two"} {
		o.Label = label
		b := opened(t, o)
		for n := range 6 {
			found, err := b.conn.find(fmt.Sprintf("%s %d 0", []string{"one", "two"}[n%2], n), roleReady)
			if want := []string{"one", "two"}[n%2] == label; err != nil || (len(found) == 1) != want {
				t.Errorf("the token %s has %d families of backend %d, %v", label, len(found), n, err)
			}
		}
	}
}

// TestAnotherOwnerOfTheModule: other code of the process has initialised it, and
// finalises it while the backend has no connection.
func TestAnotherOwnerOfTheModule(t *testing.T) {
	access := sharedToken(t, softtoken.SoftHSM)
	owner := p11.New(access.Module)
	if err := owner.Initialize(); err != nil {
		t.Fatal(err)
	}
	between := putBetween(t.Cleanup)
	b := opened(t, optionsOf(access))
	if between().count("C_Finalize") != 0 || !b.module.foreign {
		t.Error("what another one has initialised was finalised")
	}
	b.drop(b.conn, &Error{Function: "C_Sign", Code: ckrDeviceError})
	if err := owner.Finalize(); err != nil {
		t.Fatal(err)
	}
	returns(t, b, func() error { return b.Random(ctx, make([]byte, 8)) })
}

// TestOutagesDoNotDisturbOthers: calls fail at once while another backend of the
// module is busy, and end with their context.
func TestOutagesDoNotDisturbOthers(t *testing.T) {
	o := optionsOf(softtoken.New(t, softtoken.SoftHSM, &softtoken.Options{Labels: []string{"down", "busy"}}))
	down := opened(t, o)
	o.Label = "busy"
	busy := opened(t, o)
	down.drop(down.conn, &Error{Function: "C_Sign", Code: ckrDeviceError})
	down.recovery.Lock()
	down.outage = outage{cause: errors.New("a test's"), until: time.Now().Add(time.Hour)}
	down.recovery.Unlock()
	busy.module.calls.RLock()                                 // as a long call has it
	if err := down.Random(ctx, make([]byte, 8)); err == nil { // it would hang if it waited for the call
		t.Error("it works without an attempt")
	}
	busy.module.calls.RUnlock()

	down.recovery.Lock()
	down.outage = outage{}
	down.recovery.Unlock()
	done, err := busy.alone(ctx)
	if err != nil {
		t.Fatal(err)
	}
	briefly := func(do func(context.Context) error) error {
		short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		defer cancel()
		return do(short)
	}
	for what, do := range map[string]func(context.Context) error{
		"Random": func(ctx context.Context) error { return down.Random(ctx, make([]byte, 8)) },
		"Open":   func(ctx context.Context) error { _, err := Open(ctx, &o); return err },
	} {
		if err := briefly(do); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s while another process logs in: %v", what, err)
		}
	}
	done()
	if err := down.Random(ctx, make([]byte, 8)); err != nil {
		t.Error(err)
	}
}

// TestAPINMayAskTheBackend: nothing is held while the caller's function runs.
func TestAPINMayAskTheBackend(t *testing.T) {
	o := optionsOf(sharedToken(t, softtoken.SoftHSM))
	right := o.PIN
	var b *Backend
	o.PIN = func() ([]byte, error) {
		if b != nil {
			_ = b.Token()
		}
		return right()
	}
	b = opened(t, o)
	b.drop(b.conn, &Error{Function: "C_Sign", Code: ckrDeviceError})
	if err := b.Random(ctx, make([]byte, 8)); err != nil {
		t.Error(err)
	}
}
