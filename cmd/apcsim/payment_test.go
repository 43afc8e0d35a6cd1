package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

var allPaymentTools = slices.Concat(pinCommands, keyCommands)

// exampleResults is what the example in each tool's help prints. The values are those of published
// vectors where there is one (PIN block, PVV, DUKPT, EMV master key, MAC), else of an independent
// implementation.
var exampleResults = map[string]string{
	"pin block":  "041261AAAAEDCBA9",
	"pin open":   "1234",
	"pin pvv":    "8523",
	"pin offset": "natural pin     3604\noffset          1920",
	"cvv":        "561",
	"dukpt derive": "initial key     6AC292FAA1315B4D858AB3A3D7D5933A\ntransaction key 0DF3D9422ACA56E547676D07AD6BADFA\nworking key   " +
		"  0DF3D9422ACA561A47676D07AD6BAD05",
	"emv session": "master key      67F8292358083E5EA7AB7FDA58D53B6B\nsession key     ",
	"mac":         "E16941032C3BC7D4",
}

func TestEveryPaymentToolsExampleRuns(t *testing.T) {
	for _, tool := range allPaymentTools {
		_, example, ok := strings.Cut(tool.details, "Example:\n  apcsim ")
		if !ok {
			t.Errorf("%s: --help has no example", tool.name)
			continue
		}
		args := strings.Fields(example)
		got := apcsim(t, "", args...)
		if got.status != exitOK || got.err != "" || !strings.HasPrefix(got.out, exampleResults[tool.name]) {
			t.Errorf("%s: got %+v, want %q", example, got, exampleResults[tool.name])
		}
		asJSON := apcsim(t, "", append(args, "--json")...)
		var object map[string]any
		if err := json.Unmarshal([]byte(asJSON.out), &object); err != nil || object["ok"] != true ||
			len(object) != strings.Count(got.out, "\n")+1 {
			t.Errorf("%s --json: got %+v, %v", example, asJSON, err)
		}
	}
}

func TestPaymentToolsReadSecretsFromStandardInput(t *testing.T) {
	const pek = "0123456789ABCDEFFEDCBA9876543210"
	made := apcsim(t, pek+"\n1234\n", "pin", "block", "--format", "0", "--pan", "5555555551234567", "--pek", "-", "-")
	if made.status != exitOK {
		t.Fatalf("got %+v", made)
	}
	opened := apcsim(t, pek+"\n"+made.out, "pin", "open", "--pan", "5555555551234567", "--pek", "-", "-")
	if want := (result{exitOK, "1234\n", ""}); opened != want {
		t.Errorf("got %+v, want %+v", opened, want)
	}
}

func TestPaymentToolsRefusals(t *testing.T) {
	for _, c := range []struct {
		args   string
		status int
		want   string
	}{
		{"pin open --format 0 --pan 5555555551234567 241261AAAAEDCBA9", exitRefused,
			"the control digit is not that of the PIN block format: found 2, wanted 0 for ISO format 0"},
		{"pin block --format 9 1234", exitUsage, "--format is one of 0, 1, 2, 3, 4, as0"},
		{"pin block --format 2 123", exitRefused, "the PIN has the wrong length: found 3 digits, wanted 4 to 12 digits"},
		{"pin pvv --pan 1122334455667788 4524", exitUsage, "--pvk is missing"},
		{"cvv --cvk 01 --pan 4123456789012345 --expiry 8701 --service-code 101", exitRefused,
			"the key has the wrong length: found 1 byte, wanted 16 or 24 bytes"},
		{"dukpt derive --bdk 0123456789ABCDEFFEDCBA9876543210 --ksn FF", exitRefused, "the length is wrong: found 2 digits"},
		{"emv arpc --imk 0123456789ABCDEFFEDCBA9876543210 --pan 990123456789012", exitUsage, "wants either --response-code or --status-update"},
		{"mac --algorithm cmac --key 0123456789ABCDEFFEDCBA9876543210 ", exitUsage, "MESSAGE is empty"},
		{"pin open --format 2 ", exitUsage, "BLOCK is empty"},
		{"mac --algorithm rot13 --key 0123456789ABCDEFFEDCBA9876543210 00", exitUsage, "--algorithm is one of"},
		{"mac --algorithm iso9797-3 --key 0123456789ABCDEFFEDCBA9876543210 --padding 0 00", exitRefused, "the message is not whole blocks"},
	} {
		args := strings.Split(c.args, " ") // a space at the end is an empty argument
		got := apcsim(t, "", args...)
		if got.status != c.status || !strings.Contains(got.err, c.want) || got.out != "" {
			t.Errorf("%s: got %+v, want status %d and %q", c.args, got, c.status, c.want)
		}
	}
	got := apcsim(t, "", "pin", "open", "--json", "--format", "2", "241234FFFFFFFFF0")
	want := `{"ok":false,"error":"pin-fill","field":"","offset":-1,"message":` +
		`"a fill digit is not that of the PIN block format: found fill digit 10, wanted F for ISO format 2"}` + "\n"
	if got.out != want {
		t.Errorf("JSON: got %s, want %s", got.out, want)
	}
}
