package pgstore

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/testrig/canary"
	"github.com/seed748fb4d1/apcsim/internal/testrig/pgcluster"
)

// listening is a cluster with a port, and a database of it.
func listening(t *testing.T) (c *pgcluster.Cluster, name string, at *url.URL) {
	t.Helper()
	c = pgcluster.Start(t, &pgcluster.Options{Loopback: true})
	name, err := c.Database(t.Context())
	must(t, "a database", err)
	at, err = url.Parse(c.Loopback(name))
	must(t, "the URL", err)
	return c, name, at
}

func TestPasswordAndTLSFromTheURL(t *testing.T) {
	c, _, at := listening(t)
	at.RawQuery = url.Values{"sslmode": {"verify-full"}, "sslrootcert": {readable(t, c.Certificate())}}.Encode()
	s := open(t, at.String(), nil)
	create(t, s, record("a"))
	var version string
	must(t, "SELECT", s.pool.QueryRow(t.Context(), "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl").Scan(&version))
	if !strings.HasPrefix(version, "TLSv1.") {
		t.Errorf("the connection has %q", version)
	}
	at.RawQuery = url.Values{"sslmode": {"verify-full"}}.Encode()
	if s, err := Open(t.Context(), at.String(), &Options{Patience: 50 * time.Millisecond}); err == nil {
		s.Close()
		t.Error("a certificate of an unknown authority is taken")
	}
}

func TestAStoreDoesNotShowItsPassword(t *testing.T) {
	_, _, at := listening(t)
	password, _ := at.User.Password()
	canary.Check(t, "Store", open(t, at.String(), nil), []byte(password))
}

// readable copies a file that is the server's alone.
func readable(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	must(t, "a file", err)
	out := filepath.Join(t.TempDir(), filepath.Base(name))
	must(t, "a copy", os.WriteFile(out, text, 0o600))
	return out
}

func TestPasswordAndTLSFromTheEnvironment(t *testing.T) {
	c, name, at := listening(t)
	password, _ := at.User.Password()
	t.Setenv("PGHOST", at.Hostname())
	t.Setenv("PGPORT", at.Port())
	t.Setenv("PGUSER", at.User.Username())
	t.Setenv("PGPASSWORD", password)
	t.Setenv("PGSSLMODE", "verify-ca")
	t.Setenv("PGSSLROOTCERT", readable(t, c.Certificate()))
	create(t, open(t, "postgres:///"+name, nil), record("a"))
}
