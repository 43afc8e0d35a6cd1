package keystoretest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync/atomic"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// race is a promise that takes several goroutines to check: those of one
// process, or of as many as there are handles.
type race struct {
	Name    string
	Promise string
	Check   func(t T, handles []keystore.Store)
}

var races = []race{
	{"SnapshotsSeeNoHalfCommit", "out of one snapshot: no commit is seen by half.", snapshotsSeeNoHalfCommit},
	{"FollowingIsOneSnapshot", "An alias is followed to its key in the same snapshot.", followingIsOneSnapshot},
	{"NoUpdateIsLost", "another revision ErrConflict", noUpdateIsLost},
	{"OneOfACrowdWins", "Expect is the revision that the record must have; zero means that it must not exist (else ErrExists).", oneOfACrowdWins},
	{"RequiredRecordsStay", "Commit judges all changes against the same state", requiredRecordsStay},
	{"CeilingsHoldInACrowd", "The commit fails with ErrCeiling if the value would", ceilingsHoldInACrowd},
	{"CountersStayInTheirBounds", "fall below zero or, for a positive Delta, rise above Ceiling.", countersStayInTheirBounds},
	{"ChangesComeInAnyOrder", "Commit judges all changes against the same state, in any number of partitions, and applies all of them or none.", changesComeInAnyOrder},
	{"OneCommitIDForACrowd", "A commit that has taken effect takes effect once", oneCommitIDForACrowd},
}

// The races on one handle.
var crowdCases, linearCases = alone(races), alone(linearRaces)

func alone(races []race) (cases []Case) {
	for _, r := range races {
		cases = append(cases, Case{r.Name, r.Promise, func(t T, s keystore.Store) { r.Check(t, []keystore.Store{s}) }})
	}
	return cases
}

// The same races on two handles.
var crowdsOfTwo, linearOfTwo = ofTwo(races), ofTwo(linearRaces)

func ofTwo(races []race) (cases []KindCase) {
	for _, r := range races {
		cases = append(cases, KindCase{r.Name + "OnTwoHandles", r.Promise, NeedsSecond, func(t T, b *Bench) {
			first := b.Open()
			r.Check(t, []keystore.Store{first, b.Second(first)})
		}})
	}
	return cases
}

// snapshotsSeeNoHalfCommit writes one number to six partitions in each commit.
func snapshotsSeeNoHalfCommit(t T, handles []keystore.Store) {
	var records []keystore.Record
	for i := range 6 {
		r := thing("a", "0")
		r.Partition.Account = fmt.Sprintf("%012d", i)
		records = append(records, r)
	}
	create(t, handles[0], records)
	var refs []keystore.Ref
	for _, r := range records {
		refs = append(refs, r.Ref())
	}
	refs = append(refs, counter("n"))
	writer := handles[len(handles)-1]
	until(3, func() {
		for i := range few(snapshots) {
			changes := []keystore.Change{keystore.Count(counter("n"), 1, 1<<40)}
			for _, f := range readAll(t, writer, records) {
				changes = append(changes, keystore.Replace(with(f.Record, strconv.Itoa(i+1))))
			}
			commit(t, writer, changes...)
		}
	}, func() bool {
		found, err := handles[0].Read(ctx, refs...)
		if err != nil || len(found) != len(refs) {
			t.Errorf("Read: %d answers, %v", len(found), err)
			return false
		}
		n := keystore.CounterValue(found[6].Record)
		for _, f := range found[:6] {
			if string(f.Record.Data) != strconv.FormatInt(n, 10) {
				t.Errorf("in one snapshot, a record of commit %s and a counter of commit %d", f.Record.Data, n)
				return false
			}
		}
		return true
	})
}

// followingIsOneSnapshot has an alias point to another key in each commit,
// which also removes the key before it.
func followingIsOneSnapshot(t T, handles []keystore.Store) {
	alias := keystore.Record{Partition: here, Kind: "alias", ID: "x", Index: "k0", Data: []byte("0")}
	commit(t, handles[0], keystore.Create(alias), keystore.Create(thing("k0", "0")))
	writer := handles[len(handles)-1]
	until(3, func() {
		for i := range few(snapshots) {
			old := read(t, writer, keystore.Ref{Partition: here, Kind: "alias", ID: "x", Follow: kind})
			n := strconv.Itoa(i + 1)
			moved := with(old.Record, n)
			moved.Index = "k" + n
			commit(t, writer, keystore.Replace(moved), keystore.Create(thing("k"+n, n)), keystore.Erase(get(t, writer, old.Record.Index)))
		}
	}, func() bool {
		found, err := handles[0].Read(ctx, keystore.Ref{Partition: here, Kind: "alias", ID: "x", Follow: kind})
		if err != nil || len(found) != 1 || found[0].Followed == nil || string(found[0].Followed.Data) != string(found[0].Record.Data) {
			t.Errorf("following found %+v, %v", found, err)
			return false
		}
		return true
	})
}

