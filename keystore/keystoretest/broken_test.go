package keystoretest

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/testrig/storetest"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// moment is how long a broken implementation sleeps: in the bubbles of promise.CheckCases all other
// goroutines go on meanwhile, until they sleep too.
const moment = 100 * time.Microsecond

type (
	readCall   = storetest.ReadCall
	pageCall   = storetest.PageCall
	dueCall    = storetest.DueCall
	commitCall = storetest.CommitCall
)

func reading(on func(readCall) ([]keystore.Found, error)) wrong {
	return func(h *storetest.Hooked) { h.OnRead = on }
}

func paging(on func(pageCall) ([]keystore.Record, error)) wrong {
	return func(h *storetest.Hooked) { h.OnPage = on }
}

func listing(on func(dueCall) ([]keystore.Record, error)) wrong {
	return func(h *storetest.Hooked) { h.OnDue = on }
}

func committing(on func(commitCall) error) wrong {
	return func(h *storetest.Hooked) { h.OnCommit = on }
}

// found changes every answer of Read.
func found(change func(*keystore.Found)) wrong {
	return reading(func(c readCall) ([]keystore.Found, error) {
		out, err := c.Do()
		for i := range out {
			change(&out[i])
		}
		return out, err
	})
}

// paged changes the records of every page.
func paged(change func([]keystore.Record) []keystore.Record) wrong {
	return paging(func(c pageCall) ([]keystore.Record, error) {
		out, err := c.Do()
		return change(out), err
	})
}

// sorted has pages in the order of something that is made of ids.
func sorted(key func(id string) string) wrong {
	return paged(func(records []keystore.Record) []keystore.Record {
		slices.SortStableFunc(records, func(a, b keystore.Record) int { return strings.Compare(key(a.ID), key(b.ID)) })
		return records
	})
}

// filtered filters a page of all indexes, asked for with this limit.
func filtered(limit func(int) int, keeps func(index, want string) bool) wrong {
	return paging(func(c pageCall) ([]keystore.Record, error) {
		asked, index := c.Limit, c.Filter.Index
		c.Limit, c.Filter = limit(c.Limit), keystore.Filter{}
		out, err := c.Do()
		out = slices.DeleteFunc(out, func(r keystore.Record) bool { return index != nil && !keeps(r.Index, *index) })
		return out[:min(asked, len(out))], err
	})
}

// changed rewrites the changes of a commit.
func changed(change func(keystore.Change) keystore.Change) wrong {
	return committing(func(c commitCall) error {
		c.Changes = slices.Clone(c.Changes)
		for i := range c.Changes {
			c.Changes[i] = change(c.Changes[i])
		}
		return c.Do()
	})
}

// putting changes every record that is put.
func putting(change func(*keystore.Record)) wrong {
	return changed(func(c keystore.Change) keystore.Change {
		if c.Put != nil {
			p := *c.Put
			change(&p.Record)
			c.Put = &p
		}
		return c
	})
}

// adding changes every Add.
func adding(change func(*keystore.Add)) wrong {
	return changed(func(c keystore.Change) keystore.Change {
		if c.Add != nil {
			a := *c.Add
			change(&a)
			c.Add = &a
		}
		return c
	})
}

// returning has commits that fail with one error return another, or nil.
func returning(instead, failure error) wrong {
	return committing(func(c commitCall) error {
		err := c.Do()
		if errors.Is(err, failure) {
			return instead
		}
		return err
	})
}

// reordered checks the changes of a commit in another order.
func reordered(order func([]keystore.Change)) wrong {
	return committing(func(c commitCall) error {
		c.Changes = slices.Clone(c.Changes)
		order(c.Changes)
		return c.Do()
	})
}

// oneByOne commits each change on its own.
func oneByOne(h *storetest.Hooked) {
	var n atomic.Uint32
	h.OnCommit = func(c commitCall) error {
		for i, change := range c.Changes {
			part := c
			part.Changes = []keystore.Change{change}
			if i > 0 {
				binary.BigEndian.PutUint32(part.ID[12:], n.Add(1))
				time.Sleep(moment / 10)
			}
			if err := part.Do(); err != nil {
				return err
			}
		}
		return nil
	}
}

// forgetful keeps the id of a commit for as many others.
func forgetful(others int) wrong {
	return func(h *storetest.Hooked) {
		var mu sync.Mutex
		n, seen := 0, map[keystore.CommitID]int{}
		h.OnCommit = func(c commitCall) error {
			mu.Lock()
			n++
			at, again := seen[c.ID]
			again = again && n-at <= others
			if !again {
				seen[c.ID] = n
			}
			binary.BigEndian.PutUint32(c.ID[12:], uint32(n))
			mu.Unlock()
			if again {
				return nil
			}
			return c.Do()
		}
	}
}

// renamed has another id for each commit.
func renamed(h *storetest.Hooked) {
	h.OnCommit = func(c commitCall) error {
		c.ID[13] ^= 1
		return c.Do()
	}
}

// staleReads answers with what was read before.
func staleReads(h *storetest.Hooked) {
	old := map[keystore.Ref]keystore.Found{}
	h.OnRead = func(c readCall) ([]keystore.Found, error) {
		out, err := c.Do()
		for i, ref := range c.Refs[:len(out)] {
			if before, ok := old[ref]; ok {
				out[i] = before
			}
			old[ref] = out[i]
		}
		return out, err
	}
}
