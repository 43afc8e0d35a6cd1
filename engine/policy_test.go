package engine

import (
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/core"
)

func TestRefusedAttributesNameTheMemberAtFault(t *testing.T) {
	aes, rsa := core.AlgorithmNamed(core.AES128), core.AlgorithmNamed(core.RSA2048)
	for _, c := range []struct {
		name string
		a    core.Attributes
		rule apc.Rule
	}{
		{"a usage of the enumerations alone", core.Attributes{Usage: core.UsageP1, Class: apc.KeyClassSymmetricKey, Alg: aes,
			Modes: core.Generate}, "key-usage"},
		{"an algorithm of another usage", core.Attributes{Usage: core.UsageM1, Class: apc.KeyClassSymmetricKey, Alg: aes,
			Modes: core.Generate}, "key-algorithm"},
		{"an RSA base derivation key", core.Attributes{Usage: core.UsageB0, Class: apc.KeyClassSymmetricKey, Alg: rsa, Modes: core.DeriveKey},
			"key-algorithm"},
		{"a class of no operation", core.Attributes{Usage: core.UsageB0, Class: apc.KeyClassPrivateKey, Alg: aes, Modes: core.DeriveKey},
			"key-class"},
		{"half a set of modes", core.Attributes{Usage: core.UsageD0, Class: apc.KeyClassSymmetricKey, Alg: aes,
			Modes: core.Encrypt | core.Decrypt}, "key-modes-of-use"},
		{"no mode", core.Attributes{Usage: core.UsageD0, Class: apc.KeyClassSymmetricKey, Alg: aes, Modes: 0}, "key-modes-of-use"},
	} {
		err, ok := checkAttributes(c.a, created, "").(*apc.Error)
		if !ok || err.Code != apc.ErrValidation || err.Reasons[0].Rule != c.rule {
			t.Errorf("%s: got %v, want ValidationException by rule %s", c.name, err, c.rule)
		}
	}
}
