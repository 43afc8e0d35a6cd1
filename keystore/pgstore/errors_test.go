package pgstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/seed748fb4d1/apcsim/internal/testrig/pgcluster"
	"github.com/seed748fb4d1/apcsim/internal/testrig/storetest"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// TestWhatIsFinal: only a server that keeps the connection can report that a
// transaction did not happen. A pooler reports one that it has lost in fewer
// fields.
func TestWhatIsFinal(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{&pgconn.PgError{Severity: "ERROR", SeverityUnlocalized: "ERROR", Code: "23505"}, true},
		{&pgconn.PgError{Severity: "FATAL", SeverityUnlocalized: "FATAL", Code: "57P01"}, false},
		{&pgconn.PgError{Severity: "PANIK", SeverityUnlocalized: "PANIC", Code: "XX000"}, false},
		{&pgconn.PgError{Severity: "FATAL", Code: "08P01", Message: "server conn crashed?"}, false},
		{&pgconn.PgError{Severity: "ERROR", Code: "08P01", Message: "query_timeout"}, false},
		{errors.New("the connection was closed"), false},
	} {
		if got := final(c.err); got != c.want {
			t.Errorf("%v: got %t, want %t", c.err, got, c.want)
		}
	}
}

const secret = "s3cr3tW0rd"

// silent fails if an error shows the secret, however it is printed.
func silent(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		for _, text := range []string{e.Error(), fmt.Sprintf("%+v", e), fmt.Sprintf("%#v", e)} {
			if strings.Contains(text, secret) {
				t.Errorf("%s: shown in %s", what, text)
			}
		}
	}
}

func TestNoErrorShowsThePassword(t *testing.T) {
	_, name, at := listening(t)
	brief := &Options{Patience: 50 * time.Millisecond}
	host := at.Host + "/" + name
	for what, text := range map[string]string{
		"a wrong password":         "postgres://apcsim:" + secret + "@" + host,
		"no such user":             "postgres://nobody:" + secret + "@" + host,
		"no such database":         "postgres://" + at.User.String() + "@" + at.Host + "/none?application_name=" + secret,
		"no listener":              "postgres://apcsim:" + secret + "@127.0.0.1:1/" + name,
		"no such host":             "postgres://apcsim:" + secret + "@host.invalid/" + name,
		"another scheme":           "mysql://apcsim:" + secret + "@" + host,
		"no scheme":                "apcsim:" + secret + "@" + host,
		"words":                    "host=127.0.0.1 password=" + secret,
		"a broken escape":          "postgres://apcsim:" + secret + "%zz@" + host,
		"a slash":                  "postgres://apcsim:" + secret + "/x@" + host,
		"a port out of reach":      "postgres://apcsim:" + secret + "@127.0.0.1:70000/x",
		"a port of letters":        "postgres://apcsim@127.0.0.1:" + secret + "/x",
		"a hash":                   "postgres://apcsim:#" + secret + "@" + host,
		"a setting":                "postgres://apcsim@" + host + "?connect_timeout=" + secret,
		"a mode":                   "postgres://apcsim@" + host + "?sslmode=" + secret,
		"a pool of letters":        "postgres://apcsim@" + host + "?pool_max_conns=" + secret,
		"a password in a setting":  "postgres://" + host + "?user=apcsim&password=" + secret,
		"a certificate of its own": "postgres://apcsim:" + secret + "@" + host + "?sslmode=verify-full&sslrootcert=/none",
	} {
		s, err := Open(t.Context(), text, brief)
		if err == nil {
			s.Close()
		}
		silent(t, what, err)
	}
	t.Setenv("PGPASSWORD", secret)
	_, err := Open(t.Context(), "postgres://apcsim@"+host, nil) // a busy machine answers after the brief patience
	silent(t, "a wrong password of the environment", err)
	if refusal, ok := errors.AsType[*Error](err); !ok || refusal.SQLState != "28P01" {
		t.Errorf("a wrong password: %v, want SQLSTATE 28P01 and no trying again", err)
	}
}

// TestNoErrorShowsData: the server's own words for a broken constraint would show
// the row.
func TestNoErrorShowsData(t *testing.T) {
	ctx := context.Background()
	_, url := pgcluster.MustShared(t).Fresh(t)
	s := open(t, url, nil)
	must(t, "a constraint", execute(ctx, s.pool, "ALTER TABLE apcsim.records ADD CHECK (length(data) < 3), ADD CHECK (length(idx) < 3)"))
	r := record("a")
	r.Data = []byte(secret)
	err := s.Commit(ctx, storetest.NewID(), keystore.Create(r))
	silent(t, "data", err)
	if failed, ok := errors.AsType[*Error](err); !ok || failed.SQLState != "23514" || failed.Unknown {
		t.Errorf("got %v, want SQLSTATE 23514 and a known outcome", err)
	}
	r.Data, r.Index = nil, secret
	silent(t, "an index", s.Commit(ctx, storetest.NewID(), keystore.Create(r)))
	must(t, "no table", execute(ctx, s.pool, "DROP SCHEMA apcsim CASCADE"))
	_, err = s.Read(ctx, r.Ref())
	if silent(t, "no schema", err); !strings.Contains(fmt.Sprint(err), "no longer what it was") {
		t.Errorf("Read without a schema: %v", err)
	}
}
