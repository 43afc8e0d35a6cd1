package endpoint_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// postData is a request of the data plane.
func postData(path, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", authorization)
	return r
}

// TestAbsentAndEmptyMembersHaveMessagesOfTheirOwn has members that are not sent, null, and sent empty. In
// Go both are the zero value.
func TestAbsentAndEmptyMembersHaveMessagesOfTheirOwn(t *testing.T) {
	const (
		attributes = `"KeyAttributes":{"KeyUsage":"TR31_K0_KEY_ENCRYPTION_KEY","KeyClass":"SYMMETRIC_KEY","KeyAlgorithm":"AES_128"`
		arn        = `"ResourceArn":"arn:aws:payment-cryptography:us-east-1:111122223333:key/aaaaaaaaaaaaaaaa"`
		cryptogram = `"Exportable":true,"WrappedKeyCryptogram":"0123456789ABCDEF"`
		modes      = `"KeyModesOfUse":{"Encrypt":true}`
	)
	null := func(members ...string) (out []string) {
		for _, m := range members {
			out = append(out, "Value at '"+m+"' failed to satisfy constraint: Member must not be null")
		}
		return out
	}
	h := endpoint.Handler(simtest.New(t, nil), nil)
	for _, c := range []struct {
		name string
		r    *http.Request
		want []string
	}{
		{"modes of use", post("CreateKey", `{"Exportable":true,`+attributes+`}}`), null("KeyAttributes.KeyModesOfUse")},
		{"null", post("CreateKey", `{"Exportable":true,`+attributes+`,"KeyModesOfUse":null}}`), null("KeyAttributes.KeyModesOfUse")},
		{"a structure", post("CreateKey", `{"Exportable":true}`), null("KeyAttributes")},
		{"two members", post("CreateKey", `{}`), null("KeyAttributes", "Exportable")},
		{"no body", post("CreateKey", ``), null("KeyAttributes", "Exportable")},
		{"the value of a tag", post("TagResource", `{`+arn+`,"Tags":[{"Key":"a","Value":""},{"Key":"b"}]}`), null("Tags[1].Value")},
		{"a tag", post("TagResource", `{`+arn+`,"Tags":[null]}`), null("Tags[0]")},
		{"a tag key", post("UntagResource", `{`+arn+`,"TagKeys":[null]}`), null("TagKeys[0]")},
		{"the last of two", post("TagResource", `{`+arn+`,"Tags":[{"Key":"b"}],"Tags":[{"Key":"","Key":"b","Value":"","Value":null}]}`),
			null("Tags[0].Value")},
		{"the second of two", post("TagResource", `{`+arn+`,"Tags":[{"Key":"a"}],"Tags":[{"Key":"a","Value":"b"},{"Key":"c"}]}`),
			null("Tags[1].Value")},
		{"a token", post("ImportKey", `{"KeyMaterial":{"KeyCryptogram":{`+attributes+`,`+modes+`},`+cryptogram+`}}}`),
			null("KeyMaterial.KeyCryptogram.ImportToken")},
		{"modes before the wrapping key", post("ImportKey", `{"KeyMaterial":{"As2805KeyCryptogram":{`+cryptogram+
			`,"KeyAlgorithm":"TDES_2KEY","As2805KeyVariant":"PIN_ENCRYPTION_KEY_VARIANT_28","WrappingKeyIdentifier":"alias/none"}}}`),
			null("KeyMaterial.As2805KeyCryptogram.KeyModesOfUse")},
		{"an empty string", post("GetAlias", `{"AliasName":""}`), []string{
			"Value at 'AliasName' failed to satisfy constraint: Member must have length greater than or equal to 7",
			"Value at 'AliasName' failed to satisfy constraint: Member must satisfy regular expression pattern: alias/[a-zA-Z0-9/_-]+"}},
		{"an empty value of an enumeration", post("GetMpaTeamAssociation", `{"Action":""}`), []string{
			"Value at 'Action' failed to satisfy constraint: Member must satisfy enum value set: [IMPORT_ROOT_PUBLIC_KEY_CERTIFICATE]"}},
		{"an empty item", post("UntagResource", `{`+arn+`,"TagKeys":["a",""]}`), []string{
			"Value at 'TagKeys[1]' failed to satisfy constraint: Member must have length greater than or equal to 1"}},
		{"an empty optional block", post("ExportKey", `{"ExportKeyIdentifier":"alias/a","KeyMaterial":{"Tr31KeyBlock":`+
			`{"WrappingKeyIdentifier":"alias/b","KeyBlockHeaders":{"OptionalBlocks":{"KC":""}}}}}`), []string{
			"Value at 'KeyMaterial.Tr31KeyBlock.KeyBlockHeaders.OptionalBlocks.KC' failed to satisfy constraint: " +
				"Member must have length greater than or equal to 1",
			"Value at 'KeyMaterial.Tr31KeyBlock.KeyBlockHeaders.OptionalBlocks.KC' failed to satisfy constraint: " +
				"Member must satisfy regular expression pattern: [0-9a-zA-Z]+"}},
		{"the smallest integer", post("ListKeys", `{"MaxResults":-2147483648}`), []string{
			"Value at 'MaxResults' failed to satisfy constraint: Member must have value greater than or equal to 1"}},
		{"a union", postData("/keys/alias%2Fa/encrypt", `{"PlainText":"00000000000000000000000000000000"}`), null("EncryptionAttributes")},
		{"an empty union", postData("/keys/alias%2Fa/encrypt", `{"PlainText":"00000000000000000000000000000000","EncryptionAttributes":{}}`),
			[]string{"Value at 'EncryptionAttributes' failed to satisfy constraint: Member must have exactly one member set"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, c.r)
			var got struct {
				Type    string `json:"__type"`
				Message string
			}
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			_, found, _ := strings.Cut(got.Message, " detected: ")
			if code := w.Header().Get("X-Amzn-Errortype"); code != "ValidationException" || found != strings.Join(c.want, "; ") {
				t.Errorf("got %s\n%s\nwant\n%s", code, got.Message, strings.Join(c.want, "; "))
			}
		})
	}
}

