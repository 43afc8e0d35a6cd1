package main

import (
	"context"
	"strings"
	"testing"
)

func TestQuickstartPrintsItsSteps(t *testing.T) {
	var out strings.Builder
	if err := run(context.Background(), &out); err != nil {
		t.Fatalf("%v\nafter:\n%s", err, &out)
	}
	for _, want := range []string{
		"check value 3C0A31", "check value here 9C8552, in the live service 9C8552",
		"the wrapping key is weaker than the key that it wraps: found TDES_2KEY around AES_128",
		"check value here B32CFD, in the live service B32CFD",
		"check value 9C8552 still", "Enabled false", "DELETE_PENDING until 2026-01-18", "DELETE_COMPLETE at 2026-01-18",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output lacks %q:\n%s", want, &out)
		}
	}
}
