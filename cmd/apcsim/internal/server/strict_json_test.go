package server

import (
	"strings"
	"testing"
)

func TestConfigurationsAreRefusedByPathAndWithoutValues(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{``, "the JSON ends too soon"},
		{`{"keys":["` + canary, "the JSON ends too soon"},
		{`{"keys":[` + canary + `]}`, "is not JSON after byte 9"},
		{`{} "` + canary + `"`, "there is more than one JSON value"},
		{`[]`, "found a list, wanted an object"},
		{`null`, "found null, wanted an object"},
		{strings.Repeat("[", 40), "found a list, wanted an object"},
		{`{"store":"` + canary + `"}`, "store: there is no such member; there are callers, limits, keys, teams, regions, " +
			"lenientStrength, quirks, replicationFails"},
		{`{"Keys":[]}`, "Keys: there is no such member; there are callers, limits, keys, teams, regions, " +
			"lenientStrength, quirks, replicationFails"},
		{`{"` + canary + `":1}`, "(a name of 32 bytes): there is no such member; there are callers, limits, keys, teams, regions, " +
			"lenientStrength, quirks, replicationFails"},
		{`{"callers":{"A":{}},"callers":{}}`, "callers: is there twice"},
		{`{"callers":{"A":{"account":"1"}}}`, "callers.A.account: wanted 12 digits"},
		{`{"callers":{"A":{}}}`, "callers.A.account: wanted 12 digits"},
		{`{"callers":{"A":{"account":"111122223333","arn":"` + canary + `"}}}`,
			"callers.A.arn: wanted an ARN of iam or sts in the caller's account"},
		{`{"callers":{"A":{"account":"111122223333","arn":"arn:aws:iam::444455556666:root"}}}`,
			"callers.A.arn: wanted an ARN of iam or sts in the caller's account"},
		{`{"callers":{"A":{"account":"111122223333","secret":12345678}}}`, "callers.A.secret: found a number, wanted a string"},
		{`{"callers":{"A":{"region":"us-east-1"}}}`, "callers.A.region: there is no such member; there are account, arn, secret, policies, tags"},
		{`{"callers":{"A":{"account":"111122223333","policies":["` + canary + `"]}}}`, "callers.A.policies[0]: found a string, wanted an object"},
		{`{"callers":{"A":{"account":"111122223333","policies":[{"Statement":{"Effect":"` + canary + `","Action":"*","Resource":"*"}}]}}}`,
			"callers.A.policies[0].Statement.Effect: the effect is neither Allow nor Deny, wanted Allow or Deny (at character 23 of the policy)"},
		{`{"callers":{"A":{"account":"111122223333","tags":["x"]}}}`, "callers.A.tags: found a list, wanted an object"},
		{`{"limits":{"Keys":0}}`, "limits.Keys: wanted a whole number of 1 or more"},
		{`{"limits":{"Keys":1.5}}`, "limits.Keys: wanted a whole number of 1 or more"},
		{`{"limits":{"Keys":99999999999}}`, "limits.Keys: wanted a whole number of 1 or more"},
		{`{"limits":{"Keys":"100"}}`, "limits.Keys: found a string, wanted a number"},
		{`{"limits":{"TokenLife":"` + canary + `"}}`, "limits.TokenLife: " + errDuration.Error()},
		{`{"limits":{"TokenLife":7}}`, `limits.TokenLife: found a number, ` + errDuration.Error()},
		{`{"teams":["` + canary + `"]}`, "teams[0]: wanted the ARN of an approval team"},
		{`{"regions":["eu-west-1","` + canary + `"]}`, `regions[1]: wanted a Region like "us-east-1"`},
		{`{"replicationFails":{"eu":"x"}}`, `replicationFails.eu: wanted a Region like "us-east-1"`},
		{`{"replicationFails":{"eu-west-1":""}}`, "replicationFails.eu-west-1: wanted the message that says why it fails"},
		{`{"quirks":{"` + canary + `":true}}`, "quirks.(a name of 32 bytes): there is no such member; there are VisaPINWithDUKPT"},
		{`{"lenientStrength":1}`, "lenientStrength: found a number, wanted a boolean"},
		{`{"keys":{}}`, "keys: found an object, wanted a list"},
		{`{"keys":[null]}`, "keys[0]: found null, wanted an object"},
		{`{"keys":[{"components":"` + canary + `"}]}`, "keys[0].components: found a string, wanted a list"},
		{`{"keys":[{"components":["` + canary + `",` + "1234" + `]}]}`,
			"keys[0].components[1]: found a number, wanted pairs of hexadecimal digits"},
		{`{"keys":[{"components":["` + canary + `x"]}]}`, "keys[0].components[0]: wanted pairs of hexadecimal digits"},
		{`{"keys":[{"components":["` + canary + `",""]}]}`, "keys[0].components[1]: wanted pairs of hexadecimal digits"},
		{`{"keys":[{"components":[]}]}`, "keys[0].components: there are 0, wanted 1 to 3"},
		{`{"keys":[{"components":["00","00","00","00"]}]}`, "keys[0].components: there are 4, wanted 1 to 3"},
		{`{"keys":[{"components":["00","00"],"componentCheckValues":["` + canary + `"]}]}`,
			"keys[0].componentCheckValues: there are 1, wanted 2, as many as components"},
		{`{"keys":[{"account":"` + canary + `"}]}`, "keys[0].account: wanted 12 digits"},
		{`{"keys":[{"region":"` + canary + `"}]}`, `keys[0].region: wanted a Region like "us-east-1"`},
		{`{"keys":[{"alias":"` + canary + `","components":["00","00"]}]}`, `keys[0].alias: wanted a name that begins with "alias/"`},
		{`{"keys":[{"Exportable":"` + canary + `"}]}`, "keys[0].Exportable: found a string, wanted a boolean"},
		{`{"keys":[{"KeyAttributes":{"KeyModesOfUse":{"Fly":true}}}]}`, "keys[0].KeyAttributes.KeyModesOfUse.Fly: there is no such member; " +
			"there are Encrypt, Decrypt, Wrap, Unwrap, Generate, Sign, Verify, DeriveKey, NoRestrictions"},
		{`{"keys":[{"Tags":[{"Key":"a","Value":{}}]}]}`, "keys[0].Tags[0].Value: found an object, wanted a string"},
	} {
		_, err := ParseConfig([]byte(c.text))
		if err == nil || err.Error() != c.want {
			t.Errorf("%s:\ngot  %v\nwant %s", c.text, err, c.want)
		}
	}
}

