package boltstore_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/keystore/boltstore"
)

var heads = flag.Int("heads", 50, "of the ways to damage a file, try every so many; 1: all of them")

const pageSize = 4096

// memoryDir is a folder whose files need no disk, where the system has one: thousands
// of files are opened and committed to.
func memoryDir(t testing.TB) string {
	dir, err := os.MkdirTemp("/dev/shm", "boltstore-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// content is the records of a store by id.
type content map[string]keystore.Record

// sound makes a store of 300 pages with some of everything, and returns its bytes when
// it was closed, or while it was open, and what is in it.
func sound(t testing.TB, closed bool) (file []byte, want content) {
	t.Helper()
	path := filepath.Join(memoryDir(t), "sound")
	s := open(t, path)
	var copied bytes.Buffer
	for n := 0; copied.Len() < 300*pageSize; n++ {
		var changes []keystore.Change
		for i := range 40 {
			r := random()
			r.ID = fmt.Sprintf("%04d", n*40+i)
			if i%5 == 0 {
				r.Due = time.Unix(int64(i), 0).UTC()
			}
			if i == 7 {
				r.Data = bytes.Repeat([]byte{byte(n), 1}, 2*pageSize)
			}
			changes = append(changes, keystore.Create(r))
		}
		commit(t, s, append(changes, keystore.Count(shared, 1, 1<<20))...)
		copied.Reset()
		if _, err := s.Backup(ctx, &copied); err != nil {
			t.Fatal(err)
		}
	}
	want, err := all(s)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if file = copied.Bytes(); !closed {
		return file, want
	}
	if file, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	return file, want
}

// all reads everything in every way, and reports an error where two ways disagree.
func all(s keystore.Store) (content, error) {
	out, indexed := content{}, 0
	for _, kind := range []keystore.Kind{"key", "counter"} {
		for _, index := range []string{"", "CREATE_COMPLETE"} {
			for after := ""; ; {
				f := keystore.Filter{}
				if index != "" {
					f.Index = &index
				}
				page, err := s.Page(ctx, place, kind, f, after, 1000)
				if err != nil {
					return nil, err
				}
				for _, r := range page {
					if index == "" {
						out[r.ID] = r
					} else if indexed++; !same(out[r.ID], r) {
						return nil, fmt.Errorf("by index %s differs", r.ID)
					}
				}
				if len(page) < 1000 {
					break
				}
				after = page[999].ID
			}
		}
	}
	list, err := s.Due(ctx, keystore.Partition{}, time.Unix(1e6, 0), 1000)
	if err != nil {
		return nil, err
	}
	due := map[string]bool{}
	for _, r := range list {
		due[r.ID] = true
	}
	for id, r := range out {
		found, err := s.Read(ctx, keystore.Ref{Partition: place, Kind: r.Kind, ID: id})
		if err != nil {
			return nil, err
		}
		if !same(found[0].Record, r) {
			return nil, fmt.Errorf("%s read alone differs", id)
		}
		if r.Due.IsZero() == due[id] {
			return nil, fmt.Errorf("%s is due: %v", id, due[id])
		}
		if r.Index != "" {
			indexed--
		}
	}
	if indexed != 0 {
		return nil, fmt.Errorf("%d records too many by index", indexed)
	}
	return out, nil
}

func same(a, b keystore.Record) bool {
	return a.Ref() == b.Ref() && a.Rev == b.Rev && a.Index == b.Index && a.Due.Equal(b.Due) && bytes.Equal(a.Data, b.Data)
}

func differ(want, got content) string {
	if maps.EqualFunc(want, got, same) {
		return ""
	}
	return cmp.Diff(want, got, cmpopts.EquateEmpty())
}

// use opens a damaged file, reads it in full, commits 50 times and reopens it. It
// returns an error where it was refused at some point, and fails the test where
// anything is wrong without that.
func use(t testing.TB, path string, want content) error {
	t.Helper()
	s, err := boltstore.Open(ctx, path, noWait)
	if err != nil {
		return err
	}
	defer s.Close()
	got, err := all(s)
	if errors.Is(err, boltstore.ErrDamaged) {
		return err
	}
	if diff := differ(want, got); err != nil || diff != "" {
		t.Errorf("opened, and the records differ: %v %s", err, diff)
	}
	want, begun := maps.Clone(want), maps.Clone(want)
	ids := slices.Sorted(maps.Keys(want))
	for n := range 50 {
		begun = maps.Clone(want)
		id, changes := draw(), someChanges(begun, ids, n)
		for _, c := range changes {
			if c.Put != nil {
				r := c.Put.Record
				r.Rev = id
				begun[r.ID] = r
			}
		}
		if err = s.Commit(ctx, id, changes...); err != nil {
			break
		}
		want = begun
	}
	s.Close()
	again, openErr := boltstore.Open(ctx, path, noWait)
	if openErr != nil {
		return openErr
	}
	defer again.Close()
	got, readErr := all(again)
	if readErr != nil {
		return readErr
	}
	if diff := differ(want, got); diff != "" && (err == nil || differ(begun, got) != "") {
		t.Errorf("after its commits (%v) the records differ: %s", err, diff)
	}
	return err
}

// someChanges replaces records all over the file, removes one and creates one.
func someChanges(in content, ids []string, n int) (out []keystore.Change) {
	for i := range 8 {
		r, ok := in[ids[(n+i*len(ids)/8)%len(ids)]]
		if !ok || r.Kind == "counter" {
			continue
		}
		if i == 0 {
			out = append(out, keystore.Erase(r))
			delete(in, r.ID)
			continue
		}
		r.Data = bytes.Repeat([]byte{byte(n)}, 100+n)
		out = append(out, keystore.Replace(r))
	}
	r := random()
	r.ID = fmt.Sprintf("new-%d", n)
	return append(out, keystore.Create(r))
}

// within runs what must end within ten seconds and need no more than 200 MB, and must
// be refused as damage or be right.
func within(t testing.TB, what string, do func() error) (refused bool) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		if err != nil && !errors.Is(err, boltstore.ErrDamaged) && !errors.Is(err, boltstore.ErrNewer) {
			t.Errorf("%s: %v", what, err)
		}
		refused = err != nil
	case <-time.After(10 * time.Second):
		t.Fatalf("%s: no end after ten seconds", what)
	}
	if runtime.ReadMemStats(&after); after.Sys > before.Sys+200<<20 {
		t.Errorf("%s: %d MB of memory", what, (after.Sys-before.Sys)>>20)
	}
	if t.Failed() {
		t.Fatal(what)
	}
	return refused
}