// noUpdateIsLost has everybody append to one record.
func noUpdateIsLost(t T, handles []keystore.Store) {
	commit(t, handles[0], keystore.Create(thing("a", "")))
	each := few(4)
	crowd(crowdSize, func(i int) {
		s := handles[i%len(handles)]
		for done := 0; done < each; {
			found, err := s.Read(ctx, thing("a", "").Ref())
			if err != nil {
				t.Errorf("Read: %v", err)
				return
			}
			r := found[0].Record
			switch err := s.Commit(ctx, newID(), keystore.Replace(with(r, string(r.Data)+"x"))); {
			case err == nil:
				done++
			case !errors.Is(err, keystore.ErrConflict):
				t.Errorf("Commit: %v", err)
				return
			}
		}
	})
	if n := len(get(t, handles[0], "a").Data); n != crowdSize*each {
		t.Errorf("%d of %d updates are there", n, crowdSize*each)
	}
}

// contest has a crowd ask for changes of which one can be made, and is that
// one's place in the crowd. The others must fail with this error.
func contest(t T, handles []keystore.Store, size int, loses error, change func(i int) []keystore.Change) (winner int, id keystore.CommitID) {
	t.Helper()
	errs, ids := make([]error, size), make([]keystore.CommitID, size)
	start := make(chan struct{})
	crowd(size, func(i int) {
		ids[i] = newID()
		if i == size-1 {
			close(start)
		}
		<-start
		errs[i] = handles[i%len(handles)].Commit(ctx, ids[i], change(i)...)
	})
	winners := 0
	for i, err := range errs {
		if err == nil {
			winners++
			winner = i
		} else if !errors.Is(err, loses) {
			t.Errorf("who comes too late: got %v, want %v", err, loses)
		}
	}
	if winners != 1 {
		t.Fatalf("%d of %d have won", winners, size)
	}
	return winner, ids[winner]
}

// oneOfACrowdWins has everybody create, replace and remove the same record.
func oneOfACrowdWins(t T, handles []keystore.Store) {
	for range few(rounds) {
		check := func(what string, winner int, id keystore.CommitID) keystore.Record {
			r := get(t, handles[0], "a")
			if string(r.Data) != what+strconv.Itoa(winner) || r.Rev != id {
				t.Errorf("%s is of %d (%x), but the record is %+v", what, winner, id, r)
			}
			return r
		}
		winner, id := contest(t, handles, 8, keystore.ErrExists, func(i int) []keystore.Change {
			return []keystore.Change{keystore.Create(thing("a", "created by "+strconv.Itoa(i)))}
		})
		r := check("created by ", winner, id)
		winner, id = contest(t, handles, 8, keystore.ErrConflict, func(i int) []keystore.Change {
			return []keystore.Change{keystore.Replace(with(r, "replaced by "+strconv.Itoa(i)))}
		})
		r = check("replaced by ", winner, id)
		contest(t, handles, 8, keystore.ErrNotFound, func(int) []keystore.Change { return []keystore.Change{keystore.Erase(r)} })
	}
}

// requiredRecordsStay has two write what the other requires unchanged: both
// cannot be judged against the same state.
func requiredRecordsStay(t T, handles []keystore.Store) {
	for n := range few(rounds) {
		a, b := thing(fmt.Sprintf("a%d", n), ""), thing(fmt.Sprintf("b%d", n), "")
		contest(t, handles, 2, keystore.ErrExists, func(i int) []keystore.Change {
			if i == 0 {
				return []keystore.Change{keystore.Unchanged(a), keystore.Create(b)}
			}
			return []keystore.Change{keystore.Unchanged(b), keystore.Create(a)}
		})
		a, b = thing(fmt.Sprintf("c%d", n), ""), thing(fmt.Sprintf("d%d", n), "")
		a.Rev = commit(t, handles[0], keystore.Create(a), keystore.Create(b))
		b.Rev = a.Rev
		contest(t, handles, 2, keystore.ErrConflict, func(i int) []keystore.Change {
			if i == 0 {
				return []keystore.Change{keystore.Unchanged(a), keystore.Replace(b)}
			}
			return []keystore.Change{keystore.Replace(a), keystore.Unchanged(b)}
		})
	}
}

