package main

import (
	"strings"
	"testing"
)

func TestUnknownCommandsAreAnsweredWithTheOneMeant(t *testing.T) {
	for line, want := range map[string]string{
		"server": "serve", "sevre": "serve", "Serve": "serve", "tr31 unwarp": "tr31 unwrap", "tr31 inspct": "tr31 inspect",
		"t31 wrap": "tr31 wrap",
		"kvc":      "kcv", "masterkey x": "master-key", "inspect": "tr31 inspect", "hsm chek": "hsm check",
	} {
		got := apcsim(t, "", strings.Fields(line)...)
		if got.status != exitUsage || !strings.Contains(got.err, "Did you mean "+want+"?") ||
			strings.Count(got.err, "\n") > 2 {
			t.Errorf("%s: got %s, want %s", line, strings.SplitN(got.err, "\n", 2)[0], want)
		}
	}
	for _, line := range []string{"nonsense", "x", "0123456789ABCDEFFEDCBA9876543210", "tr31 " + testKey} {
		if got := apcsim(t, "", strings.Fields(line)...); got.status != exitUsage || strings.Contains(got.err, "Did you mean") {
			t.Errorf("%s: got %s", line, strings.SplitN(got.err, "\n", 2)[0])
		}
	}
}
