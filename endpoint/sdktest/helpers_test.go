package sdktest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	pc "github.com/aws/aws-sdk-go-v2/service/paymentcryptography"
	"github.com/aws/aws-sdk-go-v2/service/paymentcryptography/types"

	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
)

var (
	ctx  = context.Background()
	noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
)

const (
	accessKey = "AKIDAPCSIM"
	secretKey = "a secret that signs"
)

// doors runs a test through a socket and without one.
func doors(t *testing.T, test func(t *testing.T, open func(*engine.Engine, *endpoint.Options) *pc.Client)) {
	t.Run("socket", func(t *testing.T) {
		test(t, func(eng *engine.Engine, o *endpoint.Options) *pc.Client {
			server := httptest.NewServer(endpoint.Handler(eng, o))
			t.Cleanup(server.Close)
			return client(func(to *pc.Options) { to.BaseEndpoint, to.HTTPClient = &server.URL, server.Client() })
		})
	})
	t.Run("no socket", func(t *testing.T) {
		test(t, func(eng *engine.Engine, o *endpoint.Options) *pc.Client {
			return client(func(to *pc.Options) { to.HTTPClient = endpoint.HTTPClient(eng, o) })
		})
	})
}

// client is the real SDK's. It never asks twice, so that a test sees the first
// answer.
func client(change ...func(*pc.Options)) *pc.Client {
	return pc.New(pc.Options{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider(accessKey, secretKey, ""),
		Retryer:     aws.NopRetryer{},
	}, change...)
}

// must is for calls that have no business failing.
func must[T any](out T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

// counted keeps which operations went over a transport.
type counted struct {
	pc.HTTPClient
	targets map[string]int
}

func (c *counted) Do(r *http.Request) (*http.Response, error) {
	c.targets[r.Header.Get("X-Amz-Target")]++
	return c.HTTPClient.Do(r)
}

// kek is what a key-encryption key asks for.
func kek(a types.KeyAlgorithm) *pc.CreateKeyInput {
	return &pc.CreateKeyInput{Exportable: aws.Bool(true), KeyAttributes: &types.KeyAttributes{
		KeyAlgorithm: a, KeyClass: types.KeyClassSymmetricKey, KeyUsage: types.KeyUsageTr31K0KeyEncryptionKey,
		KeyModesOfUse: &types.KeyModesOfUse{Encrypt: true, Decrypt: true, Wrap: true, Unwrap: true},
	}}
}

// signer is what a pair that signs asks for.
func signer(a types.KeyAlgorithm) *pc.CreateKeyInput {
	return &pc.CreateKeyInput{Exportable: aws.Bool(false), KeyAttributes: &types.KeyAttributes{
		KeyAlgorithm: a, KeyClass: types.KeyClassAsymmetricKeyPair, KeyUsage: types.KeyUsageTr31S0AsymmetricKeyForDigitalSignature,
		KeyModesOfUse: &types.KeyModesOfUse{Sign: true},
	}}
}

// alike compares what the SDK read with what the engine said, member by member.
func alike(t *testing.T, at string, sdk, own reflect.Value) {
	t.Helper()
	for own.Kind() == reflect.Pointer && !own.IsNil() {
		own = own.Elem()
	}
	for sdk.Kind() == reflect.Pointer && !sdk.IsNil() {
		sdk = sdk.Elem()
	}
	switch {
	case own.Kind() == reflect.Pointer || !sdk.IsValid():
		if !sdk.IsValid() || !sdk.IsZero() {
			t.Errorf("%s: the SDK read %v, the engine said nothing", at, sdk)
		}
	case own.Type() == reflect.TypeFor[time.Time]():
		if s, ok := sdk.Interface().(time.Time); !ok || !s.Equal(own.Interface().(time.Time)) {
			t.Errorf("%s: the SDK read %v, the engine said %v", at, sdk, own)
		}
	case own.Kind() == reflect.Struct:
		for i := range own.NumField() {
			name := own.Type().Field(i).Name
			alike(t, at+"."+name, sdk.FieldByName(name), own.Field(i))
		}
	case own.Kind() == reflect.Slice:
		if sdk.Len() != own.Len() {
			t.Fatalf("%s: the SDK read %d, the engine said %d", at, sdk.Len(), own.Len())
		}
		for i := range own.Len() {
			alike(t, at+"[]", sdk.Index(i), own.Index(i))
		}
	case own.Kind() == reflect.Map:
		if sdk.Len() != own.Len() {
			t.Errorf("%s: the SDK read %v, the engine said %v", at, sdk, own)
		}
	case own.Kind() == reflect.String:
		if sdk.String() != own.String() {
			t.Errorf("%s: the SDK read %q, the engine said %q", at, sdk, own)
		}
	case own.Kind() == reflect.Bool:
		if sdk.Bool() != own.Bool() {
			t.Errorf("%s: the SDK read %v, the engine said %v", at, sdk, own)
		}
	default:
		t.Fatalf("%s: a %s", at, own.Kind())
	}
}

const (
	scope         = "Credential=" + accessKey + "/20260501/us-east-1/payment-cryptography/aws4_request"
	authorization = "AWS4-HMAC-SHA256 " + scope + ", SignedHeaders=host;x-amz-date, Signature=00"
	target        = "PaymentCryptographyControlPlane."
)

// post is a request as a client signs it, changed by the test.
func post(op, body string, change ...func(*http.Request)) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", target+op)
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("Authorization", authorization)
	for _, c := range change {
		c(r)
	}
	return r
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// ask is one answer, with its body read as JSON.
func ask(t *testing.T, h http.Handler, r *http.Request) (*http.Response, map[string]any) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	answer := w.Result()
	var body map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("the body is no JSON object: %v: %q", err, w.Body)
	}
	if id := answer.Header.Get("x-amzn-RequestId"); !requestID.MatchString(id) {
		t.Errorf("request id %q", id)
	}
	if kind := answer.Header.Get("Content-Type"); kind != "application/x-amz-json-1.0" {
		t.Errorf("content type %q", kind)
	}
	return answer, body
}

var requestID = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

const create = `{"Exportable":true,"KeyAttributes":{"KeyAlgorithm":"AES_128","KeyClass":"SYMMETRIC_KEY",` +
	`"KeyUsage":"TR31_K0_KEY_ENCRYPTION_KEY","KeyModesOfUse":{"Wrap":true,"Unwrap":true,"Encrypt":true,"Decrypt":true}}}`

func without(name string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Del(name) }
}
