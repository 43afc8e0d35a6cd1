package endpoint_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/facts"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// The conformance walk of the data plane. Its operations change nothing, so one world does for all
// requests.

// dataVector is a request of dataplane's committed vectors.
type dataVector struct {
	Op     string
	Keys   map[string]dataKey
	Inputs object
}

type dataKey struct {
	Hex       string
	Usage     apc.KeyUsage     `json:"key_usage"`
	Algorithm apc.KeyAlgorithm `json:"key_algorithm"`
	Modes     []string         `json:"modes_of_use"`
}

// dataWorld is a world with another handler, which verifies signatures.
type dataWorld struct {
	*world
	verified http.Handler
}

// newDataWorld is a world with the keys of the vectors, and the requests that it answers well.
func newDataWorld(t testing.TB) (*dataWorld, []goodRequest) {
	t.Helper()
	device, store := hsm.NewSoftware(&hsm.SoftwareOptions{Seed: 1}), keystore.NewMemory()
	eng, err := engine.Open(
		ctx,
		device,
		store,
		&engine.Options{Seed: 1, HSM: hsm.Options{Ready: &endlessPairs{ready: nothingReady{}}}, Limits: apc.Limits{Keys: 10_000}},
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { eng.Close(); device.Close(); store.Close() })
	w := &dataWorld{world: &world{endpoint.Handler(eng, nil), endpoint.HTTPClient(eng, nil), func() {}, eng}}
	w.verified = endpoint.Handler(
		eng,
		&endpoint.Options{Verify: true, Callers: map[string]endpoint.Credential{"AKID": {Secret: "secret"}}},
	)
	var good []goodRequest
	for _, v := range testrig.ReadLines[dataVector](t, "../dataplane/testdata/operations.jsonl") {
		if body := v.request(t, eng); body != nil {
			good = append(good, goodRequest{v.Op, body})
		}
	}
	return w, slices.DeleteFunc(append(good, translation(t, eng)), func(r goodRequest) bool {
		return w.ask(postedData(r.op, asJSON(r.body))).status != http.StatusOK // a wrong value that does not verify
	})
}

// nothingReady has no key pairs: none is asked for.
type nothingReady struct{}

func (nothingReady) Next(int) (hsm.Secret, hsm.Public, bool) { return hsm.Secret{}, nil, false }

// request loads the keys of a vector and names them; nil where a key pair is needed that cannot be
// loaded.
func (v *dataVector) request(t testing.TB, eng *engine.Engine) object {
	t.Helper()
	body := integers(v.Inputs).(object)
	for member, k := range v.Keys {
		raw := testrig.Hex(k.Hex)
		if len(raw) == 0 {
			return nil
		}
		attributes := apc.KeyAttributes{KeyUsage: k.Usage, KeyClass: apc.KeyClassSymmetricKey, KeyAlgorithm: k.Algorithm}
		modes, _ := json.Marshal(attributesOf(k.Modes))
		if err := json.Unmarshal(modes, &attributes.KeyModesOfUse); err != nil {
			t.Fatal(err)
		}
		out, err := eng.LoadKey(
			ctx,
			&engine.LoadKeyInput{KeyAttributes: attributes, Exportable: new(true), Components: []hsm.Secret{hsm.NewSecret(raw)}},
		)
		if err != nil {
			t.Fatal(err)
		}
		into, path := body, strings.Split(member, ".")
		for _, name := range path[:len(path)-1] {
			into = into[name].(object)
		}
		into[path[len(path)-1]] = out.Key.KeyArn
	}
	return body
}

func attributesOf(modes []string) map[string]bool {
	out := map[string]bool{}
	for _, m := range modes {
		out[m] = true
	}
	return out
}

// integers are the numbers of a JSON value as the spoiler has them.
func integers(v any) any {
	switch v := v.(type) {
	case object:
		for k, item := range v {
			v[k] = integers(item)
		}
	case float64:
		return int(v)
	}
	return v
}

