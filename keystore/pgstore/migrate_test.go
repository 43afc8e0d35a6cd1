package pgstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/seed748fb4d1/apcsim/internal/testrig/pgcluster"
	"github.com/seed748fb4d1/apcsim/internal/testrig/storetest"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// upTo opens nothing, but migrates to a version.
func upTo(ctx context.Context, url string, steps []string) error {
	config, err := parse(url)
	if err != nil {
		return err
	}
	s := &Store{schema: pgx.Identifier{defaultSchema}.Sanitize(), patience: defaultPatience}
	return s.migrate(ctx, config.ConnConfig, steps)
}

func TestOlderSchemaIsMigrated(t *testing.T) {
	name, url := pgcluster.MustShared(t).Fresh(t)
	must(t, "version 1", upTo(t.Context(), url, migrations()[:1]))
	must(
		t,
		"a record of version 1",
		pgcluster.MustShared(t).Do(t.Context(), name, `INSERT INTO apcsim.records (key, place, id, idx, by_idx, rev, due, data)
		VALUES ('\x0c3131313132323232333333330975732d656173742d31036b657961', '\x0c3131313132323232333333330975732d656173742d31', 'a', 'x',
			'\x0c3131313132323232333333330975732d656173742d31036b6579000178' || 'a'::bytea,
			  '00000000-0000-0000-0000-000000000007', 1780315200000, 'data')`),
	)
	s := open(t, url, nil)
	got := get(t, s, keystore.Ref{Partition: here, Kind: "key", ID: "a"})
	want := keystore.Record{
		Partition: here,
		Kind:      "key",
		ID:        "a",
		Rev:       keystore.CommitID{15: 7},
		Due:       noon,
		Index:     "x",
		Data:      []byte("data"),
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	for _, f := range []keystore.Filter{{}, {Index: new("x")}} {
		if page, err := s.Page(t.Context(), here, "key", f, "", 10); err != nil || len(page) != 1 {
			t.Errorf("a page: %v, %v", page, err)
		}
	}
	if due, err := s.Due(t.Context(), here, noon, 10); err != nil || len(due) != 1 || due[0].Kind != "key" {
		t.Errorf("due: %v, %v", due, err)
	}
	must(t, "Commit", s.Commit(t.Context(), storetest.NewID(), keystore.Replace(got)))
}

func TestNewerSchemaIsRefused(t *testing.T) {
	_, url := pgcluster.MustShared(t).Fresh(t)
	must(t, "a later program", upTo(t.Context(), url, append(migrations(), "CREATE TABLE {schema}.later ()")))
	_, err := Open(t.Context(), url, nil)
	if !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), fmt.Sprint(len(migrations())+1)) {
		t.Errorf("got %v, want %v with the version", err, ErrNewer)
	}
}

func TestFailedMigrationLeavesNothing(t *testing.T) {
	name, url := pgcluster.MustShared(t).Fresh(t)
	err := upTo(t.Context(), url, append(migrations(), "CREATE TABLE {schema}.half (); SELECT 1/0"))
	if refusal, ok := errors.AsType[*Error](err); !ok || refusal.SQLState != "22012" || !strings.Contains(err.Error(), "version 3") {
		t.Fatalf("a migration that divides by zero: %v", err)
	}
	if err := pgcluster.MustShared(t).Do(t.Context(), name, "SELECT FROM apcsim.migrations"); err == nil {
		t.Error("the schema is there")
	}
	open(t, url, nil)
}

func TestManyMigrateAtOnce(t *testing.T) {
	for range 3 {
		_, url := pgcluster.MustShared(t).Fresh(t)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				s, err := Open(t.Context(), url, nil)
				if err != nil {
					t.Errorf("Open: %v", err)
					return
				}
				defer s.Close()
				if err := s.Commit(t.Context(), storetest.NewID(), keystore.Create(record(string(newIDText())))); err != nil {
					t.Errorf("Commit: %v", err)
				}
			})
		}
		wg.Wait()
		s := open(t, url, nil)
		var versions string
		must(
			t,
			"SELECT",
			s.pool.QueryRow(t.Context(), "SELECT string_agg(version::text, ' ' ORDER BY version) FROM apcsim.migrations").Scan(&versions),
		)
		if page, err := s.Page(t.Context(), here, "key", keystore.Filter{}, "", 10); err != nil || len(page) != 8 || versions != "1 2" {
			t.Errorf("%d records of 8, %v, versions %q", len(page), err, versions)
		}
	}
}

