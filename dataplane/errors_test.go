package dataplane

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/cvv"
	"github.com/seed748fb4d1/apcsim/dukpt"
	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/mac"
	"github.com/seed748fb4d1/apcsim/pin"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// TestBytesAreWrittenInCapitals whatever their number: they are written in parts.
func TestBytesAreWrittenInCapitals(t *testing.T) {
	for n := range 200 {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(i*37 + n)
		}
		if got, want := hexOf(b), strings.ToUpper(hex.EncodeToString(b)); got != want {
			t.Errorf("%d bytes: got %s, want %s", n, got, want)
		}
	}
}

// TestEachFailureOfACommandHasItsRule: an argument is the caller's, the rest is the device's.
func TestEachFailureOfACommandHasItsRule(t *testing.T) {
	c := &core.Call{Caller: &core.Caller{Cloud: &core.Cloud{}}}
	for _, x := range []struct {
		err  error
		code apc.Code
		rule apc.Rule
	}{
		{&tr31.Error{Class: tr31.ErrMAC}, apc.ErrValidation, apc.RuleMAC},
		{&mac.Error{}, apc.ErrValidation, apc.RuleLength},
		{&cvv.Error{}, apc.ErrValidation, apc.RuleLength},
		{&emv.Error{}, apc.ErrValidation, apc.RuleLength},
		{&dukpt.Error{}, apc.ErrValidation, apc.RuleKeySerialNumber},
		{&pin.Error{}, apc.ErrValidation, apc.RulePIN},
		{hsm.ErrInput, apc.ErrValidation, apc.RuleKeyPoint},
		{hsm.ErrSealed, apc.ErrInternalServer, apc.RuleSealedKey},
		{errors.New("the line is dead"), apc.ErrServiceUnavailable, apc.RuleHSM},
		{context.Canceled, apc.ErrServiceUnavailable, apc.RuleContext},
	} {
		err := commandError(c, "Member", fmt.Errorf("hsm: %w", x.err))
		refusal, ok := errors.AsType[*apc.Error](err)
		if !ok || refusal.Code != x.code || refusal.Reasons[0].Rule != x.rule {
			t.Errorf("%T: got %v, want %s by rule %s", x.err, err, x.code, x.rule)
			continue
		}
		if field := refusal.Reasons[0].Field; (field == "Member") != (x.code == apc.ErrValidation) {
			t.Errorf("%T: the reason is about %q", x.err, field)
		}
	}
}

func TestAnOddNumberOfDigitsIsRefused(t *testing.T) {
	if b, err := evenBytes("00aBFf", "Member"); err != nil || string(b) != "\x00\xAB\xFF" {
		t.Errorf("6 digits: got %x, %v", b, err)
	}
	_, err := evenBytes("00ABF", "Member")
	if refusal, ok := errors.AsType[*apc.Error](err); !ok || refusal.Code != apc.ErrValidation || refusal.Reasons[0].Rule != apc.RuleHex ||
		refusal.Reasons[0].Field != "Member" {
		t.Errorf("5 digits: got %v", err)
	}
}