// wrappingKey creates a key block protection key and returns its ARN.
func wrappingKey(t testing.TB, c *engine.Caller) string {
	t.Helper()
	out, err := c.CreateKey(
		ctx,
		&engine.CreateKeyInput{
			Exportable: new(true),
			KeyAttributes: apc.KeyAttributes{KeyUsage: apc.KeyUsageTR31K1KeyBlockProtectionKey, KeyClass: apc.KeyClassSymmetricKey,
				KeyAlgorithm: apc.KeyAlgorithmAES256, KeyModesOfUse: apc.KeyModesOfUse{Encrypt: true, Decrypt: true, Wrap: true, Unwrap: true}},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	return out.Key.KeyArn
}

// agreementPair creates a key pair for key agreement.
func agreementPair(t testing.TB, c *engine.Caller) (arn string, certificate *engine.GetPublicKeyCertificateOutput) {
	t.Helper()
	out, err := c.CreateKey(
		ctx,
		&engine.CreateKeyInput{
			Exportable:     new(false),
			DeriveKeyUsage: new(apc.KeyUsageTR31K1KeyBlockProtectionKey),
			KeyAttributes: apc.KeyAttributes{
				KeyUsage: apc.KeyUsageTR31K3AsymmetricKeyForKeyAgreement, KeyClass: apc.KeyClassAsymmetricKeyPair,
				KeyAlgorithm: apc.KeyAlgorithmECCNISTP521, KeyModesOfUse: apc.KeyModesOfUse{DeriveKey: true}},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	if certificate, err = c.GetPublicKeyCertificate(ctx, &engine.GetPublicKeyCertificateInput{KeyIdentifier: out.Key.KeyArn}); err != nil {
		t.Fatal(err)
	}
	return out.Key.KeyArn, certificate
}

// trustedRoot imports a root certificate and returns its ARN.
func trustedRoot(t testing.TB, c *engine.Caller, root string, a apc.KeyAlgorithm) string {
	t.Helper()
	out, err := c.ImportKey(
		ctx,
		&engine.ImportKeyInput{
			KeyMaterial: engine.ImportKeyMaterial{
				RootCertificatePublicKey: &engine.RootCertificatePublicKey{PublicKeyCertificate: root,
					KeyAttributes: apc.KeyAttributes{
						KeyUsage:      apc.KeyUsageTR31S0AsymmetricKeyForDigitalSignature,
						KeyClass:      apc.KeyClassPublicKey,
						KeyAlgorithm:  a,
						KeyModesOfUse: apc.KeyModesOfUse{Verify: true},
					}},
			},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	return out.Key.KeyArn
}

// translation is a request of TranslateKeyMaterial, for which the service makes the key pairs of
// both parties: the other party is another account of it.
func translation(t testing.TB, eng *engine.Engine) goodRequest {
	t.Helper()
	theirs := eng.As(apc.Identity{Account: "444455556666"})
	ours, ourCertificate := agreementPair(t, eng.Caller)
	their, theirCertificate := agreementPair(t, theirs)
	info := "0011223344"
	wrapped, err := theirs.ExportKey(
		ctx,
		&engine.ExportKeyInput{
			ExportKeyIdentifier: wrappingKey(t, theirs),
			KeyMaterial: engine.ExportKeyMaterial{DiffieHellmanTr31KeyBlock: &engine.ExportDiffieHellmanTr31KeyBlock{
				PrivateKeyIdentifier: their, CertificateAuthorityPublicKeyIdentifier: trustedRoot(t, theirs, ourCertificate.KeyCertificateChain,
					apc.KeyAlgorithmECCNISTP521), PublicKeyCertificate: ourCertificate.KeyCertificate,
				DeriveKeyAlgorithm: apc.KeyAlgorithmAES256, KeyDerivationFunction: apc.KeyDerivationFunctionNISTSP800,
				KeyDerivationHashAlgorithm: apc.KeyDerivationHashAlgorithmSHA256,
				DerivationData:             engine.DiffieHellmanDerivationData{SharedInformation: &info}}},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	return goodRequest{"TranslateKeyMaterial", object{
		"IncomingKeyMaterial": object{"DiffieHellmanTr31KeyBlock": object{
			"PrivateKeyIdentifier": ours, "CertificateAuthorityPublicKeyIdentifier": trustedRoot(t, eng.Caller, theirCertificate.KeyCertificateChain,
				apc.KeyAlgorithmECCNISTP521),
			"PublicKeyCertificate": theirCertificate.KeyCertificate, "DeriveKeyAlgorithm": "AES_256", "KeyDerivationFunction": "NIST_SP800",
			"KeyDerivationHashAlgorithm": "SHA_256",
			"DerivationData":             object{"SharedInformation": info}, "WrappedKeyBlock": wrapped.WrappedKey.KeyMaterial}},
		"OutgoingKeyMaterial": object{"Tr31KeyBlock": object{"WrappingKeyIdentifier": wrappingKey(t, eng.Caller)}},
	}}
}

// postedData is a request of the data plane, with the identifier of a key in its path where the
// operation has it there.
func postedData(op string, body []byte) *http.Request {
	described, rest := facts.Data().Operation(op), object{}
	json.Unmarshal(body, &rest)
	path := described.Path
	for k, v := range rest {
		if in := "{" + k + "}"; strings.Contains(path, in) {
			path = strings.Replace(path, in, url.PathEscape(fmt.Sprint(v)), 1)
			delete(rest, k)
		}
	}
	if path != described.Path {
		body = asJSON(rest)
	}
	r := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", signedAs)
	return r
}

func newDataWalk() *walk {
	k := newWalk(describedData())
	k.post = postedData
	return k
}

// TestGoodRequestsOfTheDataPlaneAreAnsweredAsDescribed: every operation succeeds, in many forms.
func TestGoodRequestsOfTheDataPlaneAreAnsweredAsDescribed(t *testing.T) {
	k := newDataWalk()
	w, good := newDataWorld(t)
	for _, r := range good {
		if got := k.good(t, w.world, r.op, r.body); got.status != http.StatusOK {
			t.Errorf("%s %s: %s", r.op, asJSON(r.body), got)
		}
	}
	for _, op := range facts.Data().Operations {
		if k.taken[op.Name] == 0 {
			t.Errorf("%s never succeeded", op.Name)
		}
	}
	t.Logf("%v", k.taken)
}

// inPath are members that are in the path, where only their text can be spoilt.
func inPath(op, at string) bool {
	return strings.Contains(facts.Data().Operation(op).Path, "{"+at+"}")
}

// dataSpoilings are those of a request's body.
func dataSpoilings(op string, body object) []spoiling {
	return slices.DeleteFunc(describedData().spoilings(op, clone(body).(object)), func(s spoiling) bool { return inPath(op, s.at) })
}

// TestEverySpoilingOfADataRequestIsRefused spoils a good request of each operation in every way.
func TestEverySpoilingOfADataRequestIsRefused(t *testing.T) {
	k := newDataWalk()
	w, good := newDataWorld(t)
	seen := map[string]int{}
	for _, r := range good {
		if seen[r.op]++; seen[r.op] > 1 {
			continue
		}
		for _, s := range dataSpoilings(r.op, r.body) {
			k.bad(t, w.world, r.op, &s)
		}
	}
	if k.spoilt < 1500 {
		t.Errorf("%d spoilt requests only", k.spoilt)
	}
	t.Logf("%d spoilt requests", k.spoilt)
}

// TestRandomDataRequestsAreAnsweredAsDescribed sends requests that fit the description, and the same
// spoilt.
func TestRandomDataRequestsAreAnsweredAsDescribed(t *testing.T) {
	w, good := newDataWorld(t)
	g, k := newDrawer(describedData(), good), newDataWalk()
	rapid.Check(t, func(t *rapid.T) {
		op := rapid.SampledFrom(describedData().known()).Draw(t, "operation")
		body := g.request(t, op)
		k.good(t, w.world, op, body)
		if spoilt := dataSpoilings(op, body); len(spoilt) > 0 {
			k.bad(t, w.world, op, &spoilt[rapid.IntRange(0, len(spoilt)-1).Draw(t, "spoiling")])
		}
	})
	t.Logf("taken %v, refused %v, %d of them spoilt", k.taken, k.refused, k.spoilt)
}

// FuzzDataPlane: any body for any operation of the data plane, whose keys are there. The answer must
// be as described, and a body that is taken must fit the description.
func FuzzDataPlane(f *testing.F) {
	w, good := newDataWorld(f)
	index := map[string]uint8{}
	operations := describedData().known()
	for i, op := range operations {
		index[op] = uint8(i)
		f.Add(uint8(i), []byte("{}"))
		f.Add(uint8(i), []byte(`{"KeyIdentifier":"alias/none","IncomingKeyIdentifier":"alias/a"`))
	}
	for _, r := range good {
		f.Add(index[r.op], asJSON(r.body))
	}
	f.Fuzz(func(t *testing.T, i uint8, body []byte) {
		op := operations[int(i)%len(operations)]
		got := w.ask(postedData(op, body))
		if got.status == http.StatusNotFound && got.code() == "UnknownOperationException" { // no identifier in the path
			return
		}
		for _, wrong := range describedData().checkAnswer(op, got, false) {
			t.Errorf("%s %q: %s: %s", op, body, got, wrong)
		}
	})
}
