package enginetest

import (
	"context"
	"encoding/hex"
	"strings"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
)

// KeyKind is the attributes of a key in short: the two characters of its usage in TR-31 and its
// algorithm, "P0 TDES_2KEY". The key has every mode of use that its usage allows together.
type KeyKind string

// Key kinds that tests ask for most. Any other usage and algorithm are written in the same way.
const (
	B0TDES2  KeyKind = "B0 TDES_2KEY"
	B0AES128 KeyKind = "B0 AES_128"
	B0AES256 KeyKind = "B0 AES_256"
	C0TDES2  KeyKind = "C0 TDES_2KEY"
	D0AES128 KeyKind = "D0 AES_128"
	D0AES256 KeyKind = "D0 AES_256"
	E0TDES2  KeyKind = "E0 TDES_2KEY"
	E1TDES2  KeyKind = "E1 TDES_2KEY"
	E2TDES2  KeyKind = "E2 TDES_2KEY"
	E4TDES2  KeyKind = "E4 TDES_2KEY"
	E6TDES2  KeyKind = "E6 TDES_2KEY"
	K0TDES3  KeyKind = "K0 TDES_3KEY"
	K0AES256 KeyKind = "K0 AES_256"
	K1AES128 KeyKind = "K1 AES_128"
	K1AES256 KeyKind = "K1 AES_256"
	K1TDES3  KeyKind = "K1 TDES_3KEY"
	K3P256   KeyKind = "K3 ECC_NIST_P256"
	M3TDES2  KeyKind = "M3 TDES_2KEY"
	M6AES128 KeyKind = "M6 AES_128"
	M7SHA256 KeyKind = "M7 HMAC_SHA256"
	P0TDES2  KeyKind = "P0 TDES_2KEY"
	P0AES128 KeyKind = "P0 AES_128"
	S0RSA    KeyKind = "S0 RSA_2048"
	V1TDES2  KeyKind = "V1 TDES_2KEY"
	V2TDES2  KeyKind = "V2 TDES_2KEY"
)

// modes are the modes of use of a key of a usage, by the first that fits.
var modes = []struct {
	usages string
	modes  apc.KeyModesOfUse
}{
	{"D0 D1 K0 K1 K2 P0", apc.KeyModesOfUse{Encrypt: true, Decrypt: true, Wrap: true, Unwrap: true}},
	{"C0 M0 M1 M3 M6 M7 V1 V2", apc.KeyModesOfUse{Generate: true, Verify: true}},
	{"B0 E0 E1 E2 E4 E5 E6 K3", apc.KeyModesOfUse{DeriveKey: true}},
	{"S0", apc.KeyModesOfUse{Sign: true}},
}

// Attributes are the kind's. Of an unknown usage or algorithm they are not what any key can have.
func (k KeyKind) Attributes() apc.KeyAttributes {
	usage, algorithm, _ := strings.Cut(string(k), " ")
	a := apc.KeyAttributes{KeyClass: apc.KeyClassSymmetricKey, KeyAlgorithm: apc.KeyAlgorithm(algorithm), KeyUsage: apc.KeyUsage(usage)}
	for _, u := range apc.KeyUsage("").Values() {
		if strings.HasPrefix(string(u), "TR31_"+usage+"_") {
			a.KeyUsage = u
		}
	}
	if strings.HasPrefix(algorithm, "RSA") || strings.HasPrefix(algorithm, "ECC") {
		a.KeyClass = apc.KeyClassAsymmetricKeyPair
	}
	for _, row := range modes {
		if strings.Contains(row.usages, usage) {
			a.KeyModesOfUse = row.modes
		}
	}
	return a
}

// Key makes an exportable key of a kind for the test. The call is not recorded and gets no fault,
// and the key may be left without an alias.
func (s *Sim) Key(t T, k KeyKind) engine.Key {
	t.Helper()
	out, err := s.Inspect().CreateKey(context.Background(), &engine.CreateKeyInput{KeyAttributes: k.Attributes(), Exportable: new(true)})
	if err != nil {
		t.Fatalf("enginetest: a key %s: %v", k, err)
	}
	return out.Key
}

// Load makes an exportable symmetric key of known bytes, given in hexadecimal, for the test: as
// [Sim.Key] otherwise. The bytes must not be found anywhere when the test ends.
func (s *Sim) Load(t T, k KeyKind, key string) engine.Key {
	t.Helper()
	raw, err := hex.DecodeString(key)
	if err != nil {
		t.Fatalf("enginetest: loading a key %s: its bytes are no hexadecimal digits", k)
	}
	s.Secret(raw)
	out, err := s.Inspect().
		LoadKey(context.Background(), &engine.LoadKeyInput{KeyAttributes: k.Attributes(), Exportable: new(true), Components: split(raw)})
	if err != nil {
		t.Fatalf("enginetest: loading a key %s: %v", k, err)
	}
	return out.Key
}

// split makes two components of a key.
func split(key []byte) []hsm.Secret {
	first, second := make([]byte, len(key)), make([]byte, len(key))
	for i, b := range key {
		first[i] = byte(0x5A + 7*i)
		second[i] = b ^ first[i]
	}
	return []hsm.Secret{hsm.NewSecret(first), hsm.NewSecret(second)}
}
