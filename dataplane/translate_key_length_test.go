package dataplane

import (
	"errors"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// TestTranslatedKeyOfAWrongLengthNamesTheLengths: the key in the block is no key of the algorithm in its header.
func TestTranslatedKeyOfAWrongLengthNamesTheLengths(t *testing.T) {
	call := &core.Call{Caller: &core.Caller{Cloud: &core.Cloud{}}}
	for letter, want := range map[byte]string{
		'T': "128 or 192 bits for TDES_2KEY or TDES_3KEY",
		'A': "128, 192 or 256 bits for AES_128, AES_192 or AES_256",
	} {
		in := &translation{c: call}
		in.Block = &tr31.Block{Header: tr31.Header{Algorithm: letter}}
		_, err := in.checkValue(64)
		refusal, ok := errors.AsType[*apc.Error](err)
		if !ok || len(refusal.Reasons) != 1 {
			t.Fatalf("%c: got %v, want a refusal with a reason", letter, err)
		}
		if r := refusal.Reasons[0]; r.Rule != apc.RuleKeyLength || r.Found != "64 bits" || r.Wanted != want {
			t.Errorf("%c: got %v, want found 64 bits, wanted %s", letter, r, want)
		}
	}
}
