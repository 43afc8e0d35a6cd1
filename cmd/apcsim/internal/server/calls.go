package server

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/cmd/apcsim/internal/console"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/mask"
	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// What is kept: of more, the oldest calls are dropped.
const (
	maxCalls     = 1000
	maxCallBytes = 8 << 20 // of all requests and texts
	maxReasons   = 16      // of one call: a request can be wrong in many places
	maxText      = 1 << 10 // of a message or a part of a reason
	maxTransfers = 5000
)

// entry is a call as it is kept: bounded, masked, and without what could be a key in the wrong
// place.
type entry struct {
	console.Call
	size int // of its texts, in bytes
}

// calls are the last operations of an engine. Goroutines may share one.
type calls struct {
	mu        sync.Mutex // guards what follows
	entries   []entry    // oldest first
	size      int
	last      int64         // number of the latest call; 0: none yet
	changed   chan struct{} // closed at the next call; nil: nothing waits for one
	transfers []transfer    // oldest first

	done chan struct{} // closed when another simulator has taken the place of this one
}

// continueAfter numbers the calls so far, and those that come, after a number: a program that
// watches during a reset gets none twice.
func (c *calls) continueAfter(n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last += n
	for i := range c.entries {
		c.entries[i].Number += n
	}
}

// transfer is a key that was wrapped by another one.
type transfer struct {
	wrapping, wrapped string // ARN of a key, or what is known of one outside
	how               string // "ImportKey, Tr31KeyBlock"
	at                time.Time
}

// add keeps a call and gives it its number.
func (c *calls) add(e console.Call) {
	short := func(s string) string { return wording.WithoutKeys(s[:min(len(s), maxText)]) }
	e.Message = short(e.Message)
	e.Reasons = slices.Clone(e.Reasons[:min(len(e.Reasons), maxReasons)])
	size := 512 + len(e.Message) + console.Size(e.Request)
	for i := range e.Reasons {
		r := &e.Reasons[i]
		r.Field, r.Problem, r.Found, r.Wanted = short(r.Field), short(r.Problem), short(r.Found), short(r.Wanted)
		size += len(r.Field) + len(r.Problem) + len(r.Found) + len(r.Wanted)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	e.Number = c.last
	c.entries = append(c.entries, entry{e, size})
	c.size += size
	for len(c.entries) > maxCalls || c.size > maxCallBytes {
		c.size -= c.entries[0].size
		c.entries[0] = entry{}
		c.entries = c.entries[1:]
	}
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
}

func (c *calls) transferred(t transfer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.transfers) == maxTransfers {
		c.transfers[0] = transfer{}
		c.transfers = c.transfers[1:]
	}
	c.transfers = append(c.transfers, t)
}

func (c *calls) allTransfers() []transfer {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.transfers)
}

// callFilter chooses calls; the zero value takes all.
type callFilter struct {
	operation, account string
	refused            bool
	keys               []string // identifiers, one of which takes part
}

func (f callFilter) takes(e *console.Call) bool {
	return (f.operation == "" || strings.EqualFold(f.operation, e.Operation)) && (f.account == "" || f.account == e.Account) &&
		(!f.refused || e.Error != "") &&
		(f.keys == nil || slices.ContainsFunc(e.Keys, func(k string) bool { return slices.Contains(f.keys, k) }))
}

// latest are the last calls after a number that the filter takes, oldest first, at most limit.
func (c *calls) latest(after int64, f callFilter, limit int) (out []console.Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := len(c.entries) - 1; i >= 0 && len(out) < limit && c.entries[i].Number > after; i-- {
		if f.takes(&c.entries[i].Call) {
			out = append(out, c.entries[i].Call)
		}
	}
	slices.Reverse(out)
	return out
}

// next are the first calls after a number, oldest first, at most limit. Where there is none, it
// returns a channel that is closed when there is one.
func (c *calls) next(after int64, limit int) ([]console.Call, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i, _ := slices.BinarySearchFunc(c.entries, after+1, func(e entry, n int64) int { return int(e.Number - n) })
	if i == len(c.entries) {
		if c.changed == nil {
			c.changed = make(chan struct{})
		}
		return nil, c.changed
	}
	var out []console.Call
	for _, e := range c.entries[i:min(len(c.entries), i+limit)] {
		out = append(out, e.Call)
	}
	return out, nil
}

