package server

import (
	"slices"
	"sync"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// maxCalls is how many calls are remembered; of more the oldest are forgotten.
const maxCalls = 1000

// calls are the last operations of an engine. Goroutines may share one.
type calls struct {
	mu     sync.Mutex // guards what follows
	events []apc.Event
	next   int // where the next one goes, once there are maxCalls
}

// add remembers an operation, but for those with which the simulator's own calls
// look around.
func (c *calls) add(e apc.Event) {
	if e.ReadOnly && e.UserIdentity == operator(e.AccountID) {
		return
	}
	e = brief(e)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.events) < maxCalls {
		c.events = append(c.events, e)
		return
	}
	c.events[c.next] = e
	c.next = (c.next + 1) % maxCalls
}

// What is remembered of one call at most: a request can be wrong in many places.
const (
	maxReasons = 16
	maxText    = 1 << 10
)

// brief is an event as it is remembered: of bounded size, and without what could
// be a key in the wrong place.
func brief(e apc.Event) apc.Event {
	short := func(s string) string { return wording.WithoutKeys(s[:min(len(s), maxText)]) }
	e.ErrorMessage = short(e.ErrorMessage)
	e.Reasons = slices.Clone(e.Reasons[:min(len(e.Reasons), maxReasons)])
	for i := range e.Reasons {
		r := &e.Reasons[i]
		r.Field, r.Problem, r.Found, r.Wanted = short(r.Field), short(r.Problem), short(r.Found), short(r.Wanted)
	}
	return e
}

// recent are the calls, oldest first.
func (c *calls) recent() []apc.Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Concat(c.events[c.next:], c.events[:c.next])
}

// callView is a call in the answer of GET calls.
type callView struct {
	Time      time.Time    `json:"time"` // of the simulator
	Operation string       `json:"operation"`
	Account   string       `json:"account"`
	Region    string       `json:"region"`
	Caller    string       `json:"caller"` // ARN
	ReadOnly  bool         `json:"readOnly"`
	Resources []string     `json:"resources,omitempty"`
	Error     string       `json:"error,omitempty"` // the exception
	Message   string       `json:"message,omitempty"`
	Reasons   []reasonView `json:"reasons,omitempty"`
}

// reasonView is an apc.Reason in JSON.
type reasonView struct {
	Rule    apc.Rule `json:"rule"`
	Field   string   `json:"field,omitempty"`
	Problem string   `json:"problem,omitempty"`
	Found   string   `json:"found,omitempty"`
	Wanted  string   `json:"wanted,omitempty"`
	Offset  int      `json:"offset"` // in a key block; -1 where there is none
}

func viewCall(e apc.Event) callView {
	return callView{
		Time: e.EventTime, Operation: e.EventName, Account: e.AccountID, Region: e.AWSRegion, Caller: e.UserIdentity,
		ReadOnly: e.ReadOnly, Resources: e.Resources, Error: string(e.ErrorCode), Message: e.ErrorMessage, Reasons: viewReasons(e.Reasons),
	}
}

func viewReasons(reasons []apc.Reason) []reasonView {
	var out []reasonView
	for _, r := range reasons {
		out = append(out, reasonView(r))
	}
	return out
}
