package pgstore

import (
	"bytes"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig/pgcluster"
	"github.com/seed748fb4d1/apcsim/internal/testrig/storetest"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// TestKeysHaveTheOrderOfIdsOnTheirShelf: the keys of a shelf are together, between what they begin with and its end.
func TestKeysHaveTheOrderOfIdsOnTheirShelf(t *testing.T) {
	refs := []keystore.Ref{}
	long := strings.Repeat("\xff", maxName)
	for _, names := range [][3]string{{"1", "us", "k"}, {"1", "u", "sk"}, {"1u", "s", "k"}, {"1", "us", "kk"}, {"", "1us", "k"},
		{"1us", "", "k"}, {"1", "us", "k\xff"}, {long, "us", long}} {
		for _, id := range []string{"", "\x00", "a", "a\x00", "a\xff", "ab", "b", "\xff", "\xff\xff"} {
			p := keystore.Partition{Account: names[0], Region: names[1]}
			refs = append(refs, keystore.Ref{Partition: p, Kind: keystore.Kind(names[2]), ID: id})
		}
	}
	for _, ref := range refs {
		at := shelf(ref.Partition, ref.Kind)
		if p, kind := parted(key(&ref)); p != ref.Partition || kind != ref.Kind {
			t.Errorf("%+v: the key is of %+v and %q", ref, p, kind)
		}
		for _, other := range refs {
			k := key(&other)
			there := other.Partition == ref.Partition && other.Kind == ref.Kind
			if here := bytes.Compare(k, at) >= 0 && bytes.Compare(k, end(at)) < 0; here != there {
				t.Errorf("the key %x of %+v is on the shelf of %+v: %t", k, other, ref, here)
			}
			if there && bytes.Compare(key(&ref), k) != strings.Compare(ref.ID, other.ID) {
				t.Errorf("the ids %q and %q have keys of another order", ref.ID, other.ID)
			}
			if bytes.Equal(key(&ref), k) != (ref == other) {
				t.Errorf("%+v and %+v have the key %x", ref, other, k)
			}
		}
	}
}

func TestANameThatIsTooLongIsInNoKey(t *testing.T) {
	name := strings.Repeat("x", 600)
	for long := maxName + 1; long <= len(name); long++ {
		for short := range maxName + 1 {
			k := place(keystore.Partition{Account: name[:short]})
			if bytes.HasPrefix(place(keystore.Partition{Account: name[:long]}), k[:1+short]) {
				t.Errorf("the key of a name of %d bytes begins as that of one of %d", long, short)
			}
		}
	}
}

// TestIndexedKeysKeepIndexAndIDApart: an index and an id that follow each other are no other index and id.
func TestIndexedKeysKeepIndexAndIDApart(t *testing.T) {
	at := shelf(keystore.Partition{Account: "1"}, "k")
	room := append(make([]byte, 0, 200), at...) // a shelf with room behind it, which indexed must not use
	first := indexed(room, "ab")
	second := indexed(room, "xy")
	if !bytes.HasSuffix(first, []byte("\x00\x02ab")) || !bytes.HasSuffix(second, []byte("\x00\x02xy")) || !bytes.HasPrefix(first, at) {
		t.Errorf("got %x and %x", first, second)
	}
	seen := map[string][2]string{}
	for _, pair := range [][2]string{{"", "ab"}, {"a", "b"}, {"ab", ""}, {"", ""}, {"\x00", "ab"}, {strings.Repeat("a", 256), ""},
		{"", strings.Repeat("a", 256)}} {
		k := string(indexed(at, pair[0])) + pair[1]
		if other, ok := seen[k]; ok {
			t.Errorf("%q and %q have the key %x", pair, other, k)
		}
		seen[k] = pair
	}
}

func TestTheEndIsAfterAllThatBeginTheSame(t *testing.T) {
	for begin, want := range map[string]string{"a": "b", "a\xff": "b", "a\xff\xff": "b", "a\x00": "a\x01", "\xfe\xff": "\xff"} {
		given := []byte(begin)
		if got := end(given); string(got) != want || string(given) != begin {
			t.Errorf("%x: got %x, want %x (and the argument is %x)", begin, got, want, given)
		}
	}
	if got := slices.Concat(end([]byte("\xff\xff")), end(nil)); got != nil {
		t.Errorf("nothing is after bytes 255 alone: got %x", got)
	}
}

func TestLongestNames(t *testing.T) {
	_, url := pgcluster.MustShared(t).Fresh(t)
	s := open(t, url, nil)
	full := func(n int) string { // no index can make it smaller
		b := make([]byte, n)
		rand.Read(b)
		return string(b)
	}
	r := keystore.Record{
		Partition: keystore.Partition{Account: full(254), Region: full(254)},
		Kind:      keystore.Kind(full(254)),
		ID:        full(512),
		Index:     full(512),
		Due:       noon,
	}
	create(t, s, r)
	if got := get(t, s, r.Ref()); got.Index != r.Index || got.ID != r.ID {
		t.Errorf("got %+v", got)
	}
	if due, err := s.Due(t.Context(), r.Partition, noon, 1); err != nil || len(due) != 1 || due[0].Kind != r.Kind ||
		due[0].Partition != r.Partition {
		t.Errorf("due: %+v, %v", due, err)
	}
	r.Kind += "x"
	if err := s.Commit(t.Context(), storetest.NewID(), keystore.Create(r)); !errors.Is(err, keystore.ErrInvalid) {
		t.Errorf("a kind of 255 bytes: %v", err)
	}
	if got := get(t, s, r.Ref()); got.Exists() {
		t.Errorf("it is there: %+v", got)
	}
}
