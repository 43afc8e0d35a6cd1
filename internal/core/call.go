package core

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/shape"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// Caller is one principal in one Region, as a client of one plane.
type Caller struct {
	Cloud     *Cloud
	Identity  apc.Identity
	DataPlane bool

	lastAccess atomic.Pointer[accessTo]
}

// Home is the partition of the caller's own resources.
func (caller *Caller) Home() keystore.Partition {
	return keystore.Partition{Account: caller.Identity.Account, Region: caller.Identity.Region}
}

// Call is one operation under way.
type Call struct {
	*Caller
	Op        string
	Now       time.Time
	shape     shape.Check
	Resources []string
	in        any // the request
	shared    []shared
	implied   []implied
	room      *room
}

// room is for what not every operation needs. It is reused with the call.
type room struct {
	fresh    freshKey // of the key that the operation makes
	question question // about permission, which the policies answer
	refs     [2]keystore.Ref
	found    [2]keystore.Found
}

func (c *Call) use() *room {
	if c.room == nil {
		c.room = new(room)
	}
	return c.room
}

// toRead is where n refs and what is found are kept: nearly always in the room of the call, until the next read.
func (c *Call) toRead(n int) ([]keystore.Ref, []keystore.Found) {
	room := c.use()
	if n > len(room.refs) {
		return make([]keystore.Ref, n), make([]keystore.Found, n)
	}
	return room.refs[:n], room.found[:n]
}

// For returns the call with the owner of a partition as its caller: a certificate of a key in another
// account is issued by the authority of that account.
func (c *Call) For(p keystore.Partition) *Call {
	if p == c.Home() {
		return c
	}
	owner := *c
	owner.Caller = &Caller{Cloud: c.Cloud, Identity: apc.Identity{Account: p.Account, Region: p.Region}, DataPlane: c.DataPlane}
	return &owner
}

// calls are reused: no code keeps one when its operation ends.
var calls = sync.Pool{New: func() any { return new(Call) }}

// shaped is a request that can check the limits of its members.
type shaped interface{ Shape(*shape.Check) }

// Run is what all operations share: the clock is read, the shape checked,
// the work done, the refusal completed, the event reported.
func Run[In any, PIn interface {
	*In
	shaped
}, Out any](ctx context.Context, c *Caller, op string, in PIn, do func(context.Context, *Call, PIn) (*Out, error)) (*Out, error) {
	if in == nil {
		in = new(In)
	}
	if c.Cloud.intercept != nil {
		return intercepted(ctx, &Call{Caller: c, Op: op, Now: c.Cloud.moment(), in: in}, in, do)
	}
	call := calls.Get().(*Call)
	defer call.free()
	call.Caller, call.Op, call.Now, call.in = c, op, c.Cloud.moment(), in
	out, err := guarded(ctx, call, in, do)
	if err != nil {
		refusal := call.refusal(err)
		call.report(refusal)
		return nil, refusal
	}
	call.report(nil)
	return out, nil
}

func (c *Call) free() {
	if c.room != nil && c.room.question.c != nil {
		c.room.question = question{}
	}
	*c = Call{room: c.room}
	calls.Put(c)
}

// intercepted is [Run] with the interceptor around the operation. The event is about what the
// operation did, also where the interceptor loses its answer.
func intercepted[PIn shaped, Out any](
	ctx context.Context,
	c *Call,
	in PIn,
	do func(context.Context, *Call, PIn) (*Out, error),
) (*Out, error) {
	asked, done := false, false
	next := func(ctx context.Context) (any, error) {
		if asked {
			return nil, c.refusal(Internal(errNextTwice))
		}
		asked = true
		out, err := guarded(ctx, c, in, do)
		if err != nil {
			return nil, c.refusal(err)
		}
		done = true
		return out, nil
	}
	result, err := c.Cloud.intercept(ctx, apc.Call{Operation: c.Op, Identity: c.Identity, Time: c.Now, Input: in}, next)
	out, ok := result.(*Out)
	if err == nil && (!ok || out == nil) {
		err = Internal(fmt.Errorf("core: Options.Intercept returned a %T for %s, wanted a %T", result, c.Op, out))
	}
	if err == nil {
		c.report(nil)
		return out, nil
	}
	refusal := c.refusal(err)
	if done && errors.Is(err, apc.ErrNoAnswer) {
		c.report(nil)
	} else {
		c.report(refusal)
	}
	return nil, refusal
}

var errNextTwice = errors.New("core: Options.Intercept called next twice")

func guarded[PIn shaped, Out any](
	ctx context.Context,
	c *Call,
	in PIn,
	do func(context.Context, *Call, PIn) (*Out, error),
) (*Out, error) {
	if err := ctx.Err(); err != nil {
		return nil, unavailable(apc.RuleContext, problemGaveUp, err)
	}
	if err := checkClock(c.Now); err != nil {
		return nil, err
	}
	if err := c.Cloud.checkRegion(c.Identity.Region); err != nil {
		return nil, err
	}
	if err := c.rate(); err != nil {
		return nil, err
	}
	in.Shape(&c.shape)
	c.shape.Amend(ctx, in)
	if err := c.shape.Err(); err != nil {
		return nil, err
	}
	if err := c.admit(ctx); err != nil {
		return nil, err
	}
	return do(ctx, c, in)
}

// refusal makes an *Error of the operation out of any error.
func (c *Call) refusal(err error) *apc.Error {
	refusal := asRefusal(err)
	refusal.Op = c.Op
	if c.DataPlane && refusal.Code == apc.ErrServiceUnavailable { // which that plane does not have
		refusal.Code, refusal.Message = apc.ErrInternalServer, internalMessage
	}
	return refusal
}

// asRefusal is any error as an *Error.
func asRefusal(err error) *apc.Error {
	if refusal, ok := errors.AsType[*apc.Error](err); ok {
		return refusal
	}
	if errors.Is(err, apc.ErrNoAnswer) {
		return &apc.Error{Code: apc.ErrServiceUnavailable, Message: "There is no answer.", Err: err}
	}
	return Internal(err)
}

func (c *Call) report(refusal *apc.Error) {
	if c.Cloud.observe == nil {
		return
	}
	ev := apc.Event{
		EventType: apc.APICall, EventTime: c.Now, EventSource: eventSource, EventName: c.Op,
		AWSRegion: c.Identity.Region, AccountID: c.Identity.Account, RecipientAccountID: c.Identity.Account, UserIdentity: c.Identity.ARN,
		ReadOnly: c.DataPlane || c.Cloud.readOnly(c.Op), Resources: c.Resources,
	}
	if refusal != nil {
		ev.ErrorCode, ev.ErrorMessage, ev.Reasons = refusal.Code, refusal.Message, refusal.Reasons
	}
	c.Cloud.observe(ev)
	c.reportShared(ev)
}
