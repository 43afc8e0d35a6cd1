package core

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// TestVersionOfAKeyBlockFitsTheCipherOfItsKey: A, B and C are TDES, D is AES, and E is none of the service's (tr31-mapping,
// section 7).
func TestVersionOfAKeyBlockFitsTheCipherOfItsKey(t *testing.T) {
	for kek, fit := range map[apc.KeyAlgorithm]string{TDES2: "ABC", TDES3: "ABC", AES128: "D", AES192: "D", AES256: "D"} {
		for _, v := range []tr31.Version{tr31.VersionA, tr31.VersionB, tr31.VersionC, tr31.VersionD, tr31.VersionE} {
			err := CheckBlockVersion(v, AlgorithmNamed(kek), "Member")
			if fits := strings.Contains(fit, v.String()); fits != (err == nil) {
				t.Errorf("version %s under %s: got %v", v, kek, err)
				continue
			}
			refusal, ok := errors.AsType[*apc.Error](err)
			if err != nil && (!ok || refusal.Code != apc.ErrValidation || refusal.Reasons[0].Rule != apc.RuleKeyBlockVersion ||
				refusal.Reasons[0].Field != "Member" || refusal.Reasons[0].Found != v.String() || refusal.Reasons[0].Offset != 0) {
				t.Errorf("version %s under %s: got %v", v, kek, err)
			}
		}
	}
}

// TestWhatADecryptionShowsIsFolded where reasons are hidden: the MAC and the length of the key. What is in the clear is not.
func TestWhatADecryptionShowsIsFolded(t *testing.T) {
	const imported = "KeyMaterial.Tr31KeyBlock.WrappedKeyBlock"
	for _, hidden := range []bool{false, true} {
		c := &Call{Caller: &Caller{Cloud: &Cloud{HideReasons: hidden}}}
		for class, folds := range map[tr31.Class]bool{
			tr31.ErrMAC: true, tr31.ErrKeyLength: true, tr31.ErrLength: false, tr31.ErrVersion: false, tr31.ErrHex: false,
		} {
			for _, field := range []string{imported, "IncomingWrappedKey.Tr31KeyBlock"} {
				err := BlockError(c, field, fmt.Errorf("hsm: %w", &tr31.Error{Class: class, Problem: "the problem", Offset: 7}))
				refusal, ok := errors.AsType[*apc.Error](err)
				if !ok || refusal.Code != apc.ErrValidation {
					t.Fatalf("%s: got %v", class, err)
				}
				r := refusal.Reasons[0]
				rule, problem, offset := apc.Rule(class), "the problem", 7
				if hidden && folds {
					rule, problem, offset = apc.RuleKeyBlock, problemFolded, -1
				}
				if r.Rule != rule || r.Problem != problem || r.Offset != offset || r.Field != field {
					t.Errorf("hidden %t, %s: got %+v", hidden, class, r)
				}
				if got := refusal.Message == importedBlockMessage; got != (folds && field == imported) {
					t.Errorf("%s in %s: the message is %q", class, field, refusal.Message)
				}
				if leaks := hidden && folds && refusal.Err != nil; leaks {
					t.Errorf("%s: the cause is there: %v", class, refusal.Err)
				}
			}
		}
		if err := BlockError(c, imported, errors.New("the line is dead")); !errors.Is(err, apc.ErrServiceUnavailable) {
			t.Errorf("a failure of the device: got %v", err)
		}
	}
}
