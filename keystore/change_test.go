package keystore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

// TestACommitNamesARecordOnce, whether it is so short that it is walked or not, and whatever the kinds of the changes.
func TestACommitNamesARecordOnce(t *testing.T) {
	place := Partition{Account: "111122223333", Region: "us-east-1"}
	id := CommitID{1}
	for _, n := range []int{2, 3, 15, 16, 17, 40} {
		var changes []Change
		for i := range n {
			changes = append(changes, Create(Record{Partition: place, Kind: "key", ID: fmt.Sprint(i)}))
		}
		if err := WellFormed(id, changes); err != nil {
			t.Errorf("%d changes: %v", n, err)
		}
		for i := range n - 1 {
			last := changes[n-1]
			ref := Ref{Partition: place, Kind: "key", ID: fmt.Sprint(i), Follow: "alias"} // names the same record
			for _, again := range []Change{Create(Record{Partition: place, Kind: "key", ID: ref.ID}), Count(ref, 1, 1),
				{Require: &Require{Ref: ref}}, {Remove: &Remove{Ref: ref, Expect: id}}} {
				changes[n-1] = again
				if err := WellFormed(id, changes); !errors.Is(err, ErrInvalid) ||
					!strings.Contains(err.Error(), "key "+ref.ID+" is named twice") {
					t.Errorf("%d changes, the last names that of %d: got %v, want %v", n, i, err, ErrInvalid)
				}
			}
			changes[n-1] = last
		}
		elsewhere := Partition{Account: place.Account}
		for _, other := range []Ref{{Partition: place, Kind: "alias", ID: "0"}, {Partition: elsewhere, Kind: "key", ID: "0"}} {
			if err := WellFormed(id, append(changes, Count(other, 1, 1))); err != nil {
				t.Errorf("%d changes and one of another record: %v", n, err)
			}
		}
	}
}

func TestCommitsThatNoStoreCouldMakeAreRefused(t *testing.T) {
	long := strings.Repeat("x", MaxID+1)
	r := Record{Kind: "key", ID: "a"}
	for what, changes := range map[string][]Change{
		"none":             {},
		"an empty change":  {{}},
		"two in one":       {{Put: &Put{Record: r}, Require: &Require{Ref: r.Ref()}}},
		"no id":            {Create(Record{Kind: "key"})},
		"no kind":          {Create(Record{ID: "a"})},
		"a long id":        {Create(Record{Kind: "key", ID: long})},
		"a long index":     {Create(Record{Kind: "key", ID: "a", Index: long})},
		"removes nothing":  {Erase(r)},
		"the second wrong": {Create(Record{Kind: "key", ID: "b"}), Erase(r)},
	} {
		if err := WellFormed(CommitID{1}, changes); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %v, want %v", what, err, ErrInvalid)
		}
	}
	if err := WellFormed(CommitID{}, []Change{Create(r)}); !errors.Is(err, ErrInvalid) {
		t.Errorf("no id of the commit: got %v, want %v", err, ErrInvalid)
	}
	longest := Record{Kind: "key", ID: long[:MaxID], Index: long[:MaxID]}
	if err := WellFormed(CommitID{1}, []Change{Create(longest)}); err != nil {
		t.Errorf("names of %d bytes: %v", MaxID, err)
	}
}