// TestWhatIsAbsentIsCountedOnce has more violations than a refusal shows.
func TestWhatIsAbsentIsCountedOnce(t *testing.T) {
	h := endpoint.Handler(simtest.New(t, nil), nil)
	for _, c := range []struct {
		tags int
		want string
	}{
		{150, "300 validation errors detected: Value at 'Tags[0].Key' "}, // a key and a value of each
		{201, "1 validation error detected: Value at 'Tags' "},           // whose items are not checked
		{5000, "1 validation error detected: Value at 'Tags' "},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, post("TagResource", `{"ResourceArn":"arn:aws:payment-cryptography:us-east-1:111122223333:key/aaaaaaaaaaaaaaaa","Tags":[`+
			strings.Repeat("{},", c.tags-1)+"{}]}"))
		if got := w.Body.String(); !strings.Contains(got, `"`+c.want) {
			t.Errorf("%d empty tags: got %.300s, want %s", c.tags, got, c.want)
		}
	}
}

type contextKey struct{}

// TestCallsOfAnInterceptorAreOtherRequests has an interceptor that makes a call of its own under the context of a
// request without a required member.
func TestCallsOfAnInterceptorAreOtherRequests(t *testing.T) {
	var eng *engine.Engine
	var failed error
	var value any
	around := func(ctx context.Context, call apc.Call, next func(context.Context) (any, error)) (any, error) {
		if call.Operation == "GetAlias" {
			value = ctx.Value(contextKey{})
			if text := fmt.Sprint(ctx); strings.Contains(text, "AliasName") || !strings.HasPrefix(text, "context.Background") {
				t.Errorf("the context prints as %s", text)
			}
			_, failed = eng.ListKeys(ctx, nil)
		}
		return next(ctx)
	}
	eng = simtest.New(t, &engine.Options{Intercept: around})
	w := httptest.NewRecorder()
	r := post("GetAlias", `{}`)
	endpoint.Handler(eng, nil).ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, 7)))
	if w.Code != http.StatusBadRequest || failed != nil {
		t.Errorf("GetAlias: status %d, want 400; ListKeys within: %v, want no refusal", w.Code, failed)
	}
	if value != 7 {
		t.Errorf("the request's context has 7, the operation's %v", value)
	}
}
