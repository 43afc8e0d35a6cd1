package endpoint_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// askAs makes one call of the control plane, signed by an access key.
func askAs(t *testing.T, o *endpoint.Options, accessKey, operation, body string) (*http.Response, string) {
	t.Helper()
	server := httptest.NewServer(endpoint.Handler(simtest.New(t, nil), o))
	defer server.Close()
	req, err := http.NewRequest(http.MethodPost, server.URL, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.0")
	req.Header.Set("X-Amz-Target", "PaymentCryptographyControlPlane."+operation)
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+accessKey+"/20260101/us-east-1/payment-cryptography/aws4_request")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(text)
}

func TestReasonsInMessagesAreThoseOfTheHeader(t *testing.T) {
	const absent = "arn:aws:payment-cryptography:us-east-1:111122223333:key/aaaaaaaaaaaaaaaa"
	for _, c := range []struct{ operation, body, why string }{
		{"CreateKey",
			`{"Exportable":true,"KeyAttributes":{"KeyUsage":"TR31_K0_KEY_ENCRYPTION_KEY","KeyClass":"SYMMETRIC_KEY","KeyAlgorithm":"AES_128",` +
				`"KeyModesOfUse":{"Sign":true}}}`,
			"do not allow these modes of use"},
		{"GetKey", `{"KeyIdentifier":"` + absent + `"}`, "there is no such key"}, // an exception without a message
	} {
		for _, inMessage := range []bool{false, true} {
			resp, body := askAs(t, &endpoint.Options{ReasonsInMessage: inMessage}, "AKIDEXAMPLE", c.operation, c.body)
			if got := strings.Contains(body, c.why); got != inMessage ||
				!strings.Contains(resp.Header.Get(endpoint.ReasonHeader), c.why) {
				t.Errorf("%s, in the message %t: %s\n%v", c.operation, inMessage, body, resp.Header)
			}
		}
	}
}

// TestReasonsAreInTheMessagesOfTheDataPlaneToo has an exception of each form that it has, and one of STS.
func TestReasonsAreInTheMessagesOfTheDataPlaneToo(t *testing.T) {
	const absent = "/keys/arn:aws:payment-cryptography:us-east-1:111122223333:key%2Faaaaaaaaaaaaaaaa/decrypt"
	for _, c := range []struct{ path, body, why string }{
		{"/mac/generate", `{"KeyIdentifier":"alias/a","MessageData":"00","MacLength":99,"GenerationAttributes":{"Algorithm":"CMAC"}}`,
			"found 99"},
		{absent, `{"CipherText":"00000000000000000000000000000000","DecryptionAttributes":{"Symmetric":{"Mode":"ECB"}}}`, "there is no such key"},
		{"/?Action=Nothing", "", "is simulated, not"},
	} {
		for _, inMessage := range []bool{false, true} {
			h := endpoint.Handler(simtest.New(t, nil), &endpoint.Options{ReasonsInMessage: inMessage})
			r := postData(c.path, c.body)
			if c.body == "" {
				r.Method = http.MethodGet
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if got := strings.Contains(w.Body.String(), c.why); got != inMessage || !strings.Contains(w.Header().Get(endpoint.ReasonHeader), c.why) {
				t.Errorf("%s, in the message %t: %s\n%v", c.path, inMessage, w.Body, w.Header())
			}
		}
	}
}

func TestAnAccessKeyOfTwelveDigitsIsThatAccount(t *testing.T) {
	named := map[string]endpoint.Credential{"222233334444": {Identity: apc.Identity{Account: "999900001111"}, Secret: "s"}}
	for accessKey, account := range map[string]string{"444455556666": "444455556666", "44445555666": "111122223333",
		"4444555566667": "111122223333", "44445555666X": "111122223333", "222233334444": "999900001111"} {
		_, body := askAs(t, &endpoint.Options{Callers: named}, accessKey, "CreateKey", create)
		if !strings.Contains(body, ":us-east-1:"+account+":key/") {
			t.Errorf("%s: want account %s: %s", accessKey, account, body)
		}
	}
	if resp, body := askAs(t, &endpoint.Options{Verify: true}, "444455556666", "CreateKey", create); resp.StatusCode == http.StatusOK {
		t.Errorf("with signatures verified: %s", body)
	}
}
