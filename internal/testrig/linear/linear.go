// Package linear has clients call a store at random and checks that the history is linearizable. It is
// a module of its own, so that the checker (porcupine) is in no user's module graph.
package linear

import (
	"bytes"
	"context"
	crand "crypto/rand"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/seed748fb4d1/apcsim/internal/testrig/promise"
	"github.com/seed748fb4d1/apcsim/internal/testrig/storetest"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// Check has clients call a store at random, on the handles of one content that open
// returns, and fails if no order of the calls agrees with the interface.
func Check(t *testing.T, open func(t testing.TB) []keystore.Store) {
	for _, c := range cases {
		c.Run(t, func(t *testing.T) []keystore.Store { return open(t) })
	}
}

var cases = []promise.Case[[]keystore.Store]{
	promise.New[[]keystore.Store](
		"HistoriesAreLinearizable",
		[]string{"Commit checks all changes against the same state"},
		func(t promise.T, handles []keystore.Store) {
			linearizable(t, handles, 0.3, storetest.LateCall, storetest.LateAnswer)
		},
	),
	promise.New[[]keystore.Store](
		"HistoriesWithLostAnswersAreLinearizable",
		[]string{"that the outcome is unknown and that the same CommitID may be asked again."},
		func(t promise.T, handles []keystore.Store) {
			linearizable(t, handles, 0.4, storetest.FailBefore, storetest.FailAfter, storetest.LateFail, storetest.LateCall)
		},
	),
}

// How long histories are: short ones, and many, are checked at once and can be
// read when they fail.
const (
	histories   = 16
	clients     = 4
	clientCalls = 10
	maxCommits  = 63 // of a history
	checkTime   = 5 * time.Second
)

func linearizable(t promise.T, handles []keystore.Store, probability float64, faults ...storetest.Fault) {
	for n := range storetest.Few(histories) {
		h := &history{t: t, region: fmt.Sprint("history-", n), commits: []*call{nil}, ids: []keystore.CommitID{{}}}
		storetest.Together(clients, nil, func(i int) {
			seed := uint64(n*clients + i)
			store := storetest.Faulty(handles[i%len(handles)], storetest.Sometimes(probability, seed, faults...))
			c := &client{history: h, n: i, random: rand.New(rand.NewPCG(seed, 2)), store: store}
			for range clientCalls {
				c.turn()
			}
		})
		if !h.check() {
			return
		}
	}
}

// history is what several clients asked and were answered.
type history struct {
	t      promise.T
	region string
	clock  atomic.Int64

	mu      sync.Mutex // guards what follows
	done    []porcupine.Operation
	open    []porcupine.Operation // commits of unknown outcome
	commits []*call               // by number
	ids     []keystore.CommitID   // by number
}

// ref names a cell in this history.
func (h *history) ref(at int) keystore.Ref {
	p := keystore.Partition{Account: []string{"0", "0", "1", "0", "1"}[at], Region: h.region}
	k := kind
	if at >= records {
		k = "counter"
	}
	return keystore.Ref{Partition: p, Kind: k, ID: string(rune('a' + at))}
}

// change is a step in the store's words.
func (h *history) change(number uint8, s step) keystore.Change {
	ref, expect := h.ref(s.cell), h.id(s.expect)
	switch s.arm {
	case remove:
		return keystore.Change{Remove: &keystore.Remove{Ref: ref, Expect: expect}}
	case require:
		return keystore.Change{Require: &keystore.Require{Ref: ref, Expect: expect}}
	case add:
		return keystore.Count(ref, int64(s.value), int64(s.ceiling))
	}
	r := keystore.Record{Partition: ref.Partition, Kind: ref.Kind, ID: ref.ID, Index: indexOf(s.value), Data: []byte{number}}
	if s.value == dueIndex {
		r.Due = noon
	}
	return keystore.Change{Put: &keystore.Put{Record: r, Expect: expect}}
}

const kind keystore.Kind = "thing"

var ctx = context.Background()

func newCommitID() (id keystore.CommitID) {
	crand.Read(id[:])
	return id
}

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func indexOf(value int8) string { return strings.Repeat("i", int(value)) }

func (h *history) id(number uint8) keystore.CommitID {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ids[number]
}

// seen is a record in the model's words.
func (h *history) seen(at int, r keystore.Record) seen {
	if !r.Exists() {
		return seen{at: at}
	}
	h.mu.Lock()
	number := slices.Index(h.ids, r.Rev)
	h.mu.Unlock()
	out := seen{at, cell{uint8(max(0, number)), int8(len(r.Index))}}
	if at >= records {
		out.value = int8(keystore.CounterValue(r))
	}
	if number < 0 || r.Ref() != h.ref(at) ||
		at < records && (!bytes.Equal(r.Data, []byte{byte(number)}) || r.Due.Equal(noon) != (out.value == dueIndex)) {
		h.t.Errorf("no client wrote the record %+v", r)
	}
	return out
}

// check reports whether the calls can have happened one after the other.
func (h *history) check() bool {
	end := h.clock.Add(1)
	for i, o := range h.open {
		o.Return, o.ClientId = end, clients+i
		h.done = append(h.done, o)
	}
	result, info := porcupine.CheckOperationsVerbose(model, h.done, checkTime)
	if result != porcupine.Illegal { // or it took too long, which says nothing
		return true
	}
	slices.SortFunc(h.done, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
	var text strings.Builder
	for _, o := range h.done {
		fmt.Fprintf(&text, "%3d to %3d, client %d: %+v -> %+v\n", o.Call, o.Return, o.ClientId, o.Input, o.Output)
	}
	if test, ok := h.t.(interface{ ArtifactDir() string }); ok {
		path := filepath.Join(test.ArtifactDir(), "history.html")
		fmt.Fprintf(&text, "drawn in %s, which go test -artifacts keeps: %v\n", path, porcupine.VisualizePath(model, info, path))
	}
	h.t.Errorf("no order of these calls agrees with the interface:\n%s", &text)
	return false
}

// client calls the store, one call after the other.
type client struct {
	*history
	n      int
	random *rand.Rand
	store  keystore.Store
	known  [cells]uint8 // revisions as last seen
}

// turn makes a call or two.
func (c *client) turn() {
	switch n := c.random.IntN(10); {
	case n < 3:
		c.read(c.random.Perm(cells)[:1+c.random.IntN(cells)])
	case n < 4:
		c.list(&call{op: opPage, filter: int8(c.random.IntN(4)) - 1})
	case n < 5:
		c.list(&call{op: opDue, filter: -1})
	case n < 6:
		c.commit(c.earlier())
	case n < 7: // as others may have left it long ago
		c.commit(c.newCommit())
	default:
		c.read(c.random.Perm(cells))
		c.commit(c.newCommit())
	}
}

// record notes a call and its answer.
func (c *client) record(asked *call, began int64, a *answer) {
	o := porcupine.Operation{ClientId: c.n, Input: asked, Call: began, Output: a, Return: c.clock.Add(1)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if a.unknown {
		c.open = append(c.open, o)
	} else {
		c.done = append(c.done, o)
	}
}

func (c *client) read(at []int) {
	var refs []keystore.Ref
	for _, at := range at {
		refs = append(refs, c.ref(at))
	}
	began := c.clock.Add(1)
	found, err := c.store.Read(ctx, refs...)
	if err != nil || len(found) != len(refs) {
		c.failed("Read", len(found), err)
		return
	}
	a := &answer{}
	for i, at := range at {
		s := c.seen(at, found[i].Record)
		a.seen = append(a.seen, s)
		c.known[at] = s.rev
	}
	c.record(&call{op: opRead, cells: at}, began, a)
}

// list is a Page or a Due of the records that are neighbors.
func (c *client) list(asked *call) {
	p, page, err := c.ref(0).Partition, []keystore.Record(nil), error(nil)
	began := c.clock.Add(1)
	if asked.op == opDue {
		page, err = c.store.Due(ctx, p, noon, 10)
	} else {
		f := keystore.Filter{}
		if asked.filter >= 0 {
			f.Index = new(indexOf(asked.filter))
		}
		page, err = c.store.Page(ctx, p, kind, f, "", 10)
	}
	if err != nil {
		c.failed("Page or Due", len(page), err)
		return
	}
	a := &answer{}
	for _, r := range page {
		a.seen = append(a.seen, c.seen(max(0, strings.Index("ab", r.ID)), r))
	}
	c.record(asked, began, a)
}

// failed reports an answer that no lost connection explains.
func (c *client) failed(what string, n int, err error) {
	if err == nil || storetest.Known(err) != nil {
		c.t.Errorf("%s: %d answers, %v", what, n, err)
	}
}

// commit asks for a commit, and mostly again while its outcome is unknown.
func (c *client) commit(asked *call) {
	if asked == nil {
		return
	}
	var changes []keystore.Change
	for _, s := range asked.steps {
		changes = append(changes, c.change(asked.number, s))
	}
	for tries := 0; tries < 3; tries++ {
		began := c.clock.Add(1)
		err := c.store.Commit(ctx, c.id(asked.number), changes...)
		a := &answer{err: storetest.Known(err)}
		a.unknown = err != nil && a.err == nil
		c.record(asked, began, a)
		if !a.unknown || c.random.IntN(4) == 0 {
			return
		}
	}
}

// earlier is a commit that a client has asked for already.
func (h *history) earlier() *call {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.commits[rand.IntN(len(h.commits))]
}

// newCommit changes up to three cells, as they were seen last.
func (c *client) newCommit() *call {
	out := &call{op: opCommit}
	for _, at := range c.random.Perm(cells)[:1+c.random.IntN(3)] {
		s := step{cell: at, expect: c.known[at], arm: []arm{put, remove, require}[c.random.IntN(3)], value: int8(c.random.IntN(3))}
		switch {
		case at >= records && s.arm != require:
			s.arm, s.value, s.ceiling = add, int8(1+c.random.IntN(2)), 4
			if c.random.IntN(3) == 0 {
				s.value = -s.value
			}
		case s.arm == remove && s.expect == 0:
			s.arm = put
		}
		out.steps = append(out.steps, s)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.commits) > maxCommits {
		return nil
	}
	out.number = uint8(len(c.commits))
	c.commits, c.ids = append(c.commits, out), append(c.ids, newCommitID())
	return out
}
