package main

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm/pkcs11"
	"github.com/seed748fb4d1/apcsim/internal/testrig/softtoken"
)

// softTokenURI is a new token of SoftHSM with some mechanisms; "" are all.
func softTokenURI(t *testing.T, mechanisms string) string {
	t.Helper()
	token := softtoken.New(t, softtoken.SoftHSM, &softtoken.Options{Mechanisms: mechanisms})
	pin, err := token.PIN()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("APCSIM_TEST_PIN", string(pin))
	return "pkcs11:token=" + url.PathEscape(
		token.Label,
	) + "?module-path=" + token.Module + "&pin-source=env:APCSIM_TEST_PIN&x-lock-dir=" + token.Dir
}

func checkHSM(t *testing.T, args ...string) (checkedToken, int) {
	t.Helper()
	got := apcsim(t, "", append([]string{"hsm", "check", "--json"}, args...)...)
	var out checkedToken
	if err := json.Unmarshal([]byte(got.out), &out); err != nil || got.err != "" {
		t.Fatalf("%+v: %v", got, err)
	}
	return out, got.status
}

func TestATokenIsTriedAndWhatItLacksIsNamed(t *testing.T) {
	uri := softTokenURI(t, "")
	if got := apcsim(t, "", "hsm", "check", "--hsm", uri); got.status != exitRefused ||
		!strings.Contains(got.err, "the token has no master keys yet: wanted --initialize") {
		t.Errorf("a blank token: %+v", got)
	}
	all, status := checkHSM(t, "--hsm", uri, "--initialize")
	if status != exitOK || !all.OK || all.MasterKey == "" || len(all.Commands) != len(commandNeeds) {
		t.Errorf("all mechanisms: status %d, %+v", status, all)
	}
	for _, row := range commandNeeds { // the names are those of the package
		for _, oneOf := range row.needs {
			for _, name := range oneOf {
				if !named(all.Capabilities, name) {
					t.Errorf("%s: no capability is named %q", row.commands, name)
				}
			}
		}
	}
	for _, row := range hostSees {
		if row.without != "" && !named(all.Capabilities, row.without) {
			t.Errorf("%s: no capability is named %q", row.Command, row.without)
		}
	}
	people := apcsim(t, "", "hsm", "check", "--hsm", uri)
	for _, want := range []string{"yes  TDES encryption (CKM_DES3_ECB", "card verification values", "Which commands work:", "every export"} {
		if people.status != exitOK || !strings.Contains(people.out, want) {
			t.Errorf("want %q in %+v", want, people)
		}
	}
}

func TestATokenWithoutDESIsNamed(t *testing.T) {
	uri := softTokenURI(t, "-CKM_SHA_1,CKM_DES3_ECB,CKM_DES3_CBC,CKM_SHA384_HMAC")
	got, status := checkHSM(t, "--hsm", uri, "--initialize")
	var lacks []string
	for _, c := range got.Commands {
		lacks = append(lacks, c.Lacks...)
	}
	if want := "TDES encryption HMAC with SHA-384"; status != exitRefused || got.OK || strings.Join(lacks, " ") != want {
		t.Errorf("status %d, lacks %q, want %q", status, lacks, want)
	}
}

func named(all []pkcs11.Capability, prefix string) bool {
	for _, c := range all {
		if strings.HasPrefix(c.Name, prefix) {
			return true
		}
	}
	return false
}

func TestHSMCheckWantsAToken(t *testing.T) {
	for _, args := range [][]string{{}, {"--hsm", "software"}, {"--hsm", "pkcs11:token=x"}, {"--hsm", "pkcs11:?x", "more"}} {
		got := apcsim(t, "", append([]string{"hsm", "check"}, args...)...)
		if got.status != exitUsage {
			t.Errorf("%q: %+v", args, got)
		}
	}
	got := apcsim(t, "", "hsm", "check", "--hsm", "pkcs11:token=x?module-path=/no/such.so&pin-source=env:NONE")
	if got.status != exitRefused || !strings.Contains(got.err, "no such file") && softtoken.Available {
		t.Errorf("no module: %+v", got)
	}
}
