// Package promise is what the conformance suites have in common: cases that hold
// an implementation to sentences of an interface's documentation, and tests of
// the cases themselves.
package promise

import (
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// T is what a case needs of a *testing.T.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Case holds a subject of type S to one promise, or a few that belong together.
type Case[S any] struct {
	Name     string
	Promises []string // sentences of the documentation, or parts of them
	Check    func(t T, s S)
	needs    string // the option of the suite without which the case does not apply; "" is none
}

// New is a Case.
func New[S any](name string, promises []string, check func(t T, s S)) Case[S] {
	return Case[S]{Name: name, Promises: promises, Check: check}
}

// Needing is the case for subjects that have an option of a suite, by the name of its field.
func (c Case[S]) Needing(option string) Case[S] {
	c.needs = option
	return c
}

// Run runs the case as a subtest. Each failure quotes the promises.
func (c Case[S]) Run(t *testing.T, subject func(t *testing.T) S) {
	t.Run(c.Name, func(t *testing.T) { c.Check(quoting{t, c.Promises}, subject(t)) })
}

type quoting struct {
	*testing.T
	promises []string
}

func (q quoting) Errorf(format string, args ...any) {
	q.T.Helper()
	q.T.Errorf("%s\nthe interface promises: %s", fmt.Sprintf(format, args...), strings.Join(q.promises, " … "))
}

func (q quoting) Fatalf(format string, args ...any) {
	q.T.Helper()
	q.T.Fatalf("%s\nthe interface promises: %s", fmt.Sprintf(format, args...), strings.Join(q.promises, " … "))
}

// Subject is what the cases of a suite work on: a kind of implementation, and what else
// can be done to it.
type Subject[S io.Closer, O any] struct {
	T       testing.TB
	New     func(t testing.TB) S
	Options O
}

// Run runs the cases of a suite, each on a subject of its own. Nil options are none. A case that needs an option
// which is nil does not apply, and the log names it.
func Run[S io.Closer, O any](t *testing.T, cases []Case[*Subject[S, O]], open func(t testing.TB) S, o *O) {
	if o == nil {
		o = new(O)
	}
	for _, c := range cases {
		if c.needs != "" && reflect.ValueOf(o).Elem().FieldByName(c.needs).IsNil() {
			t.Logf("%s does not apply without Options.%s", c.Name, c.needs)
			continue
		}
		c.Run(t, func(t *testing.T) *Subject[S, O] { return &Subject[S, O]{t, open, *o} })
	}
}

// On is the check of a case that needs one open subject only.
func On[S io.Closer, O any](check func(t T, s S)) func(T, *Subject[S, O]) {
	return func(t T, s *Subject[S, O]) { check(t, s.Open()) }
}

// Open opens one.
func (s *Subject[S, O]) Open() S { return s.Closing(s.New(s.T)) }

// Closing closes it when the test ends.
func (s *Subject[S, O]) Closing(opened S) S {
	s.T.Cleanup(func() { opened.Close() })
	return opened
}

// faults are the failures of a case.
func (c Case[S]) faults(s S) []string {
	var r recorder
	var wg sync.WaitGroup
	wg.Go(func() { c.Check(&r, s) })
	wg.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.faults
}

// recorder collects failures. Fatalf ends the goroutine, as testing does.
type recorder struct {
	mu     sync.Mutex // guards faults
	faults []string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

// Broken are implementations broken on purpose: for the name of a case, and by
// what is wrong with each, how to make it.
type Broken[S any] map[string]map[string]func(t *testing.T) S

// tries is how often a broken implementation may pass by luck: some are wrong
// only for some of the random ids.
const tries = 30

// CheckCases fails unless every case catches each of its broken implementations and
// has at least one. The cases run in bubbles of [synctest]: where an implementation
// sleeps, all other goroutines go on until they sleep too, however busy the machine is.
func CheckCases[S any](t *testing.T, cases []Case[S], broken Broken[S]) {
	left := maps.Clone(broken)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			if len(left[c.Name]) == 0 {
				t.Error("no implementation is broken for this case")
			}
			for how, subject := range left[c.Name] {
				t.Run(how, func(t *testing.T) { caught(t, c, subject) })
			}
		})
		delete(left, c.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		t.Errorf("there is no case %s", name)
	}
}

func caught[S any](t *testing.T, c Case[S], subject func(t *testing.T) S) {
	for try := range tries {
		var found []string
		synctest.Test(t, func(t *testing.T) {
			found = c.faults(subject(t))
			time.Sleep(time.Minute) // what it does late, after its calls have returned, is done
		})
		if len(found) > 0 {
			t.Logf("caught at try %d, %d failures: %.300s", try+1, len(found), found[0])
			return
		}
	}
	t.Errorf("not caught in %d tries", tries)
}

// CheckQuotes fails unless every promise is in one of the files.
func CheckQuotes[S any](t *testing.T, cases []Case[S], files ...string) {
	var text strings.Builder
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(raw)
	}
	words := plain(text.String())
	for _, c := range cases {
		if len(c.Promises) == 0 {
			t.Errorf("%s enforces no promise", c.Name)
		}
		for _, p := range c.Promises {
			if !strings.Contains(words, plain(p)) {
				t.Errorf("%s: %q does not contain %q", c.Name, files, p)
			}
		}
	}
}

var comment = regexp.MustCompile(`(?m)^\s*//`)

// plain is a text without comment marks, line breaks and capitals.
func plain(text string) string {
	return strings.ToLower(strings.Join(strings.Fields(comment.ReplaceAllString(text, " ")), " "))
}
