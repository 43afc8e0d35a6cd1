package keystoretest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
)

var readCases = []testCase{
	newCase(
		"ReadAnswersEveryRef",
		promises{"Read returns the answer to each ref, in their order", "A record that is not there is no error."},
		on(func(t tester, s keystore.Store) {
			read(t, s) // of nothing
			a, b := thing("a", ""), thingAt(here, "b", noon)
			b.Index, b.Data = "index", []byte("data\x00\xff")
			a.Rev = commit(t, s, keystore.Create(a), keystore.Create(b), keystore.Count(counter("a"), 7, 10))
			b.Rev = a.Rev
			n := keystore.Record{Partition: here, Kind: "counter", ID: "a", Rev: a.Rev, Data: []byte{0, 0, 0, 0, 0, 0, 0, 7}}
			want := []keystore.Record{a, thing("none", ""), n, b}
			var refs []keystore.Ref // each many times
			for i := range 300 {
				refs = append(refs, want[i%len(want)].Ref())
			}
			for i, f := range read(t, s, refs...) {
				if r, want := f.Record, want[i%len(want)]; f.Followed != nil || r.Rev != want.Rev || r.Exists() && !sameRecord(r, want) {
					t.Errorf("to %+v the answer is %+v", refs[i], f)
				}
			}
		}),
	),
	newCase("ReadFollows", promises{"Follow, when not empty, asks for a second record as well"}, on(func(t tester, s keystore.Store) {
		alias := func(id, index string) keystore.Record {
			return keystore.Record{Partition: here, Kind: "alias", ID: id, Index: index}
		}
		commit(t, s, keystore.Create(alias("x", "a")), keystore.Create(alias("y", "gone")), keystore.Create(alias("z", "")),
			keystore.Create(thing("a", "here")), keystore.Create(thingAt(away, "a", noon)))
		for _, c := range []struct {
			id     string
			follow keystore.Kind
			there  bool
			data   string // of the record followed to; empty: there is none
		}{{"x", "", true, ""}, {"x", kind, true, "here"}, {"y", kind, true, ""}, {"z", kind, true, ""}, {"none", kind, false, ""}} {
			ref := alias(c.id, "").Ref()
			ref.Follow = c.follow
			f := read(t, s, ref)[0]
			if f.Record.Exists() != c.there || (f.Followed != nil) != (c.data != "") ||
				f.Followed != nil && string(f.Followed.Data) != c.data {
				t.Errorf("following %s to kind %q: got %+v", c.id, c.follow, f)
			}
		}
	})),
	newCase(
		"EveryByteOfAnIDCounts",
		promises{
			"1 to 512 bytes; pages are in the byte order of ids",
			"in the byte order of their ids, beginning with the first id greater than after",
		},
		on(func(t tester, s keystore.Store) {
			want := awkwardIDs()
			var records []keystore.Record
			for _, id := range want {
				records = append(records, thing(id, "of "+id))
			}
			rand.New(rand.NewPCG(1, 2)).Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
			create(t, s, records)
			for i, f := range readAll(t, s, records) {
				if r := records[i]; f.Record.ID != r.ID || !bytes.Equal(f.Record.Data, r.Data) {
					t.Errorf("id %q is read as %q with data %q", r.ID, f.Record.ID, f.Record.Data)
				}
			}
			for _, size := range []int{1, 3, 100} {
				same(t, fmt.Sprintf("pages of %d", size), walk(t, s, here, kind, all, size, nil), want)
			}
			same(t, "after an id that is not there", ids(page(t, s, here, kind, all, "m \x01", 1)), []string{"m  "})
		}),
	),
	newCase(
		"EveryByteOfAnIndexCounts",
		promises{"what Page can filter by and Read can follow; may be empty"},
		on(func(t tester, s keystore.Store) {
			var records, targets []keystore.Record
			for i, value := range awkwardIDs() {
				r := thing(fmt.Sprintf("%03d", i), "")
				r.Index = value
				records = append(records, r)
				targets = append(targets, keystore.Record{Partition: here, Kind: "target", ID: value, Data: []byte(value)})
			}
			create(t, s, records)
			create(t, s, targets)
			for _, r := range records {
				same(
					t,
					fmt.Sprintf("a page of index %q", r.Index),
					ids(page(t, s, here, kind, keystore.Filter{Index: &r.Index}, "", 10)),
					[]string{r.ID},
				)
				ref := r.Ref()
				ref.Follow = "target"
				if f := read(t, s, ref)[0]; f.Record.Index != r.Index || f.Followed == nil || f.Followed.ID != r.Index ||
					string(f.Followed.Data) != r.Index {
					t.Errorf("following index %q: %+v", r.Index, f)
				}
			}
		}),
	),
	newCase(
		"PartitionsAndKindsAreNotRunTogether",
		promises{"Partition is the account and Region that a record belongs to", "records of one kind in one partition"},
		on(func(t tester, s keystore.Store) {
			var records []keystore.Record
			for _, p := range []keystore.Partition{{Account: "1", Region: "12"}, {Account: "11", Region: "2"}, {Account: "1", Region: "1"},
				{Account: "1", Region: "1-2"}, {Account: "1-1", Region: "2"}, {Account: "1", Region: "1/2"}, {Account: "1/1", Region: "2"}} {
				for _, k := range []keystore.Kind{"k", "ka", "kab", "K"} {
					for _, id := range []string{"abc", "bc", "c", "/c", "-c", "\x00c"} {
						records = append(
							records,
							keystore.Record{Partition: p, Kind: k, ID: id, Index: "i", Due: noon, Data: fmt.Append(nil, p, k, id)},
						)
					}
				}
			}
			create(t, s, records)
			for i, f := range readAll(t, s, records) {
				if want := records[i]; f.Record.Ref() != want.Ref() || !bytes.Equal(f.Record.Data, want.Data) {
					t.Errorf("%+v is read as %+v, data %q", want.Ref(), f.Record.Ref(), f.Record.Data)
				}
			}
			want := slices.Clone(records[6:12]) // of one partition and kind
			slices.SortFunc(want, func(a, b keystore.Record) int { return strings.Compare(a.ID, b.ID) })
			for _, f := range []keystore.Filter{all, {Index: new("i")}} {
				got := page(t, s, want[0].Partition, want[0].Kind, f, "", 100)
				if !slices.EqualFunc(
					got,
					want,
					func(a, b keystore.Record) bool { return a.Ref() == b.Ref() && bytes.Equal(a.Data, b.Data) },
				) {
					t.Errorf("a page of one of them: got %+v, want %+v", got, want)
				}
			}
			if n := len(due(t, s, keystore.Partition{Account: "11", Region: "2"}, noon, 1000)); n != 24 {
				t.Errorf("%d due in one of them, want 24", n)
			}
		}),
	),
	newCase("DataOfEverySizeIsKept", promises{"the engine's own"}, on(func(t tester, s keystore.Store) {
		long := make([]byte, 1<<20)
		for i := range long {
			long[i] = byte(i ^ i>>8 ^ i>>16)
		}
		records := []keystore.Record{thingAt(here, "nil", noon)}
		for _, n := range []int{0, 1, 255, 256, 4095, 4096, 65535, 65536, 65537, 1 << 20} {
			r := thing(fmt.Sprint(n), "")
			r.Data = long[:n:n]
			records = append(records, r)
		}
		create(t, s, records)
		if p := page(t, s, here, kind, all, "9", 100); len(p) != 1 || p[0].ID != "nil" || len(p[0].Data) != 0 || !p[0].Exists() {
			t.Errorf("a page of a record without data: %+v", p)
		}
		for i, f := range readAll(t, s, records) {
			if want := records[i]; !f.Record.Exists() || !bytes.Equal(f.Record.Data, want.Data) {
				t.Errorf("%d bytes of data have become %d others", len(want.Data), len(f.Record.Data))
			}
		}
	})),
}

