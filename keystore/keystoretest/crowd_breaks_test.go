package keystoretest_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// moment is long enough for others to come in between.
const moment = 100 * time.Microsecond

// inParts reads one ref after the other, and what is followed to after that.
func inParts(b *broken) {
	b.read = func(ctx context.Context, refs []keystore.Ref) (out []keystore.Found, err error) {
		for _, ref := range refs {
			follow := ref.Follow
			ref.Follow = ""
			found, err := b.Store.Read(ctx, ref)
			if err != nil {
				return nil, err
			}
			time.Sleep(moment / 5)
			if follow != "" && found[0].Record.Exists() {
				second, err := b.Store.Read(ctx, keystore.Ref{Partition: ref.Partition, Kind: follow, ID: found[0].Record.Index})
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

// lastWriterWins replaces a record whatever its revision is by now.
func lastWriterWins(b *broken) {
	var mu sync.Mutex
	b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
		time.Sleep(moment) // so that others read the same
		mu.Lock()
		defer mu.Unlock()
		now := make([]keystore.Change, len(changes))
		for i, c := range changes {
			if now[i] = c; c.Put != nil && c.Put.Expect != (keystore.CommitID{}) {
				found, _ := b.Store.Read(ctx, c.Put.Record.Ref())
				if found[0].Record.Exists() {
					put := *c.Put
					put.Expect = found[0].Record.Rev
					now[i].Put = &put
				}
			}
		}
		return b.Store.Commit(ctx, id, now...)
	}
}

// requiresBefore looks at what is required before the commit, not in it.
func requiresBefore(b *broken) {
	b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
		var rest []keystore.Change
		for _, c := range changes {
			if c.Require == nil {
				rest = append(rest, c)
				continue
			}
			switch found, err := b.Store.Read(ctx, c.Require.Ref); {
			case err != nil:
				return err
			case found[0].Record.Rev == c.Require.Expect:
			case c.Require.Expect == (keystore.CommitID{}):
				return keystore.ErrExists
			default:
				return keystore.ErrConflict
			}
		}
		time.Sleep(moment)
		return b.Store.Commit(ctx, id, rest...)
	}
}

// countsBefore looks at a counter before the commit, not in it.
func countsBefore(b *broken) {
	b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
		add := *changes[0].Add
		found, err := b.Store.Read(ctx, add.Ref)
		if err != nil || keystore.CounterValue(found[0].Record)+add.Delta > add.Ceiling {
			return errors.Join(err, keystore.ErrCeiling)
		}
		time.Sleep(moment)
		add.Ceiling = 1 << 40
		return b.Store.Commit(ctx, id, keystore.Change{Add: &add})
	}
}

// locksInOrder takes a lock for each change, in their order, and gives up when
// one is not to be had.
func locksInOrder(b *broken) {
	var mu sync.Mutex
	locks := map[keystore.Ref]*sync.Mutex{}
	b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
		for _, c := range changes {
			if c.Add == nil {
				continue
			}
			mu.Lock()
			l := locks[c.Add.Ref]
			if l == nil {
				l = &sync.Mutex{}
				locks[c.Add.Ref] = l
			}
			mu.Unlock()
			for tries := 0; !l.TryLock(); tries++ {
				if time.Sleep(moment); tries == 10 {
					return errors.New("deadlock detected")
				}
			}
			defer l.Unlock()
			time.Sleep(moment)
		}
		return b.Store.Commit(ctx, id, changes...)
	}
}

// looksForIDBefore asks whether a commit was made before it is made.
func looksForIDBefore(b *broken) {
	var mu sync.Mutex
	made := map[keystore.CommitID]bool{}
	b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
		mu.Lock()
		again := made[id]
		mu.Unlock()
		if again {
			return nil
		}
		time.Sleep(moment)
		alias := id
		alias[14], alias[15] = byte(rand.Uint32()), byte(rand.Uint32())
		err := b.Store.Commit(ctx, alias, changes...)
		mu.Lock()
		defer mu.Unlock()
		made[id] = made[id] || err == nil
		return err
	}
}

