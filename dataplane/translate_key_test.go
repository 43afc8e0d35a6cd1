package dataplane_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/engine"
)

// TestTranslateKeyMaterialRefusesWhatDoesNotFit changes one thing of a request that succeeds.
func TestTranslateKeyMaterialRefusesWhatDoesNotFit(t *testing.T) {
	const agreed = "IncomingKeyMaterial.DiffieHellmanTr31KeyBlock."
	for _, hidden := range []bool{false, true} {
		w := newWorld(t, &engine.Options{HideReasons: hidden})
		v := vectorWith(t, "TranslateKeyMaterial", `"WrappedKeyBlock":"D`)
		given := leaves(fromJSON(t, v.Inputs), "", map[string]string{})
		block := given[agreed+"WrappedKeyBlock"]
		with := func(at int, letter string) string { return block[:at] + letter + block[at+1:] }
		opened := func(info int) string { // with so many bytes of SharedInformation
			if hidden {
				return agreed + "WrappedKeyBlock: the key material does not open with this key"
			}
			bytes := map[bool]string{true: "1 byte", false: fmt.Sprintf("%d bytes", info)}[info == 1]
			return agreed + "WrappedKeyBlock: the MAC does not verify under the key that was derived: found " + given[agreed+"DeriveKeyAlgorithm"] +
				" by " + given[agreed+"KeyDerivationFunction"] + " with " + given[agreed+"KeyDerivationHashAlgorithm"] + " and " + bytes +
				" of SharedInformation from ECDH on " + string(v.Keys[agreed+"PrivateKeyIdentifier"].Algorithm) +
				", wanted the derivation of the sender"
		}
		for _, c := range []struct{ what, member, value, want string }{
			{"nothing", agreed + "WrappedKeyBlock", block, "taken"},
			{"a key that must not be exported", agreed + "WrappedKeyBlock", with(11, "N"),
				agreed + "WrappedKeyBlock: the key in the block may not be exported: found N, wanted E or S"},
			{"a key of RSA", agreed + "WrappedKeyBlock", with(7, "R"),
				agreed + "WrappedKeyBlock: the service has no algorithm with this code: found R, wanted T, A, or H with an HM block"},
			{"an HMAC key without its hash", agreed + "WrappedKeyBlock", with(7, "H"),
				agreed + "WrappedKeyBlock: the service has no algorithm with this code: found H, wanted T, A, or H with an HM block"},
			{"another version", agreed + "DeriveKeyAlgorithm", "TDES_3KEY", agreed + "WrappedKeyBlock: the version of the key block does not fit " +
				"the wrapping key: found D, wanted A, B or C under a TDES key (at character 0)"},
			{"a derived HMAC key", agreed + "DeriveKeyAlgorithm", "HMAC_SHA256", agreed + "DeriveKeyAlgorithm: a wrapping key of this algorithm " +
				"cannot be derived: found HMAC_SHA256, wanted an AES or TDES algorithm"},
			{"another MAC", agreed + "WrappedKeyBlock", changed(block), opened(len(given[agreed+"DerivationData.SharedInformation"]) / 2)},
			{"another derivation", agreed + "DerivationData.SharedInformation", "00", opened(1)},
		} {
			body := v.request(t, w)
			setLeaf(body, strings.Split(c.member, "."), c.value)
			if got := w.saidOf(t, v.Op, body); got != c.want {
				t.Errorf("hidden %t, %s: got %s, want %s", hidden, c.what, got, c.want)
			}
		}
		body := v.request(t, w)
		body["KeyCheckValueAlgorithm"] = "SHA_1"
		want := "KeyCheckValueAlgorithm: keys of this algorithm have no check value of this kind: found SHA_1, wanted CMAC or ANSI_X9_24"
		if block[7] == 'T' {
			want = strings.Replace(want, "CMAC or ANSI_X9_24", "ANSI_X9_24 or CMAC", 1)
		}
		if got := w.saidOf(t, v.Op, body); got != want {
			t.Errorf("hidden %t, the check value of a public key: got %s, want %s", hidden, got, want)
		}
	}
}