// strictForm is what a request may have.
type strictForm struct {
	Name  string               `json:"name"`
	On    *bool                `json:"on"`
	Count int                  `json:"count"`
	Wait  duration             `json:"wait"`
	List  []strictForm         `json:"list"`
	ByID  map[string]string    `json:"byID"`
	Other *struct{ Deep bool } `json:"other"`
	Doc   Document             `json:"doc"`
	Plain string
}

// TestJSONIsReadStrictly: what encoding/json takes and a reader would not expect is refused.
func TestJSONIsReadStrictly(t *testing.T) {
	for text, want := range map[string]string{
		`{}`: "", ` { "name" : "a" } ` + "\n": "", `{"on":true,"count":2147483647,"other":{"Deep":true},"Plain":""}`: "",
		`{"list":[{"list":[{}]},{"name":"b"}],"byID":{"":"x","y":""},"doc":{"a":[{"b":null,"c":[1e99]}],"a":1}}`: "",
		`{"NAME":"a"}`:                          "NAME: there is no such member; there are name, on, count, wait, list, byID, other, doc, Plain",
		`{"plain":"a"}`:                         "plain: there is no such member; there are name, on, count, wait, list, byID, other, doc, Plain",
		`{"name":"a","n\u0061me":"a"}`:          "name: is there twice",
		`{"byID":{"x":"1","x":"1"}}`:            "byID.x: is there twice",
		`{"list":[{},{"other":{"deep":true}}]}`: "list[1].other.deep: there is no such member; there are Deep",
		`{"name":null}`:                         "name: found null, wanted a string",
		`{"on":null}`:                           "on: found null, wanted a boolean",
		`{"on":"true"}`:                         "on: found a string, wanted a boolean",
		`{"list":null}`:                         "list: found null, wanted a list",
		`{"list":{}}`:                           "list: found an object, wanted a list",
		`{"byID":[]}`:                           "byID: found a list, wanted an object",
		`{"byID":{"x":{}}}`:                     "byID.x: found an object, wanted a string",
		`{"doc":[]}`:                            "doc: found a list, wanted an object",
		`{"count":"1"}`:                         "count: found a string, wanted a number",
		`{"count":0}`:                           "count: wanted a whole number of 1 or more",
		`{"count":-1}`:                          "count: wanted a whole number of 1 or more",
		`{"count":1.0}`:                         "count: wanted a whole number of 1 or more",
		`{"count":1e3}`:                         "count: wanted a whole number of 1 or more",
		`{"count":2147483648}`:                  "count: wanted a whole number of 1 or more",
		`{"count":99999999999999999999}`:        "count: wanted a whole number of 1 or more",
		`{} {}`:                                 "there is more than one JSON value",
		`{} x`:                                  "there is more than one JSON value",
		`{"name":"a",}`:                         "is not JSON after byte 12",
		`{"name"}`:                              "is not JSON after byte 7",
		`{"list":[{]}`:                          "is not JSON after byte 10",
		`{"list":[{}`:                           "the JSON ends too soon",
		`{"doc":{"a":`:                          "the JSON ends too soon",
		`{"name":"a`:                            "the JSON ends too soon",
		"{\"name\":\"\n\"}":                     "is not JSON after byte 8",
		"\ufeff{}":                              "is not JSON after byte 0",
	} {
		got := ""
		var to strictForm
		if err := decode([]byte(text), &to); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", text, got, want)
		}
	}
}
