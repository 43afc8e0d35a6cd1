package boltstore_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/keystore/boltstore"
)

var heads = flag.Int("heads", 150, "of the ways to damage a file, try every so many; 1: all of them")

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

func put(t testing.TB, path string, file []byte) {
	t.Helper()
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
}

// history is the commits that a file was made with.
type history []report

// replay makes them in memory.
func (h history) replay(t testing.TB) keystore.Store {
	t.Helper()
	s := keystore.NewMemory()
	for _, c := range h {
		if err := s.Commit(ctx, c.ID, c.Changes...); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// sound makes a store of 300 pages with some of everything, and returns its bytes when
// it was closed, or while it was open.
func sound(t testing.TB, closed bool) (file []byte, made history) {
	t.Helper()
	path := filepath.Join(memoryDir(t), "sound")
	s := open(t, path)
	var copied bytes.Buffer
	for n := 0; copied.Len() < 300*pageSize; n++ {
		line := report{ID: draw(), Changes: []keystore.Change{keystore.Count(shared, 1, 1<<20)}}
		for i := range 40 {
			r := random()
			r.ID = fmt.Sprintf("%04d", n*40+i)
			if i%5 == 0 {
				r.Due = time.Unix(int64(i), 0).UTC()
			}
			if i == 7 {
				r.Data = bytes.Repeat([]byte{byte(n), 1}, 2*pageSize)
			}
			line.Changes = append(line.Changes, keystore.Create(r))
		}
		if err := s.Commit(ctx, line.ID, line.Changes...); err != nil {
			t.Fatal(err)
		}
		made = append(made, line)
		copied.Reset()
		if _, err := s.Backup(ctx, &copied); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	if file = copied.Bytes(); closed {
		var err error
		if file, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	return file, made
}

// bytesInUse is how much of a file is pages, without room to grow.
func bytesInUse(file []byte) int {
	const pages = 16 + 40 // in a meta page
	return int(max(binary.NativeEndian.Uint64(file[pages:]), binary.NativeEndian.Uint64(file[pageSize+pages:]))) * pageSize
}

// everything reads a store in every way.
func everything(s keystore.Store) (out []keystore.Record, err error) {
	filters := []keystore.Filter{{}}
	for _, index := range []string{"", "CREATE_COMPLETE", "DELETE_PENDING", "a\x00b"} {
		filters = append(filters, keystore.Filter{Index: &index})
	}
	for _, p := range goldenPlaces {
		for _, kind := range []keystore.Kind{"key", "alias", "key\x00", "thing", "counter"} {
			for _, f := range filters {
				page, after := make([]keystore.Record, 1000), ""
				for len(page) == 1000 {
					if page, err = s.Page(ctx, p, kind, f, after, 1000); err != nil {
						return nil, err
					}
					if out = append(out, page...); len(page) > 0 {
						after = page[len(page)-1].ID
					}
				}
			}
		}
	}
	for _, r := range slices.Clone(out) {
		found, err := s.Read(ctx, r.Ref())
		if err != nil {
			return nil, err
		}
		out = append(out, found[0].Record)
	}
	for _, p := range append(goldenPlaces, keystore.Partition{}) {
		due, err := s.Due(ctx, p, time.UnixMilli(1<<60), 1000)
		if err != nil {
			return nil, err
		}
		out = append(out, due...)
	}
	return out, nil
}

// differ compares all that two stores have, and describes the first difference. An
// error is that of reading got.
func differ(t testing.TB, want, got keystore.Store) (diff string, err error) {
	t.Helper()
	w, err := everything(want)
	if err != nil {
		t.Fatal(err)
	}
	g, err := everything(got)
	if err != nil {
		return "", err
	}
	for i := range max(len(w), len(g)) {
		if i >= len(w) || i >= len(g) {
			return fmt.Sprintf("%d records, want %d", len(g), len(w)), nil
		}
		a, b := w[i], g[i]
		rev := a.Rev == b.Rev || a.Kind == "counter" // of several in a group, any may be the last
		if !rev || a.Ref() != b.Ref() || a.Index != b.Index || !a.Due.Equal(b.Due) || !bytes.Equal(a.Data, b.Data) {
			return fmt.Sprintf("got %+v, want %+v", b, a), nil
		}
	}
	return "", nil
}

// use opens a damaged file, reads it in full, commits 50 times and reopens it. It
// returns an error where it was refused at some point, and fails the test where
// anything is wrong without that.
func use(t testing.TB, path string, made history) error {
	t.Helper()
	s, err := boltstore.Open(ctx, path, noWait)
	if err != nil {
		return err
	}
	defer s.Close()
	want := made.replay(t)
	diff, err := differ(t, want, s)
	if err != nil {
		return err
	}
	if diff != "" {
		t.Errorf("opened, and the records differ: %s", diff)
	}
	var last report
	for n := 0; n < 50 && err == nil; n++ {
		last = report{ID: draw(), Changes: someChanges(t, want, len(made)*40, n)}
		if err = s.Commit(ctx, last.ID, last.Changes...); err == nil {
			err = want.Commit(ctx, last.ID, last.Changes...)
		}
	}
	s.Close()
	again, openErr := boltstore.Open(ctx, path, noWait)
	if openErr != nil {
		return openErr
	}
	defer again.Close()
	diff, readErr := differ(t, want, again)
	if diff != "" && err != nil { // the commit that failed may have been made
		want.Commit(ctx, last.ID, last.Changes...)
		diff, readErr = differ(t, want, again)
	}
	if diff != "" {
		t.Errorf("after its commits (%v) the records differ: %s", err, diff)
	}
	return errors.Join(err, readErr)
}

// someChanges replaces records all over the file, removes one and creates one.
func someChanges(t testing.TB, in keystore.Store, records, n int) (out []keystore.Change) {
	for i := range 8 {
		r := get(t, in, keystore.Ref{Partition: place, Kind: "key", ID: fmt.Sprintf("%04d", (n+i*records/8)%records)})
		if r.Data = bytes.Repeat([]byte{byte(n)}, 100+n); r.Exists() && i > 0 {
			out = append(out, keystore.Replace(r))
		} else if r.Exists() {
			out = append(out, keystore.Erase(r))
		}
	}
	return append(out, keystore.Create(random()))
}

// cpuTime is the time that this process has had of a processor, where the system counts
// it: what ends within ten seconds must do so while others are busy.
var cpuTime = func() time.Duration { return time.Since(began) }

var began = time.Now()

// within runs what must end within ten seconds, need no more than 200 MB, and be refused
// as damage or be right.
func within(t testing.TB, what string, do func() error) (refused bool) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	done, cpu, start := make(chan error, 1), cpuTime(), time.Now()
	go func() { done <- do() }()
	for ended := false; !ended; {
		select {
		case err := <-done:
			if err != nil && !errors.Is(err, boltstore.ErrDamaged) && !errors.Is(err, boltstore.ErrNewer) {
				t.Errorf("%s: %v", what, err)
			}
			refused, ended = err != nil, true
		case <-time.After(time.Second):
			if cpuTime()-cpu > 10*time.Second || time.Since(start) > 2*time.Minute {
				t.Fatalf("%s: no end after %v", what, time.Since(start))
			}
		}
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
			file, made := sound(t, closed)
			pages, random := bytesInUse(file)/pageSize, rand.New(rand.NewPCG(1, 2))
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
				if within(
					t,
					fmt.Sprintf("page %d, byte %d: %02x", at/pageSize, at%pageSize, value),
					func() error { return use(t, path, made) },
				) {
					refused++
				}
				tried, slowest = tried+1, max(slowest, time.Since(start))
			}
			t.Logf(
				"%d pages: of %d damaged heads %d were refused, %d were read right; the slowest took %v",
				pages,
				tried,
				refused,
				tried-refused,
				slowest,
			)
		})
	}
}

