package pgstore

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// Values are sent in PostgreSQL's binary form, which for all that we have is a
// copy: bytea is its bytes, uuid its 16, bigint 8 and int 4, big endian.

// statement is a statement with the types of its parameters. Its name is made
// of its text, so that a connection that has prepared one of that name has prepared this.
type statement struct {
	name, sql string
	types     []uint32
	described atomic.Pointer[pgconn.StatementDescription] // the server's word, the same from every connection
}

func newStatement(schema, sql string, types ...uint32) *statement {
	sql = strings.ReplaceAll(sql, "{schema}", schema)
	sum := sha256.Sum256([]byte(sql))
	return &statement{name: "apcsim_" + hex.EncodeToString(sum[:8]), sql: sql, types: types}
}

// statements are all that a store executes.
type statements struct{ one, followed, page, filtered, due, dueHere, commit *statement }

func (is *statements) all() []*statement {
	return []*statement{is.one, is.followed, is.page, is.filtered, is.due, is.dueHere, is.commit}
}

const (
	bytea, uuid, bigint = pgtype.ByteaOID, pgtype.UUIDOID, pgtype.Int8OID

	byteas, uuids, bigints, texts, bools = pgtype.ByteaArrayOID, pgtype.UUIDArrayOID, pgtype.Int8ArrayOID, pgtype.TextArrayOID,
		pgtype.BoolArrayOID
)

// statementsOf has them for a schema.
func statementsOf(schema string) *statements {
	return &statements{
		one: newStatement(schema, `SELECT rev, due, idx, data, value FROM {schema}.records WHERE key = $1`,
			bytea),
		followed: newStatement(schema, `SELECT r.rev, r.due, r.idx, r.data, r.value, f.rev, f.due, f.idx, f.data, f.value
			FROM {schema}.records r LEFT JOIN {schema}.records f ON f.key = $2 || r.idx WHERE r.key = $1`,
			bytea, bytea),
		page: newStatement(schema, `SELECT rev, due, idx, data, value, id FROM {schema}.records
			WHERE key > $1 AND key < $2 ORDER BY key LIMIT $3`,
			bytea, bytea, bigint),
		filtered: newStatement(schema, `SELECT rev, due, idx, data, value, id FROM {schema}.records
			WHERE by_idx > $1 AND by_idx < $2 ORDER BY by_idx LIMIT $3`,
			bytea, bytea, bigint),
		due: newStatement(schema, `SELECT rev, due, idx, data, value, id, key FROM {schema}.records
			WHERE due <= $1 ORDER BY due, id, key LIMIT $2`,
			bigint, bigint),
		dueHere: newStatement(schema, `SELECT rev, due, idx, data, value, id, key FROM {schema}.records
			WHERE place = $3 AND due <= $1 ORDER BY due, id, key LIMIT $2`,
			bigint, bigint, bytea),
		commit: newStatement(schema, `SELECT outcome, change
			FROM {schema}.commit_2($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
			uuid, uuid, uuids, bigints, bools, texts, byteas, byteas, byteas, byteas, byteas, uuids, bigints, byteas, bigints, bigints),
	}
}

// number is a bigint.
func number(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

// array is an array of one dimension in the making.
type array []byte

// newArray begins an array of n elements.
func newArray(element uint32, n int) array {
	if n == 0 {
		return binary.BigEndian.AppendUint32(make(array, 8, 12), element) // no dimension
	}
	a := array{0, 0, 0, 1, 0, 0, 0, 1} // one dimension; there may be nulls
	a = binary.BigEndian.AppendUint32(a, element)
	a = binary.BigEndian.AppendUint32(a, uint32(n))
	return binary.BigEndian.AppendUint32(a, 1) // the first has the number 1
}

func (a *array) null() { *a = binary.BigEndian.AppendUint32(*a, 1<<32-1) }

func (a *array) bytes(b []byte) {
	*a = append(binary.BigEndian.AppendUint32(*a, uint32(len(b))), b...)
}

func (a *array) text(s string) {
	*a = append(binary.BigEndian.AppendUint32(*a, uint32(len(s))), s...)
}

func (a *array) number(n int64) {
	*a = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(*a, 8), uint64(n))
}

func (a *array) bool(b bool) {
	a.bytes(map[bool][]byte{false: {0}, true: {1}}[b])
}

// columns are how many every list of a record begins with.
const columns = 5

// fill reads rev, due, idx, data and value into a record. The row is the
// connection's: what stays is copied.
func fill(r *keystore.Record, row [][]byte) {
	copy(r.Rev[:], row[0])
	if due := row[1]; due != nil {
		r.Due = time.UnixMilli(int64(binary.BigEndian.Uint64(due))).UTC()
	}
	r.Index = string(row[2])
	r.Data = append([]byte(nil), row[3]...)
	if value := row[4]; value != nil { // a counter's data is its value
		r.Data = append([]byte(nil), value...)
	}
}
