package pgstore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// The migrations: N.sql makes version N of version N-1. A file that has been
// released does not change any more.
//
//go:embed migrations/*.sql
var files embed.FS

// migrations are the texts of all, in order.
func migrations() (steps []string) {
	for {
		text, err := files.ReadFile(fmt.Sprintf("migrations/%d.sql", len(steps)+1))
		if err != nil {
			return steps
		}
		steps = append(steps, string(text))
	}
}

// migrate brings the schema up to date, on a connection of its own. It is tried
// again while the server cannot be reached; what broke off has left nothing.
func (s *Store) migrate(ctx context.Context, config *pgx.ConnConfig, steps []string) error {
	bounded, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	for again := (pause{}); ; {
		err := s.migrateOnce(bounded, ctx, config, steps)
		refusal, refused := errors.AsType[*Error](err)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !refused || !refusal.passing || !again.wait(bounded):
			return err
		}
	}
}

// migrateOnce connects while the first context lasts, and migrates, which may
// take long, while the second does.
func (s *Store) migrateOnce(connecting, ctx context.Context, config *pgx.ConnConfig, steps []string) error {
	conn, err := pgx.ConnectConfig(connecting, config)
	if err != nil {
		return failure("Open", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	m := &migration{conn.PgConn(), s.schema, steps}
	have, err := m.version(ctx)
	if err != nil || have == len(steps) {
		return err
	}
	if err := m.run(ctx); err != nil {
		m.do(context.WithoutCancel(ctx), "ROLLBACK") // if it can be heard; it ends with the connection anyway
		return err
	}
	return nil
}

// migration brings one schema up to date.
type migration struct {
	conn   *pgconn.PgConn
	schema string
	steps  []string
}

// do executes statements, in one round trip.
func (m *migration) do(ctx context.Context, sql string) ([][][]byte, error) {
	results, err := m.conn.Exec(ctx, strings.ReplaceAll(sql, "{schema}", m.schema)).ReadAll()
	if err != nil {
		return nil, failure("Open", err)
	}
	return results[len(results)-1].Rows, nil
}

// version is the schema's; 0 where there is none. A newer one than this program
// has is refused.
func (m *migration) version(ctx context.Context) (int, error) {
	rows, err := m.do(ctx, "SELECT coalesce(max(version), 0) FROM {schema}.migrations")
	if refusal, ok := errors.AsType[*Error](err); ok && (refusal.SQLState == noTable || refusal.SQLState == noSchema) {
		return 0, nil
	} else if err != nil {
		return 0, err
	}
	var have int
	if _, err := fmt.Sscan(string(rows[0][0]), &have); err != nil {
		return 0, fmt.Errorf("pgstore: the version of the schema %s: %w", m.schema, err)
	}
	if have > len(m.steps) {
		return 0, fmt.Errorf("%w: version %d of the schema %s, and this program has %d", ErrNewer, have, m.schema, len(m.steps))
	}
	return have, nil
}

// run takes the steps that are missing, in one transaction; others that would do
// so wait, and find it done.
func (m *migration) run(ctx context.Context) error {
	_, err := m.do(ctx, readWrite+fmt.Sprintf("; SELECT pg_advisory_xact_lock(%d)", lockKey(m.schema, "migrations")))
	if err != nil {
		return err
	}
	if err := m.makeTable(ctx); err != nil {
		return err
	}
	have, err := m.version(ctx)
	if err != nil {
		return err
	}
	for n := have; n < len(m.steps); n++ {
		if _, err := m.do(ctx, m.steps[n]); err != nil {
			return fmt.Errorf("pgstore: migrating the schema %s to version %d: %w", m.schema, n+1, err)
		}
		if _, err := m.do(ctx, fmt.Sprintf("INSERT INTO {schema}.migrations (version) VALUES (%d)", n+1)); err != nil {
			return err
		}
	}
	_, err = m.do(ctx, "COMMIT")
	return err
}

// makeTable makes the schema and the table of its versions, where they are not:
// Only IF NOT EXISTS would ask for rights that an old schema does not need.
func (m *migration) makeTable(ctx context.Context) error {
	rows, err := m.do(
		ctx,
		"SELECT to_regnamespace("+literal(m.schema)+") IS NULL, to_regclass("+literal(m.schema+".migrations")+") IS NULL",
	)
	if err != nil {
		return err
	}
	if string(rows[0][0]) == "t" {
		if _, err := m.do(ctx, "CREATE SCHEMA {schema}"); err != nil {
			return err
		}
	}
	if string(rows[0][1]) == "t" {
		_, err = m.do(ctx, "CREATE TABLE {schema}.migrations (version int PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())")
	}
	return err
}

// literal is a string in SQL.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
