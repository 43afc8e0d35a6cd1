package boltstore_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/keystore/boltstore"
)

// sound is the bytes of a store with some of everything, and what is in it.
func sound(t testing.TB) (file []byte, records []keystore.Record) {
	path := filepath.Join(t.TempDir(), "sound")
	s := open(t, path)
	fill(t, s, 300, func(i int) string { return fmt.Sprintf("%05d", i) })
	for n := range uint64(40) {
		r := random()
		r.ID, r.Due = fmt.Sprintf("due%d", n), time.Unix(int64(n), 0).UTC()
		if err := s.Commit(ctx, number(1<<20+n), keystore.Create(r), keystore.Count(shared, 1, 100)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return file, all(t, open(t, path))
}

func all(t testing.TB, s *boltstore.Store) []keystore.Record {
	t.Helper()
	page, err := s.Page(ctx, place, "key", keystore.Filter{}, "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// use calls everything of a store that may be damaged. Only errors are
// allowed, and of the store's own making.
func use(t testing.TB, s *boltstore.Store) {
	_, pageErr := s.Page(ctx, place, "key", keystore.Filter{}, "", 1000)
	_, indexErr := s.Page(ctx, place, "key", keystore.Filter{Index: new("CREATE_COMPLETE")}, "", 1000)
	_, dueErr := s.Due(ctx, keystore.Partition{}, time.Unix(1e6, 0), 100)
	_, inErr := s.Due(ctx, place, time.Unix(1e6, 0), 100)
	_, readErr := s.Read(ctx, shared)
	commitErr := s.Commit(ctx, draw(), keystore.Create(random()), keystore.Count(shared, 1, 1000))
	for name, err := range map[string]error{"Page": pageErr, "Page by index": indexErr, "Due": dueErr, "Due in a partition": inErr, "Read": readErr, "Commit": commitErr} {
		if err != nil && !errors.Is(err, boltstore.ErrDamaged) && !errors.Is(err, boltstore.ErrNewer) {
			t.Errorf("%s on a damaged file: %v", name, err)
		}
	}
}

// verdict opens a damaged file, checks and uses it. It is true where the
// damage was found on opening or by Check; where it was not, every record must
// be as it was.
func verdict(t testing.TB, file []byte, want []keystore.Record) bool {
	t.Helper()
	path := filepath.Join(t.TempDir(), "damaged")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := boltstore.Open(ctx, path, nil)
	if err != nil {
		if !errors.Is(err, boltstore.ErrDamaged) && !errors.Is(err, boltstore.ErrNewer) {
			t.Errorf("Open: %v", err)
		}
		return true
	}
	defer s.Close()
	if err := s.Check(ctx); err != nil {
		if !errors.Is(err, boltstore.ErrDamaged) && !errors.Is(err, boltstore.ErrNewer) {
			t.Errorf("Check: %v", err)
		}
		use(t, s)
		return true
	}
	if got := all(t, s); !reflect.DeepEqual(got, want) {
		t.Errorf("Check finds nothing, and the records differ: %s", cmp.Diff(want, got))
	}
	return false
}

func TestTruncatedFilesAreRefused(t *testing.T) {
	file, want := sound(t)
	path := filepath.Join(t.TempDir(), "pages") // how many pages it needs
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	needed := bytesInUse(t, path)
	for size := 0; size < needed; size += 4096 - 1024*(size/4096%2) {
		if !verdict(t, file[:size], want) {
			t.Errorf("a file cut to %d of %d bytes was opened and is clean", size, len(file))
		}
	}
}

// bytesInUse is how long a copy of the store is: without room to grow.
func bytesInUse(t testing.TB, path string) int {
	t.Helper()
	s := open(t, path)
	defer s.Close()
	n, err := s.Backup(ctx, writerFunc(func(p []byte) (int, error) { return len(p), nil }))
	if err != nil {
		t.Fatal(err)
	}
	return int(n)
}

func TestOverwrittenPagesAreFound(t *testing.T) {
	file, want := sound(t)
	path := filepath.Join(t.TempDir(), "pages")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	inUse := bytesInUse(t, path)
	r := rand.New(rand.NewPCG(1, 2))
	found, tried := 0, 0
	for page := 0; page*4096 < inUse; page++ {
		for _, damage := range []func(p []byte){
			func(p []byte) { clear(p) },
			func(p []byte) { clear(p[len(p)/2:]) }, // torn
			func(p []byte) {
				for i := range p {
					p[i] = byte(r.Uint32())
				}
			},
			func(p []byte) { p[r.IntN(16)] ^= 1 << r.IntN(8) },    // its head
			func(p []byte) { p[16+r.IntN(64)] ^= 1 << r.IntN(8) }, // its first elements
			func(p []byte) { p[r.IntN(4096)] ^= 1 << r.IntN(8) },
			func(p []byte) { copy(p, file[4096*r.IntN(inUse/4096):][:4096]) }, // a page in the place of another
		} {
			broken := append([]byte(nil), file...)
			damage(broken[page*4096 : page*4096+4096])
			tried++
			if verdict(t, broken, want) {
				found++
			}
			if t.Failed() {
				t.Fatalf("page %d", page)
			}
		}
	}
	t.Logf("of %d ways of damage, %d were found; the others hit no byte in use", tried, found)
	if found < tried/3 {
		t.Errorf("of %d ways of damage only %d were found", tried, found)
	}
}

// TestTornMetaPage damages either of the two pages that a commit ends with. It
// is refused, since the newest commit may be gone with it; Fallback opens what
// is left.
func TestTornMetaPage(t *testing.T) {
	file, want := sound(t)
	for page := range 2 {
		broken := append([]byte(nil), file...)
		clear(broken[page*4096+40 : page*4096+80])
		path := filepath.Join(t.TempDir(), "torn")
		if err := os.WriteFile(path, broken, 0o600); err != nil {
			t.Fatal(err)
		}
		refused(t, path, nil, boltstore.ErrDamaged, "meta page", "Fallback")
		s, err := boltstore.Open(ctx, path, &boltstore.Options{Fallback: true})
		if err != nil {
			t.Fatal(err)
		}
		clean(t, s)
		if got := all(t, s); len(got) < len(want)-1 {
			t.Errorf("%d records are left of %d", len(got), len(want))
		}
		if err := s.Commit(ctx, draw(), keystore.Count(shared, 1, 1000)); err != nil {
			t.Error(err)
		}
		s.Close()
		open(t, path) // the commit has made both pages whole
	}
	clear(file[:8192])
	path := filepath.Join(t.TempDir(), "both")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, path, &boltstore.Options{Fallback: true}, boltstore.ErrDamaged)
}

// TestFileIsCutOffUnderAnOpenStore: what is mapped and no longer there is a
// fault of the processor, and must be an error.
func TestFileIsCutOffUnderAnOpenStore(t *testing.T) {
	file, _ := sound(t)
	path := filepath.Join(t.TempDir(), "store")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	if err := os.Truncate(path, 8192); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Page(ctx, place, "key", keystore.Filter{}, "", 1000); !errors.Is(err, boltstore.ErrDamaged) {
		t.Errorf("Page: %v", err)
	}
	if err := s.Commit(ctx, draw(), keystore.Count(shared, 1, 1000)); !errors.Is(err, boltstore.ErrDamaged) {
		t.Errorf("Commit: %v", err)
	}
	if err := s.Check(ctx); !errors.Is(err, boltstore.ErrDamaged) {
		t.Errorf("Check: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if _, err := s.Read(ctx, shared); !errors.Is(err, keystore.ErrClosed) {
		t.Errorf("Read after Close: %v", err)
	}
	refused(t, path, nil, boltstore.ErrDamaged, "cut off")
}

// TestAFileCutToNothing while it is open: what follows fails and ends.
func TestAFileCutToNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	s := open(t, path)
	r := random()
	if err := s.Commit(ctx, number(1), keystore.Create(r)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(ctx, r.Ref()); err != nil { // a transaction is kept
		t.Fatal(err)
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if _, err := s.Page(ctx, place, "key", keystore.Filter{}, "", 10); !errors.Is(err, boltstore.ErrDamaged) {
			t.Errorf("Page: %v", err)
		}
		if found, err := s.Read(ctx, r.Ref()); err == nil && string(found[0].Record.Data) != string(r.Data) {
			t.Error("another record is read") // the one that was may still be in memory
		}
		if err := s.Commit(ctx, number(2), keystore.Create(random())); err == nil {
			t.Error("a commit is made into nothing")
		}
		s.Close()
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("something waits for ever")
	}
}
