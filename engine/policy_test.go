package engine

import "testing"

func TestRefusedAttributesNameTheMemberAtFault(t *testing.T) {
	aes, rsa := algorithmNamed(AES128), algorithmNamed(RSA2048)
	for _, c := range []struct {
		name string
		a    attributes
		rule Rule
	}{
		{"a usage of the enumerations alone", attributes{TR31P1PINGenerationKey, SymmetricKey, aes, generate}, "key-usage"},
		{"an algorithm of another usage", attributes{TR31M1ISO97971MACKey, SymmetricKey, aes, generate}, "key-algorithm"},
		{"an RSA base derivation key", attributes{TR31B0BaseDerivationKey, SymmetricKey, rsa, deriveKey}, "key-algorithm"},
		{"a class of no operation", attributes{TR31B0BaseDerivationKey, PrivateKey, aes, deriveKey}, "key-class"},
		{"half a set of modes", attributes{TR31D0SymmetricDataEncryptionKey, SymmetricKey, aes, encrypt | decrypt}, "key-modes-of-use"},
		{"no mode", attributes{TR31D0SymmetricDataEncryptionKey, SymmetricKey, aes, 0}, "key-modes-of-use"},
	} {
		err, ok := checkAttributes(c.a, created, "").(*Error)
		if !ok || err.Code != ErrValidation || err.Reasons[0].Rule != c.rule {
			t.Errorf("%s: got %v, want ValidationException by rule %s", c.name, err, c.rule)
		}
	}
}
