package sdktest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	pc "github.com/aws/aws-sdk-go-v2/service/paymentcryptography"
	"github.com/aws/aws-sdk-go-v2/service/paymentcryptography/types"

	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/awsjson"
)

var (
	ctx  = context.Background()
	noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
)

const (
	accessKey = awsjson.AccessKey
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
	scope  = awsjson.Scope
	target = awsjson.Target
	create = awsjson.CreateKey
)

var (
	post    = awsjson.Post
	header  = awsjson.Header
	without = awsjson.Without
	ask     = awsjson.Ask
)
