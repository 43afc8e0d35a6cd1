package main

import (
	"context"
	"strings"
	"testing"
)

func TestTheRealClientNoticesNothing(t *testing.T) {
	var out strings.Builder
	if err := run(context.Background(), &out); err != nil {
		t.Fatalf("%v\nafter:\n%s", err, &out)
	}
	for _, want := range []string{"arn:aws:payment-cryptography:eu-central-1:111122223333:key/", "DELETE_COMPLETE",
		"Why:               KeyState: the state of the key does not allow this operation: found DELETE_COMPLETE"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output lacks %q:\n%s", want, &out)
		}
	}
}
