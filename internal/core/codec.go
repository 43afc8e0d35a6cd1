package core

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
)

// Records have a binary form: a version byte, then fields in a fixed order,
// each a length and its bytes. A later version adds fields at the end.

// errRecord is what a damaged record decodes to.
var errRecord = errors.New("engine: damaged record")

// errRecordKind is a record of an unknown kind.
var errRecordKind = errors.New("engine: a record of an unknown kind")

// errVersion is a record of an unknown version.
type errVersion struct {
	kind         string
	found, known byte
}

func (e errVersion) Error() string {
	return fmt.Sprintf("engine: %s record of version %d, this build reads versions up to %d", e.kind, e.found, e.known)
}

// writer builds a record.
type writer struct {
	b   []byte
	bad bool // a time was written that no record can hold
}

// record is what was written; nil if no record can hold it, which
// [Cloud.Commit] refuses.
func (w *writer) record() []byte {
	if w.bad {
		return nil
	}
	return w.b
}

func (w *writer) bytes(b []byte) {
	if len(b) == 0 { // many are empty
		w.b = append(w.b, 0)
		return
	}
	w.number(uint64(len(b)))
	w.b = append(w.b, b...)
}

func (w *writer) text(s string) {
	if s == "" { // many are empty
		w.b = append(w.b, 0)
		return
	}
	w.number(uint64(len(s)))
	w.b = append(w.b, s...)
}

func (w *writer) number(n uint64) {
	if n < 0x80 { // nearly all of them
		w.b = append(w.b, byte(n))
		return
	}
	w.b = binary.AppendUvarint(w.b, n)
}

func (w *writer) flag(on bool) {
	var n uint64
	if on {
		n = 1
	}
	w.number(n)
}

// time writes milliseconds since 1970 plus one; the zero time is 0.
func (w *writer) time(t time.Time) {
	if t.IsZero() {
		w.b = append(w.b, 0)
		return
	}
	w.bad = w.bad || !storable(t)
	w.b = binary.AppendUvarint(w.b, uint64(t.UnixMilli())+1)
}

// storable reports whether a record can hold a time: one of the years 1970 to
// 9999.
func storable(t time.Time) bool {
	ms := t.UnixMilli()
	return ms >= 0 && ms <= maxMilli
}

// checkClock refuses a reading of the clock that no record can hold.
func checkClock(now time.Time) error {
	if storable(now) {
		return nil
	}
	return clockError(now.Format(timeForm))
}

func clockError(found string) *apc.Error {
	return &apc.Error{Code: apc.ErrInternalServer, Message: "Internal server error.",
		Reasons: []apc.Reason{Because(apc.RuleClock, "", problemClock, found, "a time of the years 1970 to 9999")}}
}

// reader takes a record apart. The first failure is kept and everything
// after it is zero.
type reader struct {
	version byte
	b       []byte
	fail    error
}

func newReader(data []byte, kind string, known byte) reader {
	switch {
	case len(data) == 0:
		return reader{fail: errRecord}
	case data[0] == 0:
		return reader{fail: errRecord}
	case data[0] > known:
		return reader{fail: errVersion{kind, data[0], known}}
	}
	return reader{version: data[0], b: data[1:]}
}

func (r *reader) number() uint64 {
	if r.fail != nil {
		return 0
	}
	n, size := binary.Uvarint(r.b)
	if size <= 0 {
		r.fail = errRecord
		return 0
	}
	r.b = r.b[size:]
	return n
}

// count is the length of the next field, or a number of items of at least one byte: no more than the bytes that follow.
func (r *reader) count() int {
	n := r.number()
	if r.fail == nil && n > uint64(len(r.b)) {
		r.fail = errRecord
	}
	if r.fail != nil {
		return 0
	}
	return int(n)
}

func (r *reader) text() string { return string(r.bytes()) }

// member reads a value of an enumeration, or the empty one; another is
// damage.
func member[T ~string](r *reader, all []T) T {
	b := r.bytes()
	if len(b) == 0 {
		return ""
	}
	for _, v := range all {
		if string(b) == string(v) {
			return v
		}
	}
	r.fail = errRecord
	return ""
}

// bytes shares the record's memory, which is never changed. Empty bytes are nil.
func (r *reader) bytes() []byte {
	n := r.count()
	if n == 0 {
		return nil
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) flag() bool {
	n := r.number()
	if n > 1 {
		r.fail = errRecord
	}
	return n == 1
}

// maxMilli is the last moment of the year 9999.
const maxMilli = 253402300799999

func (r *reader) time() time.Time {
	n := r.number()
	if n > maxMilli+1 {
		r.fail = errRecord
	}
	if n == 0 || r.fail != nil {
		return time.Time{}
	}
	return time.UnixMilli(int64(n - 1)).UTC()
}

// end is the failure, if any; bytes left over are one.
func (r *reader) end() error {
	if r.fail == nil && len(r.b) > 0 {
		r.fail = errRecord
	}
	return r.fail
}

// timeForm is how moments are shown.
const timeForm = "2006-01-02T15:04:05Z"
