package dataplane_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

// TestALengthInFrontOfTheBlockNeedsPadding, and nothing else is refused (data-plane, section 3.9).
func TestALengthInFrontOfTheBlockNeedsPadding(t *testing.T) {
	w := newWorld(t, nil)
	body := vectorWith(t, "GenerateMacEmvPinChange", `"EmvCommon"`).request(t, w)
	method := body["DerivationMethodAttributes"].(map[string]any)["EmvCommon"].(map[string]any)
	for _, c := range []struct{ position, padding, want string }{
		{"NONE", "NO_PADDING", "taken"},
		{"NONE", "ISO_IEC_7816_4", "taken"},
		{"FRONT_OF_PIN_BLOCK", "ISO_IEC_7816_4", "taken"},
		{"FRONT_OF_PIN_BLOCK", "NO_PADDING", "DerivationMethodAttributes.EmvCommon.PinBlockLengthPosition: a PIN block with its length in " +
			"front needs padding: wanted ISO_IEC_7816_4"},
	} {
		method["PinBlockLengthPosition"], method["PinBlockPaddingType"] = c.position, c.padding
		if got := w.saidOf(t, "GenerateMacEmvPinChange", body); got != c.want {
			t.Errorf("%s with %s: got %s, want %s", c.position, c.padding, got, c.want)
		}
	}
}

// TestAPINChangeNamesTheKeysItUsed: Visa and American Express have one more, and another one with a current PIN.
func TestAPINChangeNamesTheKeysItUsed(t *testing.T) {
	w := newWorld(t, nil)
	visa := vectorWith(t, "GenerateMacEmvPinChange", `"CurrentPinAttributes"`)
	body := visa.request(t, w)
	answer, refused := typedDoor(w.Caller)(t, visa.Op, body)
	if refused != nil {
		t.Fatal(refused)
	}
	outputs, _ := answer["VisaAmexDerivationOutputs"].(map[string]any)
	used := map[string]string{
		"NewPinPekIdentifier": "NewPinPekArn", "SecureMessagingIntegrityKeyIdentifier": "SecureMessagingIntegrityKeyArn",
		"SecureMessagingConfidentialityKeyIdentifier": "SecureMessagingConfidentialityKeyArn",
		"AuthorizationRequestKeyIdentifier":           "AuthorizationRequestKeyArn", "CurrentPinPekIdentifier": "CurrentPinPekArn",
	}
	for member, key := range visa.Keys {
		from := answer
		name := member[strings.LastIndexByte(member, '.')+1:]
		if strings.Contains(member, ".") {
			from = outputs
		}
		if got, want := from[used[name]], w.key(t, &key); got != want {
			t.Errorf("%s: got %v, want %s", used[name], got, want)
		}
	}
	for text, want := range map[string][]string{
		`"Mastercard"`: nil, `"Emv2000"`: nil, `"EmvCommon"`: nil,
		`"Amex"`: {"AuthorizationRequestKeyArn", "AuthorizationRequestKeyCheckValue"},
	} {
		v := vectorWith(t, visa.Op, text)
		body := v.request(t, w)
		if amex, ok := body["DerivationMethodAttributes"].(map[string]any)["Amex"].(map[string]any); ok {
			delete(amex, "CurrentPinAttributes")
		}
		answer, refused := typedDoor(w.Caller)(t, v.Op, body)
		outputs, _ := answer["VisaAmexDerivationOutputs"].(map[string]any)
		if got := slices.Sorted(maps.Keys(outputs)); refused != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, %v; want %v", text, got, refused, want)
		}
	}
}

// TestABadBlockOfAPINChangeIsNamed: the new PIN's or the current one's.
func TestABadBlockOfAPINChangeIsNamed(t *testing.T) {
	for _, hidden := range []bool{false, true} {
		w := newWorld(t, &engine.Options{HideReasons: hidden})
		v := vectorWith(t, "GenerateMacEmvPinChange", `"CurrentPinAttributes"`)
		arm := "Visa"
		if strings.Contains(string(v.Inputs), `"Amex"`) {
			arm = "Amex"
		}
		current := "DerivationMethodAttributes." + arm + ".CurrentPinAttributes.CurrentEncryptedPinBlock"
		for _, member := range []string{"NewEncryptedPinBlock", current} {
			for _, block := range []string{"0011223344556677", "8899AABBCCDDEEFF"} { // which decrypt to no PIN block
				body := v.request(t, w)
				setLeaf(body, strings.Split(member, "."), block)
				o, _ := engine.OperationNamed(v.Op)
				_, err := o.Call(t.Context(), w.Caller, reading(t, body))
				e := refusalOf(t, err)
				if r := e.Reasons[0]; e.Code != apc.ErrValidation || r.Rule != apc.RulePIN || r.Field != member ||
					(r.Problem == "the PIN block does not decode") != hidden {
					t.Errorf("hidden %t, %s is %s: got %v", hidden, member, block, e)
				}
			}
		}
	}
}
