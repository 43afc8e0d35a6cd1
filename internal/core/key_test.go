package core

import (
	"crypto"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// TestSealsOpenWithTheAttributesTheyWereMadeWith, whatever attributes the key would
// be sealed with today; but not once the record has become that of another key.
func TestSealsOpenWithTheAttributesTheyWereMadeWith(t *testing.T) {
	k := fullKey()
	k.bound = boundTo("kwapwa6qaifllw2h", UsageM7, hsm.HMAC, 'N', 'S', 384, crypto.SHA384)
	got, err := decodeKey(&keystore.Record{Partition: goldenPlace, ID: k.ARN.Key, Data: k.encode()})
	if ref := got.Ref(); err != nil || ref.Attributes.Mode != 'N' || ref.Attributes.Exportability != 'S' ||
		ref.Attributes == got.HSMAttributes() {
		t.Errorf("got %v, %v; want the stored mode of use N and exportability S", ref.Attributes, err)
	}
	for what, change := range map[string]func(*Key){
		"id":             func(k *Key) { k.ARN.Key = "tqv5yij6wtxx64pi" },
		"usage":          func(k *Key) { k.Attributes.Usage = UsageM3 },
		"algorithm":      func(k *Key) { k.Attributes.Alg = AlgorithmNamed(HMACSHA512) },
		"modes of use":   func(k *Key) { k.Attributes.Modes = Generate },
		"length":         func(k *Key) { k.Bits = 256 },
		"exportability":  func(k *Key) { k.Exportable = false },
		"stored binding": func(k *Key) { k.bound = k.bound[1:] },
	} {
		k := fullKey()
		if change(&k); k.Ref().Attributes != (hsm.Attributes{}) {
			t.Errorf("a record with another %s: refers to %v", what, k.Ref().Attributes)
		}
	}
}
