package canary

import (
	"slices"
	"strings"
	"testing"
)

func TestPrintedFindsASecretInEveryForm(t *testing.T) {
	secret := []byte("canary-of-a-key!")
	for name, v := range map[string]any{
		"text": string(secret), "bytes": secret, "array": [16]byte(secret), "field": struct{ Key []byte }{secret},
		"hidden field":  struct{ key string }{string(secret)},
		"pointer to it": &struct{ key [16]byte }{[16]byte(secret)}, "map": map[string]any{"k": secret},
	} {
		found := slices.ContainsFunc(Forms(secret), func(form string) bool { return len(form) > 0 && strings.Contains(Printed(v), form) })
		if !found {
			t.Errorf("%s: the secret is not found in print", name)
		}
	}
}

func TestTypesFindsWhatHoldsASecret(t *testing.T) {
	got := Types(t, module+"hsm", module+"endpoint", module+"tr31")
	for _, want := range []string{"hsm.Secret", "hsm.SoftwareOptions", "endpoint.Options", "endpoint.Credential", "tr31.KBPK"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is not among %v", want, got)
		}
	}
	for _, wrong := range []string{"hsm.Attributes", "tr31.Header", "endpoint.Call"} {
		if slices.Contains(got, wrong) {
			t.Errorf("%s is among %v", wrong, got)
		}
	}
}
