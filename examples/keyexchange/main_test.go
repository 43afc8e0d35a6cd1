package main

import (
	"context"
	"strings"
	"testing"
)

func TestBothSidesEndWithTheSameKeys(t *testing.T) {
	var out strings.Builder
	if err := run(context.Background(), &out); err != nil {
		t.Fatalf("%v\nafter:\n%s", err, &out)
	}
	if n := strings.Count(out.String(), ", partner "); n != 7 {
		t.Errorf("%d keys compared, want 7:\n%s", n, &out)
	}
	for _, want := range []string{"header D0112K0TB00E0000", "valid until 3 June 2026", "7. Both sides"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output lacks %q:\n%s", want, &out)
		}
	}
}
