package boltstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// The buckets of the file; the package comment has their keys and values.
var (
	bucketMeta    = []byte("meta")
	bucketRecords = []byte("records")
	bucketIndex   = []byte("index")
	bucketDue     = []byte("due")
	bucketDueIn   = []byte("due-in")
	bucketRecent  = []byte("recent")
	bucketCommits = []byte("commits")
)

var allBuckets = [][]byte{bucketMeta, bucketRecords, bucketIndex, bucketDue, bucketDueIn, bucketRecent, bucketCommits}

// Strings inside keys keep their byte order and never run into each other: a
// zero byte is written 00 FF, and the end 00 01.
const (
	zero    = 0x00
	zeroIs  = 0xFF
	endMark = 0x01
)

func appendString(key []byte, s string) []byte {
	for {
		i := indexZero(s)
		if i < 0 {
			key = append(key, s...)
			return append(key, zero, endMark)
		}
		key = append(append(key, s[:i]...), zero, zeroIs)
		s = s[i+1:]
	}
}

func indexZero(s string) int {
	for i := range len(s) {
		if s[i] == zero {
			return i
		}
	}
	return -1
}

var errKey = errors.New("a key that is not in the store's form")

// cutString takes the first string off a key.
func cutString(key []byte) (s string, rest []byte, err error) {
	i := bytes.IndexByte(key, zero)
	if i < 0 || i+1 == len(key) {
		return "", nil, errKey
	}
	if key[i+1] == endMark { // as most are: without a zero byte inside
		return string(key[:i]), key[i+2:], nil
	}
	var out []byte
	for ; ; i = bytes.IndexByte(key, zero) {
		if i < 0 || i+1 == len(key) {
			return "", nil, errKey
		}
		out = append(out, key[:i]...)
		mark := key[i+1]
		key = key[i+2:]
		switch mark {
		case endMark:
			return string(out), key, nil
		case zeroIs:
			out = append(out, zero)
		default:
			return "", nil, errKey
		}
	}
}

// cutStrings takes strings off a key, one for each target.
func cutStrings(key []byte, to ...*string) (rest []byte, err error) {
	for _, s := range to {
		if *s, key, err = cutString(key); err != nil {
			return nil, err
		}
	}
	return key, nil
}

func appendPartition(key []byte, p keystore.Partition) []byte {
	return appendString(appendString(key, p.Account), p.Region)
}

// shelfKey begins the keys of all records of a kind.
func shelfKey(key []byte, p keystore.Partition, k keystore.Kind) []byte {
	return appendString(appendPartition(key, p), string(k))
}

func recordKey(key []byte, p keystore.Partition, k keystore.Kind, id string) []byte {
	return append(shelfKey(key, p, k), id...)
}

// indexShelfKey begins the index's keys of all records of a kind that have
// this Index.
func indexShelfKey(key []byte, p keystore.Partition, k keystore.Kind, index string) []byte {
	return appendString(shelfKey(key, p, k), index)
}

func indexKey(r *keystore.Record) []byte {
	return append(indexShelfKey(nil, r.Partition, r.Kind, r.Index), r.ID...)
}

// appendMilli writes a time so that the order of bytes is that of time.
func appendMilli(key []byte, ms int64) []byte {
	return binary.BigEndian.AppendUint64(key, uint64(ms)^(1<<63))
}

func cutMilli(key []byte) (int64, []byte, error) {
	if len(key) < 8 {
		return 0, nil, errKey
	}
	return int64(binary.BigEndian.Uint64(key) ^ (1 << 63)), key[8:], nil
}

func dueKey(r *keystore.Record) []byte {
	key := appendString(appendMilli(nil, r.Due.UnixMilli()), r.ID)
	return append(appendPartition(key, r.Partition), r.Kind...)
}

func dueInKey(r *keystore.Record) []byte {
	key := appendMilli(appendPartition(nil, r.Partition), r.Due.UnixMilli())
	return append(appendString(key, r.ID), r.Kind...)
}

func parseRecordKey(key []byte) (ref keystore.Ref, err error) {
	var kind string
	rest, err := cutStrings(key, &ref.Partition.Account, &ref.Partition.Region, &kind)
	ref.Kind, ref.ID = keystore.Kind(kind), string(rest)
	return ref, err
}

func parseIndexKey(key []byte) (ref keystore.Ref, index string, err error) {
	var kind string
	rest, err := cutStrings(key, &ref.Partition.Account, &ref.Partition.Region, &kind, &index)
	ref.Kind, ref.ID = keystore.Kind(kind), string(rest)
	return ref, index, err
}

