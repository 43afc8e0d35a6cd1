// Package awsjson makes requests of the control plane's protocol by hand, and reads the answers.
package awsjson

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// What a signed request says; the signature is none.
const (
	AccessKey     = "AKIDAPCSIM"
	Scope         = "Credential=" + AccessKey + "/20260501/us-east-1/payment-cryptography/aws4_request"
	Authorization = "AWS4-HMAC-SHA256 " + Scope + ", SignedHeaders=host;x-amz-date, Signature=00"
	Target        = "PaymentCryptographyControlPlane."
)

// Post is a request as a client signs it, changed by the test.
func Post(op, body string, change ...func(*http.Request)) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", Target+op)
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("Authorization", Authorization)
	for _, c := range change {
		c(r)
	}
	return r
}

// Header sets a header of a request.
func Header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// Without removes a header of a request.
func Without(name string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Del(name) }
}

// Ask is one answer, with its body read as JSON.
func Ask(t *testing.T, h http.Handler, r *http.Request) (*http.Response, map[string]any) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	answer := w.Result()
	var body map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("the body is no JSON object: %v: %q", err, w.Body)
	}
	if id := answer.Header.Get("x-amzn-RequestId"); !RequestID.MatchString(id) {
		t.Errorf("request id %q", id)
	}
	if kind := answer.Header.Get("Content-Type"); kind != "application/x-amz-json-1.0" {
		t.Errorf("content type %q", kind)
	}
	return answer, body
}

// RequestID is the form of a request id.
var RequestID = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// CreateKey is the body of a request for an AES key that encrypts keys.
const CreateKey = `{"Exportable":true,"KeyAttributes":{"KeyAlgorithm":"AES_128","KeyClass":"SYMMETRIC_KEY",` +
	`"KeyUsage":"TR31_K0_KEY_ENCRYPTION_KEY","KeyModesOfUse":{"Wrap":true,"Unwrap":true,"Encrypt":true,"Decrypt":true}}}`
