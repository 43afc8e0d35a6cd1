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
	"sync"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/keystore/boltstore"
)

var heads = flag.Int("heads", 150, "of the ways to damage a file, try every so many; 1: all of them")

const pageSize = 4096

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
			t.Logf("%d pages: of %d damaged heads %d were refused, %d were read right; the slowest took %v", pages,
				tried, refused, tried-refused, slowest)
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
