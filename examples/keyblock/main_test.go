package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

func TestExamplePrintsItsSteps(t *testing.T) {
	var out bytes.Buffer
	if err := run(context.Background(), &out); err != nil {
		t.Fatal(err)
	}
	said := out.String()
	for _, want := range []string{
		keyBlock,
		"key usage      B0  base derivation key",
		"algorithm      T   the key is for triple DES",
		"and 0 optional blocks",
		"holds a key of 16 bytes",
		"Check value " + reportedKCV + "; the service reported " + reportedKCV,
		"exportability E becomes N  well formed, but not authentic",
		"algorithm T becomes ?      the algorithm is not a code of the standard",
		"0096 becomes 0097   the length field does not match the block",
		"key data, first digit              well formed, but not authentic",
		"MAC, last digit                    well formed, but not authentic",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not in\n%s", want, said)
		}
	}
	for _, secret := range []string{"8A8349794C9EE9A4C2927098F249FED6", protectionKey} {
		if strings.Contains(strings.ToUpper(said), secret) {
			t.Errorf("a key is in\n%s", said)
		}
	}
}
