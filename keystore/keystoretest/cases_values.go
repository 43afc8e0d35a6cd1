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

// awkwardIDs are ids and indexes of every byte value, those that a text
// column, a C string or a collation would take for each other, and the longest.
func awkwardIDs() (ids []string) {
	for c := range 256 {
		ids = append(ids, string([]byte{byte(c)}), string([]byte{'m', byte(c)}))
	}
	for _, c := range []string{"\x00", "\xff", " ", "x", "é"} {
		ids = append(ids, strings.Repeat(c, keystore.MaxID/len(c)))
	}
	return append(ids, "\x00\x00", "m\x00\x00", "m ", "m  ", "\xff\xff", "\xff\x00", "\xc3\x28", "\xed\xa0\x80",
		"é", "e\u0301", "É", "ß", "ss", "ı", "I", "10", "9", "%", "_%", `\`, `\x00`, "''", "m'", "\u2028", "\ufeffm", "\U0010ffff")
}

// create makes records in commits of a hundred.
func create(t T, s keystore.Store, records []keystore.Record) {
	t.Helper()
	for part := range slices.Chunk(records, 100) {
		var changes []keystore.Change
		for _, r := range part {
			changes = append(changes, keystore.Create(r))
		}
		commit(t, s, changes...)
	}
}

// readAll reads one record for each of these.
func readAll(t T, s keystore.Store, records []keystore.Record) []keystore.Found {
	t.Helper()
	var refs []keystore.Ref
	for _, r := range records {
		refs = append(refs, r.Ref())
	}
	found, err := s.Read(ctx, refs...)
	if err != nil || len(found) != len(refs) {
		t.Fatalf("Read of %d: %d answers, %v", len(refs), len(found), err)
	}
	return found
}

var valueCases = []Case{
	{"EveryByteOfAnIDCounts", "1 to 512 bytes; pages are in the byte order of ids", func(t T, s keystore.Store) {
		ids := slices.Compact(slices.Sorted(slices.Values(awkwardIDs())))
		var records []keystore.Record
		for _, id := range ids {
			records = append(records, thing(id, "of "+id))
		}
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		create(t, s, records)
		for i, f := range readAll(t, s, records) {
			if want := records[i]; f.Record.ID != want.ID || string(f.Record.Data) != string(want.Data) {
				t.Errorf("id %q is read as %q with data %q", want.ID, f.Record.ID, f.Record.Data)
			}
		}
		same(t, "a walk over all", walk(t, s, here, kind, keystore.Filter{}, 100, nil), ids)
		for i, id := range ids[:len(ids)-1] {
			if page, err := s.Page(ctx, here, kind, keystore.Filter{}, id, 1); err != nil || len(page) != 1 || page[0].ID != ids[i+1] {
				t.Errorf("after %q: %+v, %v, want %q", id, page, err, ids[i+1])
			}
		}
	}},
	{"EveryByteOfAnIndexCounts", "what Page can filter by and Read can follow; may be empty", func(t T, s keystore.Store) {
		values := slices.Compact(slices.Sorted(slices.Values(awkwardIDs())))
		var records, targets []keystore.Record
		for i, value := range values {
			r := thing(fmt.Sprintf("%03d", i), "")
			r.Index = value
			records = append(records, r)
			targets = append(targets, keystore.Record{Partition: here, Kind: "target", ID: value, Data: []byte(value)})
		}
		create(t, s, records)
		create(t, s, targets)
		for _, r := range records {
			page, err := s.Page(ctx, here, kind, keystore.Filter{Index: &r.Index}, "", 10)
			if err != nil || len(page) != 1 || page[0].ID != r.ID || page[0].Index != r.Index {
				t.Errorf("a page of index %q: %+v, %v, want %s alone", r.Index, page, err, r.ID)
			}
			ref := r.Ref()
			ref.Follow = "target"
			if f := read(t, s, ref); f.Record.Index != r.Index || f.Followed == nil || f.Followed.ID != r.Index || string(f.Followed.Data) != r.Index {
				t.Errorf("following index %q: %+v", r.Index, f)
			}
		}
	}},
	{"PartitionsAndKindsAreNotRunTogether", "Partition is the account and Region that a record belongs to", func(t T, s keystore.Store) {
		var records []keystore.Record
		for _, p := range []keystore.Partition{{Account: "1", Region: "12"}, {Account: "11", Region: "2"}, {Account: "1", Region: "1"}, {Account: "1", Region: "1-2"}, {Account: "1-1", Region: "2"}, {Account: "1", Region: "1/2"}, {Account: "1/1", Region: "2"}} {
			for _, k := range []keystore.Kind{"k", "ka", "kab", "K"} {
				for _, id := range []string{"abc", "bc", "c", "/c", "-c", "\x00c"} {
					records = append(records, keystore.Record{Partition: p, Kind: k, ID: id, Index: "i", Due: noon, Data: fmt.Append(nil, p, k, id)})
				}
			}
		}
		create(t, s, records)
		for i, f := range readAll(t, s, records) {
			if want := records[i]; f.Record.Ref() != want.Ref() || string(f.Record.Data) != string(want.Data) {
				t.Errorf("%+v is read as %+v, data %q", want.Ref(), f.Record.Ref(), f.Record.Data)
			}
		}
		for _, f := range []keystore.Filter{{}, {Index: new("i")}} {
			same(t, "a page of one of them", walk(t, s, keystore.Partition{Account: "1", Region: "12"}, "ka", f, 100, nil),
				[]string{"\x00c", "-c", "/c", "abc", "bc", "c"})
		}
		if n := len(due(t, s, keystore.Partition{Account: "11", Region: "2"}, noon, 1000)); n != 24 {
			t.Errorf("%d due in one of them, want 24", n)
		}
	}},
	{"DataOfEverySizeIsKept", "the engine's own", func(t T, s keystore.Store) {
		all := make([]byte, 1<<20)
		for i := range all {
			all[i] = byte(i ^ i>>8 ^ i>>16)
		}
		var records []keystore.Record
		for _, n := range []int{0, 1, 255, 256, 4095, 4096, 65535, 65536, 65537, 1 << 20} {
			r := thing(fmt.Sprint(n), "")
			r.Data = all[:n:n]
			records = append(records, r)
		}
		records = append(records, keystore.Record{Partition: here, Kind: kind, ID: "nil"})
		create(t, s, records)
		page, err := s.Page(ctx, here, kind, keystore.Filter{}, "9", 100)
		if err != nil || len(page) != 1 || page[0].ID != "nil" || len(page[0].Data) != 0 || !page[0].Exists() {
			t.Errorf("a page of a record without data: %d records, %v", len(page), err)
		}
		for i, f := range readAll(t, s, records) {
			if want := records[i]; !f.Record.Exists() || !bytes.Equal(f.Record.Data, want.Data) {
				t.Errorf("%d bytes of data have become %d others", len(want.Data), len(f.Record.Data))
			}
		}
	}},
}

// instant is a Due and what is kept of it.
type instant struct {
	id   string
	due  time.Time
	kept time.Time
}

// instants are in the order in which they are due, those of one kept time by id.
func instants() []instant {
	berlin := time.FixedZone("", 7200)
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
		{"c", noon.In(berlin), noon},
		{"0", last.Add(time.Millisecond - 1), last},
	}
}

var instantCases = []Case{
	{"DueIsCutToMilliseconds", "when the engine wants to see it again (cut to milliseconds); zero: never", func(t T, s keystore.Store) {
		var ids []string
		for _, i := range instants() {
			commit(t, s, keystore.Create(dueAt(i.id, here, i.due)))
			ids = append(ids, i.id)
		}
		commit(t, s, keystore.Create(thing("never", "")))
		for _, i := range instants() {
			if got := get(t, s, i.id).Due; !got.Equal(i.kept) || got.IsZero() {
				t.Errorf("Due %v is kept as %v, want %v", i.due, got, i.kept)
			}
		}
		if got := get(t, s, "never").Due; !got.IsZero() {
			t.Errorf("no Due is kept as %v", got)
		}
		same(t, "all that is ever due", due(t, s, here, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), 100), ids)
		if got := due(t, s, here, time.Time{}, 100); len(got) != 0 {
			t.Errorf("due before all of them: %q", got)
		}
	}},
	{"DueIsJudgedToTheMillisecond", "records whose Due is set and not after before", func(t T, s keystore.Store) {
		var ids []string
		for _, i := range instants() {
			commit(t, s, keystore.Create(dueAt(i.id, here, i.due)))
			ids = append(ids, i.id)
		}
		for n, i := range instants() {
			first := slices.IndexFunc(instants(), func(j instant) bool { return j.kept.Equal(i.kept) })
			after := first
			for after < len(ids) && instants()[after].kept.Equal(i.kept) {
				after++
			}
			same(t, fmt.Sprintf("a nanosecond before %v", i.kept), due(t, s, here, i.kept.Add(-1), 100), ids[:first])
			same(t, fmt.Sprintf("at %v", i.kept), due(t, s, here, i.kept, 100), ids[:after])
			same(t, fmt.Sprintf("at most %d", n+1), due(t, s, here, i.kept.Add(time.Millisecond-1), n+1), ids[:min(after, n+1)])
		}
	}},
}
