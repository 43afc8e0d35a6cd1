package endpoint_test

import (
	"bytes"
	"crypto/aes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	pc "github.com/aws/aws-sdk-go-v2/service/paymentcryptography"
	"github.com/aws/aws-sdk-go-v2/service/paymentcryptography/types"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
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
		KeyCheckValue: strings.ToUpper(hex.EncodeToString(sum[:3])), KeyCheckValueAlgorithm: apc.KeyCheckValueAlgorithmCMAC, Enabled: true, Exportable: true,
		KeyState: apc.KeyStateCreateComplete, KeyOrigin: apc.KeyOriginAWSPaymentCryptography, CreateTimestamp: noon, UsageStartTimestamp: &noon}})
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Write(out)
}

// BenchmarkCreateKeyHTTP: on one connection, beside a bare handler that makes
// the same key on another. The bar is 1.33 (three quarters of its speed).
func BenchmarkCreateKeyHTTP(b *testing.B) {
	over := func(h http.Handler) func() {
		server := httptest.NewServer(h)
		b.Cleanup(server.Close)
		return func() {
			r, _ := http.NewRequest(http.MethodPost, server.URL, strings.NewReader(create))
			r.Header.Set("X-Amz-Target", target+"CreateKey")
			r.Header.Set("Content-Type", "application/x-amz-json-1.0")
			r.Header.Set("Authorization", authorization)
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
	ratio.Beside(b, 16, over(http.HandlerFunc(bare)), over(endpoint.Handler(manyKeys(b), nil)))
}

// canned answers everything with what it was made with.
type canned struct {
	header http.Header
	body   []byte
}

func (c *canned) Do(r *http.Request) (*http.Response, error) {
	return &http.Response{Status: "200 OK", StatusCode: http.StatusOK, Header: c.header.Clone(), Body: io.NopCloser(bytes.NewReader(c.body)), ContentLength: int64(len(c.body)), Request: r}, nil
}

// BenchmarkCreateKeySDK: through the SDK without a socket, beside the SDK with
// an answer that is ready. The bar is 1.3.
func BenchmarkCreateKeySDK(b *testing.B) {
	eng := manyKeys(b)
	w := httptest.NewRecorder()
	endpoint.Handler(eng, nil).ServeHTTP(w, post("CreateKey", create))
	ready := &canned{w.Header(), w.Body.Bytes()}
	in := kek(types.KeyAlgorithmAes128)
	by := func(h pc.HTTPClient) func() {
		c := client(func(o *pc.Options) { o.HTTPClient = h })
		return func() {
			if _, err := c.CreateKey(ctx, in); err != nil {
				b.Fatal(err)
			}
		}
	}
	ratio.Beside(b, 16, by(ready), by(endpoint.HTTPClient(eng, nil)))
}
