package testrig

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestTextIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var x Text
		go func() {
			for _, part := range []string{"one, ", "two, ", "three"} {
				time.Sleep(time.Second)
				fmt.Fprint(&x, part)
			}
		}()
		began := time.Now()
		x.WaitFor(t, "e, two")
		if got := time.Since(began); got != 2*time.Second {
			t.Errorf("waited %v, want until the second part is written, 2 s", got)
		}
		x.WaitFor(t, "three")
		x.WaitFor(t, "one")
		if got := x.String(); got != "one, two, three" {
			t.Errorf("got %q", got)
		}
	})
}

// stopped is a test that Fatalf ends.
type stopped struct {
	testing.TB
	failure string
}

func (s *stopped) Helper() {}

func (s *stopped) Fatalf(format string, args ...any) {
	s.failure = fmt.Sprintf(format, args...)
	panic(s)
}

func TestTextThatNeverComesFailsTheTest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var x Text
		fmt.Fprint(&x, "other")
		s := &stopped{TB: t}
		defer func() {
			if recover(); s.failure != "there is no \"text\" in:\nother" {
				t.Errorf("got the failure %q", s.failure)
			}
		}()
		x.WaitFor(s, "text")
	})
}
