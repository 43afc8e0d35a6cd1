package sdktest

import (
	"bytes"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	pc "github.com/aws/aws-sdk-go-v2/service/paymentcryptography"
	"github.com/aws/aws-sdk-go-v2/service/paymentcryptography/types"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/dataclient"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// signed is a client of the data plane whose requests the SDK's signer signs.
func signed(server *httptest.Server, secret string) *dataclient.Client {
	return &dataclient.Client{Endpoint: server.URL, HTTP: server.Client(), Sign: func(r *http.Request, body []byte) error {
		sum := sha256.Sum256(body)
		creds := aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secret}
		return v4.NewSigner().SignHTTP(ctx, creds, r, hex.EncodeToString(sum[:]), "payment-cryptography", "us-east-1", time.Now())
	}}
}

// dataVector is a request of the data plane with its keys in the clear, and the right answer.
type dataVector struct {
	ID, Op string
	Keys   map[string]struct {
		Hex       string
		Usage     apc.KeyUsage     `json:"key_usage"`
		Algorithm apc.KeyAlgorithm `json:"key_algorithm"`
		Modes     []string         `json:"modes_of_use"`
	}
	Inputs   json.RawMessage
	Expected map[string]any
}

// symmetricVectors are the committed ones whose keys are all symmetric.
func symmetricVectors(t *testing.T) (out []dataVector) {
	t.Helper()
next:
	for _, v := range testrig.ReadLines[dataVector](t, "../../dataplane/testdata/operations.jsonl") {
		for _, k := range v.Keys {
			if k.Hex == "" {
				continue next
			}
		}
		out = append(out, v)
	}
	return out
}

// request is the typed request, with keys that are loaded for it.
func (v *dataVector) request(t *testing.T, eng *engine.Caller) any {
	t.Helper()
	body := map[string]any{}
	if err := json.Unmarshal(v.Inputs, &body); err != nil {
		t.Fatal(err)
	}
	in := dataclient.Operations[v.Op].New()
	for member, k := range v.Keys {
		var modes apc.KeyModesOfUse
		for _, name := range k.Modes {
			reflect.ValueOf(&modes).Elem().FieldByName(name).SetBool(true)
		}
		key := must(eng.LoadKey(ctx, &engine.LoadKeyInput{Exportable: new(true), Components: []hsm.Secret{hsm.NewSecret(testrig.Hex(k.Hex))},
			KeyAttributes: apc.KeyAttributes{KeyUsage: k.Usage, KeyClass: apc.KeyClassSymmetricKey, KeyAlgorithm: k.Algorithm,
				KeyModesOfUse: modes}}))(t)
		arn, path := key.Key.KeyArn, strings.Split(member, ".")
		into := body
		for _, name := range path[:len(path)-1] {
			into = into[name].(map[string]any)
		}
		if f, ok := reflect.TypeOf(in).Elem().FieldByName(member); ok && f.Tag.Get("path") != "" {
			reflect.ValueOf(in).Elem().FieldByName(member).Set(reflect.ValueOf(&arn))
			continue
		}
		into[path[len(path)-1]] = arn
	}
	d := json.NewDecoder(bytes.NewReader(must(json.Marshal(body))(t)))
	d.DisallowUnknownFields()
	if err := d.Decode(in); err != nil {
		t.Fatalf("%s: %v", v.ID, err)
	}
	return in
}

