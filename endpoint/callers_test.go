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
	type signer struct{ key, region string }
	first := signer{"AKIDPLAIN", "us-east-1"}
	for _, other := range []signer{
		{"AKIDOTHER", first.region}, {"AKIDACCOUNT", first.region}, {"AKIDNOTHING", first.region}, {"AKIDTAGGED", first.region},
		{first.key, "eu-central-1"},
	} {
		for _, s := range []signer{first, other, other, first} {
			signed := strings.NewReplacer(accessKey, s.key, "us-east-1", s.region).Replace(authorization)
			answer, body := ask(t, h, post("ListKeys", "{}", header("Authorization", signed)))
			if refused := answer.StatusCode != http.StatusOK; refused != (s.key == "AKIDNOTHING") {
				t.Errorf("%s: got %d %v", s, answer.StatusCode, body)
			}
			want := o.Callers[s.key].Identity
			if want.Region = s.region; !reflect.DeepEqual(seen, want) {
				t.Errorf("%s: the caller was %+v, want %+v", s, seen, want)
			}
		}
	}
	if n := reflect.TypeFor[apc.Identity]().NumField(); n != 5 {
		t.Errorf("an identity has %d members: the handler compares three and two of them", n)
	}
}

// TestPoliciesSeeWhereARequestCameFrom: the address of the client is a value of the context that the operation has.
func TestPoliciesSeeWhereARequestCameFrom(t *testing.T) {
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*",
		"Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}]}`
	o := &endpoint.Options{Callers: map[string]endpoint.Credential{
		accessKey: {Identity: apc.Identity{Account: "999988887777", Policies: []string{policy}}},
	}}
	h := endpoint.Handler(simtest.New(t, nil), o)
	for from, want := range map[string]int{"192.0.2.7:4711": http.StatusOK, "198.51.100.7:4711": http.StatusBadRequest} {
		r := post("ListKeys", "{}", header("Authorization", authorization))
		r.RemoteAddr = from
		if answer, body := ask(t, h, r); answer.StatusCode != want {
			t.Errorf("%s: got %d %v, want %d", from, answer.StatusCode, body, want)
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