// TestDamagedPageHeads sets every byte of every page head to 00, FF and a random value.
func TestDamagedPageHeads(t *testing.T) {
	for _, closed := range []bool{true, false} {
		t.Run(fmt.Sprintf("closed=%v", closed), func(t *testing.T) {
			file, want := sound(t, closed)
			pages := bytesInUse(t, file) / pageSize
			if pages < 300 {
				t.Fatalf("%d pages", pages)
			}
			random := rand.New(rand.NewPCG(1, 2))
			path := filepath.Join(memoryDir(t), "damaged")
			tried, refused, slowest := 0, 0, time.Duration(0)
			for n := range pages * 16 * 3 {
				at, value := n/48*pageSize+n/3%16, [3]byte{0, 0xFF, byte(random.Uint32())}[n%3]
				if n%*heads != 0 || file[at] == value {
					continue
				}
				broken := bytes.Clone(file)
				broken[at] = value
				put(t, path, broken)
				start := time.Now()
				if within(t, fmt.Sprintf("page %d, byte %d: %02x", at/pageSize, at%pageSize, value), func() error { return use(t, path, want) }) {
					refused++
				}
				tried, slowest = tried+1, max(slowest, time.Since(start))
			}
			t.Logf("%d pages: of %d damaged heads %d were refused, %d were read right; the slowest took %v", pages, tried, refused, tried-refused, slowest)
		})
	}
}

