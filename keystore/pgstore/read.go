package pgstore

import (
	"context"
	"fmt"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// Read asks for one record by one statement, for more of them in one
// transaction on one snapshot.
func (s *Store) Read(ctx context.Context, refs ...keystore.Ref) ([]keystore.Found, error) {
	asked := make([]ask, len(refs))
	for i := range refs {
		asked[i] = s.is.wanted(&refs[i])
	}
	var out []keystore.Found
	err := s.read(ctx, "Read", asked, func() { out = make([]keystore.Found, len(refs)) }, func(i int, row [][]byte) {
		out[i] = found(&refs[i], row)
	})
	return out, err
}

// wanted asks for a ref.
func (is *statements) wanted(ref *keystore.Ref) ask {
	if ref.Follow == "" {
		return ask{is.one, [][]byte{key(ref)}}
	}
	return ask{is.followed, [][]byte{key(ref), shelf(ref.Partition, ref.Follow)}}
}

// found is the answer to a ref.
func found(ref *keystore.Ref, row [][]byte) (f keystore.Found) {
	f.Record = keystore.Record{Partition: ref.Partition, Kind: ref.Kind, ID: ref.ID}
	fill(&f.Record, row)
	if followed := row[columns:]; len(followed) > 0 && followed[0] != nil {
		f.Followed = &keystore.Record{Partition: ref.Partition, Kind: ref.Follow, ID: f.Record.Index}
		fill(f.Followed, followed)
	}
	return f
}

// Page walks the primary key, or the index by index, from after on.
func (s *Store) Page(
	ctx context.Context,
	p keystore.Partition,
	kind keystore.Kind,
	f keystore.Filter,
	after string,
	limit int,
) ([]keystore.Record, error) {
	if limit < 1 || limit > keystore.MaxLimit {
		return nil, fmt.Errorf("%w: a page of %d records", keystore.ErrInvalid, limit)
	}
	walk, from := s.is.page, shelf(p, kind)
	if f.Index != nil {
		walk, from = s.is.filtered, indexed(from, *f.Index)
	}
	asked := ask{walk, [][]byte{append(from[:len(from):len(from)], after...), end(from), number(int64(limit))}}
	return s.list(ctx, "Page", asked, func(row [][]byte) keystore.Record {
		r := keystore.Record{Partition: p, Kind: kind, ID: string(row[columns])}
		fill(&r, row)
		return r
	})
}

// Due walks the index of what is due, of all partitions or of one.
func (s *Store) Due(ctx context.Context, p keystore.Partition, before time.Time, limit int) ([]keystore.Record, error) {
	if limit < 1 || limit > keystore.MaxLimit {
		return nil, fmt.Errorf("%w: %d due records", keystore.ErrInvalid, limit)
	}
	asked := ask{s.is.due, [][]byte{number(before.UnixMilli()), number(int64(limit))}}
	if p != (keystore.Partition{}) {
		asked = ask{s.is.dueHere, append(asked.values, place(p))}
	}
	return s.list(ctx, "Due", asked, func(row [][]byte) keystore.Record {
		r := keystore.Record{ID: string(row[columns])}
		r.Partition, r.Kind = parted(row[columns+1])
		fill(&r, row)
		return r
	})
}

// list asks for records.
func (s *Store) list(
	ctx context.Context,
	op string,
	asked ask,
	record func(row [][]byte) keystore.Record,
) (out []keystore.Record, err error) {
	err = s.read(ctx, op, []ask{asked}, func() { out = nil }, func(_ int, row [][]byte) { out = append(out, record(row)) })
	if err != nil {
		return nil, err
	}
	return out, nil
}
