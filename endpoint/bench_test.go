package endpoint_test

import (
	"crypto/aes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/operations"
	"github.com/seed748fb4d1/apcsim/internal/testrig/ratio"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
	"github.com/seed748fb4d1/apcsim/mac"
)

func manyKeys(b *testing.B) *engine.Engine {
	return simtest.New(b, &engine.Options{Limits: apc.Limits{Keys: 1 << 40}})
}

// bare is the handler that does nothing but the work: it reads the request as
// JSON, makes an AES_128 key with its check value and answers JSON.
func bare(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	var in engine.CreateKeyInput
	if err == nil {
		err = json.Unmarshal(raw, &in)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var key, id [16]byte
	rand.Read(key[:])
	rand.Read(id[:])
	block, _ := aes.NewCipher(key[:])
	sum := mac.NewCMAC(block).Sum(nil, make([]byte, 16))
	out, _ := json.Marshal(&engine.CreateKeyOutput{Key: engine.Key{
		KeyArn: "arn:aws:payment-cryptography:us-east-1:111122223333:key/" + hex.EncodeToString(id[:8]), KeyAttributes: in.KeyAttributes,
		KeyCheckValue: strings.ToUpper(
			hex.EncodeToString(sum[:3]),
		), KeyCheckValueAlgorithm: apc.KeyCheckValueAlgorithmCMAC, Enabled: true, Exportable: true,
		KeyState: apc.KeyStateCreateComplete, KeyOrigin: apc.KeyOriginAWSPaymentCryptography, CreateTimestamp: noon, UsageStartTimestamp: &noon}})
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Write(out)
}

// overHTTP is a client's request, sent again and again over one connection to a server of its own.
func overHTTP(b *testing.B, h http.Handler, path, body string, header map[string]string) func() {
	server := httptest.NewServer(h)
	b.Cleanup(server.Close)
	return func() {
		r, _ := http.NewRequest(http.MethodPost, server.URL+path, strings.NewReader(body))
		for name, value := range header {
			r.Header.Set(name, value)
		}
		answer, err := server.Client().Do(r)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != http.StatusOK {
			b.Fatal(answer.Status, err)
		}
		answer.Body.Close()
	}
}

// BenchmarkCreateKeyHTTP: on one connection, against a bare handler that makes
// the same key on another. The bar is 1.33 (three quarters of its speed).
func BenchmarkCreateKeyHTTP(b *testing.B) {
	header := map[string]string{
		"X-Amz-Target":  target + "CreateKey",
		"Content-Type":  "application/x-amz-json-1.0",
		"Authorization": authorization,
	}
	ratio.Beside(
		b,
		16,
		overHTTP(b, http.HandlerFunc(bare), "/", create, header),
		overHTTP(b, endpoint.Handler(manyKeys(b), nil), "/", create, header),
	)
}

// BenchmarkPlaneHTTP is operations of the data plane on one connection, against a bare handler on
// another that reads the same request, computes the same with prepared ciphers and writes the same
// answer. The bar is 1.33.
func BenchmarkPlaneHTTP(b *testing.B) {
	eng := manyKeys(b)
	header := map[string]string{"Content-Type": "application/json", "Authorization": authorization}
	handler := endpoint.Handler(eng, nil)
	for _, o := range operations.All() {
		b.Run("operation="+strings.ReplaceAll(o.Name, " ", "_"), func(b *testing.B) {
			r := o.Ready(b, eng)
			body, err := json.Marshal(r.In)
			if err != nil {
				b.Fatal(err)
			}
			ratio.Beside(b, 16,
				overHTTP(b, bareOperation(b, &o, &r), r.Path, string(body), header),
				overHTTP(b, handler, r.Path, string(body), header))
		})
	}
}

// bareOperation is a handler that does nothing but what an operation needs.
func bareOperation(b *testing.B, o *operations.Operation, r *operations.Ready) http.HandlerFunc {
	answer, err := r.Run()
	if err != nil {
		b.Fatal(err)
	}
	command, request := o.Floor(), reflect.TypeOf(r.In).Elem()
	device := command.Software()
	return func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(raw, reflect.New(request).Interface())
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		command.Floor(device)
		out, _ := json.Marshal(answer)
		w.Header().Set("Content-Type", "application/json")
		w.Write(out)
	}
}
