package promise

import (
	"io"
	"slices"
	"testing"
)

var positive = New("Positive", []string{"n is positive"}, func(t T, n int) {
	if n < 0 {
		t.Fatalf("%d is negative", n)
	}
	if n == 0 {
		t.Errorf("%d is zero", n)
	}
})

func TestFaultsAreRecorded(t *testing.T) {
	for n, want := range map[int][]string{1: nil, 0: {"0 is zero"}, -1: {"-1 is negative"}} {
		if got := positive.faults(n); !slices.Equal(got, want) {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}

func TestCasesAreTested(t *testing.T) {
	one := func(*testing.T) int { return 1 }
	CheckCases(t, []Case[int]{positive}, Broken[int]{"Positive": {"is zero": func(*testing.T) int { return 0 }}})
	positive.Run(t, one)
}

func TestPlainTextHasNoCommentMarks(t *testing.T) {
	if got := plain("\t// A store\n//   keeps http://x\n"); got != "a store keeps http://x" {
		t.Errorf("got %q", got)
	}
}

// TestCasesWithoutTheirOptionAreNotRun, and none is skipped: that would look as if something were missing.
func TestCasesWithoutTheirOptionAreNotRun(t *testing.T) {
	type options struct{ Again func() }
	type subject = Subject[io.Closer, options]
	var ran []string
	note := func(name string) Case[*subject] { return New(name, nil, func(T, *subject) { ran = append(ran, name) }) }
	cases := []Case[*subject]{note("always"), note("again").Needing("Again")}
	open := func(testing.TB) io.Closer { return io.NopCloser(nil) }
	for _, c := range []struct {
		o    *options
		want []string
	}{{nil, []string{"always"}}, {&options{}, []string{"always"}}, {&options{func() {}}, []string{"always", "again"}}} {
		ran = nil
		Run(t, cases, open, c.o)
		if !slices.Equal(ran, c.want) {
			t.Errorf("with %v: got %q, want %q", c.o, ran, c.want)
		}
	}
}
