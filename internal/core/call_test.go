package core

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/shape"
)

// askInput is the request of an operation of these tests.
type askInput struct{ Name string }

func (in *askInput) Shape(s *shape.Check) { s.Text("Name", in.Name, &shape.Text{Max: 4}) }

type askOutput struct{ Name string }

// watched is a caller whose events are kept.
func watched(t *testing.T, events *[]apc.Event) *Caller {
	c := testCaller(t)
	c.Cloud.observe = func(e apc.Event) { *events = append(*events, e) }
	c.Cloud.readOnly = func(string) bool { return false }
	return c
}

// TestOperationsAreCheckedInOneOrder mends one fault after the other: the operation runs once nothing is wrong.
func TestOperationsAreCheckedInOneOrder(t *testing.T) {
	var events []apc.Event
	c := watched(t, &events)
	now := time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	c.Cloud.now = func() time.Time { return now }
	c.Identity.Region = "xx-nowhere-1"
	c.Cloud.Limits.Requests = 1
	c.Cloud.access = func(string) Access { return Access{On: OnAll} }
	c.Identity.Policies = []string{`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`}
	in := &askInput{Name: "too long"}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	runs := 0
	ask := func() error {
		_, err := Run(ctx, c, "Ask", in, func(context.Context, *Call, *askInput) (*askOutput, error) {
			runs++
			return &askOutput{}, nil
		})
		return err
	}
	for _, step := range []struct {
		rule apc.Rule
		code apc.Code
		mend func()
	}{
		{apc.RuleContext, apc.ErrServiceUnavailable, func() { ctx = t.Context() }},
		{apc.RuleClock, apc.ErrInternalServer, func() { now = time.Unix(1, 0) }},
		{apc.RuleRegion, apc.ErrValidation, func() { c.Identity.Region = "us-east-1" }},
		{apc.RuleLength, apc.ErrValidation, func() { in.Name = "fits" }}, // and counts as the one request of this second
		{apc.RuleRate, apc.ErrThrottling, func() { now = time.Unix(2, 0) }},
		{apc.RuleIdentityPolicy, apc.ErrAccessDenied, func() { c.Identity.Policies, now = nil, time.Unix(3, 0) }},
	} {
		err := ask()
		refusal, ok := errors.AsType[*apc.Error](err)
		if !ok || refusal.Code != step.code || refusal.Reasons[0].Rule != step.rule || refusal.Op != "Ask" {
			t.Fatalf("got %v, want %s by rule %s", err, step.code, step.rule)
		}
		if last := events[len(events)-1]; last.ErrorCode != step.code || last.EventName != "Ask" || last.Reasons[0] != refusal.Reasons[0] {
			t.Errorf("%s: the event is %+v", step.rule, last)
		}
		step.mend()
	}
	if err := ask(); err != nil || runs != 1 || len(events) != 7 || events[6].ErrorCode != "" {
		t.Errorf("got %v after %d runs and %d events, want one run and an event of success", err, runs, len(events))
	}
}

// TestEveryErrorOfAnOperationIsARefusal: in the words of its plane.
func TestEveryErrorOfAnOperationIsARefusal(t *testing.T) {
	cause := errors.New("the disk is full")
	for _, c := range []struct {
		err           error
		control, data apc.Code
	}{
		{Invalid("no"), apc.ErrValidation, apc.ErrValidation},
		{fmt.Errorf("core: %w", Invalid("no")), apc.ErrValidation, apc.ErrValidation},
		{StoreError(cause), apc.ErrServiceUnavailable, apc.ErrInternalServer}, // which the data plane does not have
		{apc.ErrNoAnswer, apc.ErrServiceUnavailable, apc.ErrInternalServer},
		{cause, apc.ErrInternalServer, apc.ErrInternalServer},
	} {
		for _, dataPlane := range []bool{false, true} {
			var events []apc.Event
			caller := watched(t, &events)
			caller.DataPlane = dataPlane
			out, err := Run(t.Context(), caller, "Ask", nil, func(_ context.Context, _ *Call, in *askInput) (*askOutput, error) {
				if in == nil {
					t.Error("the operation got no request")
				}
				return &askOutput{}, c.err
			})
			want := c.control
			if dataPlane {
				want = c.data
			}
			refusal, ok := err.(*apc.Error)
			if !ok || refusal.Code != want || refusal.Op != "Ask" || out != nil {
				t.Errorf("%v, data plane %t: got %v, %v; want %s", c.err, dataPlane, out, err, want)
			}
			if len(events) != 1 || events[0].ErrorCode != want || events[0].ReadOnly != dataPlane {
				t.Errorf("%v, data plane %t: the events are %+v", c.err, dataPlane, events)
			}
		}
	}
}