// bytesInUse is how much of a file is pages, without room to grow.
func bytesInUse(t testing.TB, file []byte) int {
	t.Helper()
	return int(max(binary.NativeEndian.Uint64(file[16+40:]), binary.NativeEndian.Uint64(file[pageSize+16+40:]))) * pageSize
}

func put(t testing.TB, path string, file []byte) {
	t.Helper()
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestDamagedPages damages more of a page than its head. What opening does not see,
// Check does, and nothing ends the process.
func TestDamagedPages(t *testing.T) {
	file, want := sound(t, true)
	inUse := bytesInUse(t, file)
	r := rand.New(rand.NewPCG(1, 2))
	path := filepath.Join(memoryDir(t), "damaged")
	found, tried := 0, 0
	for page := 0; page*pageSize < inUse; page += (*heads + 9) / 10 {
		for _, damage := range []func(p []byte){
			func(p []byte) { clear(p) },
			func(p []byte) { clear(p[len(p)/2:]) }, // torn
			func(p []byte) {
				for i := range p {
					p[i] = byte(r.Uint32())
				}
			},
			func(p []byte) { p[16+r.IntN(64)] ^= 1 << r.IntN(8) }, // its first elements
			func(p []byte) { p[r.IntN(pageSize)] ^= 1 << r.IntN(8) },
			func(p []byte) { copy(p, file[pageSize*r.IntN(inUse/pageSize):][:pageSize]) }, // a page in the place of another
		} {
			broken := bytes.Clone(file)
			damage(broken[page*pageSize:][:pageSize])
			put(t, path, broken)
			tried++
			if within(t, fmt.Sprintf("page %d, damage %d", page, tried), func() error { return checked(t, path, want) }) {
				found++
			}
		}
	}
	t.Logf("of %d ways of damage, %d were found; the others hit no byte in use", tried, found)
	if found < tried/3 {
		t.Errorf("of %d ways of damage only %d were found", tried, found)
	}
}

// checked opens a damaged file and checks it. What Check finds must not harm those
// who use the store all the same; where it finds nothing, the records must be right.
func checked(t testing.TB, path string, want content) error {
	s, err := boltstore.Open(ctx, path, noWait)
	if err != nil {
		return err
	}
	defer s.Close()
	err = s.Check(ctx)
	got, readErr := all(s)
	if err == nil && (readErr != nil || differ(want, got) != "") {
		t.Errorf("Check finds nothing, and the records differ: %v %s", readErr, differ(want, got))
	}
	for n := range 3 {
		s.Commit(ctx, draw(), someChanges(maps.Clone(want), slices.Sorted(maps.Keys(want)), n)...)
	}
	return err
}

// TestBranchesInACircle makes a branch lead to every other page, itself and its parent
// among them: bbolt would follow it until the stack is full.
func TestBranchesInACircle(t *testing.T) {
	file, _ := sound(t, true)
	path := filepath.Join(memoryDir(t), "damaged")
	pages, branches := uint64(bytesInUse(t, file)/pageSize), 0
	for page := uint64(2); page < pages; page++ {
		head := file[page*pageSize:]
		if binary.NativeEndian.Uint64(head) != page || binary.NativeEndian.Uint16(head[8:]) != 1 {
			continue
		}
		opened := 0
		leads := binary.NativeEndian.Uint64(head[16+8:])
		tried := 0
		for to := page % uint64(*heads); to < pages; to += uint64(*heads) { // itself among them
			tried++
			broken := bytes.Clone(file)
			binary.NativeEndian.PutUint64(broken[page*pageSize+16+8:], to)
			put(t, path, broken)
			within(t, fmt.Sprintf("page %d leads to %d", page, to), func() error {
				s, err := boltstore.Open(ctx, path, noWait)
				if err == nil {
					opened++
					s.Close()
				}
				return err
			})
		}
		if opened == tried {
			continue // the page is free
		}
		if branches++; opened > 1 || opened == 1 && leads%uint64(*heads) != page%uint64(*heads) {
			t.Errorf("a file whose page %d leads to another than %d was opened %d times", page, leads, opened)
		}
	}
	if branches < 3 {
		t.Errorf("the file has %d branches", branches)
	}
}

func TestCutFilesAreRefused(t *testing.T) {
	file, want := sound(t, true)
	path := filepath.Join(memoryDir(t), "damaged")
	for size := 0; size < bytesInUse(t, file); size += pageSize - 1024*(size/pageSize%2) {
		put(t, path, file[:size])
		if !within(t, fmt.Sprintf("cut to %d bytes", size), func() error { return use(t, path, want) }) {
			t.Errorf("a file cut to %d of %d bytes was opened", size, len(file))
		}
	}
}

// TestTornMetaPage damages either of the two pages that a commit ends with.
func TestTornMetaPage(t *testing.T) {
	file, want := sound(t, false)
	path := filepath.Join(t.TempDir(), "torn")
	for page := range 2 {
		broken := bytes.Clone(file)
		clear(broken[page*pageSize+40 : page*pageSize+80])
		put(t, path, broken)
		refused(t, path, nil, boltstore.ErrDamaged, "1 of the 2 meta pages", "Fallback")
		s, err := boltstore.Open(ctx, path, &boltstore.Options{Fallback: true})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := all(s); err != nil || differ(want, got) != "" { // both are the same in a copy
			t.Errorf("%v %s", err, differ(want, got))
		}
		commit(t, s, keystore.Count(shared, 1, 1000))
		s.Close()
		open(t, path).Close() // the commits have made both pages whole
	}
	clear(file[:2*pageSize])
	put(t, path, file)
	refused(t, path, &boltstore.Options{Fallback: true}, boltstore.ErrDamaged, "2 of the 2")
}

// TestFileIsCutOffUnderAnOpenStore: what is mapped and no longer there is a fault of
// the processor, and must be an error, also where many read.
func TestFileIsCutOffUnderAnOpenStore(t *testing.T) {
	for _, size := range []int64{0, pageSize, 2 * pageSize, 40 * pageSize} {
		file, _ := sound(t, true)
		path := filepath.Join(t.TempDir(), "store")
		put(t, path, file)
		s := open(t, path)
		if _, err := s.Read(ctx, shared); err != nil { // a transaction is kept
			t.Fatal(err)
		}
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		within(t, fmt.Sprintf("cut to %d", size), func() error {
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() {
					if _, err := all(s); !errors.Is(err, boltstore.ErrDamaged) {
						t.Errorf("cut to %d, reading: %v", size, err)
					}
				})
			}
			wg.Wait()
			if err := s.Commit(ctx, draw(), keystore.Count(shared, 1, 1000)); !errors.Is(err, boltstore.ErrDamaged) {
				t.Errorf("cut to %d, Commit: %v", size, err)
			}
			if _, err := s.Read(ctx, shared); !errors.Is(err, boltstore.ErrDamaged) {
				t.Errorf("cut to %d, Read after that: %v", size, err)
			}
			s.Close()
			if _, err := s.Read(ctx, shared); !errors.Is(err, keystore.ErrClosed) {
				t.Errorf("cut to %d, Read after Close: %v", size, err)
			}
			return nil
		})
		refused(t, path, nil, boltstore.ErrDamaged)
	}
}

// TestCommitToACutFile: nothing is written to it, which would make it look whole.
func TestCommitToACutFile(t *testing.T) {
	file, _ := sound(t, true)
	path := filepath.Join(t.TempDir(), "store")
	put(t, path, file)
	s := open(t, path)
	if err := os.Truncate(path, int64(bytesInUse(t, file)-pageSize)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Commit(ctx, draw(), keystore.Count(shared, 1, 1000)); !errors.Is(err, boltstore.ErrDamaged) {
			t.Errorf("Commit: %v", err)
		}
	}
	s.Close()
	refused(t, path, nil, boltstore.ErrDamaged, "cut off")
}
