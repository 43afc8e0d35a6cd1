package hsm_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/pin"
)

// TestPINBlocksThatDoNotDecodeSayWhereAndShowNoDigit changes each nibble of a clear
// PIN field in turn.
func TestPINBlocksThatDoNotDecodeSayWhereAndShowNoDigit(t *testing.T) {
	b := hsm.NewSoftware(nil)
	h := hsm.New(b, nil)
	k := loadPINKeys(t, b)
	pek := testrig.TDES(testrig.Hex(canaryPEK))
	field := testrig.Hex("0C" + canaryPIN + "FF")
	account, err := pin.PANField(canaryPAN)
	if err != nil {
		t.Fatal(err)
	}
	for at := range 16 {
		wrong := slices.Clone(field)
		wrong[at/2] ^= []byte{0xF0, 0x0F}[at%2] & (field[at/2] ^ []byte{0xBB, 0xEB, 0xBB, 0xBB, 0xBB, 0xBB, 0xBB, 0xDD}[at/2])
		for i := range wrong {
			wrong[i] ^= account[i]
		}
		pek.Encrypt(wrong, wrong)
		rule, found := pin.RuleDigits, fmt.Sprintf("digit %d", at-1)
		switch {
		case at == 0:
			rule, found = pin.RuleControl, "B"
		case at == 1:
			rule, found = pin.RuleLength, "B"
		case at >= 14:
			rule, found = pin.RuleFill, fmt.Sprintf("fill digit %d", at-13)
		}
		block := k.given()
		block.Block = wrong
		_, err := h.PVV(ctx, block, k.visa(), 0)
		if at == 1 { // a length of 11 leaves a digit where the fill begins
			rule, found = pin.RuleFill, "fill digit 1"
		}
		reason, ok := errors.AsType[*hsm.PINBlockError](err)
		if !ok || reason.Reason.Rule != rule || reason.Reason.Found != found || !hsm.IsArgument(err) {
			t.Errorf("digit %d: got %v, want rule %s, found %s", at, err, rule, found)
		}
		showsNothing(t, fmt.Sprintf("digit %d", at), err)
	}
	block := k.given()
	block.Block = block.Block[:7]
	if _, err := h.PVV(ctx, block, k.visa(), 0); !isBlockError(err, pin.RuleBlock) {
		t.Errorf("7 bytes: got %v", err)
	}
}

func isBlockError(err error, rule pin.Rule) bool {
	e, ok := errors.AsType[*hsm.PINBlockError](err)
	return ok && e.Reason.Rule == rule
}