func parseDueKey(key []byte) (ms int64, ref keystore.Ref, err error) {
	ms, key, err = cutMilli(key)
	if err != nil {
		return 0, ref, err
	}
	rest, err := cutStrings(key, &ref.ID, &ref.Partition.Account, &ref.Partition.Region)
	ref.Kind = keystore.Kind(rest)
	return ms, ref, err
}

func parseDueInKey(key []byte) (ms int64, ref keystore.Ref, err error) {
	if key, err = cutStrings(key, &ref.Partition.Account, &ref.Partition.Region); err != nil {
		return 0, ref, err
	}
	if ms, key, err = cutMilli(key); err != nil {
		return 0, ref, err
	}
	rest, err := cutStrings(key, &ref.ID)
	ref.Kind = keystore.Kind(rest)
	return ms, ref, err
}

// recordVersion is the form of a record's value.
const recordVersion = 1

// flags of a record's value. Others are refused.
const (
	flagDue     = 1 << iota // 8 bytes of due time follow the revision
	flagCounter             // Add alone writes here
)

var sumTable = crc32.MakeTable(crc32.Castagnoli)

const sumSize = 4

// stored is a record's value. Its byte slices point into the value.
type stored struct {
	rev     keystore.CommitID
	due     int64 // milliseconds since 1970; never: none
	counter bool
	index   []byte
	data    []byte
}

// never is the due time of a record that has none. It is no time of the store:
// a record that asks for it has none.
const never = math.MinInt64

// appendValue is the value without its sum.
func (v *stored) appendValue(out []byte) []byte {
	flags := byte(0)
	if v.due != never {
		flags |= flagDue
	}
	if v.counter {
		flags |= flagCounter
	}
	out = append(append(out, recordVersion, flags), v.rev[:]...)
	if v.due != never {
		out = binary.BigEndian.AppendUint64(out, uint64(v.due))
	}
	out = binary.BigEndian.AppendUint16(out, uint16(len(v.index)))
	return append(append(out, v.index...), v.data...)
}

// seal is the value with the sum over its key and itself, which tells a
// damaged or misplaced one.
func (v *stored) seal(key []byte) []byte {
	out := v.appendValue(make([]byte, 0, 2+16+8+2+len(v.index)+len(v.data)+sumSize))
	return binary.BigEndian.AppendUint32(out, sum(key, out))
}

func sum(key, value []byte) uint32 {
	return crc32.Update(crc32.Update(0, sumTable, key), sumTable, value)
}

// unseal checks the sum and reads the value that follows a key.
func (v *stored) unseal(key, value []byte) error {
	n := len(value) - sumSize
	if n < 1 {
		return fmt.Errorf("a value of %d bytes", len(value))
	}
	if value[0] > recordVersion {
		return fmt.Errorf("%w: a record of version %d; this program reads up to %d", ErrNewer, value[0], recordVersion)
	}
	if got, want := sum(key, value[:n]), binary.BigEndian.Uint32(value[n:]); got != want {
		return fmt.Errorf("the check sum of a value is %08x, its bytes have %08x", want, got)
	}
	return v.parse(value[:n])
}

// parse reads a value without its sum. What it accepts, appendValue writes
// byte for byte.
func (v *stored) parse(b []byte) error {
	const head = 2 + 16
	if len(b) < head+2 || b[0] != recordVersion || b[1]&^(flagDue|flagCounter) != 0 {
		return errors.New("a value that is not in the store's form")
	}
	flags := b[1]
	v.rev, v.due, v.counter = keystore.CommitID(b[2:head]), never, flags&flagCounter != 0
	b = b[head:]
	if flags&flagDue != 0 {
		if len(b) < 8+2 {
			return errors.New("a value that ends in its due time")
		}
		if v.due = int64(binary.BigEndian.Uint64(b)); v.due == never {
			return errors.New("a value due at no time")
		}
		b = b[8:]
	}
	n := int(binary.BigEndian.Uint16(b))
	if b = b[2:]; len(b) < n {
		return errors.New("a value that ends in its index")
	}
	v.index, v.data = b[:n:n], b[n:]
	if v.rev == (keystore.CommitID{}) || v.counter && (len(v.data) != 8 || n > 0 || v.due != never) {
		return errors.New("a value that no commit writes")
	}
	return nil
}

// fill copies the value into a record whose names are known.
func (v *stored) fill(r *keystore.Record) {
	r.Rev, r.Index, r.Data = v.rev, string(v.index), bytes.Clone(v.data)
	if v.due != never {
		r.Due = time.UnixMilli(v.due).UTC()
	}
}

// dueOf is the due time of a record as the file has it.
func dueOf(r *keystore.Record) int64 {
	if r.Due.IsZero() {
		return never
	}
	return r.Due.UnixMilli()
}
