package endpoint_test

import (
	"testing"

	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// A value of the wrong kind is refused with the whole path of its member, and
// text that is not JSON with the place.
func TestSerializationExceptionNamesTheMemberByItsPath(t *testing.T) {
	h := endpoint.Handler(simtest.New(t, nil), nil)
	for _, c := range []struct{ op, body, want string }{
		{"GetKey", `{"KeyIdentifier":1}`, "KeyIdentifier: found a number, wanted a string."},
		{"CreateKey", `{"KeyAttributes":{"KeyModesOfUse":{"Encrypt":"true"}}}`,
			"KeyAttributes.KeyModesOfUse.Encrypt: found a string, wanted a boolean."},
		{"CreateKey", `{"KeyAttributes":[]}`, "KeyAttributes: found a list, wanted an object."},
		{"TagResource", `{"Tags":[{"Key":"a"},{"Key":7}]}`, "Tags[1].Key: found a number, wanted a string."},
		{"TagResource", `{"Tags":["a"]}`, "Tags[0]: found a string, wanted an object."},
		{"ListKeys", `{"MaxResults":1.5}`, "MaxResults: found a number that is not an integer of 32 bits, wanted an integer."},
		{"ImportKey", `{"KeyMaterial":{"KeyCryptogram":{"KeyAttributes":{"KeyModesOfUse":{"Sign":0}}}}}`,
			"KeyMaterial.KeyCryptogram.KeyAttributes.KeyModesOfUse.Sign: found a number, wanted a boolean."},
		{"ExportKey", `{"KeyMaterial":{"Tr31KeyBlock":{"KeyBlockHeaders":{"OptionalBlocks":{"LB":1}}}}}`,
			`KeyMaterial.Tr31KeyBlock.KeyBlockHeaders.OptionalBlocks["LB"]: found a number, wanted a string.`},
		{"ListKeys", `[]`, "the body: found a list, wanted an object."},
		{"ListKeys", `{"MaxResults":1x}`, "The body is not one JSON value (at byte 14)."},
		{"ListKeys", `{} {}`, "The body is not one JSON value (at byte 2)."},
		{"ListKeys", `{`, "The body is not one JSON value (at byte 1)."},
	} {
		answer, got := ask(t, h, post(c.op, c.body))
		if answer.StatusCode != 400 || got["Message"] != c.want && got["message"] != c.want {
			t.Errorf("%s %s:\n got %d %v\nwant 400 %s", c.op, c.body, answer.StatusCode, got, c.want)
		}
	}
}
