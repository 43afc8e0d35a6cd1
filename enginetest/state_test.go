package enginetest_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest"
)

// TestStateHasAKeyWhosePolicyDeniesItsAccount: by what ListKeys says of it.
func TestStateHasAKeyWhosePolicyDeniesItsAccount(t *testing.T) {
	s := enginetest.New(t, nil)
	k := create(t, s, "alias/a")
	_, err := s.PutResourcePolicy(ctx, &engine.PutResourcePolicyInput{ResourceArn: k.KeyArn, Policy: `{"Version": "2012-10-17",
		"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "payment-cryptography:Get*", "Resource": "*"}]}`})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: k.KeyArn}); !errors.Is(err, apc.ErrAccessDenied) {
		t.Fatalf("GetKey: got %v, want %s", err, apc.ErrAccessDenied)
	}
	if got, want := s.State().String(), "k1: P0 TDES_2KEY"; !strings.HasPrefix(got, want) || !strings.Contains(got, "alias/a") {
		t.Errorf("got %q, want %q and alias/a", got, want)
	}
}