// sameRecord reports whether two records agree in every field; want has a Due of
// whole milliseconds.
func sameRecord(got, want keystore.Record) bool {
	return got.Ref() == want.Ref() && got.Rev == want.Rev && got.Index == want.Index && bytes.Equal(got.Data, want.Data) &&
		got.Due.Equal(want.Due)
}

// awkwardIDs are ids and indexes in their order: of every byte value, those that a
// text column, a C string or a collation would take for each other, and the longest.
func awkwardIDs() (ids []string) {
	for c := range 256 {
		ids = append(ids, string([]byte{byte(c)}), string([]byte{'m', byte(c)}))
	}
	for _, c := range []string{"\x00", "\xff", " ", "x", "é"} {
		ids = append(ids, strings.Repeat(c, keystore.MaxID/len(c)))
	}
	ids = append(ids, "\x00\x00", "m\x00\x00", "m ", "m  ", "\xff\xff", "\xff\x00", "\xc3\x28", "\xed\xa0\x80",
		"é", "e\u0301", "É", "ß", "ss", "ı", "I", "10", "9", "%", "_%", `\`, `\x00`, "''", "m'", "\u2028", "\ufeffm", "\U0010ffff")
	slices.Sort(ids)
	return slices.Compact(ids)
}

// instant is a Due and what is kept of it.
type instant struct {
	id        string
	due, kept time.Time
}

// instants are in the order in which they are due, those of one kept time by id.
func instants() []instant {
	early := time.Date(1, 1, 2, 0, 0, 0, 1e6, time.UTC)
	epoch := time.Unix(0, 0).UTC()
	last := time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC)
	return []instant{
		{"z", early, early},
		{"y", epoch.Add(-1), epoch.Add(-time.Millisecond)},
		{"w", epoch, epoch},
		{"x", epoch.Add(time.Millisecond - 1), epoch},
		{"v", epoch.Add(time.Millisecond), epoch.Add(time.Millisecond)},
		{"a", noon.Add(900 * time.Microsecond), noon},
		{"b", noon.Add(100 * time.Microsecond), noon},
		{"c", noon.In(time.FixedZone("", 7200)), noon},
		{"0", last.Add(time.Millisecond - 1), last},
	}
}