// check compares what does not depend on chance.
func (v *dataVector) check(t *testing.T, answer any, err error) {
	t.Helper()
	if want, _ := v.Expected["error"].(string); want != "" {
		e, ok := err.(*dataclient.Error)
		if !ok || e.Name != want || e.Reason != v.Expected["Reason"] {
			t.Errorf("%s: got %v, want %s %v", v.ID, err, want, v.Expected["Reason"])
		}
		return
	}
	if err != nil {
		t.Errorf("%s: %v", v.ID, err)
		return
	}
	var got map[string]any
	if err := json.Unmarshal(must(json.Marshal(answer))(t), &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range v.Expected {
		text, ok := want.(string)
		if ok && strings.ToUpper(name[:1]) == name[:1] && !strings.EqualFold(text, fmt.Sprint(got[name])) {
			t.Errorf("%s: %s is %v, want %s", v.ID, name, got[name], text)
		}
	}
}

// TestEveryDataOperationOverTheSocketSigned is the data plane's part of the SDK test: a client that
// is generated from the service's facts, and signatures of the SDK that are verified.
func TestEveryDataOperationOverTheSocketSigned(t *testing.T) {
	eng := simtest.New(t, nil)
	server := httptest.NewServer(endpoint.Handler(eng, &endpoint.Options{Verify: true, Callers: known}))
	t.Cleanup(server.Close)
	caller := eng.As(apc.Identity{Account: known[accessKey].Account})
	c, seen := signed(server, secretKey), map[string]bool{}
	vectors := symmetricVectors(t)
	for i := range vectors {
		v := &vectors[i]
		answer, err := dataclient.Operations[v.Op].Call(ctx, c, v.request(t, caller))
		v.check(t, answer, err)
		seen[v.Op] = true
	}
	translated(t, server, c)
	seen["TranslateKeyMaterial"] = true
	for op := range dataclient.Operations {
		if !seen[op] {
			t.Errorf("%s was never called", op)
		}
	}
	v := &vectors[0]
	_, err := dataclient.Operations[v.Op].Call(ctx, signed(server, "another secret"), v.request(t, caller))
	if e, ok := err.(*dataclient.Error); !ok || e.Name != "InvalidSignatureException" {
		t.Errorf("%s with another secret: got %v, want InvalidSignatureException", v.Op, err)
	}
}

// translated asks for TranslateKeyMaterial with a key block under a key that is agreed on.
func translated(t *testing.T, server *httptest.Server, c *dataclient.Client) {
	t.Helper()
	r := &replay{TB: t, wire: &wire{}, now: time.Now}
	r.Client = client(func(to *pc.Options) {
		to.BaseEndpoint, to.HTTPClient = &server.URL, server.Client()
		to.Credentials = credentials.NewStaticCredentialsProvider(accessKey, secretKey, "")
	})
	pair := r.create("K3", types.KeyAlgorithmEccNistP256, "X", derives(types.DeriveKeyUsageTr31K1KeyBlockProtectionKey))
	to := must(r.CreateKey(ctx, kek(types.KeyAlgorithmAes256)))(t)
	ours := localEC(t, elliptic.P256())
	self := r.root(ours)
	authority := r.trusted(self, types.KeyAlgorithmEccNistP256, nil)
	info, secret := random(16), random(16)
	block := wrap(t, r.agree(ours, r.publicOf(pair), sha256.New, info, 32), "D0000D0AB00E0000", secret)
	out, err := c.TranslateKeyMaterial(ctx, &dataclient.TranslateKeyMaterialInput{
		IncomingKeyMaterial: &dataclient.IncomingKeyMaterial{DiffieHellmanTr31KeyBlock: &dataclient.IncomingDiffieHellmanTr31KeyBlock{
			PrivateKeyIdentifier: pair.KeyArn, CertificateAuthorityPublicKeyIdentifier: authority.KeyArn,
			PublicKeyCertificate: aws.String(self.text()), DeriveKeyAlgorithm: aws.String("AES_256"),
			KeyDerivationFunction: aws.String("NIST_SP800"), KeyDerivationHashAlgorithm: aws.String("SHA_256"),
			DerivationData:  &dataclient.DiffieHellmanDerivationData{SharedInformation: aws.String(hex.EncodeToString(info))},
			WrappedKeyBlock: &block}},
		OutgoingKeyMaterial: &dataclient.OutgoingKeyMaterial{
			Tr31KeyBlock: &dataclient.OutgoingTr31KeyBlock{WrappingKeyIdentifier: to.Key.KeyArn}},
	})
	if err != nil {
		t.Errorf("TranslateKeyMaterial: %v", err)
		return
	}
	imported := r.imported(&pc.ImportKeyInput{KeyMaterial: &types.ImportKeyMaterialMemberTr31KeyBlock{Value: types.ImportTr31KeyBlock{
		WrappingKeyIdentifier: to.Key.KeyArn, WrappedKeyBlock: out.WrappedKey.WrappedKeyMaterial}}})
	r.matches(imported, secret)
}
