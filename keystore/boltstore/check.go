package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"hash/maphash"
	"io"
	"math"
	"slices"

	"github.com/seed748fb4d1/apcsim/keystore"
	bolt "go.etcd.io/bbolt"
)

// Of bbolt's file format. Numbers are in the machine's byte order.
const (
	pageSize    = 4096
	pageHead    = 16 // bytes before the content of a page
	elementSize = 16 // of a branch page; the last 8 bytes are the page that it leads to
	freeFlag    = 0x10
	magic       = 0xED0CDAED
)

// metaPage is the content of one of the two meta pages, the newer of which leads to
// all other pages.
type metaPage struct {
	Magic, Version, PageSize, Flags              uint32
	Root, Sequence, FreeList, Pages, Number, Sum uint64
}

// foreign is an ErrDamaged of a file that begins like no store.
type foreign string

func (e foreign) Error() string        { return "it is not a store: " + string(e) }
func (e foreign) Is(target error) bool { return target == ErrDamaged }

// checkKind refuses a file that was never a store. One that has lost one of its first two
// pages is damaged.
func checkKind(f io.ReaderAt, size int64) error {
	if size == 0 {
		return foreign("it is empty; remove it to begin a new one")
	}
	for page := range int64(2) {
		var b [4]byte
		if _, err := f.ReadAt(b[:], page*pageSize+pageHead); err == nil && binary.NativeEndian.Uint32(b[:]) == magic {
			return nil
		}
	}
	return foreign("it does not begin as a bbolt file does")
}

// checkMetas checks what bbolt does not check while it opens a file. Where a meta page
// cannot be read, it uses the other: the last commit may be lost, which only fallback
// allows. Where there is no list of free pages, as in files of other programs, it walks
// the file in a goroutine, where a panic ends the process.
func checkMetas(f io.ReaderAt, size int64, fallback bool) error {
	var newest metaPage
	lost := 0
	for page := range int64(2) {
		var b [64]byte
		var m metaPage
		_, err := f.ReadAt(b[:], page*pageSize+pageHead)
		_, err2 := binary.Decode(b[:], binary.NativeEndian, &m)
		h := fnv.New64a()
		h.Write(b[:len(b)-8])
		if err != nil || err2 != nil || m.Magic != magic || m.Version != 2 || m.PageSize != pageSize || m.Sum != h.Sum64() {
			lost++
		} else if m.Number >= newest.Number {
			newest = m
		}
	}
	if lost == 2 || lost == 1 && !fallback {
		return fmt.Errorf(
			"%d of the 2 meta pages of a bbolt file cannot be read, and the last commit may be lost (Options.Fallback uses the other one)",
			lost,
		)
	}
	if newest.Pages > uint64(size/pageSize) {
		return errors.New("it is cut off")
	}
	var list [pageHead + 8]byte
	at := int64(min(newest.FreeList, newest.Pages)) * pageSize
	_, err := f.ReadAt(list[:], at)
	if err != nil || binary.NativeEndian.Uint64(list[:]) != newest.FreeList || binary.NativeEndian.Uint16(list[8:]) != freeFlag {
		return errors.New("it has no list of free pages")
	}
	n := uint64(binary.NativeEndian.Uint16(list[10:]))
	if n == math.MaxUint16 {
		n = binary.NativeEndian.Uint64(list[pageHead:])
	}
	if n >= newest.Pages || at+int64(pageHead+8+8*n) > size {
		return fmt.Errorf("the list of free pages has %d of %d pages", n, newest.Pages)
	}
	return nil
}

// checkPages checks what else bbolt does not check: every page is free or of a known
// type, with those that continue it inside the file, and one page refers to it, so
// that no walk goes in circles. It returns how many entries all buckets have. No
// commit may run meanwhile.
//
// bbolt's Stats would count the same, and follow a damaged entry that says it is a
// bucket, until the stack is full.
func (s *Store) checkPages(tx *bolt.Tx) (entries int, err error) {
	n, free, lists := int(tx.Size()/pageSize), 0, 0
	alone := make([]bool, n)  // a branch or leaf that nothing refers to
	branches := map[int]int{} // how many pages they lead to
	for id := 2; id < n; id++ {
		page, err := tx.Page(id)
		if err != nil {
			return 0, err
		}
		switch page.Type {
		case "free":
			free++
			continue
		case "freelist":
			lists++
		case "branch":
			branches[id], alone[id] = page.Count, true
		case "leaf":
			entries, alone[id] = entries+page.Count, true
		default:
			return 0, fmt.Errorf("page %d is of the type %s", id, page.Type)
		}
		if page.OverflowCount >= n-id {
			return 0, fmt.Errorf("page %d is continued beyond the end of the file", id)
		}
		id += page.OverflowCount
	}
	if known := s.db.Stats(); lists != 1 || free != known.FreePageN+known.PendingPageN {
		return 0, fmt.Errorf("%d pages are free, and %d lists of them have %d", free, lists, known.FreePageN+known.PendingPageN)
	}
	inline, err := s.checkTree(tx.Cursor().Bucket(), branches, alone)
	if id := slices.Index(alone, true); err == nil && id >= 0 {
		err = fmt.Errorf("nothing refers to page %d", id)
	}
	return entries + inline, err
}

