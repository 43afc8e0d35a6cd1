package enginetest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest"
)

func TestFaultHappensToItsCalls(t *testing.T) {
	s := enginetest.New(t, nil)
	s.Arm(enginetest.Fault{Operation: "ListKeys", Nth: 2, Times: 2, Effect: enginetest.Throttled})
	var got []string
	for range 5 {
		_, err := s.ListKeys(ctx, nil)
		got = append(got, fmt.Sprint(errors.Is(err, apc.ErrThrottling)))
		s.ListAliases(ctx, nil)
	}
	if want := "false true true false false"; strings.Join(got, " ") != want {
		t.Errorf("throttled: got %v, want %s", got, want)
	}
}

func TestEveryEffectIsWhatItSays(t *testing.T) {
	for _, x := range []struct {
		effect enginetest.Effect
		code   apc.Code
		done   bool
	}{
		{enginetest.Throttled, apc.ErrThrottling, false}, {enginetest.Unavailable, apc.ErrServiceUnavailable, false},
		{enginetest.Internal, apc.ErrInternalServer, false}, {enginetest.QuotaExceeded, apc.ErrServiceQuotaExceeded, false},
		{enginetest.Denied, apc.ErrAccessDenied, false}, {enginetest.Conflict, apc.ErrConflict, false},
		{enginetest.AnswerLost, apc.ErrServiceUnavailable, true}, {enginetest.RequestLost, apc.ErrServiceUnavailable, false},
		{enginetest.Slow, "", true}, {enginetest.Hangs, apc.ErrServiceUnavailable, false},
	} {
		t.Run(x.effect.String(), func(t *testing.T) {
			s := enginetest.New(t, &enginetest.Options{Keep: enginetest.KeepAll})
			s.Arm(enginetest.Fault{Effect: x.effect})
			ctx, cancel := context.WithCancel(ctx)
			if x.effect == enginetest.Hangs {
				cancel()
			}
			defer cancel()
			before := s.Clock.Now()
			_, err := s.CreateKey(ctx, &engine.CreateKeyInput{KeyAttributes: enginetest.P0AES128.Attributes(), Exportable: new(true)})
			if x.code == "" && err != nil || x.code != "" && !errors.Is(err, x.code) {
				t.Errorf("got %v, want %s", err, x.code)
			}
			if got := len(s.State().Keys) == 1; got != x.done {
				t.Errorf("the key was made: %t, want %t", got, x.done)
			}
			if slow := s.Clock.Now().Sub(before); (slow == time.Minute) != (x.effect == enginetest.Slow) {
				t.Errorf("the call took %v", slow)
			}
			if c := s.Journal()[0]; c.Fault != x.effect || !strings.Contains(c.String(), "(fault: "+x.effect.String()+")") {
				t.Errorf("the journal says %v", c)
			}
		})
	}
}

func TestSweepRunsEveryCallWithEveryFault(t *testing.T) {
	var runs []string
	enginetest.Sweep(t, nil, func(t *testing.T, s *enginetest.Sim) {
		runs = append(runs, t.Name()[strings.LastIndexByte(t.Name(), '/')+1:])
		s.ListKeys(ctx, nil)
		s.ListAliases(ctx, nil)
	})
	want := strings.Fields(
		`no_fault ListKeys_(call_1),_throttled ListKeys_(call_1),_unavailable ListKeys_(call_1),_answer_lost ListKeys_(call_1),_request_lost
		ListKeys_(call_1),_slow ListAliases_(call_2),_throttled ListAliases_(call_2),_unavailable
		  ListAliases_(call_2),_answer_lost ListAliases_(call_2),_request_lost
		ListAliases_(call_2),_slow`,
	)
	if fmt.Sprint(runs) != fmt.Sprint(want) {
		t.Errorf("got  %q\nwant %q", runs, want)
	}
}
