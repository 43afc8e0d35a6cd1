package probe

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestAnswersOfBothPlanesAreRead: the name of an exception is in a header or in the body, with its namespace and a
// further word or without.
func TestAnswersOfBothPlanesAreRead(t *testing.T) {
	for _, c := range []struct {
		status       int
		header, body string
		want         raw
	}{
		{200, "", `{"Key":{"Enabled":true}}`, raw{status: 200, body: map[string]any{"Key": map[string]any{"Enabled": true}}}},
		{200, "", "", raw{status: 200, body: map[string]any{}}},
		{200, "", " \n", raw{status: 200, body: map[string]any{}}},
		{200, "", `{"message":"m","__type":"t"}`, raw{status: 200, body: map[string]any{"message": "m", "__type": "t"}}}, // an answer's own
		{400, "ValidationException", `{"message":"m"}`, raw{status: 400, exception: "ValidationException", message: "m"}},
		{400, "ValidationException:http://internal.amazon.com/coral/", `{"Message":"m"}`,
			raw{status: 400, exception: "ValidationException", message: "m"}},
		{400, "com.amazonaws.x#ValidationException:http://x", `{}`, raw{status: 400, exception: "ValidationException"}},
		{400, "", `{"__type":"com.amazon.paymentcryptography#ConflictException","message":"m"}`,
			raw{status: 400, exception: "ConflictException", message: "m"}},
		{400, "", `{"__type":"ConflictException"}`, raw{status: 400, exception: "ConflictException"}},
		{400, "ValidationException", `{"__type":"ConflictException"}`, raw{status: 400, exception: "ValidationException"}},
		{400, "VerificationFailedException", `{"Message":"m","Reason":"INVALID_MAC"}`,
			raw{status: 400, exception: "VerificationFailedException", message: "m", body: map[string]any{"Reason": "INVALID_MAC"}}},
		{500, "", "", raw{status: 500, exception: "an exception without a name"}},
		{302, "", `{"message":7}`, raw{status: 302, exception: "an exception without a name"}},
	} {
		if c.want.body == nil {
			c.want.body = map[string]any{}
		}
		got, err := readAnswer(&http.Response{StatusCode: c.status, Header: http.Header{"X-Amzn-Errortype": {c.header}}}, []byte(c.body))
		if err != nil {
			t.Errorf("%d, %q, %s: %v", c.status, c.header, c.body, err)
			continue
		}
		if diff := cmp.Diff(c.want, *got, cmp.AllowUnexported(raw{})); diff != "" {
			t.Errorf("%d, %q, %s (-want +got):\n%s", c.status, c.header, c.body, diff)
		}
	}
	for _, body := range []string{"<html>", "[]", `"text"`, `{"a":`} {
		resp := &http.Response{StatusCode: 502, Header: http.Header{}}
		if got, err := readAnswer(resp, []byte(body)); err == nil || !strings.Contains(err.Error(), "status 502, is no JSON object") {
			t.Errorf("%s: got %+v, %v, want that it is no JSON object", body, got, err)
		}
	}
}

// TestRequestsAreThoseOfTheirPlane: the control plane names the operation in a header, the data plane in the path.
func TestRequestsAreThoseOfTheirPlane(t *testing.T) {
	const control = "https://controlplane.payment-cryptography.us-east-1.amazonaws.com"
	const data = "https://dataplane.payment-cryptography.us-east-1.amazonaws.com"
	s := AWS("us-east-1", canaryCredentials, nil)
	s.now = func() time.Time { return time.Unix(0, 0) }
	for _, c := range []struct {
		operation string
		input     map[string]any
		url       string
		target    string
		kind      string
		body      string
		signed    bool
	}{
		{"GetKey", map[string]any{"KeyIdentifier": "alias/a"}, control + "/", "PaymentCryptographyControlPlane.GetKey",
			"application/x-amz-json-1.0", `{"KeyIdentifier":"alias/a"}`, true},
		{unknownOperation, nil, control + "/", "PaymentCryptographyControlPlane." + unknownOperation, "application/x-amz-json-1.0", "null", true},
		{"EncryptData", map[string]any{"KeyIdentifier": "arn:aws:x:key/a b", "PlainText": "00"}, data + "/keys/arn:aws:x:key%2Fa%20b/encrypt",
			"", "application/json", `{"PlainText":"00"}`, true},
		{"GenerateMac", map[string]any{"KeyIdentifier": "alias/a"}, data + "/mac/generate", "", "application/json",
			`{"KeyIdentifier":"alias/a"}`, true},
		{"GetKey!unsigned", map[string]any{}, control + "/", "PaymentCryptographyControlPlane.GetKey", "application/x-amz-json-1.0", `{}`, false},
		{"GetKey!unreadable", map[string]any{}, control + "/", "PaymentCryptographyControlPlane.GetKey", "application/x-amz-json-1.0", `{`, true},
		{"GenerateMac!html", map[string]any{}, data + "/mac/generate", "", "text/html", `{}`, true},
	} {
		r, err := s.request(t.Context(), c.operation, c.input)
		if err != nil {
			t.Fatalf("%s: %v", c.operation, err)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		got := []any{r.Method, r.URL.String(), r.Header.Get("X-Amz-Target"), r.Header.Get("Content-Type"), string(body),
			r.Header.Get("Authorization") != "", r.ContentLength}
		want := []any{"POST", c.url, c.target, c.kind, c.body, c.signed, int64(len(c.body))}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.operation, diff)
		}
	}
	missing := errors.New("none here")
	s.credentials = func(context.Context) (Credentials, error) { return Credentials{}, missing }
	if _, err := s.request(t.Context(), "GetKey", nil); !errors.As(err, new(notSent)) || !errors.Is(err, missing) {
		t.Errorf("no credentials: got %v, want that it was not sent, and why", err)
	}
}
