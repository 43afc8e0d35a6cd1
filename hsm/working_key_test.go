package hsm_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/kcv"
)

// counted is an HSM on the software device, and how often its primitives are called.
func counted(device hsm.Backend) (*hsm.HSM, map[string]int) {
	calls := map[string]int{}
	return hsm.New(hsm.Wrap(device, func(_ context.Context, call string) error { calls[call]++; return nil }), nil), calls
}

// TestHeldKeyIsDerivedOnce for its check value and two commands, and not at all once it is closed.
func TestHeldKeyIsDerivedOnce(t *testing.T) {
	device := hsm.NewSoftware(nil)
	h, calls := counted(device)
	defer h.Close()
	pair := (&command{keys: []hsm.Attributes{ecPair}}).load(t, device)[0]
	derived := hsm.WorkingKey{Key: pair, Derive: testECDH}
	held, value, err := h.Hold(ctx, derived, kcv.AESCMAC)
	if err != nil {
		t.Fatal(err)
	}
	c := hsm.BlockCipher{Key: hsm.WorkingKey{Derive: held}, Mode: hsm.CBC}
	for range 2 {
		_, err := h.Encrypt(ctx, c, testMessage)
		must(t, 0, err)
	}
	if calls["ECDH"] != 1 {
		t.Errorf("got %d key agreements for the check value %v and two commands, want 1", calls["ECDH"], value)
	}
	got, err := h.Encrypt(ctx, c, testMessage)
	again, err2 := h.Encrypt(ctx, hsm.BlockCipher{Key: derived, Mode: hsm.CBC}, testMessage)
	if err != nil || err2 != nil || upperHex(got) != upperHex(again) {
		t.Errorf("with the held key got %X, %v, with one derived anew %X, %v", got, err, again, err2)
	}
	held.Close()
	if _, err := h.Encrypt(ctx, c, testMessage); !errors.Is(err, hsm.ErrClosed) {
		t.Errorf("with a closed key: got %v, want ErrClosed", err)
	}
	if got := fmt.Sprintf("%v %+v %#v", held, held, held); got != "HeldKey HeldKey HeldKey" {
		t.Errorf("printed: got %s", got)
	}
	if _, _, err := h.Hold(ctx, hsm.WorkingKey{Key: pair}, kcv.AESCMAC); !errors.Is(err, hsm.ErrInput) {
		t.Errorf("a stored key: got %v, want ErrInput", err)
	}
}

// TestHeldKeyHasTheCheckValueOfTheKeyInTheBlock is about the cases that say what it is.
func TestHeldKeyHasTheCheckValueOfTheKeyInTheBlock(t *testing.T) {
	onDataCases(t, "EncryptData", func(d *dataCase) {
		want := d.want.in("intermediate").text("wrapped_key_check_value")
		if want == "" {
			return
		}
		method := zeroMethods[hsm.TDES]
		if d.workingAlgorithm("KeyIdentifier", "WrappedKey") != "TDES" {
			method = zeroMethods[hsm.AES]
		}
		held, got, err := d.h.Hold(ctx, d.working(d.key("KeyIdentifier"), d.in.in("WrappedKey")), method)
		d.equals("check value", got.String(), want, err)
		if err == nil {
			held.Close()
		}
	})
}