// TestWhatOpeningNeedsIsSaid: what to create and what to grant, once, in SQL that works.
func TestWhatOpeningNeedsIsSaid(t *testing.T) {
	c := pgcluster.MustShared(t)
	name, url := c.Fresh(t)
	role := "guest_" + name
	guest := strings.Replace(url, "apcsim@", role+"@", 1)
	refused := func(what, url, state, want string) {
		t.Helper()
		_, err := Open(t.Context(), url, nil)
		refusal, ok := errors.AsType[*Error](err)
		if !ok || refusal.SQLState != state || strings.Count(err.Error(), want) != 1 {
			t.Errorf("%s: got %v, want SQLSTATE %s and once %s", what, err, state, want)
		}
	}
	refused("no database", strings.Replace(url, name, name+"2", 1), "3D000", `CREATE DATABASE "`+name+`2" OWNER "apcsim" makes it`)
	refused("no role", guest, "28000", `CREATE ROLE "`+role+`" LOGIN`)
	must(t, "the role", c.Do(t.Context(), name, "CREATE ROLE "+role+" LOGIN"))
	t.Cleanup(func() { c.Do(context.Background(), name, "DROP OWNED BY "+role+"; DROP ROLE "+role) })

	create1 := `GRANT CREATE ON DATABASE "` + name + `" TO "` + role + `"`
	refused("a new schema", guest, "42501", create1)
	open(t, url, nil)
	use := grantUse(`"apcsim"`, `"`+role+`"`)
	refused("a schema of another role", guest, "42501", use)
	must(t, "one right", c.Do(t.Context(), name, "GRANT USAGE ON SCHEMA apcsim TO "+role+"; GRANT SELECT ON apcsim.migrations TO "+role))
	s := open(t, guest, nil)
	if _, err := s.Read(t.Context(), record("a").Ref()); err == nil ||
		!strings.Contains(err.Error(), "permission denied for table records: "+grantUse(`"apcsim"`, "the role")) {
		t.Errorf("Read: got %v", err)
	}
	must(t, "the rights", c.Do(t.Context(), name, use))
	create(t, open(t, guest, nil), record("a"))

	other, otherURL := c.Fresh(t)
	must(t, "the right to create", c.Do(t.Context(), other, strings.ReplaceAll(create1, name+`" TO`, other+`" TO`)))
	t.Cleanup(func() { c.Do(context.Background(), other, "DROP OWNED BY "+role) })
	create(t, open(t, strings.Replace(otherURL, "apcsim@", role+"@", 1), nil), record("a"))
}

func TestSchemasKeepApart(t *testing.T) {
	_, url := pgcluster.MustShared(t).Fresh(t)
	for _, schema := range []string{"", "other", `Odd "name'`} {
		s := open(t, url, &Options{Schema: schema})
		create(t, s, record("a"))
		again := open(t, url, &Options{Schema: schema})
		if !get(t, again, record("a").Ref()).Exists() {
			t.Errorf("schema %q: not found again", schema)
		}
	}
	if _, err := Open(t.Context(), url, &Options{Schema: strings.Repeat("x", 64)}); err == nil {
		t.Error("a schema's name of 64 bytes is taken, and cut by PostgreSQL")
	}
}

// TestMigrationsAreFound: all of them, in order.
func TestMigrationsAreFound(t *testing.T) {
	steps := migrations()
	if len(steps) != 2 || !strings.Contains(steps[0], "-- Version 1") || !strings.Contains(steps[1], "-- Version 2") {
		t.Errorf("%d migrations: %.20q", len(steps), steps)
	}
}

// TestReadableIsReadable: the view shows people what is there.
func TestReadableIsReadable(t *testing.T) {
	_, url := pgcluster.MustShared(t).Fresh(t)
	s := open(t, url, nil)
	r := record("a")
	r.Due = noon
	create(t, s, r)
	var row string
	must(
		t,
		"SELECT",
		s.pool.QueryRow(t.Context(), "SELECT concat_ws(' ', account, region, kind, id, idx, due AT TIME ZONE 'UTC', size) FROM apcsim.readable").
			Scan(&row),
	)
	if want := "111122223333 us-east-1 key a index 2026-06-01 12:00:00 500"; row != want {
		t.Errorf("got %q, want %q", row, want)
	}
}
