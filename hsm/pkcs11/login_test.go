//go:build cgo

package pkcs11

import (
	"errors"
	"strings"
	"testing"

	p11 "github.com/miekg/pkcs11"
	"github.com/seed748fb4d1/apcsim/internal/testrig/softtoken"
)

// TestAWrongPINIsTriedOnce: when opening and when recovering.
func TestAWrongPINIsTriedOnce(t *testing.T) {
	between := putBetween(t.Cleanup)
	o := optionsOf(softtoken.New(t, softtoken.SoftHSM, nil))
	right := o.PIN
	wrong := func() ([]byte, error) { return []byte("canary-pin"), nil }
	o.PIN = wrong
	_, err := Open(ctx, &o)
	if !errors.Is(err, ErrPIN) || !failedWith(err, p11.CKR_PIN_INCORRECT) || strings.Contains(err.Error(), "canary") {
		t.Errorf("opening: %v", err)
	}
	if n := between().count("C_Login"); n != 1 {
		t.Errorf("opening tried the PIN %d times", n)
	}
	pin := right
	o.PIN = func() ([]byte, error) { return pin() }
	b := opened(t, o)
	between().count("C_Login")
	pin = wrong
	if err := between().cryptoki.(*p11.Ctx).CloseAllSessions(b.conn.slot); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := b.Random(ctx, make([]byte, 8)); !errors.Is(err, ErrPIN) {
			t.Errorf("recovering: %v", err)
		}
		overdue(b)
	}
	if n := between().count("C_Login"); n != 1 {
		t.Errorf("recovering tried the PIN %d times", n)
	}
}

// TestASecondPINInTheProcess: a token does not check a PIN while the process is
// logged in, so this package does.
func TestASecondPINInTheProcess(t *testing.T) {
	o := optionsOf(sharedToken(t, softtoken.SoftHSM))
	opened(t, o)
	o.PIN = func() ([]byte, error) { return []byte("another"), nil }
	if _, err := Open(ctx, &o); !errors.Is(err, ErrPIN) {
		t.Errorf("got %v", err)
	}
}

// TestTokensAreChosenByName: by label, or by serial where two have one label.
func TestTokensAreChosenByName(t *testing.T) {
	o := optionsOf(softtoken.New(t, softtoken.SoftHSM, &softtoken.Options{Labels: []string{"twin", "twin", "other"}}))
	_, err := Open(ctx, &o)
	if err == nil || !strings.Contains(err.Error(), "2 tokens") || !strings.Contains(err.Error(), "serial") {
		t.Fatalf("two with one label: %v", err)
	}
	o.Label = "other"
	other := opened(t, o)
	if !strings.Contains(other.Token(), "other") {
		t.Errorf("opened %s", other.Token())
	}
	o.Label = "absent"
	if _, err := Open(ctx, &o); !errors.Is(err, errNoToken) || !strings.Contains(err.Error(), `"twin"`) {
		t.Errorf("none of the label: %v", err)
	}
	o.Label = ""
	o.Serial = other.serial
	same := opened(t, o)
	slot := same.conn.slot
	o.Serial, o.Slot = "", &slot
	if third := opened(t, o); third.serial != other.serial {
		t.Errorf("slot %d is the token %s, want %s", slot, third.serial, other.serial)
	}
	o.Serial, o.Slot = other.serial, nil
	o.Model, o.Manufacturer = "SoftHSM v2", "SoftHSM project"
	if fourth := opened(t, o); fourth.serial != other.serial {
		t.Errorf("by serial, model and manufacturer: %s, want %s", fourth.serial, other.serial)
	}
	for what, change := range map[string]func(*Options){"model": func(o *Options) { o.Model = "Luna" },
		"manufacturer": func(o *Options) { o.Manufacturer = "Luna" }} {
		another := o
		change(&another)
		if _, err := Open(ctx, &another); !errors.Is(err, errNoToken) || !strings.Contains(err.Error(), `"SoftHSM v2"`) ||
			!strings.Contains(err.Error(), "of the "+what+` "Luna"`) {
			t.Errorf("another %s: %v", what, err)
		}
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
