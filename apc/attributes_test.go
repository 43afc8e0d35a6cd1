package apc

import (
	"fmt"
	"reflect"
	"testing"
)

func TestAttributesReadAsOneLine(t *testing.T) {
	for _, c := range []struct {
		a    KeyAttributes
		want string
	}{
		{KeyAttributes{KeyUsageTR31P0PINEncryptionKey, KeyClassSymmetricKey, KeyAlgorithmAES128,
			KeyModesOfUse{Encrypt: true, Decrypt: true, Wrap: true, Unwrap: true}},
			"P0 AES_128 {Encrypt, Decrypt, Wrap, Unwrap}"},
		{KeyAttributes{KeyUsageTR31S0AsymmetricKeyForDigitalSignature, KeyClassPublicKey, KeyAlgorithmRSA2048, KeyModesOfUse{Verify: true}},
			"S0 RSA_2048 PUBLIC_KEY {Verify}"},
		{KeyAttributes{"TR31_", KeyClassSymmetricKey, "", KeyModesOfUse{NoRestrictions: true}}, "TR31_ ? {NoRestrictions}"},
		{KeyAttributes{}, "? ? ? {}"},
	} {
		for _, got := range []string{c.a.String(), fmt.Sprint(c.a), fmt.Sprintf("%#v", c.a), fmt.Sprintf("%v", &c.a)} {
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		}
	}
}

// TestEveryModeOfUseIsWritten sets the members one by one.
func TestEveryModeOfUseIsWritten(t *testing.T) {
	typ := reflect.TypeFor[KeyModesOfUse]()
	for i := range typ.NumField() {
		var m KeyModesOfUse
		reflect.ValueOf(&m).Elem().Field(i).SetBool(true)
		want := "{" + typ.Field(i).Name + "}"
		if got, goes := m.String(), fmt.Sprintf("%#v", m); got != want || goes != want {
			t.Errorf("got %q and %q, want %q", got, goes, want)
		}
	}
}

func TestEveryValueOfAnEnumerationIsListedOnce(t *testing.T) {
	seen := map[KeyUsage]bool{}
	for _, u := range KeyUsage("").Values() {
		if seen[u] || len(u.short()) != 2 {
			t.Errorf("%s is listed twice, or has no code", u)
		}
		seen[u] = true
	}
	if len(seen) != 24 {
		t.Errorf("%d usages, want 24", len(seen))
	}
}
