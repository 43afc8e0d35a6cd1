package engine

import (
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
)

func TestRefusedAttributesNameTheMemberAtFault(t *testing.T) {
	aes, rsa := algorithmNamed(aes128), algorithmNamed(rsa2048)
	for _, c := range []struct {
		name string
		a    attributes
		rule apc.Rule
	}{
		{"a usage of the enumerations alone", attributes{usageP1, apc.KeyClassSymmetricKey, aes, generate}, "key-usage"},
		{"an algorithm of another usage", attributes{usageM1, apc.KeyClassSymmetricKey, aes, generate}, "key-algorithm"},
		{"an RSA base derivation key", attributes{usageB0, apc.KeyClassSymmetricKey, rsa, deriveKey}, "key-algorithm"},
		{"a class of no operation", attributes{usageB0, apc.KeyClassPrivateKey, aes, deriveKey}, "key-class"},
		{"half a set of modes", attributes{usageD0, apc.KeyClassSymmetricKey, aes, encrypt | decrypt}, "key-modes-of-use"},
		{"no mode", attributes{usageD0, apc.KeyClassSymmetricKey, aes, 0}, "key-modes-of-use"},
	} {
		err, ok := checkAttributes(c.a, created, "").(*apc.Error)
		if !ok || err.Code != apc.ErrValidation || err.Reasons[0].Rule != c.rule {
			t.Errorf("%s: got %v, want ValidationException by rule %s", c.name, err, c.rule)
		}
	}
}