// checkTree notes which pages are referred to. It returns how many entries are in
// buckets so small that they have no page of their own.
func (s *Store) checkTree(root *bolt.Bucket, branches map[int]int, alone []bool) (inline int, err error) {
	lead := func(id uint64) error {
		if id >= uint64(len(alone)) || !alone[id] {
			return fmt.Errorf("page %d is referred to twice, or is neither branch nor leaf", id)
		}
		alone[id] = false
		return nil
	}
	for id, count := range branches {
		b := make([]byte, count*elementSize)
		_, err := s.file.ReadAt(b, int64(id)*pageSize+pageHead)
		for ; len(b) > 0 && err == nil; b = b[elementSize:] {
			err = lead(binary.NativeEndian.Uint64(b[8:]))
		}
		if err != nil {
			return 0, fmt.Errorf("page %d: %w", id, err)
		}
	}
	if err := lead(uint64(root.Root())); err != nil {
		return 0, err
	}
	err = root.ForEachBucket(func(name []byte) error {
		b := root.Bucket(name)
		if b.Root() != 0 {
			return lead(uint64(b.Root()))
		}
		inline += b.Stats().KeyN
		return nil
	})
	return inline, err
}

// counts are numbers of what was found in a file.
type counts struct{ entries, records, due int }

// checkState compares the number of entries with the one in the state.
func checkState(tx *bolt.Tx, found counts) (*tables, error) {
	t, err := openTables(tx)
	if err == nil && t.count != found.entries {
		err = fmt.Errorf("it has %d entries, and had %d", found.entries, t.count)
	}
	return t, err
}

// checkRecords reads every entry of every record, and counts them.
func checkRecords(ctx context.Context, tx *bolt.Tx, found *counts) error {
	t, err := openBuckets(tx)
	if err != nil {
		return err
	}
	// The other buckets have the keys that follow from the records, and no others, if
	// they are as many and the sums of their hashes are the same.
	seed, n, sum := maphash.MakeSeed(), [entries]int{}, [entries]uint64{}
	err = walk(ctx, t.buckets[records], func(key, value []byte) error {
		var r keystore.Record
		ref, err := parseRecordKey(key)
		if err == nil {
			_, err = decode(key, value, &ref, &r)
		}
		for i, entry := range entryKeys(&r) {
			if entry != nil {
				n[i]++
				sum[i] += maphash.Bytes(seed, entry)
			}
		}
		return err
	})
	found.records, found.due = n[records], n[due]
	for i := index; i < entries && err == nil; i++ {
		err = walk(ctx, t.buckets[i], func(key, _ []byte) error {
			n[i]--
			sum[i] -= maphash.Bytes(seed, key)
			return nil
		})
		if err == nil && (n[i] != 0 || sum[i] != 0) {
			err = fmt.Errorf("the bucket %s does not agree with the records", bucketNames[i])
		}
	}
	return err
}

// walk visits the entries of a bucket. Their keys must ascend, and be found by a
// search from the root.
func walk(ctx context.Context, b *bolt.Bucket, visit func(key, value []byte) error) error {
	c := b.Cursor()
	var last []byte
	for key, value := c.First(); key != nil; key, value = c.Next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(key) > bolt.MaxKeySize || bytes.Compare(last, key) >= 0 || b.Get(key) == nil {
			return fmt.Errorf("the key %q is out of order, or has no value", key[:min(len(key), 99)])
		}
		if err := visit(key, value); err != nil {
			return err
		}
		last = key
	}
	return nil
}

// Check reads the whole file and reports what is wrong with it, as ErrDamaged.
// Others may read meanwhile; commits wait.
func (s *Store) Check(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return s.view(ctx, func(tx *reader) (err error) {
		var found counts
		if found.entries, err = s.checkPages(tx.Tx); err != nil {
			return err
		}
		if _, err := checkState(tx.Tx, found); err != nil {
			return err
		}
		return checkRecords(ctx, tx.Tx, &found)
	})
}
