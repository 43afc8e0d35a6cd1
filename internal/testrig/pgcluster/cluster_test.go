package pgcluster

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

func must(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// count asks for one number.
func count(t *testing.T, url, sql string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	must(t, "connecting", err)
	defer conn.Close(context.Background())
	must(t, sql, conn.QueryRow(t.Context(), sql).Scan(&n))
	return n
}

func TestServerIsNotRoot(t *testing.T) {
	c, err := Shared()
	must(t, "Shared", err)
	pid, err := c.pid()
	must(t, "the server's number", err)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err == nil && strings.Contains(string(status), "\nUid:\t0\t") {
		t.Error("the server runs as root")
	}
}

func TestCommittedOutlivesKill(t *testing.T) {
	c := Start(t, &Options{Durable: true, Settings: map[string]string{"work_mem": "5MB"}})
	name, err := c.Database(t.Context())
	must(t, "Database", err)
	must(t, "a table", c.Do(t.Context(), name, "CREATE TABLE a (n int); INSERT INTO a VALUES (42)"))
	pid, err := c.pid()
	must(t, "the server's number", err)
	must(t, "Kill", c.Kill())
	if testrig.Running(pid) {
		t.Error("the server runs after Kill")
	}
	must(t, "a second Kill", c.Kill())
	if _, err := pgx.Connect(t.Context(), c.URL(name)); err == nil {
		t.Error("a server that was killed takes connections")
	}
	must(t, "Restart", c.Restart())
	if n := count(t, c.URL(name), "SELECT n FROM a"); n != 42 {
		t.Errorf("got %d, want 42", n)
	}
	if n := count(t, c.URL(name),
		"SELECT count(*) FROM pg_settings WHERE (name, setting) IN (('fsync', 'on'), ('work_mem', '5120'))"); n != 2 {
		t.Errorf("%d of 2 settings are as they were asked for", n)
	}
	must(t, "Stop", c.Stop())
	must(t, "Restart", c.Restart())
	must(t, "Restart of one that runs", c.Restart())
	must(t, "Drop", c.Drop(t.Context(), name))
}

func TestClusterEndsWithTheTest(t *testing.T) {
	var pid int
	var dir string
	t.Run("test", func(t *testing.T) {
		c := Start(t, nil)
		_, err := c.Pooler(1)
		must(t, "Pooler", err)
		dir = c.dir
		pid, err = c.pid()
		must(t, "the server's number", err)
	})
	if _, err := os.Stat(dir); err == nil || testrig.Running(pid) {
		t.Errorf("after the test: the folder: %v, the server runs: %t", err, testrig.Running(pid))
	}
}

func TestLoopbackAsksForThePassword(t *testing.T) {
	c := Start(t, &Options{Loopback: true})
	if n := count(t, c.Loopback("postgres"), "SELECT count(*) FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl"); n != 1 {
		t.Error("the connection has no TLS")
	}
	u, err := url.Parse(c.Loopback("postgres"))
	must(t, "the URL", err)
	u.User = url.UserPassword(User, "another")
	if _, err := pgx.Connect(t.Context(), u.String()); err == nil {
		t.Error("another password is taken")
	}
}
