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

// TestAnOldLossHarmsNoNewConnection: a connection from before the module was
// initialised anew is given up, and those from after work.
func TestAnOldLossHarmsNoNewConnection(t *testing.T) {
	b, f := watched(t, nil)
	other := opened(t, optionsOf(sharedToken(t, softtoken.SoftHSM)))
	old := other.conn
	if err := f.cryptoki.Finalize(); err != nil {
		t.Fatal(err)
	}
	if err := b.Random(ctx, make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
	other.drop(old, &Error{Function: "C_Sign", Code: ckrCryptokiNotInitialized})
	f.count("C_Initialize")
	if err := errors.Join(b.Random(ctx, make([]byte, 8)), other.Random(ctx, make([]byte, 8))); err != nil || b.module.foreign ||
		f.count("C_Initialize") != 0 {
		t.Errorf("got %v, and the module was initialised again", err)
	}
}

// TestAMissingMarkIsMadeAgain: the key that marks the family as complete was
// deleted. The family in use is kept.
func TestAMissingMarkIsMadeAgain(t *testing.T) {
	o := optionsOf(softtoken.New(t, softtoken.SoftHSM, nil))
	b := opened(t, o)
	s := sealKnown(t, b)
	id, _ := b.MasterKeyID(ctx)
	mark, err := b.conn.find("apcsim", roleReady)
	if err != nil || len(mark) != 1 {
		t.Fatal(mark, err)
	}
	if err := b.module.api.DestroyObject(b.conn.login, mark[0]); err != nil {
		t.Fatal(err)
	}
	again := opened(t, o)
	if same, err := again.MasterKeyID(ctx); same != id || err != nil {
		t.Errorf("the master keys were %s and are %s, %v", id, same, err)
	}
	for _, d := range exercises {
		if err := errors.Join(d.do(ctx, b, s), d.do(ctx, again, s)); err != nil {
			t.Errorf("%s: %v", d.name, err)
		}
	}
}

// TestAnUnclearLoginIsNotRepeated: a token may mean the PIN.
func TestAnUnclearLoginIsNotRepeated(t *testing.T) {
	b, f := watched(t, nil)
	f.arm(func(function string) error {
		if function == "C_Login" {
			return p11.Error(p11.CKR_GENERAL_ERROR)
		}
		return nil
	}, nil)
	f.count("C_Login")
	b.drop(b.conn, &Error{Function: "C_Sign", Code: ckrDeviceError})
	for range 2 * mostUnclear {
		overdue(b)
		if err := b.Random(ctx, make([]byte, 8)); err == nil {
			t.Fatal("it works without a login")
		}
	}
	if n := f.count("C_Login"); n != mostUnclear {
		t.Errorf("the PIN was sent %d times, want %d", n, mostUnclear)
	}
	if err := b.Random(ctx, make([]byte, 8)); !errors.Is(err, ErrPIN) {
		t.Errorf("got %v", err)
	}
	f.arm(nil, nil)
}

// TestSessionsDoNotRunOut: the token allows three and does not say so, and calls
// fail in such an order that one pool might have all.
func TestSessionsDoNotRunOut(t *testing.T) {
	b, f := watched(t, func(o *Options) { o.PoolSize = 8 })
	s := sealKnown(t, b)
	n := 0
	f.arm(func(function string) error {
		n++
		if sessions, _ := f.counts(); function == "C_OpenSession" && sessions >= 3 {
			return p11.Error(p11.CKR_SESSION_COUNT)
		}
		if n%7 == 0 && (function == "C_Sign" || function == "C_EncryptInit") {
			return p11.Error(p11.CKR_FUNCTION_FAILED)
		}
		return nil
	}, nil)
	b.drop(b.conn, &Error{Function: "C_Sign", Code: ckrDeviceError})
	for range 5 {
		for _, d := range exercises {
			if err := d.do(ctx, b, s); blames(err) || failedWith(err, ckrSessionCount) {
				t.Errorf("%s: %v", d.name, err)
			}
		}
	}
	f.arm(nil, nil)
	crowd(t, 8, 4, b, s)
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

// TestWhatIsMissingIsNotAnOutage: a module without a type of key has not even
// an object of it.
func TestWhatIsMissingIsNotAnOutage(t *testing.T) {
	b, _ := watched(t, nil)
	s := sealKnown(t, b)
	b.caps.ciphers[hsm.TDES], b.caps.signs[hsm.RSA], b.caps.agrees, b.caps.raw = false, false, false, false
	left := b.module.api.(*faulty)
	left.count("C_UnwrapKey")
	for _, err := range []error{
		with(ctx, b, s.tdes, knownTDES, func(k hsm.Key) error { return k.Encrypt(ctx, hsm.ECB, nil, make([]byte, 8)) }),
		with(ctx, b, s.rsa, knownRSA, func(k hsm.Key) error { _, err := k.Sign(ctx, 5, knownKey); return err }),
		with(ctx, b, s.rsa, knownRSA, func(k hsm.Key) error { _, err := k.DecryptRaw(ctx, make([]byte, 256)); return err }),
		with(ctx, b, s.ec, knownEC, func(k hsm.Key) error {
			own, _ := ecScalar()
			_, err := k.ECDH(ctx, own.PublicKey().Bytes())
			return err
		}),
	} {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("got %v", err)
		}
	}
	if n := left.count("C_UnwrapKey"); n != 0 {
		t.Errorf("%d keys were unwrapped for nothing", n)
	}
}

// TestSealedBytesStayTheCallers: a key that is open does not see them change.
func TestSealedBytesStayTheCallers(t *testing.T) {
	b := opened(t, optionsOf(sharedToken(t, softtoken.SoftHSM)))
	s := sealKnown(t, b)
	k, err := b.Open(ctx, s.aes, knownAES)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	clear(s.aes)
	if got, err := exposed(k.Reveal(ctx)); same(got, err, knownKey) != nil {
		t.Errorf("got %v", err)
	}
}

// TestAnotherFamilyAfterALoss: keys sealed under the one would not open under the
// other.
func TestAnotherFamilyAfterALoss(t *testing.T) {
	b := opened(t, optionsOf(sharedToken(t, softtoken.SoftHSM)))
	b.masterID = "0123456789abcdef"
	b.drop(b.conn, &Error{Function: "C_Sign", Code: ckrDeviceError})
	if _, err := b.MasterKeyID(ctx); !errors.Is(err, ErrMasterKeys) {
		t.Errorf("got %v", err)
	}
}

// TestMastersThatMayBeTakenOut are refused: an extractable key in the place of
// one of them.
func TestMastersThatMayBeTakenOut(t *testing.T) {
	b := opened(t, optionsOf(sharedToken(t, softtoken.SoftHSM)))
	for what, h := range map[string]func() (p11.ObjectHandle, error){
		"extractable": func() (p11.ObjectHandle, error) { return b.conn.createSecret(ctx, knownKey) },
		"imported": func() (p11.ObjectHandle, error) {
			return b.conn.create(ctx, keyTemplate(p11.CKO_SECRET_KEY, p11.CKK_AES, wrapsUnwraps, false, true, false,
				p11.NewAttribute(p11.CKA_VALUE, knownKey)))
		},
	} {
		key, err := h()
		if err != nil {
			t.Fatal(err)
		}
		if err := b.conn.guarded(ctx, key, what); !errors.Is(err, ErrMasterKeys) {
			t.Errorf("%s: %v", what, err)
		}
		b.conn.destroy(key)
	}
}

func TestPoolsFitTheToken(t *testing.T) {
	const unknown = ^uint(0)
	for _, c := range []struct {
		all, rw      uint
		wanted, want int
	}{{0, 0, 8, 8}, {unknown, unknown, 8, 8}, {9, 0, 8, 4}, {0, 5, 8, 2}, {100, 7, 8, 3}, {3, 3, 8, 1}, {2, 2, 8, 1}, {100, 100, 8, 8}} {
		if got := poolSize(c.wanted, p11.TokenInfo{MaxSessionCount: c.all, MaxRwSessionCount: c.rw}); got != c.want {
			t.Errorf("of %d and %d sessions each pool has %d, want %d", c.all, c.rw, got, c.want)
		}
	}
}