func TestAChangeIsCheckedAgainstTheRevision(t *testing.T) {
	r, one, two, none := Record{Kind: "key", ID: "a"}, CommitID{1}, CommitID{2}, CommitID{}
	known := r
	known.Rev = one
	for what, c := range map[string]struct {
		change  Change
		have    CommitID
		counter bool
		value   int64
		want    error
	}{
		"create":                         {Create(r), none, false, 0, nil},
		"create what is there":           {Create(r), one, false, 0, ErrExists},
		"replace":                        {Replace(known), one, false, 0, nil},
		"replace what was changed":       {Replace(known), two, false, 0, ErrConflict},
		"replace what is gone":           {Replace(known), none, false, 0, ErrNotFound},
		"erase what was changed":         {Erase(known), two, false, 0, ErrConflict},
		"unchanged":                      {Unchanged(known), one, false, 0, nil},
		"still absent":                   {Unchanged(r), one, false, 0, ErrExists},
		"an unchanged counter":           {Unchanged(known), one, true, 5, nil},
		"a counter replaced":             {Replace(known), one, true, 5, ErrInvalid},
		"a record counted":               {Count(r.Ref(), 1, 10), one, false, 0, ErrInvalid},
		"up to the ceiling":              {Count(r.Ref(), 5, 10), one, true, 5, nil},
		"above the ceiling":              {Count(r.Ref(), 6, 10), one, true, 5, ErrCeiling},
		"down to zero":                   {Count(r.Ref(), -5, 10), one, true, 5, nil},
		"below zero":                     {Count(r.Ref(), -6, 10), one, true, 5, ErrCeiling},
		"down, still above the ceiling":  {Count(r.Ref(), -1, 10), one, true, 50, nil},
		"the first, below zero":          {Count(r.Ref(), -1, 10), none, false, 0, ErrCeiling},
		"nothing added above a ceiling":  {Count(r.Ref(), 0, 10), one, true, 50, nil},
		"more than a number holds":       {Count(r.Ref(), 1, math.MaxInt64), one, true, math.MaxInt64, ErrCeiling},
		"much more than a number holds":  {Count(r.Ref(), math.MaxInt64, math.MaxInt64), one, true, math.MaxInt64, ErrCeiling},
		"as much as a number holds":      {Count(r.Ref(), 1, math.MaxInt64), one, true, math.MaxInt64 - 1, nil},
		"the least number, below zero":   {Count(r.Ref(), math.MinInt64, 10), one, true, 5, ErrCeiling},
		"the least number, to much less": {Count(r.Ref(), math.MinInt64, 10), one, true, math.MaxInt64, ErrCeiling},
	} {
		if err := c.change.Check(c.have, c.counter, c.value); !errors.Is(err, c.want) || err != nil && !strings.Contains(err.Error(), "key a") {
			t.Errorf("%s: got %v, want %v", what, err, c.want)
		}
	}
}

func TestCounterValuesAreEightBytes(t *testing.T) {
	for data, want := range map[string]int64{
		"": 0, "\x05": 0, "\x00\x00\x00\x00\x00\x00\x01\x02": 258, "\x7f\xff\xff\xff\xff\xff\xff\xff": math.MaxInt64,
		"\x00\x00\x00\x00\x00\x00\x00\x01\x02": 0,
	} {
		if got := CounterValue(Record{Data: []byte(data)}); got != want {
			t.Errorf("%x: got %d, want %d", data, got, want)
		}
	}
}

// TestALogOfCommitsHasTheLastThousand and has room for no more than two generations.
func TestALogOfCommitsHasTheLastThousand(t *testing.T) {
	var log commitLog
	id := func(n int) (out CommitID) {
		binary.BigEndian.PutUint32(out[:], uint32(n))
		return out
	}
	for n := 1; n <= 5*generation; n++ {
		if !log.add(id(n)) {
			t.Fatalf("commit %d is new, and was taken for one of the last", n)
		}
		if n%97 == 0 { // failed after all, and is asked again
			log.remove(id(n))
			if !log.add(id(n)) {
				t.Fatalf("commit %d was removed, and is still there", n)
			}
		}
		for _, before := range []int{0, 1, 999, 1000} {
			if n > before && log.add(id(n-before)) {
				t.Fatalf("after commit %d that of %d before is forgotten", n, before)
			}
		}
		if kept := len(log.young) + len(log.old); kept > 2*generation {
			t.Fatalf("after %d commits %d are kept, want at most %d", n, kept, 2*generation)
		}
	}
	if !log.add(id(1)) {
		t.Error("the first commit is never forgotten")
	}
}
