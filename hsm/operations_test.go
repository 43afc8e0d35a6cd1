package hsm_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
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
		if strings.HasSuffix(t.Name(), "/software") {
			cases = append(cases[:len(cases):len(cases)], randomOperations(t, rand.Uint64N(1<<31), *operationCases, op)...)
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
	text, err := os.ReadFile(operationsFile(op))
	if err != nil {
		t.Fatal(err)
	}
	var out []operation
	for line := range bytes.Lines(text) {
		out = append(out, read[operation](t, line))
	}
	if len(out) != committedCases {
		t.Fatalf("%s has %d cases, want %d", operationsFile(op), len(out), committedCases)
	}
	return out
}

func writeOperations(t *testing.T, op string) {
	t.Helper()
	var out bytes.Buffer
	for i, c := range randomOperations(t, 1, committedCases, op) {
		c.ID = fmt.Sprintf("%s-%02d", op, i)
		line, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(append(line, '\n'))
	}
	if err := os.MkdirAll(filepath.Dir(operationsFile(op)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(operationsFile(op), out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// publishedOperations are the cases of an operation in the folder that APCSIM_VECTORS names,
// if there is one, save those that are about the rules of keys.
func publishedOperations(t *testing.T, op string) (out []operation) {
	t.Helper()
	folder := os.Getenv("APCSIM_VECTORS")
	if folder == "" {
		return nil // the committed cases are tested
	}
	text, err := os.ReadFile(filepath.Join(folder, "data-plane.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range read[struct{ Vectors []operation }](t, text).Vectors {
		if c.Op == op && !strings.HasPrefix(c.ID, "pol-") {
			out = append(out, c)
		}
	}
	return out
}

// randomOperations are cases that the independent implementation draws.
func randomOperations(t *testing.T, seed uint64, n int, op string) []operation {
	t.Helper()
	folder := os.Getenv("APCSIM_ORACLES")
	if folder == "" {
		return nil
	}
	out, err := exec.Command("/usr/bin/python3", filepath.Join(folder, "payref.py"), "random", strconv.FormatUint(seed, 10),
		strconv.Itoa(n), op).
		Output()
	if err != nil {
		t.Fatalf("payref.py random %d %d %s: %v", seed, n, op, err)
	}
	all := read[struct{ Vectors []operation }](t, out).Vectors
	if len(all) != n {
		t.Fatalf("payref.py drew %d cases of %s, want %d", len(all), op, n)
	}
	return all
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
	raw := bytesOf(t, k.Hex)
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
	key, err := ecdsa.ParseRawPrivateKey(curve, bytesOf(t, scalar))
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
	text, err := base64.StdEncoding.DecodeString(certificate)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	key, err := parsed.PublicKey.(*ecdsa.PublicKey).ECDH()
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