// replacesByRemoving replaces a record in two commits.
func replacesByRemoving(b *broken) {
	b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
		p := changes[0].Put
		if p == nil || p.Expect == (keystore.CommitID{}) {
			return b.Store.Commit(ctx, id, changes...)
		}
		first := id
		first[15]++
		if err := b.Store.Commit(ctx, first, keystore.Change{Remove: &keystore.Remove{Ref: p.Record.Ref(), Expect: p.Expect}}); err != nil {
			return err
		}
		time.Sleep(moment / 10)
		return b.Store.Commit(ctx, id, append([]keystore.Change{keystore.Create(p.Record)}, changes[1:]...)...)
	}
}

var crowdBreaks = map[string]wrongs{
	"SnapshotsSeeNoHalfCommit": {"reads one after the other": inParts, "commits each change on its own": oneByOne},
	"FollowingIsOneSnapshot":   {"follows in a second read": inParts},
	"NoUpdateIsLost":           {"lets the last writer win": lastWriterWins},
	"OneOfACrowdWins": {
		"lets the last writer win":     lastWriterWins,
		"finds a failed creation good": excused(keystore.ErrExists, nil),
		"finds a failed removal good":  excused(keystore.ErrNotFound, nil),
	},
	"RequiredRecordsStay":       {"looks at what is required before": requiresBefore},
	"CeilingsHoldInACrowd":      {"looks at the counter before": countsBefore},
	"CountersStayInTheirBounds": {"finds a failed Add good": excused(keystore.ErrCeiling, nil), "looks at the counter before": countsBefore},
	"ChangesComeInAnyOrder":     {"takes locks in their order": locksInOrder},
	"OneCommitIDForACrowd":      {"looks for the id before": looksForIDBefore},
	"PagesWhileOthersWrite":     {"replaces by removing": replacesByRemoving},
}

// stale answers every few reads with what it has read before.
func stale(every int) func(*broken) {
	return func(b *broken) {
		var mu sync.Mutex
		reads, old := 0, map[keystore.Ref]keystore.Found{}
		b.read = func(ctx context.Context, refs []keystore.Ref) ([]keystore.Found, error) {
			out, err := b.Store.Read(ctx, refs...)
			mu.Lock()
			defer mu.Unlock()
			reads++
			for i := range out {
				if before, ok := old[refs[i]]; ok && reads%every == 0 {
					out[i] = before
				} else {
					old[refs[i]] = out[i]
				}
			}
			return out, err
		}
	}
}

// addsTwice makes the Adds of a commit again when it is asked again.
func addsTwice(b *broken) {
	var mu sync.Mutex
	asked := map[keystore.CommitID]int{}
	b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
		mu.Lock()
		asked[id]++
		times := asked[id]
		mu.Unlock()
		err := b.Store.Commit(ctx, id, changes...)
		if times == 1 || err != nil {
			return err
		}
		for i, c := range changes {
			if c.Add != nil {
				again := id
				again[14], again[15] = again[14]+byte(times), again[15]+byte(i)
				sameAs.Store(again, id)
				b.Store.Commit(ctx, again, c)
			}
		}
		return nil
	}
	b.read = func(ctx context.Context, refs []keystore.Ref) ([]keystore.Found, error) {
		out, err := b.Store.Read(ctx, refs...)
		for i := range out {
			if id, ok := sameAs.Load(out[i].Record.Rev); ok {
				out[i].Record.Rev = id.(keystore.CommitID)
			}
		}
		return out, err
	}
}

// sameAs has the ids of what addsTwice does again, for all handles.
var sameAs sync.Map

// loses says of some commits that they took effect, and makes them later.
func loses(b *broken) {
	b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
		if id[0]%4 != 0 {
			return b.Store.Commit(ctx, id, changes...)
		}
		go func() {
			time.Sleep(5 * moment)
			b.Store.Commit(ctx, id, changes...)
		}()
		return nil
	}
}

var linearBreaks = map[string]wrongs{
	"HistoriesAreLinearizable": {
		"reads what was":                   stale(3),
		"reads one after the other":        inParts,
		"lets the last writer win":         lastWriterWins,
		"looks at what is required before": requiresBefore,
		"makes a commit after it returned": loses,
		"adds twice":                       addsTwice,
	},
	"HistoriesWithLostAnswersAreLinearizable": {
		"adds twice":     addsTwice,
		"reads what was": stale(3),
	},
}
