package pgstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// Options of Open. The zero value is right for most; nil means the same.
type Options struct {
	// Schema has the tables; "" is "apcsim". Stores in different schemas of one
	// database are independent.
	Schema string

	// MaxConns is how many connections a store opens at most; 0 is what the URL
	// says (pool_max_conns), or else 10. A call has one while it runs.
	MaxConns int

	// Patience is how long a call goes on trying while the server cannot be
	// reached, and how long a commit may take; 0 is 5 seconds.
	Patience time.Duration

	configure func(*pgxpool.Config) // for tests
}

const (
	defaultSchema   = "apcsim"
	defaultConns    = 10
	defaultPatience = 5 * time.Second
)

// Store is a keystore.Store. Any number of goroutines may share one.
type Store struct {
	pool     *pgxpool.Pool
	schema   string // as its name is written in SQL, quoted
	patience time.Duration
	is       *statements
	plain    atomic.Bool // statements are sent unprepared

	mu     sync.Mutex // guards closed, and calls against growing once it is set
	closed bool
	calls  sync.WaitGroup
}

var _ keystore.Store = (*Store)(nil)

// Open connects to a database, by a URL like
// postgres://user:password@host:5432/database?sslmode=verify-full, and brings
// its schema up to date. What the URL does not say is taken from the environment, by
// the variables of PostgreSQL's own programs (PGHOST, PGPASSWORD, PGPASSFILE,
// PGSSLMODE, PGSSLROOTCERT and so on). No error shows the password. Nil options
// are the defaults.
//
// The role needs the right to create the schema, or to use one that is up to
// date. The context is for opening only.
func Open(ctx context.Context, url string, o *Options) (*Store, error) {
	if o == nil {
		o = &Options{}
	}
	config, err := parse(url)
	if err != nil {
		return nil, err
	}
	name := cmp.Or(o.Schema, defaultSchema)
	if len(name) > 63 || strings.ContainsRune(name, 0) {
		return nil, fmt.Errorf("pgstore: a schema with a name of %d bytes; PostgreSQL has 63 and no zero byte", len(name))
	}
	s := &Store{schema: pgx.Identifier{name}.Sanitize(), patience: cmp.Or(o.Patience, defaultPatience)}
	s.is = statementsOf(s.schema)
	s.plain.Store(unprepared(config.ConnConfig.DefaultQueryExecMode))
	configure(config, s, o)
	if err := s.migrate(ctx, config.ConnConfig, migrations()); err != nil {
		return nil, advise(err, config.ConnConfig, s.schema)
	}
	if s.pool, err = pgxpool.NewWithConfig(context.WithoutCancel(ctx), config); err != nil {
		return nil, failure("Open", err)
	}
	return s, nil
}

func configure(config *pgxpool.Config, s *Store, o *Options) {
	if o.MaxConns > 0 {
		config.MaxConns = int32(o.MaxConns)
	}
	if _, named := config.ConnConfig.RuntimeParams["application_name"]; !named {
		config.ConnConfig.RuntimeParams["application_name"] = "apcsim"
	}
	config.AfterConnect = s.prepare
	config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false } // a broken connection is found when it is used
	if o.configure != nil {
		o.configure(config)
	}
}

// parse reads the URL. An error has nothing of it: where a password would end
// in a malformed one it is unknown.
func parse(text string) (*pgxpool.Config, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New(
			"pgstore: the database's URL is malformed: want postgres://user:password@host:port/database, " +
				"with special characters of the password as %XX",
		)
	}
	if u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, fmt.Errorf("pgstore: the database's URL begins with %q, want postgres://", u.Scheme+"://")
	}
	if u.User == nil && strings.Contains(u.Path, "@") {
		return nil, errors.New("pgstore: the database's URL has an @ behind its host: want a / of the password as %2F")
	}
	query := u.Query()
	sized := query.Has("pool_max_conns")
	config, err := pgxpool.ParseConfig(text)
	if err != nil {
		return nil, errors.New("pgstore: the database's URL, or what the environment adds to it: " + reason(err))
	}
	if !sized {
		config.MaxConns = defaultConns
	}
	return config, nil
}

// unprepared reports whether a way of executing that the URL names does without
// prepared statements.
func unprepared(mode pgx.QueryExecMode) bool {
	return mode != pgx.QueryExecModeCacheStatement
}

// begin is for the start of each call; a nil error asks for s.calls.Done at its
// end.
func (s *Store) begin(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return keystore.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.calls.Add(1)
	return nil
}

// Close waits for the calls that run and closes the connections. Later calls
// fail with keystore.ErrClosed; a second Close does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.mu.Unlock()
	if first {
		s.calls.Wait()
		s.pool.Close()
	}
	return nil
}