// ceilingsHoldInACrowd has a crowd ask for twice as much as there is.
func ceilingsHoldInACrowd(t T, handles []keystore.Store) {
	ceiling := int64(crowdSize * few(12) / 2)
	var taken atomic.Int64
	until(1, func() {
		crowd(crowdSize, func(i int) {
			for range few(12) {
				switch err := handles[i%len(handles)].Commit(ctx, newID(), keystore.Count(counter("n"), 1, ceiling)); {
				case err == nil:
					taken.Add(1)
				case !errors.Is(err, keystore.ErrCeiling):
					t.Errorf("Commit: %v", err)
				}
			}
		})
	}, func() bool { return between(t, handles[0], ceiling) })
	if n := value(t, handles[0], "n"); n != ceiling || taken.Load() != ceiling {
		t.Errorf("%d tries below a ceiling of %d: %d taken, the counter at %d", 2*ceiling, ceiling, taken.Load(), n)
	}
}

// between says whether the counter is where it may be.
func between(t T, s keystore.Store, ceiling int64) bool {
	found, err := s.Read(ctx, counter("n"))
	if err != nil {
		t.Errorf("Read: %v", err)
		return false
	}
	n := keystore.CounterValue(found[0].Record)
	if n < 0 || n > ceiling {
		t.Errorf("a counter between 0 and %d is at %d", ceiling, n)
	}
	return n >= 0 && n <= ceiling
}

// countersStayInTheirBounds has a crowd move a counter up and down.
func countersStayInTheirBounds(t T, handles []keystore.Store) {
	const ceiling, step = 10, 3
	var moved atomic.Int64
	until(1, func() {
		crowd(crowdSize, func(i int) {
			random := rand.New(rand.NewPCG(5, uint64(i)))
			for range few(8) {
				delta := int64(step * (1 - 2*random.IntN(2)))
				switch err := handles[i%len(handles)].Commit(ctx, newID(), keystore.Count(counter("n"), delta, ceiling)); {
				case err == nil:
					moved.Add(delta)
				case !errors.Is(err, keystore.ErrCeiling):
					t.Errorf("Commit: %v", err)
				}
			}
		})
	}, func() bool { return between(t, handles[0], ceiling) })
	if n := value(t, handles[0], "n"); n != moved.Load() {
		t.Errorf("the counter was moved to %d and is at %d", moved.Load(), n)
	}
}

// changesComeInAnyOrder has a crowd move the same new counters and write
// records of their own, in orders that would have locks wait for each other.
func changesComeInAnyOrder(t T, handles []keystore.Store) {
	turns := few(6)
	for n := range turns {
		crowd(crowdSize/2, func(i int) {
			var changes []keystore.Change
			for c := range 4 {
				ref := counter(fmt.Sprintf("%d of %d", c, n))
				ref.Partition.Account = fmt.Sprintf("%012d", c)
				changes = append(changes, keystore.Count(ref, 1, 1000))
			}
			changes = append(changes, keystore.Create(thing(fmt.Sprintf("%d of %d", i, n), "")))
			rand.Shuffle(len(changes), func(i, j int) { changes[i], changes[j] = changes[j], changes[i] })
			if err := handles[i%len(handles)].Commit(ctx, newID(), changes...); err != nil {
				t.Errorf("a commit that nothing forbids: %v", err)
			}
		})
		for c := range 4 {
			ref := counter(fmt.Sprintf("%d of %d", c, n))
			ref.Partition.Account = fmt.Sprintf("%012d", c)
			if got := keystore.CounterValue(read(t, handles[0], ref).Record); got != crowdSize/2 {
				t.Errorf("%d commits have moved a counter to %d", crowdSize/2, got)
			}
		}
	}
	if got := len(walk(t, handles[0], here, kind, keystore.Filter{}, 100, nil)); got != turns*crowdSize/2 {
		t.Errorf("%d records of %d commits", got, turns*crowdSize/2)
	}
}

// oneCommitIDForACrowd has a crowd ask for one commit, first all for the same
// changes, then each for others.
func oneCommitIDForACrowd(t T, handles []keystore.Store) {
	ask := func(change func(i int) keystore.Change) {
		id, start := newID(), make(chan struct{})
		crowd(8, func(i int) {
			if i == 7 {
				close(start)
			}
			<-start
			if err := handles[i%len(handles)].Commit(ctx, id, change(i), keystore.Count(counter("n"), 1, 1<<40)); err != nil {
				t.Errorf("asked by a crowd: %v", err)
			}
		})
	}
	for n := range few(rounds) {
		ask(func(int) keystore.Change { return keystore.Create(thing(fmt.Sprint("same", n), "")) })
		ask(func(i int) keystore.Change { return keystore.Create(thing(fmt.Sprint("other", n, ".", i), "")) })
		if got, want := value(t, handles[0], "n"), int64(2*n+2); got != want {
			t.Fatalf("%d commits have moved a counter to %d", want, got)
		}
	}
	if got, want := len(walk(t, handles[0], here, kind, keystore.Filter{}, 100, nil)), 2*few(rounds); got != want {
		t.Errorf("%d commits have made %d records", want, got)
	}
}
