package enginetest_test

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest"
)

var ctx = context.Background()

// recorder is a T that records what a test would have failed with.
type recorder struct {
	cleanups []func()
	errors   []string
	logs     []string
}

type fatal struct{}

func (r *recorder) Helper()          {}
func (r *recorder) Name() string     { return "recorded" }
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Failed() bool     { return len(r.errors) > 0 }
func (r *recorder) Logf(format string, args ...any) {
	r.logs = append(r.logs, fmt.Sprintf(format, args...))
}
func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}
func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	panic(fatal{})
}

// recorded runs a test with a simulator to its end and returns what it failed with and logged.
func recorded(o *enginetest.Options, test func(*recorder, *enginetest.Sim)) (r *recorder) {
	r = &recorder{}
	defer func() {
		if p := recover(); p != nil && p != (fatal{}) {
			panic(p)
		}
		for _, f := range slices.Backward(r.cleanups) {
			f()
		}
	}()
	test(r, enginetest.New(r, o))
	return r
}

// failsWith checks that a test failed with exactly one error, which has the text.
func failsWith(t *testing.T, r *recorder, text string) {
	t.Helper()
	if len(r.errors) != 1 || !strings.Contains(r.errors[0], text) {
		t.Errorf("the test failed with %q, want one error with %q", r.errors, text)
	}
}

func create(t *testing.T, s *enginetest.Sim, alias string) engine.Key {
	t.Helper()
	out, err := s.CreateKey(ctx, &engine.CreateKeyInput{KeyAttributes: enginetest.P0TDES2.Attributes(), Exportable: new(true)})
	if err != nil {
		t.Fatal(err)
	}
	if alias != "" {
		if _, err := s.CreateAlias(ctx, &engine.CreateAliasInput{AliasName: alias, KeyArn: &out.Key.KeyArn}); err != nil {
			t.Fatal(err)
		}
	}
	return out.Key
}

// runTest runs a test as go test does, for an example, and prints what came of it.
func runTest(test func(*testing.T)) {
	verbose := flag.Lookup("test.v").Value // what it prints would be the example's
	defer verbose.Set(verbose.String())
	verbose.Set("false")
	all := func(string, string) (bool, error) { return true, nil }
	if testing.RunTests(all, []testing.InternalTest{{Name: "TestOfAnExample", F: test}}) {
		fmt.Println("passed")
	} else {
		fmt.Println("failed")
	}
}
