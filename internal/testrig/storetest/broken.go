package storetest

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// Wrongs are ways to break a store, by what it does then.
type Wrongs map[string]func(*Hooked)

// moment is how long a broken implementation sleeps: in the bubbles of promise.CheckCases all other
// goroutines go on meanwhile, until they sleep too.
const moment = 100 * time.Microsecond

// ReadsInParts reads one ref after the other, and what is followed to after that.
func ReadsInParts(h *Hooked) {
	h.OnRead = func(c ReadCall) (out []keystore.Found, err error) {
		for _, ref := range c.Refs {
			follow := ref.Follow
			ref.Follow = ""
			found, err := c.Read(c.Ctx, ref)
			if err != nil {
				return nil, err
			}
			time.Sleep(moment / 5)
			if follow != "" && found[0].Record.Exists() {
				second, err := c.Read(c.Ctx, keystore.Ref{Partition: ref.Partition, Kind: follow, ID: found[0].Record.Index})
				if err != nil {
					return nil, err
				}
				if second[0].Record.Exists() {
					found[0].Followed = &second[0].Record
				}
			}
			out = append(out, found...)
		}
		return out, nil
	}
}

// LastWriterWins replaces a record whatever its revision is by now.
func LastWriterWins(h *Hooked) {
	var mu sync.Mutex
	h.OnCommit = func(c CommitCall) error {
		time.Sleep(moment) // so that others read the same
		mu.Lock()
		defer mu.Unlock()
		c.Changes = slices.Clone(c.Changes)
		for i, change := range c.Changes {
			if change.Put == nil || change.Put.Expect == (keystore.CommitID{}) {
				continue
			}
			if found, _ := c.Read(c.Ctx, change.Put.Record.Ref()); found[0].Record.Exists() {
				put := *change.Put
				put.Expect = found[0].Record.Rev
				c.Changes[i].Put = &put
			}
		}
		return c.Do()
	}
}

// RequiresBefore looks at what is required before the commit, not in it.
func RequiresBefore(h *Hooked) {
	h.OnCommit = func(c CommitCall) error {
		var rest []keystore.Change
		for _, change := range c.Changes {
			if change.Require == nil {
				rest = append(rest, change)
				continue
			}
			switch found, err := c.Read(c.Ctx, change.Require.Ref); {
			case err != nil:
				return err
			case found[0].Record.Rev == change.Require.Expect:
			case change.Require.Expect == (keystore.CommitID{}):
				return keystore.ErrExists
			case !found[0].Record.Exists():
				return keystore.ErrNotFound
			default:
				return keystore.ErrConflict
			}
		}
		time.Sleep(moment)
		if c.Changes = rest; len(rest) == 0 {
			return nil
		}
		return c.Do()
	}
}

// CountsBefore looks at a counter before the commit, not in it.
func CountsBefore(h *Hooked) {
	h.OnCommit = func(c CommitCall) error {
		if c.Changes[0].Add == nil || len(c.Changes) > 1 {
			return c.Do()
		}
		add := *c.Changes[0].Add
		found, err := c.Read(c.Ctx, add.Ref)
		if err != nil || keystore.CounterValue(found[0].Record)+add.Delta > add.Ceiling {
			return errors.Join(err, keystore.ErrCeiling)
		}
		time.Sleep(moment)
		add.Ceiling = 1 << 40
		c.Changes = []keystore.Change{{Add: &add}}
		return c.Do()
	}
}

// locksInOrder takes a lock for each Add, in their order, and gives up when one is
// not to be had.
func locksInOrder(h *Hooked) {
	var locks sync.Map // of keystore.Ref to *sync.Mutex
	h.OnCommit = func(c CommitCall) error {
		for _, change := range c.Changes {
			if change.Add == nil {
				continue
			}
			found, _ := locks.LoadOrStore(change.Add.Ref, &sync.Mutex{})
			l := found.(*sync.Mutex)
			for tries := 0; !l.TryLock(); tries++ {
				if time.Sleep(moment); tries == 10 {
					return errors.New("deadlock detected")
				}
			}
			defer l.Unlock()
			time.Sleep(moment)
		}
		return c.Do()
	}
}

// looksForIDBefore asks whether a commit was made before it is made.
func looksForIDBefore(h *Hooked) {
	var made sync.Map // of keystore.CommitID
	h.OnCommit = func(c CommitCall) error {
		id := c.ID
		if _, again := made.Load(id); again {
			return nil
		}
		time.Sleep(moment)
		c.ID[14], c.ID[15] = byte(rand.Uint32()), byte(rand.Uint32())
		err := c.Do()
		if err == nil {
			made.Store(id, nil)
		}
		return err
	}
}

// replacesByRemoving replaces a record in two commits.
func replacesByRemoving(h *Hooked) {
	h.OnCommit = func(c CommitCall) error {
		p := c.Changes[0].Put
		if p == nil || p.Expect == (keystore.CommitID{}) {
			return c.Do()
		}
		first := c
		first.ID[15]++
		first.Changes = []keystore.Change{{Remove: &keystore.Remove{Ref: p.Record.Ref(), Expect: p.Expect}}}
		if err := first.Do(); err != nil {
			return err
		}
		time.Sleep(moment / 10)
		c.Changes = append([]keystore.Change{keystore.Create(p.Record)}, c.Changes[1:]...)
		return c.Do()
	}
}

// ReadsStale answers every third read with what it has read before.
func ReadsStale(h *Hooked) {
	var mu sync.Mutex
	reads, old := 0, map[keystore.Ref]keystore.Found{}
	h.OnRead = func(c ReadCall) ([]keystore.Found, error) {
		out, err := c.Do()
		mu.Lock()
		defer mu.Unlock()
		reads++
		for i := range out {
			if before, ok := old[c.Refs[i]]; ok && reads%3 == 0 {
				out[i] = before
			} else {
				old[c.Refs[i]] = out[i]
			}
		}
		return out, err
	}
}

// AddsTwice makes the Adds of a commit again when it is asked again.
func AddsTwice(h *Hooked) {
	var mu sync.Mutex
	asked, sameAs := map[keystore.CommitID]byte{}, map[keystore.CommitID]keystore.CommitID{}
	h.OnCommit = func(c CommitCall) error {
		mu.Lock()
		defer mu.Unlock()
		asked[c.ID]++
		err := c.Do()
		if asked[c.ID] == 1 || err != nil {
			return err
		}
		for i, change := range c.Changes {
			if change.Add != nil {
				again := c
				again.ID[14], again.ID[15] = c.ID[14]+asked[c.ID], c.ID[15]+byte(i)
				again.Changes = []keystore.Change{change}
				sameAs[again.ID] = c.ID
				again.Do()
			}
		}
		return nil
	}
	h.OnRead = func(c ReadCall) ([]keystore.Found, error) {
		out, err := c.Do()
		mu.Lock()
		defer mu.Unlock()
		for i := range out {
			if id, ok := sameAs[out[i].Record.Rev]; ok {
				out[i].Record.Rev = id
			}
		}
		return out, err
	}
}

// LosesCommits acknowledges some commits, and makes them later.
func LosesCommits(h *Hooked) {
	h.OnCommit = func(c CommitCall) error {
		if c.ID[0]%4 != 0 {
			return c.Do()
		}
		go func() { time.Sleep(5 * moment); c.Do() }()
		return nil
	}
}

// SucceedsAt returns nil in place of an error.
func SucceedsAt(failure error) func(*Hooked) {
	return func(h *Hooked) {
		h.OnCommit = func(c CommitCall) error {
			if err := c.Do(); !errors.Is(err, failure) {
				return err
			}
			return nil
		}
	}
}
