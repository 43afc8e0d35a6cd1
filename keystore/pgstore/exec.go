package pgstore

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ask is one statement with its parameters.
type ask struct {
	*statement
	values [][]byte
}

// How a transaction begins, where more than one statement is in it.
const (
	readOnly  = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
	readWrite = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
)

var binaryFormat = []int16{pgx.BinaryFormatCode}

// prepare gives a new connection its statements, all in one round trip.
func (s *Store) prepare(ctx context.Context, conn *pgx.Conn) error {
	if s.plain.Load() {
		return nil
	}
	pipe := conn.PgConn().StartPipeline(ctx)
	for _, st := range s.is.all() {
		pipe.SendPrepare(st.name, st.sql, st.types)
	}
	err := pipe.Sync()
	for n := 0; err == nil && n < len(s.is.all()); n++ {
		var result any
		result, err = pipe.GetResults()
		if described, ok := result.(*pgconn.StatementDescription); ok {
			described.Name = s.is.all()[n].name
			s.is.all()[n].described.Store(described)
		}
	}
	err = errors.Join(err, pipe.Close())
	if sqlState(err) == hasStatement { // a pooler's connection, on which we have been before
		s.plain.Store(true)
		return nil
	}
	return err
}

// exec sends statements, in a transaction if begin says how it begins, and
// reads all answers: one round trip. Each row is given to each, with the number
// of its statement, and is the connection's again afterwards. What failed is
// undone.
//
// Where the connection turns out to have no prepared statements, nothing was
// done; it can be done again without, and so is everything from then on.
func (s *Store) exec(ctx context.Context, conn *pgconn.PgConn, begin string, asked []ask, each func(i int, row [][]byte)) error {
	err := send(ctx, conn, s.plain.Load(), begin, asked, each)
	if sqlState(err) == noStatement {
		s.plain.Store(true)
	}
	if err != nil && final(err) && conn.TxStatus() != 'I' {
		conn.Exec(ctx, "ROLLBACK").ReadAll() // if it fails, the pool gives the connection up
	}
	return err
}

func send(ctx context.Context, conn *pgconn.PgConn, plain bool, begin string, asked []ask, each func(i int, row [][]byte)) error {
	var batch pgconn.Batch
	if begin != "" {
		batch.ExecParams(begin, nil, nil, nil, nil)
	}
	for _, a := range asked {
		if described := a.described.Load(); plain || described == nil {
			batch.ExecParams(a.sql, a.values, a.types, binaryFormat, binaryFormat)
		} else {
			batch.ExecStatement(described, a.values, binaryFormat, binaryFormat)
		}
	}
	first := 0
	if begin != "" {
		batch.ExecParams("COMMIT", nil, nil, nil, nil)
		first = 1
	}
	answers := conn.ExecBatch(ctx, &batch)
	for n := -first; answers.NextResult(); n++ {
		rows := answers.ResultReader()
		for rows.NextRow() {
			if n >= 0 && n < len(asked) {
				each(n, rows.Values())
			}
		}
		if _, err := rows.Close(); err != nil {
			break // Close has it as well
		}
	}
	return answers.Close()
}

// read executes what may be done twice, until it is done: connections that break
// and transactions broken off are tried again. Each time it starts anew.
func (s *Store) read(ctx context.Context, op string, asked []ask, start func(), each func(i int, row [][]byte)) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.calls.Done()
	begin := ""
	if len(asked) > 1 {
		begin = readOnly
	}
	bounded, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	for again := (pause{}); ; {
		start()
		done, err := s.once(bounded, bounded, begin, asked, each)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !mayRepeat(done, err) || !again.wait(bounded):
			return stale(op, s.schema, err)
		}
	}
}

// step is how far a call got.
type step int

const (
	unsent step = iota // nothing has been sent
	sent               // something may have been
)

// mayRepeat reports whether another attempt may succeed.
func mayRepeat(done step, err error) bool {
	if done == unsent {
		return passing(err)
	}
	switch sqlState(err) {
	case serialization, deadlock, noStatement:
		return true
	}
	return !final(err)
}

// once executes on a connection of the pool, for which it waits as long as the
// first context lasts. After one that broke, the others that the pool has are
// suspect.
func (s *Store) once(acquiring, ctx context.Context, begin string, asked []ask, each func(i int, row [][]byte)) (step, error) {
	conn, err := s.pool.Acquire(acquiring)
	if err != nil {
		return unsent, err
	}
	defer conn.Release()
	err = s.exec(ctx, conn.Conn().PgConn(), begin, asked, each)
	if err != nil && conn.Conn().IsClosed() {
		s.pool.Reset()
	}
	if err != nil && pgconn.SafeToRetry(err) {
		return unsent, err
	}
	return sent, err
}

// pause is what passes between two tries, longer each time.
type pause struct{ next time.Duration }

// wait lets it pass, and reports whether there is time for another attempt.
func (p *pause) wait(ctx context.Context) bool {
	p.next = min(max(2*p.next, 2*time.Millisecond), 200*time.Millisecond)
	timer := time.NewTimer(p.next)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
