package main

import (
	"regexp"
	"strings"
	"testing"
)

func TestComponentsAreDrawnAndJoined(t *testing.T) {
	for _, kind := range componentKinds {
		for _, parts := range []string{"2", "3"} {
			drawn := mustRun(t, "components", "new", "--algorithm", kind.name, "--parts", parts)
			lines := regexp.MustCompile(`(?m)^component \d +check value ([0-9A-F]{6}) +([0-9A-F ]+)$`).FindAllStringSubmatch(drawn, -1)
			sum := regexp.MustCompile(`(?m)^key +check value ([0-9A-F]{6})$`).FindStringSubmatch(drawn)
			if len(lines) != int(parts[0]-'0') || sum == nil {
				t.Fatalf("%s: %s", kind.name, drawn)
			}
			args := []string{"components", "join", "--algorithm", kind.name}
			for _, l := range lines {
				args = append(args, l[2])
			}
			joined := mustRun(t, args...)
			for _, l := range lines {
				if !strings.Contains(joined, l[1]) {
					t.Errorf("%s: the check value %s of a component is not in %s", kind.name, l[1], joined)
				}
			}
			if !regexp.MustCompile(`(?m)^key +check value ` + sum[1] + ` +[0-9A-F ]+$`).MatchString(joined) {
				t.Errorf("%s: joined %s, want check value %s", kind.name, joined, sum[1])
			}
		}
	}
	// A ceremony's paper, and its check value.
	if got := mustRun(t, "components", "join", "--algorithm", "TDES_2KEY", "0452 DDB6 61F7 DCDC 1046 C2F0 44CA AAD5",
		"057198D1E85C1133EE9A7868329E98C5"); !strings.Contains(got, "check value 08D7B4  0123 4567 89AB CDEF") {
		t.Errorf("got %s", got)
	}
	for _, c := range []struct{ args, says string }{
		{"join --algorithm AES_128 00 00", "component 1: the value has a wrong length"},
		{"join --algorithm AES_128 zz 00", "an even number of hexadecimal digits"},
		{"join --algorithm AES_128 00", "wants two or three components"},
		{"new --algorithm DES", "--algorithm is one of TDES_2KEY"},
		{"new --algorithm AES_128 --parts 4", "--parts is 2 or 3"},
	} {
		if got := apcsim(t, "", append([]string{"components"}, strings.Fields(c.args)...)...); got.status == exitOK ||
			!strings.Contains(got.err, c.says) {
			t.Errorf("%s: %+v", c.args, got)
		}
	}
}