// number returns a call by its number.
func (c *calls) number(n int64) (console.Call, bool) {
	found, _ := c.next(n-1, 1)
	if len(found) == 0 || found[0].Number != n {
		return console.Call{}, false
	}
	return found[0], true
}

// lastNumber is the number of the latest call, and of the oldest that is kept.
func (c *calls) lastNumber() (last, oldest int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last, c.last - int64(len(c.entries)) + 1
}

// intercept is around every operation of the engine: it keeps the call, except those with
// which the simulator's own calls look around.
func (w *world) intercept(ctx context.Context, call apc.Call, next func(context.Context) (any, error)) (any, error) {
	op, _ := engine.OperationNamed(call.Operation)
	if op.ReadOnly && call.Identity.ARN == operator(call.Identity.Account) {
		return next(ctx)
	}
	e := console.Call{Time: call.Time, Operation: call.Operation, Account: call.Identity.Account, Region: call.Identity.Region,
		Caller: call.Identity.ARN, ReadOnly: op.ReadOnly, Request: mask.Of(call.Input)}
	begun := time.Now()
	out, err := w.faults.Intercept(ctx, call, next)
	e.Duration = time.Since(begun)
	e.Keys = console.Identifiers(call.Input)
	if err == nil {
		for _, k := range console.Identifiers(out) {
			if !slices.Contains(e.Keys, k) {
				e.Keys = append(e.Keys, k)
			}
		}
		w.noteTransfer(ctx, call, out)
	}
	e.Refuse(err)
	w.calls.add(e)
	return out, err
}

// noteTransfer notes which key wrapped which.
func (w *world) noteTransfer(ctx context.Context, call apc.Call, out any) {
	t := transfer{at: call.Time}
	switch in := call.Input.(type) {
	case *engine.ImportKeyInput:
		out, ok := out.(*engine.ImportKeyOutput)
		if !ok {
			return
		}
		t.wrapped = out.Key.KeyArn
		t.how, t.wrapping = importedFrom(&in.KeyMaterial)
		t.wrapping = w.keyARN(ctx, call.Identity, t.wrapping)
	case *engine.ExportKeyInput:
		out, ok := out.(*engine.ExportKeyOutput)
		if !ok || out.WrappedKey == nil {
			return
		}
		t.how, t.wrapped, t.wrapping = "ExportKey", w.keyARN(ctx, call.Identity, in.ExportKeyIdentifier), out.WrappedKey.WrappingKeyArn
	}
	if t.wrapping != "" {
		w.calls.transferred(t)
	}
}

// importedFrom is the form of imported key material, and the key that it was wrapped under. Public
// keys come under no key.
func importedFrom(m *engine.ImportKeyMaterial) (how, wrapping string) {
	switch {
	case m.Tr31KeyBlock != nil:
		return "ImportKey, Tr31KeyBlock", m.Tr31KeyBlock.WrappingKeyIdentifier
	case m.Tr34KeyBlock != nil:
		return "ImportKey, Tr34KeyBlock", m.Tr34KeyBlock.CertificateAuthorityPublicKeyIdentifier
	case m.KeyCryptogram != nil:
		return "ImportKey, KeyCryptogram", m.KeyCryptogram.ImportToken
	case m.DiffieHellmanTr31KeyBlock != nil:
		return "ImportKey, DiffieHellmanTr31KeyBlock", m.DiffieHellmanTr31KeyBlock.PrivateKeyIdentifier
	case m.As2805KeyCryptogram != nil:
		return "ImportKey, As2805KeyCryptogram", m.As2805KeyCryptogram.WrappingKeyIdentifier
	}
	return "", ""
}

// keyARN is the ARN that an alias of a caller points to now. Other identifiers, and aliases that
// cannot be read, are as they were.
func (w *world) keyARN(ctx context.Context, who apc.Identity, identifier string) string {
	if !strings.HasPrefix(identifier, "alias/") && !strings.Contains(identifier, ":alias/") {
		return identifier
	}
	name := identifier[strings.Index(identifier, "alias/"):]
	who.ARN = operator(who.Account)
	out, err := w.engine.As(who).GetAlias(context.WithoutCancel(ctx), &engine.GetAliasInput{AliasName: name})
	if err != nil || out.Alias.KeyArn == nil {
		return identifier
	}
	return *out.Alias.KeyArn
}
