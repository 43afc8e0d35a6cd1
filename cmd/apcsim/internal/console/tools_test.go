package console

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/engine"
)

// TestExamplesAreRequests: no example has a member that its request does not have.
func TestExamplesAreRequests(t *testing.T) {
	inputs := map[string]any{
		"GeneratePinData":             &dataplane.GeneratePinDataInput{},
		"GenerateCardValidationData":  &dataplane.GenerateCardValidationDataInput{},
		"VerifyAuthRequestCryptogram": &dataplane.VerifyAuthRequestCryptogramInput{},
	}
	for name, text := range examples {
		d := json.NewDecoder(strings.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(inputs[name]); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := Example(name, inputs[name]); got != text {
			t.Errorf("%s: got %s", name, got)
		}
	}
	if got := Example("CreateKey", &engine.CreateKeyInput{}); !strings.Contains(got, `"KeyAlgorithm": "KeyAlgorithm"`) ||
		!json.Valid([]byte(got)) {
		t.Errorf("CreateKey: got %s", got)
	}
}

// FuzzInspect: whatever is pasted is explained, and a page can be made of it.
func FuzzInspect(f *testing.F) {
	for _, text := range []string{"", "D", "D0112P0AE00E0000" + strings.Repeat("A", 96), "B0000\x00é", "3003020101", "MAMCAQE=",
		"-----BEGIN X-----\nMAMCAQE=\n-----END X-----", "D9999K0AB00E0299KS1800"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := Render(&Page{View: "tools", Offset: "0s", Data: &ToolsPage{Text: text, Result: Inspect(text)}}); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}
