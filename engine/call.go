package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/shape"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// caller is one principal in one Region.
type caller struct {
	cloud    *cloud
	identity apc.Identity
}

// home is where the caller's own resources live.
func (c *caller) home() keystore.Partition {
	return keystore.Partition{Account: c.identity.Account, Region: c.identity.Region}
}

// call is one operation under way.
type call struct {
	*caller
	op        string
	now       time.Time
	shape     shape.Check
	resources []string
}

// calls are used again and again: nothing keeps one when its operation ends.
var calls = sync.Pool{New: func() any { return new(call) }}

// shaped is a request that can check the limits of its members.
type shaped interface{ Shape(*shape.Check) }

// run is what all operations share: the clock is read, the shape checked,
// the work done, the refusal completed, the event reported.
func run[In any, PIn interface {
	*In
	shaped
}, Out any](ctx context.Context, c *caller, op string, in PIn, do func(*call, context.Context, PIn) (*Out, error)) (*Out, error) {
	k := calls.Get().(*call)
	defer calls.Put(k)
	*k = call{caller: c, op: op, now: c.cloud.moment()}
	if in == nil {
		in = new(In)
	}
	out, err := guarded(ctx, k, in, do)
	if err != nil {
		refusal := k.refusal(err)
		k.report(refusal)
		return nil, refusal
	}
	k.report(nil)
	return out, nil
}

func guarded[PIn shaped, Out any](ctx context.Context, c *call, in PIn, do func(*call, context.Context, PIn) (*Out, error)) (*Out, error) {
	if err := ctx.Err(); err != nil {
		return nil, unavailable(apc.RuleContext, problemGaveUp, err)
	}
	if err := checkClock(c.now); err != nil {
		return nil, err
	}
	if err := c.cloud.checkRegion(c.identity.Region); err != nil {
		return nil, err
	}
	in.Shape(&c.shape)
	if err := c.shape.Err(); err != nil {
		return nil, err
	}
	return do(c, ctx, in)
}

// refusal makes an *Error of the operation out of any error.
func (c *call) refusal(err error) *apc.Error {
	refusal := asRefusal(err)
	refusal.Op = c.op
	return refusal
}

// asRefusal is any error as an *Error.
func asRefusal(err error) *apc.Error {
	if refusal, ok := errors.AsType[*apc.Error](err); ok {
		return refusal
	}
	return internal(err)
}

func (c *call) report(refusal *apc.Error) {
	if c.cloud.observe == nil {
		return
	}
	ev := apc.Event{
		EventType: apc.APICall, EventTime: c.now, EventSource: eventSource, EventName: c.op,
		AWSRegion: c.identity.Region, AccountID: c.identity.Account, UserIdentity: c.identity.ARN,
		ReadOnly: c.cloud.readOnly(c.op), Resources: c.resources,
	}
	if refusal != nil {
		ev.ErrorCode, ev.ErrorMessage, ev.Reasons = refusal.Code, refusal.Message, refusal.Reasons
	}
	c.cloud.observe(ev)
}
