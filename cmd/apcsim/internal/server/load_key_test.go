package server

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestKeysThatCannotBeLoadedLeaveNothingAndAreNotRepeated(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, Config: parsed(t, zoneKey)})
	long := `"components":["` + canary + `","` + canary + `"],`
	for _, c := range []struct {
		body   string
		status int
		want   string
	}{
		{`{"alias":"alias/new",` + long + `"KeyAttributes":{"KeyUsage":"` + canary + `"}}`, 400, "KeyAttributes.KeyUsage"},
		{`{"alias":"alias/zone-key",` + long + aKey, 409, "ConflictException"},
		{`{"alias":"alias/new","components":[],` + aKey, 400, "components: there are 0, wanted 1 to 3"},
		{`{"alias":"alias/new","componentCheckValues":["","000000"],` + long + aKey, 400,
			"Component 2 does not have the check value given for it."},
		{`{"alias":"alias/new","componentCheckValues":["` + canary + `",""],` + long + aKey, 400, "ComponentCheckValues[0]"},
		{`{"material":"` + canary + `"}`, 400, "material: there is no such member"},
		{`{"` + canary, 400, "the JSON ends too soon"},
		{canary, 400, "is not JSON"},
		{`{"Tags":"` + strings.Repeat("x", maxOwnBody) + `"}`, 413, "longer than 65536 bytes"},
	} {
		status, answer, _ := r.do(t, "POST", "/_apcsim/keys", c.body)
		if status != c.status || !strings.Contains(answer, c.want) || strings.Contains(answer, canary) || !json.Valid([]byte(answer)) {
			t.Errorf("%.80s: got %d, %s, want %d, %s", c.body, status, answer, c.status, c.want)
		}
	}
	var got pageView
	if r.own(t, "GET", "keys", "", &got); len(got.Keys) != 1 {
		t.Errorf("got %d keys, want the one of the configuration", len(got.Keys))
	}
	r.own(t, "POST", "keys", `{"alias":"alias/new",`+long+aKey, &struct{}{}) // the alias is free
	if strings.Contains(r.log.String(), canary) {
		t.Errorf("the log repeats it:\n%s", r.log)
	}
}

// TestKeysAreRefusedByPathAndWithoutValues is about what only the engine can
// check.
func TestKeysAreRefusedByPathAndWithoutValues(t *testing.T) {
	long := `"components":["` + canary + `","` + canary + `"],`
	for _, c := range []struct{ text, want string }{
		{`{"keys":[{` + long + `"KeyAttributes":{"KeyUsage":"` + canary + `"}}]}`, "KeyAttributes.KeyUsage"},
		{`{"keys":[{` + long + aKey + `,{"components":["` + canary + `","` + canary + `00"],` + aKey + `]}`,
			"Components[1]: a component does not have the length of the key"},
		{`{"keys":[{"components":["11111111111111111111111111111111","22222222222222222222222222222222"],` +
			`"componentCheckValues":["EE23D8","000000"],` + aKey + `]}`,
			"Component 2 does not have the check value given for it. [Components[1]: the check value of the component is not the one given " +
				"for it: found 44A01D, wanted 000000]"},
		{`{"keys":[{"checkValue":"EE23D8",` + long + aKey + `]}`, "The key does not have the check value given for it."},
		{`{"keys":[{"alias":"alias/a b",` + long + aKey + `]}`, "AliasName"},
		{`{"keys":[{"alias":"alias/a",` + long + aKey + `,{"alias":"alias/a",` + long + aKey + `]}`,
			"keys[1].alias: another key of the file has it"},
		{`{"keys":[{"Tags":[{"Key":"` + strings.Repeat(canary, 9) + `","Value":""}],` + long + aKey + `]}`, "Tags"},
		{`{"limits":{"Keys":1},"keys":[{` + long + aKey + `,{` + long + aKey + `]}`, "keys[1]: LoadKey: ServiceQuotaExceededException"},
	} {
		s, err := Listen(t.Context(), "127.0.0.1:0", &Options{Config: parsed(t, c.text)})
		if err == nil {
			t.Errorf("%s: is loaded", c.text)
			s.Close()
			continue
		}
		if got := err.Error(); !strings.Contains(got, c.want) || !strings.HasPrefix(got, "keys[") || strings.Contains(got, canary) {
			t.Errorf("%s:\ngot  %v\nwant %s", c.text, err, c.want)
		}
	}
}
