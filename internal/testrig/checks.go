package testrig

import (
	"flag"
	"strconv"
	"testing"
)

// Checks lets rapid make n checks a property in this test, unless -rapid.checks says how many, as
// in make soak.
func Checks(t testing.TB, n int) {
	t.Helper()
	const name = "rapid.checks"
	checks, given := flag.Lookup(name), false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	if given {
		return
	}
	before := checks.Value.String()
	set := func(to string) {
		if err := checks.Value.Set(to); err != nil {
			t.Errorf("setting -%s: %v", name, err)
		}
	}
	set(strconv.Itoa(n))
	t.Cleanup(func() { set(before) })
}
