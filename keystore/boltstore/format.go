package boltstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// The buckets of the file. A record has one entry in each of the first ones, up to
// entries; the package comment has their keys and values.
const (
	records = iota
	index
	due
	dueIn
	entries
	meta = iota - 1
	commits
	buckets
)

var bucketNames = [buckets][]byte{
	records: []byte("records"), index: []byte("index"), due: []byte("due"), dueIn: []byte("due-in"),
	meta: []byte("meta"), commits: []byte("commits"),
}

var (
	bucketRecent = []byte("recent") // of format 1
	keyFormat    = []byte("format") // in meta
	keyState     = []byte("state")  // in meta
	keyIDs       = []byte("ids")    // in commits
)

// A zero byte in a string of a key is written 00 FF, and 00 01 ends the string:
// keys are in the order of their strings, and no string runs into the next one.
const (
	escapedZero = "\x00\xff"
	endOfString = "\x00\x01"
)

func appendString(key []byte, s string) []byte {
	return append(append(key, strings.ReplaceAll(s, "\x00", escapedZero)...), endOfString...)
}

// cutStrings takes strings off a key, one for each target.
func cutStrings(key []byte, to ...*string) (rest string, ok bool) {
	for _, s := range to {
		var b []byte
		if b, key, ok = bytes.Cut(key, []byte(endOfString)); !ok {
			return "", false
		}
		*s = strings.ReplaceAll(string(b), escapedZero, "\x00")
	}
	return string(key), true
}

func appendPartition(key []byte, p keystore.Partition) []byte {
	return appendString(appendString(key, p.Account), p.Region)
}

// kindKey begins the keys of all records of a kind.
func kindKey(key []byte, p keystore.Partition, k keystore.Kind) []byte {
	return appendString(appendPartition(key, p), string(k))
}

// indexedKey begins the keys in the bucket index of all records of a kind that have
// this Index.
func indexedKey(p keystore.Partition, k keystore.Kind, index string) []byte {
	return appendString(kindKey(nil, p, k), index)
}

func recordKey(key []byte, ref *keystore.Ref) []byte {
	return append(kindKey(key, ref.Partition, ref.Kind), ref.ID...)
}

// appendMilli writes a time so that keys are in the order of time.
func appendMilli(key []byte, t time.Time) []byte {
	return binary.BigEndian.AppendUint64(key, uint64(t.UnixMilli())^(1<<63))
}

// isDue reports whether a record has a due time after it is cut to milliseconds.
func isDue(r *keystore.Record) bool {
	return !r.Due.IsZero() && !time.UnixMilli(r.Due.UnixMilli()).IsZero()
}

// entryKeys are the keys of a record in the buckets; nil in those where it has none.
func entryKeys(r *keystore.Record) (keys [entries][]byte) {
	ref := r.Ref()
	keys[records] = recordKey(nil, &ref)
	keys[index] = append(indexedKey(r.Partition, r.Kind, r.Index), r.ID...)
	if isDue(r) {
		keys[due] = append(appendPartition(appendString(appendMilli(nil, r.Due), r.ID), r.Partition), r.Kind...)
		keys[dueIn] = append(appendString(appendMilli(appendPartition(nil, r.Partition), r.Due), r.ID), r.Kind...)
	}
	return keys
}

// parseRecordKey reads a key of the bucket records.
func parseRecordKey(key []byte) (ref keystore.Ref, err error) {
	var kind string
	id, ok := cutStrings(key, &ref.Partition.Account, &ref.Partition.Region, &kind)
	ref.Kind, ref.ID = keystore.Kind(kind), id
	if !ok || kind == "" || id == "" || len(id) > keystore.MaxID || !bytes.Equal(recordKey(nil, &ref), key) {
		err = fmt.Errorf("%q is not the key of a record", key)
	}
	return ref, err
}

// parseDueKey reads what follows the time in a key of the bucket due, or of due-in,
// whose partition is known.
func parseDueKey(key []byte, p keystore.Partition) (ref keystore.Ref, err error) {
	ref.Partition = p
	to := []*string{&ref.ID, &ref.Partition.Account, &ref.Partition.Region}
	if p != (keystore.Partition{}) {
		to = to[:1]
	}
	kind, ok := cutStrings(key, to...)
	if ref.Kind = keystore.Kind(kind); !ok {
		err = fmt.Errorf("%q does not name a due record", key)
	}
	return ref, err
}

const (
	idSize        = len(keystore.CommitID{})
	recordVersion = 1
	recordHead    = 2 + idSize
)

// Flags of a record's value. Others are refused.
const (
	flagDue     = 1 << iota // 8 bytes of due time follow the revision
	flagCounter             // Add alone changes it
)

var errValue = errors.New("a key or value that is not in the store's form")

// encodeRecord is the value of a record, with the checksum over its key.
func encodeRecord(key []byte, r *keystore.Record, counter bool) []byte {
	flags := byte(0)
	if isDue(r) {
		flags |= flagDue
	}
	if counter {
		flags |= flagCounter
	}
	out := make([]byte, 0, recordHead+8+2+len(r.Index)+len(r.Data)+sumSize)
	out = append(append(out, recordVersion, flags), r.Rev[:]...)
	if flags&flagDue != 0 {
		out = binary.BigEndian.AppendUint64(out, uint64(r.Due.UnixMilli()))
	}
	out = binary.BigEndian.AppendUint16(out, uint16(len(r.Index)))
	return appendSum(key, append(append(out, r.Index...), r.Data...))
}

// decodeRecord reads a record's value into r, whose Ref is known.
func decodeRecord(key, value []byte, r *keystore.Record) (counter bool, err error) {
	if len(value) > 0 && value[0] > recordVersion {
		return false, fmt.Errorf("%w: a record of version %d; this program reads up to %d", ErrNewer, value[0], recordVersion)
	}
	b, err := cutSum(key, value)
	if err != nil {
		return false, err
	}
	if len(b) < recordHead+2 || b[0] != recordVersion || b[1]&^(flagDue|flagCounter) != 0 {
		return false, errValue
	}
	flags := b[1]
	r.Rev, b = keystore.CommitID(b[2:]), b[recordHead:]
	if flags&flagDue != 0 {
		if len(b) < 8+2 {
			return false, errValue
		}
		if r.Due, b = time.UnixMilli(int64(binary.BigEndian.Uint64(b))).UTC(), b[8:]; !isDue(r) {
			return false, errValue
		}
	}
	n := int(binary.BigEndian.Uint16(b))
	if b, counter = b[2:], flags&flagCounter != 0; len(b) < n || !r.Exists() || counter && (len(b) != 8 || n > 0) {
		return false, errValue
	}
	r.Index, r.Data = string(b[:n]), bytes.Clone(b[n:])
	return counter, nil
}

const sumSize = 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func sum(key, value []byte) uint32 {
	return crc32.Update(crc32.Update(0, castagnoli, key), castagnoli, value)
}

// appendSum adds the checksum over a key and its value.
func appendSum(key, value []byte) []byte {
	return binary.BigEndian.AppendUint32(value, sum(key, value))
}

// cutSum checks the checksum of a value and takes it off.
func cutSum(key, value []byte) ([]byte, error) {
	n := len(value) - sumSize
	if n < 0 || sum(key, value[:n]) != binary.BigEndian.Uint32(value[n:]) {
		return nil, errors.New("a value and its checksum do not agree")
	}
	return value[:n], nil
}
