package endpoint_test

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/internal/testrig/awsjson"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

const (
	accessKey = awsjson.AccessKey
	secretKey = "a secret that signs"
)

var known = map[string]endpoint.Credential{accessKey: {Identity: apc.Identity{Account: "999988887777"}, Secret: secretKey}}

// TestWhoCalls: the account by the access key, the Region by the signature.
func TestWhoCalls(t *testing.T) {
	o := &endpoint.Options{
		Callers: map[string]endpoint.Credential{
			accessKey:         {Identity: apc.Identity{Account: "999988887777"}},
			"AK/WITH/SLASHES": {Identity: apc.Identity{Account: "222233334444"}},
		},
		Default:   apc.Identity{Account: "123456789012", Region: "ap-south-1"},
		Anonymous: true,
	}
	eng := simtest.New(t, nil)
	h := endpoint.Handler(eng, o)
	for want, r := range map[string]*http.Request{
		"us-east-1:999988887777": post("CreateKey", create),
		"eu-central-1:999988887777": post("CreateKey", create,
			header("Authorization", strings.Replace(authorization, "us-east-1", "eu-central-1", 1))),
		"us-east-1:123456789012": post("CreateKey", create, header("Authorization", strings.Replace(authorization, accessKey, "AKIDOTHER", 1))),
		"us-east-1:222233334444": post("CreateKey", create,
			header("Authorization", strings.Replace(authorization, accessKey, "AK/WITH/SLASHES", 1))),
		"ap-south-1:123456789012": post("CreateKey", create, without("Authorization")),
	} {
		_, body := ask(t, h, r)
		key, _ := body["Key"].(map[string]any)
		if arn, _ := key["KeyArn"].(string); !strings.HasPrefix(arn, "arn:aws:payment-cryptography:"+want+":key/") {
			t.Errorf("%v, wanted a key of %s", body, want)
		}
	}
}

// TestRequestsInTurnHaveTheirOwnCaller: callers that differ in one thing alone.
func TestRequestsInTurnHaveTheirOwnCaller(t *testing.T) {
	const account, arn = "999988887777", "arn:aws:iam::999988887777:user/a"
	var seen apc.Identity
	o := &endpoint.Options{Callers: map[string]endpoint.Credential{
		"AKIDPLAIN":   {Identity: apc.Identity{Account: account, ARN: arn}},
		"AKIDOTHER":   {Identity: apc.Identity{Account: account, ARN: arn + "b"}},
		"AKIDACCOUNT": {Identity: apc.Identity{Account: "111122223333", ARN: arn}},
		"AKIDNOTHING": {Identity: apc.Identity{Account: account, ARN: arn, Policies: []string{`{"Version":"2012-10-17","Statement":[]}`}}},
		"AKIDTAGGED":  {Identity: apc.Identity{Account: account, ARN: arn, Tags: map[string]string{"a": "b"}}},
	}, Observe: func(c endpoint.Call) { seen = c.Caller }}
	h := endpoint.Handler(simtest.New(t, nil), o)
	for _, other := range []string{"AKIDOTHER", "AKIDACCOUNT", "AKIDNOTHING", "AKIDTAGGED"} {
		for _, key := range []string{"AKIDPLAIN", other, other, "AKIDPLAIN"} {
			answer, body := ask(t, h, post("ListKeys", "{}", header("Authorization", strings.Replace(authorization, accessKey, key, 1))))
			if refused := answer.StatusCode != http.StatusOK; refused != (key == "AKIDNOTHING") {
				t.Errorf("%s: got %d %v", key, answer.StatusCode, body)
			}
			want := o.Callers[key].Identity
			if want.Region = "us-east-1"; !reflect.DeepEqual(seen, want) {
				t.Errorf("%s: the caller was %+v, want %+v", key, seen, want)
			}
		}
	}
}

// TestASignatureIsWholeWhereItIsVerified: less is enough elsewhere.
func TestASignatureIsWholeWhereItIsVerified(t *testing.T) {
	h := endpoint.Handler(simtest.New(t, nil), &endpoint.Options{Verify: true, Callers: known})
	for _, text := range []string{"AWS4-HMAC-SHA256 " + scope, "AWS4-HMAC-SHA256 " + scope + ", Signature=00",
		"AWS4-HMAC-SHA256 " + scope + ", SignedHeaders=host;x-amz-date"} {
		r := post("ListKeys", "{}", header("Authorization", text), header("X-Amz-Date", "20260501T120000Z"))
		if answer, body := ask(t, h, r); body["__type"] != "IncompleteSignatureException" {
			t.Errorf("%s: got %d %v", text, answer.StatusCode, body)
		}
	}
}