// TestAnInterceptorStandsBetweenCallerAndOperation: what the caller gets, how often the operation ran, and that the event is about
// what it did.
func TestAnInterceptorStandsBetweenCallerAndOperation(t *testing.T) {
	type doing = func(context.Context) (any, error)
	own := &apc.Error{Code: apc.ErrThrottling}
	for _, c := range []struct {
		what      string
		intercept func(context.Context, doing) (any, error)
		code      apc.Code // "" where the caller gets the answer
		runs      int
		event     apc.Code
	}{
		{"passes", func(ctx context.Context, next doing) (any, error) { return next(ctx) }, "", 1, ""},
		{"answers itself", func(context.Context, doing) (any, error) { return &askOutput{Name: "made"}, nil }, "", 0, ""},
		{"answers nothing", func(context.Context, doing) (any, error) { return nil, nil }, apc.ErrInternalServer, 0, apc.ErrInternalServer},
		{"answers a nil pointer", func(context.Context, doing) (any, error) { return (*askOutput)(nil), nil },
			apc.ErrInternalServer, 0, apc.ErrInternalServer},
		{"answers another type", func(ctx context.Context, next doing) (any, error) {
			next(ctx)
			return &askInput{}, nil
		}, apc.ErrInternalServer, 1, apc.ErrInternalServer},
		{"asks twice", func(ctx context.Context, next doing) (any, error) {
			next(ctx)
			return next(ctx)
		}, apc.ErrInternalServer, 1, apc.ErrInternalServer},
		{"refuses", func(context.Context, doing) (any, error) { return nil, own }, apc.ErrThrottling, 0, apc.ErrThrottling},
		{"fails", func(context.Context, doing) (any, error) { return nil, errors.New("no") },
			apc.ErrInternalServer, 0, apc.ErrInternalServer},
		{"loses the answer", func(ctx context.Context, next doing) (any, error) {
			next(ctx)
			return nil, apc.ErrNoAnswer
		}, apc.ErrServiceUnavailable, 1, ""},
		{"loses the request", func(context.Context, doing) (any, error) { return nil, apc.ErrNoAnswer },
			apc.ErrServiceUnavailable, 0, apc.ErrServiceUnavailable},
	} {
		var events []apc.Event
		caller, runs := watched(t, &events), 0
		in := &askInput{Name: "a"}
		caller.Cloud.intercept = func(ctx context.Context, call apc.Call, next func(context.Context) (any, error)) (any, error) {
			if call.Operation != "Ask" || call.Input != any(in) || call.Identity.Account != caller.Identity.Account {
				t.Errorf("%s: the call is %+v", c.what, call)
			}
			return c.intercept(ctx, next)
		}
		out, err := Run(t.Context(), caller, "Ask", in, func(context.Context, *Call, *askInput) (*askOutput, error) {
			runs++
			return &askOutput{}, nil
		})
		if (out != nil) != (c.code == "") || c.code == "" && err != nil || c.code != "" && !errors.Is(err, c.code) || runs != c.runs {
			t.Errorf("one that %s: got %v, %v after %d runs; want %q after %d", c.what, out, err, runs, c.code, c.runs)
		}
		if len(events) != 1 || events[0].ErrorCode != c.event {
			t.Errorf("one that %s: the events are %+v, want one of %q", c.what, events, c.event)
		}
	}
}