// TestDamagedPages damages more of a page than its head. What opening does not see,
// Check does, and nothing ends the process.
func TestDamagedPages(t *testing.T) {
	file, made := sound(t, true)
	inUse, want := bytesInUse(file), made.replay(t)
	path, r := filepath.Join(memoryDir(t), "damaged"), rand.New(rand.NewPCG(1, 2))
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
			if within(t, fmt.Sprintf("page %d, damage %d", page, tried), func() error {
				s, err := boltstore.Open(ctx, path, noWait)
				if err != nil {
					return err
				}
				defer s.Close()
				err = s.Check(ctx)
				diff, readErr := differ(t, want, s)
				if err == nil && (diff != "" || readErr != nil) {
					t.Errorf("Check finds nothing, and the records differ: %v %s", readErr, diff)
				}
				for n := range 3 { // whatever comes of it
					s.Commit(ctx, draw(), someChanges(t, want, len(made)*40, n)...)
				}
				return err
			}) {
				found++
			}
		}
	}
	t.Logf("of %d ways of damage, %d were found; the others hit no byte in use", tried, found)
	if found < tried/3 {
		t.Errorf("of %d ways of damage only %d were found", tried, found)
	}
}

// TestBranchesInACircle makes a branch lead to other pages, itself and its parent among
// them: bbolt would follow it until the stack is full.
func TestBranchesInACircle(t *testing.T) {
	file, _ := sound(t, true)
	path := filepath.Join(memoryDir(t), "damaged")
	pages, step, branches := uint64(bytesInUse(file)/pageSize), uint64(min(*heads, 50)), 0
	for page := uint64(2); page < pages; page++ {
		head := file[page*pageSize:]
		if binary.NativeEndian.Uint64(head) != page || binary.NativeEndian.Uint16(head[8:]) != 1 {
			continue
		}
		tried, opened, leads := 0, 0, binary.NativeEndian.Uint64(head[16+8:])
		for to := page % step; to < pages; to += step { // itself among them
			if to == leads {
				continue
			}
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
		if branches++; opened > 0 {
			t.Errorf("a file whose page %d leads to another than %d was opened %d times of %d", page, leads, opened, tried)
		}
	}
	if branches < 3 {
		t.Errorf("the file has %d branches", branches)
	}
}

// TestBucketsInACircle makes an entry of each leaf a bucket that begins with the same
// page, with the one that all begin with, and with another.
func TestBucketsInACircle(t *testing.T) {
	file, made := sound(t, true)
	path, want := filepath.Join(memoryDir(t), "damaged"), made.replay(t)
	root := binary.NativeEndian.Uint64(file[16+16:])
	if number := binary.NativeEndian.Uint64; number(file[pageSize+16+48:]) > number(file[16+48:]) {
		root = number(file[pageSize+16+16:])
	}
	leaves := 0
	for page := uint64(2); page < uint64(bytesInUse(file)/pageSize); page++ {
		head := file[page*pageSize:]
		if binary.NativeEndian.Uint64(head) != page || binary.NativeEndian.Uint16(head[8:]) != 2 {
			continue
		}
		if leaves++; leaves%((*heads+9)/10) != 0 {
			continue
		}
		for _, to := range []uint64{page, root, 3} {
			broken := bytes.Clone(file)
			entry := broken[page*pageSize+16:]
			binary.NativeEndian.PutUint32(entry, 1)
			begin := binary.NativeEndian.Uint32(entry[4:]) + binary.NativeEndian.Uint32(entry[8:])
			binary.NativeEndian.PutUint64(entry[begin:], to)
			put(t, path, broken)
			within(t, fmt.Sprintf("page %d has a bucket at page %d", page, to), func() error {
				s, err := boltstore.Open(ctx, path, noWait)
				if err != nil {
					return err
				}
				defer s.Close()
				err = s.Check(ctx)
				if diff, readErr := differ(t, want, s); err == nil && (diff != "" || readErr != nil) {
					t.Errorf("Check finds nothing, and the records differ: %v %s", readErr, diff)
				}
				return err
			})
		}
	}
}

func TestCutFilesAreRefused(t *testing.T) {
	file, made := sound(t, true)
	path := filepath.Join(memoryDir(t), "damaged")
	for size := 0; size < bytesInUse(file); size += pageSize - 1024*(size/pageSize%2) {
		put(t, path, file[:size])
		if !within(t, fmt.Sprintf("cut to %d bytes", size), func() error { return use(t, path, made) }) {
			t.Errorf("a file cut to %d of %d bytes was opened", size, len(file))
		}
	}
}

// TestTornMetaPage damages either of the two pages that a commit ends with.
func TestTornMetaPage(t *testing.T) {
	file, made := sound(t, false)
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
		if diff, err := differ(t, made.replay(t), s); diff != "" || err != nil { // both are of the last commit in a copy
			t.Errorf("%v %s", err, diff)
		}
		commit(t, s, keystore.Count(shared, 1, 1000))
		s.Close()
		open(t, path).Close() // the commits have made both pages whole
	}
	clear(file[:2*pageSize])
	put(t, path, file)
	refused(t, path, &boltstore.Options{Fallback: true}, boltstore.ErrDamaged, "it is not a store")
}

