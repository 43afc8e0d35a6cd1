package testrig_test

import (
	"flag"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

func TestChecksAreAsManyAsTheTestAsksFor(t *testing.T) {
	before, ran := flag.Lookup("rapid.checks").Value.String(), 0
	t.Run("seven", func(t *testing.T) {
		testrig.Checks(t, 7)
		rapid.Check(t, func(*rapid.T) { ran++ })
	})
	if after := flag.Lookup("rapid.checks").Value.String(); ran != 7 || after != before {
		t.Errorf("%d checks, want 7; then -rapid.checks is %s, before it was %s", ran, after, before)
	}
}
