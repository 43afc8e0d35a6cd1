package dataplane_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// world is a simulator into which a test brings its keys.
type world struct {
	*engine.Engine
	device hsm.Backend
	store  keystore.Store
	keys   map[vectorKeyID]string // ARNs
}

type vectorKeyID string

func newWorld(t testing.TB, o *engine.Options) *world {
	t.Helper()
	w := &world{device: simtest.Backend(t, nil), store: simtest.Store(t), keys: map[vectorKeyID]string{}}
	options := engine.Options{Limits: apc.Limits{Keys: 100_000}}
	if o != nil {
		options = *o
		options.Limits.Keys = 100_000
	}
	w.Engine = simtest.On(t, w.device, w.store, &options)
	return w
}

// key is the ARN of a key, which is loaded when it is first asked for.
func (w *world) key(t testing.TB, k *vectorKey) string {
	t.Helper()
	id := vectorKeyID(fmt.Sprint(*k))
	if w.keys[id] == "" {
		switch {
		case k.Hex != "":
			w.keys[id] = w.load(t, k)
		case k.Scalar != "" || k.RSA != "":
			w.keys[id] = w.implant(t, k)
		default:
			w.keys[id] = w.trust(t, k)
		}
	}
	return w.keys[id]
}

func modesOf(names []string) (m apc.KeyModesOfUse) {
	for _, name := range names {
		reflect.ValueOf(&m).Elem().FieldByName(name).SetBool(true)
	}
	return m
}

// defaultModes are those of a vector that names none, by usage.
func defaultModes(u apc.KeyUsage) apc.KeyModesOfUse {
	switch u[5] { // behind TR31_
	case 'D', 'P', 'K':
		if u[6] != '3' {
			return apc.KeyModesOfUse{Encrypt: true, Decrypt: true, Wrap: true, Unwrap: true}
		}
	case 'S':
		return apc.KeyModesOfUse{Verify: true}
	case 'M', 'C', 'V':
		return apc.KeyModesOfUse{Generate: true, Verify: true}
	}
	return apc.KeyModesOfUse{DeriveKey: true}
}

func (k *vectorKey) attributes(class apc.KeyClass) apc.KeyAttributes {
	modes := defaultModes(k.Usage)
	if len(k.Modes) > 0 {
		modes = modesOf(k.Modes)
	}
	return apc.KeyAttributes{KeyUsage: k.Usage, KeyClass: class, KeyAlgorithm: k.Algorithm, KeyModesOfUse: modes}
}

// load brings in a symmetric key as a ceremony does.
func (w *world) load(t testing.TB, k *vectorKey) string {
	t.Helper()
	raw := testrig.Hex(k.Hex)
	out, err := w.LoadKey(
		t.Context(),
		&engine.LoadKeyInput{
			KeyAttributes: k.attributes(apc.KeyClassSymmetricKey),
			Exportable:    new(true),
			Components:    []hsm.Secret{hsm.NewSecret(raw)},
		},
	)
	if err != nil {
		t.Fatalf("%+v: %v", k.attributes(apc.KeyClassSymmetricKey), err)
	}
	return out.Key.KeyArn
}

// trust brings in the certificate of an authority.
func (w *world) trust(t testing.TB, k *vectorKey) string {
	t.Helper()
	out, err := w.ImportKey(
		t.Context(),
		&engine.ImportKeyInput{KeyMaterial: engine.ImportKeyMaterial{RootCertificatePublicKey: &engine.RootCertificatePublicKey{
			KeyAttributes: k.attributes(apc.KeyClassPublicKey), PublicKeyCertificate: k.Certificate}}},
	)
	if err != nil {
		t.Fatal(err)
	}
	return out.Key.KeyArn
}

var curves = map[apc.KeyAlgorithm]elliptic.Curve{
	apc.KeyAlgorithmECCNISTP256: elliptic.P256(),
	apc.KeyAlgorithmECCNISTP384: elliptic.P384(),
	apc.KeyAlgorithmECCNISTP521: elliptic.P521(),
}

// pairOf is a key pair as a device takes it, and its public half.
func pairOf(t testing.TB, k *vectorKey) (der, public []byte) {
	t.Helper()
	var private crypto.Signer
	if k.RSA != "" {
		block, _ := pem.Decode([]byte(k.RSA))
		key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		private, der = key, block.Bytes
	} else {
		scalar := testrig.Hex(k.Scalar)
		key, err := ecdsa.ParseRawPrivateKey(curves[k.Algorithm], scalar)
		if err != nil {
			t.Fatal(err)
		}
		if der, err = x509.MarshalECPrivateKey(key); err != nil {
			t.Fatal(err)
		}
		private = key
	}
	public, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	return der, public
}

// implant writes a record of a key pair whose private key is known. The service makes key pairs
// itself and imports none.
func (w *world) implant(t testing.TB, k *vectorKey) string {
	t.Helper()
	der, public := pairOf(t, k)
	value, err := kcv.SHA1.Compute(public)
	if err != nil {
		t.Fatal(err)
	}
	id := w.Identity()
	var key core.Key
	sum := sha256.Sum256([]byte(fmt.Sprint(*k)))
	key.ARN = core.ARN{Partition: keystore.Partition{Account: id.Account, Region: id.Region}, Key: fmt.Sprintf("%x", sum[:8])}
	key.Attributes = core.ParseAttributes(k.attributes(apc.KeyClassAsymmetricKeyPair))
	key.Bits, key.Check, key.Enabled, key.State, key.Origin = key.Attributes.Alg.Bits, apc.KeyCheckValueAlgorithmSHA1, true,
		apc.KeyStateCreateComplete, apc.KeyOriginAWSPaymentCryptography
	key.Created, key.Exportable = worldTime, true
	attributes := key.HSMAttributes()
	sealed, err := w.device.Import(t.Context(), hsm.NewSecret(der), attributes)
	if err != nil {
		t.Fatal(err)
	}
	key.SetMaterial(&hsm.Made{KeyRef: hsm.KeyRef{Sealed: sealed, Attributes: attributes}, Public: public, CheckValue: value})
	record := key.Record(worldTime)
	commit := keystore.CommitID(sum[:16])
	if err := w.store.Commit(context.Background(), commit, keystore.Change{Put: &keystore.Put{Record: record}}); err != nil {
		t.Fatal(err)
	}
	return key.ARN.String()
}

var worldTime = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// said is what an operation says of a request in JSON: the reasons of its refusal, or "taken".
func (w *world) said(t *testing.T, op, body string) string {
	t.Helper()
	return w.saidOf(t, op, fromJSON(t, []byte(body)))
}

func (w *world) saidOf(t *testing.T, op string, body map[string]any) string {
	t.Helper()
	_, refused := typedDoor(w.Caller)(t, op, body)
	if refused == nil {
		return "taken"
	}
	return refused.reason
}

// vectorWith is the first committed vector of an operation whose request has a text.
func vectorWith(t *testing.T, op, text string) *vector {
	t.Helper()
	for _, v := range committedVectors(t) {
		if v.Op == op && strings.Contains(string(v.Inputs), text) && v.Expected["error"] == nil {
			return &v
		}
	}
	t.Fatalf("no vector of %s has %s", op, text)
	return nil
}

// reading fills a request from JSON.
func reading(t *testing.T, body map[string]any) func(any) error {
	return func(in any) error { return json.Unmarshal(asJSON(t, body), in) }
}