// TestFileIsCutOffUnderAnOpenStore: what is mapped and no longer there is a fault of
// the processor, and must be an error, also where many read. Nothing is written to the
// file, which would make it look whole.
func TestFileIsCutOffUnderAnOpenStore(t *testing.T) {
	file, _ := sound(t, true)
	path := filepath.Join(memoryDir(t), "store")
	for _, size := range []int{0, pageSize, 2 * pageSize, 40 * pageSize, bytesInUse(file) - pageSize} {
		put(t, path, file)
		s := open(t, path)
		if _, err := s.Read(ctx, shared); err != nil { // a transaction is kept
			t.Fatal(err)
		}
		if err := os.Truncate(path, int64(size)); err != nil {
			t.Fatal(err)
		}
		within(t, fmt.Sprintf("cut to %d", size), func() error {
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() { // what was read before may still be in memory
					if _, err := everything(s); err == nil && size <= 40*pageSize {
						t.Errorf("cut to %d, everything was read", size)
					}
				})
			}
			wg.Wait()
			for range 2 {
				if err := s.Commit(ctx, draw(), keystore.Count(shared, 1, 1000)); !errors.Is(err, boltstore.ErrDamaged) {
					t.Errorf("cut to %d, Commit: %v", size, err)
				}
			}
			_, err := s.Read(ctx, shared)
			s.Close()
			if _, err := s.Read(ctx, shared); !errors.Is(err, keystore.ErrClosed) {
				t.Errorf("cut to %d, Read after Close: %v", size, err)
			}
			return err
		})
		refused(t, path, noWait, boltstore.ErrDamaged)
	}
}
