package main

import (
	"context"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestSofthsmTellsItsStory(t *testing.T) {
	var out strings.Builder
	err := run(context.Background(), &out)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatalf("%v\nafter:\n%s", err, &out)
	}
	story := out.String()
	for _, want := range []string{
		"2. Open it", "the device has no master key", "they come to the id ", "   D0112P0TB00E0000", "export refused: ",
		"it encrypts a block: ", "and keeps the key: hsm: the key may not do that", "9. Remove the token",
	} {
		if !strings.Contains(story, want) {
			t.Errorf("the story lacks %q:\n%s", want, story)
		}
	}
	values := regexp.MustCompile(`check value before ([0-9A-F]{6}), after ([0-9A-F]{6})`).FindStringSubmatch(story)
	if values == nil || values[1] != values[2] {
		t.Errorf("check values %q:\n%s", values, story)
	}
	folder := regexp.MustCompile(`(/\S+) is gone`).FindStringSubmatch(story)
	if folder == nil {
		t.Fatalf("the story does not end:\n%s", story)
	}
	if _, err := os.Stat(folder[1]); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", folder[1], err)
	}
}
