package main

import (
	"context"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestSofthsmPrintsItsSteps(t *testing.T) {
	var out strings.Builder
	err := run(context.Background(), &out)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatalf("%v\nafter:\n%s", err, &out)
	}
	output := out.String()
	for _, want := range []string{
		"2. Open it", "the device has no master key", "they come to the id ", "   D0112P0TB00E0000", "export refused: ",
		"it encrypts a block: ", "and keeps the key: hsm: the key may not do that", "9. Remove the token",
	} {
		if !strings.Contains(output, want) {
			t.Errorf("the output lacks %q:\n%s", want, output)
		}
	}
	values := regexp.MustCompile(`check value before ([0-9A-F]{6}), after ([0-9A-F]{6})`).FindStringSubmatch(output)
	if values == nil || values[1] != values[2] {
		t.Errorf("check values %q:\n%s", values, output)
	}
	folder := regexp.MustCompile(`(/\S+) is gone`).FindStringSubmatch(output)
	if folder == nil {
		t.Fatalf("the output does not end:\n%s", output)
	}
	if _, err := os.Stat(folder[1]); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", folder[1], err)
	}
}
