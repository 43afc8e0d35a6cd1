package hsm_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

var (
	updateOperations = flag.Bool(
		"update-operations",
		false,
		"write the committed cases of operations anew from the independent implementation",
	)
	operationCases = flag.Int(
		"operations",
		40,
		"random cases of each operation to compare with the independent implementation, where it is there",
	)
)

// operation is one request of the service's data plane with its keys in the clear, and the
// answer of another implementation.
type operation struct {
	ID        string                  `json:"id"`
	Op        string                  `json:"op"`
	Algorithm string                  `json:"algorithm"`
	Keys      map[string]operationKey `json:"keys"` // by the member of the request
	Inputs    json.RawMessage         `json:"inputs"`
	Expected  json.RawMessage         `json:"expected"`
	Verified  bool                    `json:"verified"`
}

type operationKey struct {
	Hex       string `json:"hex,omitempty"`
	Scalar    string `json:"private_scalar_hex,omitempty"`
	Usage     string `json:"key_usage"`
	Algorithm string `json:"key_algorithm"`
}

// read reads a part of the case.
func read[T any](t *testing.T, raw json.RawMessage) (out T) {
	t.Helper()
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// onOperations runs a test for each case of an operation on every device: the committed ones,
// those of the folder of vectors, and random ones of the independent implementation, where
// they are there. The random ones run on the software device alone.
func onOperations(t *testing.T, op string, run func(t *testing.T, b hsm.Backend, h *hsm.HSM, c *operation)) {
	if *updateOperations {
		writeOperations(t, op)
	}
	all := append(committedOperations(t, op), publishedOperations(t, op)...)
	onEveryBackend(t, func(t *testing.T, b hsm.Backend, h *hsm.HSM) {
		cases := all
		if strings.HasSuffix(t.Name(), "/software") && testrig.Payref() != "" {
			random := testrig.RandomCases[operation](t, rand.Uint64N(1<<31), *operationCases, op)
			cases = append(cases[:len(cases):len(cases)], random...)
		}
		for i := range cases {
			c := &cases[i]
			t.Run(c.ID, func(t *testing.T) {
				run(t, b, h, c)
				if t.Failed() {
					t.Logf("%s, %s: keys %v, inputs %s, expected %s", c.Op, c.Algorithm, c.Keys, c.Inputs, c.Expected)
				}
			})
		}
	})
}

func operationsFile(op string) string { return filepath.Join("testdata", "operations", op+".jsonl") }

// committedCases is how many cases of each operation are committed.
const committedCases = 40

func committedOperations(t *testing.T, op string) []operation {
	t.Helper()
	out := testrig.ReadLines[operation](t, operationsFile(op))
	if len(out) != committedCases {
		t.Fatalf("%s has %d cases, want %d", operationsFile(op), len(out), committedCases)
	}
	return out
}

func writeOperations(t *testing.T, op string) {
	t.Helper()
	all := testrig.RandomCases[operation](t, 1, committedCases, op)
	for i := range all {
		all[i].ID = fmt.Sprintf("%s-%02d", op, i)
	}
	testrig.WriteLines(t, operationsFile(op), all)
}

// publishedOperations are the cases of an operation in the folder that APCSIM_VECTORS names,
// if there is one, save those that are about the rules of keys.
func publishedOperations(t *testing.T, op string) (out []operation) {
	t.Helper()
	for _, c := range testrig.Vectors[struct{ Vectors []operation }](t, "data-plane.json").Vectors {
		if c.Op == op && !strings.HasPrefix(c.ID, "pol-") {
			out = append(out, c)
		}
	}
	return out
}

// loadOperationKey imports a key of a case.
func loadOperationKey(t *testing.T, b hsm.Backend, c *operation, member string) hsm.KeyRef {
	t.Helper()
	k, ok := c.Keys[member]
	if !ok {
		t.Fatalf("the case has no key %s", member)
	}
	a := hsm.Attributes{KeyID: "operation", Usage: "D0", Mode: 'N', Exportability: 'N'}
	if len(k.Usage) > 7 {
		a.Usage = k.Usage[5:7]
	}
	raw := testrig.Hex(k.Hex)
	a.Bits = 8 * len(raw)
	switch family, size, _ := strings.Cut(k.Algorithm, "_"); family {
	case "TDES":
		a.Algorithm = hsm.TDES
	case "AES":
		a.Algorithm = hsm.AES
	case "HMAC":
		a.Algorithm = hsm.HMAC
		a.Hash = map[string]crypto.Hash{"SHA224": crypto.SHA224, "SHA256": crypto.SHA256, "SHA384": crypto.SHA384, "SHA512": crypto.SHA512}[size]
	case "ECC":
		a.Algorithm = hsm.EC
		raw, a.Bits = curveKey(t, size, k.Scalar)
	default:
		t.Fatalf("a key of algorithm %q", k.Algorithm)
	}
	sealed, err := b.Import(ctx, hsm.NewSecret(raw), a)
	if err != nil {
		t.Fatal(err)
	}
	return hsm.KeyRef{Sealed: sealed, Attributes: a}
}

// curves by the end of an algorithm's name.
var curves = map[string]elliptic.Curve{"NIST_P256": elliptic.P256(), "NIST_P384": elliptic.P384(), "NIST_P521": elliptic.P521()}

func curveKey(t *testing.T, name, scalar string) (der []byte, bits int) {
	t.Helper()
	curve := curves[name]
	key, err := ecdsa.ParseRawPrivateKey(curve, testrig.Hex(scalar))
	if err != nil {
		t.Fatal(err)
	}
	if der, err = x509.MarshalECPrivateKey(key); err != nil {
		t.Fatal(err)
	}
	return der, curve.Params().BitSize
}

// peerOf is the public key of a certificate, as base64 of PEM.
func peerOf(t *testing.T, certificate string) []byte {
	t.Helper()
	key, err := testrig.Certificate(t, certificate).PublicKey.(*ecdsa.PublicKey).ECDH()
	if err != nil {
		t.Fatal(err)
	}
	return key.Bytes()
}

// The names of the service's values.
var (
	keyDerivations = map[string]hsm.KDF{"NIST_SP800": hsm.ConcatKDF, "ANSI_X963": hsm.X963KDF}
	hashNames      = map[string]crypto.Hash{"SHA_256": crypto.SHA256, "SHA_384": crypto.SHA384, "SHA_512": crypto.SHA512}
	keyLengths     = map[string]int{"TDES_2KEY": 128, "TDES_3KEY": 192, "AES_128": 128, "AES_192": 192, "AES_256": 256}
)

func algorithmOf(name string) hsm.Algorithm {
	if strings.HasPrefix(name, "AES") {
		return hsm.AES
	}
	return hsm.TDES
}

func upperHex(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }
