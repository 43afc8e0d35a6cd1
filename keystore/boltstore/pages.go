package boltstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"slices"
)

// bbolt trusts its file: where a page number is wrong it reads what is not
// there, or walks in circles until the stack is full, and no recover helps.
// So the pages are walked here first, with every number checked, by reading
// and not through the mapping. On opening that is the pages that lead to
// others, a hundredth of the file; Check walks all.
//
// The form is that of go.etcd.io/bbolt/internal/common: page.go, meta.go.

const (
	pageHeader = 16 // id 8, kind 2, count 2, overflow 4
	element    = 16 // leaf: flags, position, key size, value size, 4 each; branch: position 4, key size 4, page 8
	bucketHead = 16 // root page 8, sequence 8

	pageBranch   = 0x01
	pageLeaf     = 0x02
	pageFreelist = 0x10

	metaMagic   = 0xED0CDAED
	metaVersion = 2
	metaSize    = 64
	maxDepth    = 64
)

// meta is one of the two pages that say where all others are.
type meta struct {
	pageSize, root, freelist, pages, tx uint64
}

var (
	errNoStore = errors.New("it does not begin as a bbolt file does")
	errMetaSum = errors.New("the check sum of a meta page is wrong")
)

var native = binary.NativeEndian

// parseMeta reads a meta page.
func parseMeta(page []byte) (m meta, err error) {
	if len(page) < pageHeader+metaSize {
		return m, errors.New("a meta page is cut off")
	}
	b := page[pageHeader : pageHeader+metaSize]
	if native.Uint32(b) != metaMagic {
		return m, errNoStore
	}
	h := fnv.New64a()
	h.Write(b[:metaSize-8])
	if h.Sum64() != native.Uint64(b[metaSize-8:]) {
		return m, errMetaSum
	}
	if v := native.Uint32(b[4:]); v != metaVersion {
		return m, fmt.Errorf("%w: bbolt's version %d, this program reads %d", ErrNewer, v, metaVersion)
	}
	m = meta{uint64(native.Uint32(b[8:])), native.Uint64(b[16:]), native.Uint64(b[32:]), native.Uint64(b[40:]), native.Uint64(b[48:])}
	if m.pageSize < 1024 || m.pageSize > 1<<24 || m.pageSize&(m.pageSize-1) != 0 {
		return m, fmt.Errorf("a meta page has pages of %d bytes", m.pageSize)
	}
	return m, nil
}

// readMetas reads both meta pages. Which is newer follows from the
// transaction's number, and which lies first from whether that is even.
func readMetas(f io.ReaderAt, size int64) (m [2]meta, errs [2]error) {
	buf := make([]byte, 4096)
	at := func(offset int64) []byte {
		n, _ := f.ReadAt(buf, offset)
		return buf[:max(n, 0)]
	}
	m[0], errs[0] = parseMeta(at(0))
	if errs[0] == nil {
		m[1], errs[1] = parseMeta(at(int64(m[0].pageSize)))
		return m, errs
	}
	errs[1] = errNoStore
	for offset := int64(1024); offset <= 1<<24 && offset < size; offset *= 2 {
		found, err := parseMeta(at(offset))
		if err == nil && int64(found.pageSize) != offset {
			continue
		}
		if m[1], errs[1] = found, err; err != errNoStore {
			return m, errs
		}
	}
	return m, errs
}

// newestMeta is the meta page of the last transaction. A page that cannot be
// read may have been the newer one: a commit that was acknowledged may be
// lost, and only fallback takes the other for the truth.
func newestMeta(f io.ReaderAt, size int64, fallback bool) (meta, error) {
	m, errs := readMetas(f, size)
	switch {
	case errs[0] == nil && errs[1] == nil:
		if m[1].tx > m[0].tx {
			return m[1], nil
		}
		return m[0], nil
	case errs[0] != nil && errs[1] != nil:
		return meta{}, errs[0]
	}
	i := 0
	if errs[0] != nil {
		i = 1
	}
	if !fallback {
		return meta{}, fmt.Errorf("meta page %d of 2: %w; the last commit may be lost with it (Options.Fallback opens the file without)", 1-i, errs[1-i])
	}
	return m[i], nil
}

// walker walks the pages of one state of the file.
type walker struct {
	f    io.ReaderAt
	meta meta
	all  bool     // leaves as well
	seen []uint64 // a bit for each page
	err  func() error
}

// walkPages checks that every page which another names is there, is what it
// should be and is named once. With all it reads leaves too, and that every
// page is in the tree or free. Stop is asked now and then.
func walkPages(f io.ReaderAt, size int64, m meta, all bool, stop func() error) error {
	if m.pages < 4 || m.pages > 1<<48/m.pageSize {
		return fmt.Errorf("a meta page tells of %d pages", m.pages)
	}
	if need := int64(m.pages * m.pageSize); size < need {
		return fmt.Errorf("it is cut off: %d bytes, and its pages need %d", size, need)
	}
	w := &walker{f: f, meta: m, all: all, seen: make([]uint64, m.pages/64+1), err: stop}
	w.take(0, 2)
	if err := w.free(); err != nil {
		return err
	}
	if err := w.root(); err != nil || !all {
		return err
	}
	for id := range m.pages {
		if w.seen[id/64]&(1<<(id%64)) == 0 {
			return fmt.Errorf("page %d is neither in use nor free", id)
		}
	}
	return nil
}

// take marks pages as named.
func (w *walker) take(id, n uint64) error {
	if id >= w.meta.pages || n > w.meta.pages-id {
		return fmt.Errorf("page %d (and %d more) is outside of the file's %d", id, n-1, w.meta.pages)
	}
	for ; n > 0; id, n = id+1, n-1 {
		if w.seen[id/64]&(1<<(id%64)) != 0 {
			return fmt.Errorf("page %d is named twice", id)
		}
		w.seen[id/64] |= 1 << (id % 64)
	}
	return nil
}

// header reads the head of a page.
func (w *walker) header(id uint64) (kind, count uint16, overflow uint64, err error) {
	if id < 2 || id >= w.meta.pages {
		return 0, 0, 0, fmt.Errorf("page %d is outside of the file's %d", id, w.meta.pages)
	}
	var b [pageHeader]byte
	if _, err := w.f.ReadAt(b[:], int64(id*w.meta.pageSize)); err != nil {
		return 0, 0, 0, fmt.Errorf("page %d: %w", id, err)
	}
	if own := native.Uint64(b[:]); own != id {
		return 0, 0, 0, fmt.Errorf("page %d takes itself for page %d", id, own)
	}
	return native.Uint16(b[8:]), native.Uint16(b[10:]), uint64(native.Uint32(b[12:])), nil
}

// page reads a page of a kind, with those that continue it, and takes them.
func (w *walker) page(id uint64, kinds ...uint16) (kind uint16, page []byte, err error) {
	if err := w.err(); err != nil {
		return 0, nil, err
	}
	kind, _, overflow, err := w.header(id)
	if err != nil {
		return 0, nil, err
	}
	if !slices.Contains(kinds, kind) {
		return 0, nil, fmt.Errorf("page %d is of kind %#x", id, kind)
	}
	if err := w.take(id, overflow+1); err != nil {
		return 0, nil, err
	}
	page = make([]byte, (overflow+1)*w.meta.pageSize)
	if _, err := w.f.ReadAt(page, int64(id*w.meta.pageSize)); err != nil {
		return 0, nil, fmt.Errorf("page %d: %w", id, err)
	}
	return kind, page, nil
}

// free walks the list of free pages, which are thereby taken.
func (w *walker) free() error {
	_, page, err := w.page(w.meta.freelist, pageFreelist)
	if err != nil {
		return fmt.Errorf("the list of free pages: %w", err)
	}
	n, ids := uint64(native.Uint16(page[10:])), page[pageHeader:]
	if n == 0xFFFF {
		n, ids = native.Uint64(ids), ids[8:]
	}
	if n > uint64(len(ids)/8) {
		return fmt.Errorf("the list of free pages has %d of them in %d bytes", n, len(ids))
	}
	for i := range n {
		if err := w.take(native.Uint64(ids[i*8:]), 1); err != nil {
			return fmt.Errorf("the list of free pages: %w", err)
		}
	}
	return nil
}

// item is one element of a leaf or a branch.
type item struct {
	key, value []byte // value: of a leaf
	bucket     bool   // in a leaf
	page       uint64 // in a branch
}

// items reads the elements of a leaf or branch, whose keys must ascend.
func items(page []byte) (out []item, err error) {
	kind, n := native.Uint16(page[8:]), int(native.Uint16(page[10:]))
	if len(page) < pageHeader+n*element {
		return nil, fmt.Errorf("%d elements do not fit", n)
	}
	out = make([]item, n)
	for i := range out {
		e := page[pageHeader+i*element:]
		position, key, value := uint64(native.Uint32(e)), uint64(native.Uint32(e[4:])), uint64(0)
		if kind == pageBranch {
			out[i].page = native.Uint64(e[8:])
		} else {
			flags := position
			position, key, value = key, uint64(native.Uint32(e[8:])), uint64(native.Uint32(e[12:]))
			if out[i].bucket = flags == 1; flags > 1 {
				return nil, fmt.Errorf("element %d has flags %#x", i, flags)
			}
		}
		if position < uint64((n-i)*element) || position+key+value > uint64(len(e)) {
			return nil, fmt.Errorf("element %d lies outside of its page", i)
		}
		out[i].key, out[i].value = e[position:position+key], e[position+key:position+key+value]
		if i > 0 && bytes.Compare(out[i-1].key, out[i].key) >= 0 {
			return nil, fmt.Errorf("element %d is out of order", i)
		}
	}
	return out, nil
}

// root walks the tree of buckets and those below it.
func (w *walker) root() error {
	return w.tree(w.meta.root, nil, nil, 0, true, func(it item) error {
		if !it.bucket || len(it.value) < bucketHead {
			return fmt.Errorf("%q is no bucket", it.key)
		}
		err := w.bucket(it.value)
		if err != nil {
			err = fmt.Errorf("bucket %q: %w", it.key, err)
		}
		return err
	})
}

func (w *walker) bucket(head []byte) error {
	flat := func(it item) error {
		if it.bucket {
			return errors.New("a bucket in a bucket")
		}
		return nil
	}
	if id := native.Uint64(head); id != 0 {
		return w.tree(id, nil, nil, 0, w.all, flat)
	}
	inline := head[bucketHead:] // a small bucket lies in its own entry
	if len(inline) < pageHeader || native.Uint16(inline[8:]) != pageLeaf {
		return errors.New("its page is not a leaf")
	}
	return leaf(inline, nil, nil, flat)
}

// leaf visits the elements of a leaf whose keys must lie in [from, to).
func leaf(page, from, to []byte, visit func(item) error) error {
	elements, err := items(page)
	if err != nil {
		return err
	}
	for _, it := range elements {
		if bytes.Compare(it.key, from) < 0 || to != nil && bytes.Compare(it.key, to) >= 0 {
			return errors.New("a key lies outside of its branch")
		}
		if err := visit(it); err != nil {
			return err
		}
	}
	return nil
}

// tree walks the pages below one, whose keys must lie in [from, to).
func (w *walker) tree(id uint64, from, to []byte, depth int, leaves bool, visit func(item) error) error {
	if depth > maxDepth {
		return fmt.Errorf("page %d lies %d deep", id, depth)
	}
	kind, page, err := w.page(id, pageBranch, pageLeaf)
	if err != nil {
		return err
	}
	if kind == pageLeaf {
		err = leaf(page, from, to, visit)
	} else {
		err = w.branch(page, from, to, depth, leaves, visit)
	}
	if err != nil && depth == 0 {
		return fmt.Errorf("below page %d: %w", id, err)
	}
	return err
}

// branch walks the children of a branch. All children are of one kind: where
// the first is a leaf and leaves are not asked for, they are only counted.
func (w *walker) branch(page, from, to []byte, depth int, leaves bool, visit func(item) error) error {
	children, err := items(page)
	if err != nil {
		return fmt.Errorf("page %d: %w", native.Uint64(page), err)
	}
	if len(children) == 0 {
		return fmt.Errorf("page %d is a branch without leaves", native.Uint64(page))
	}
	kind, _, _, err := w.header(children[0].page)
	if err != nil {
		return err
	}
	for i, child := range children {
		if kind == pageLeaf && !leaves {
			if err := w.take(child.page, 1); err != nil {
				return err
			}
			continue
		}
		last := to
		if i+1 < len(children) {
			last = children[i+1].key
		}
		if bytes.Compare(child.key, from) < 0 || last != nil && bytes.Compare(child.key, last) >= 0 {
			return fmt.Errorf("page %d: a key lies outside of its branch", native.Uint64(page))
		}
		if err := w.tree(child.page, child.key, last, depth+1, leaves, visit); err != nil {
			return err
		}
	}
	return nil
}
