package server

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/engine"
)

// elsewhere is the options of an engine that are not members of the configuration, and where they come from.
var elsewhere = map[string]string{
	"Now":         "the simulated clock, the wall clock and POST /_apcsim/advance",
	"Seed":        "--seed",
	"Identity":    "--account and --region",
	"HideReasons": "the address, and --explain",
	"Intercept":   "POST /_apcsim/faults",
	"Observe":     "the log and the journal",
	"IDs":         "ids of keys in tests; a key of the configuration has one that stays the same",
	"HSM":         "--test-keys, the log",
}

func TestEveryOptionOfAnEngineComesFromSomewhere(t *testing.T) {
	config := reflect.TypeFor[Config]()
	for f := range reflect.TypeFor[engine.Options]().Fields() {
		_, configured := config.FieldByName(f.Name)
		if from := elsewhere[f.Name]; configured == (from != "") {
			t.Errorf("engine.Options.%s: in the configuration: %v, from elsewhere: %q; want one", f.Name, configured, from)
		}
	}
}

func TestTheConfigurationSaysHowTheServiceBehaves(t *testing.T) {
	const kek = `{"alias":"alias/weak","components":["11111111111111111111111111111111"],` + aKey
	r := start(t, "127.0.0.1", Options{Anonymous: true, Config: parsed(t, `{
		"teams": ["arn:aws:mpa:us-east-1:111122223333:approval-team/custodians"],
		"regions": ["xx-test-1"],
		"lenientStrength": true,
		"quirks": {"VisaPINWithDUKPT": true},
		"replicationFails": {"eu-west-1": "no room"},
		"keys": [`+kek+`]}`)})
	for team, want := range map[string]int{"custodians": http.StatusOK, "board": http.StatusBadRequest} {
		status, answer, _ := r.call(t, "AssociateMpaTeam", `{"Action":"IMPORT_ROOT_PUBLIC_KEY_CERTIFICATE",`+
			`"MpaTeamArn":"arn:aws:mpa:us-east-1:111122223333:approval-team/`+team+`"}`)
		if status != want {
			t.Errorf("the team %s: got %d, %s, want %d", team, status, answer, want)
		}
	}
	inRegion := []string{"Authorization", "AWS4-HMAC-SHA256 Credential=x/20260101/xx-test-1/payment-cryptography/aws4_request, " +
		"SignedHeaders=host, Signature=00", target, operation("ListKeys")}
	if status, answer, _ := r.do(t, "POST", "/", `{}`, inRegion...); status != http.StatusOK {
		t.Errorf("a Region of the configuration: got %d, %s", status, answer)
	}
	r.call(t, "AddKeyReplicationRegions", `{"KeyIdentifier":"alias/weak","ReplicationRegions":["eu-west-1","us-west-2"]}`)
	_, answer, _ := r.call(t, "GetKey", `{"KeyIdentifier":"alias/weak"}`)
	if !strings.Contains(answer, `"StatusMessage":"no room"`) || !strings.Contains(answer, "SYNCHRONIZED") {
		t.Errorf("a Region where replication fails beside another: got %s", answer)
	}
	// The other two reach the engine as they are.
	if o := r.engineOptions(r.now().clock); !o.LenientStrength || !o.Quirks.VisaPINWithDUKPT {
		t.Errorf("got %v, %+v, want both", o.LenientStrength, o.Quirks)
	}
}
