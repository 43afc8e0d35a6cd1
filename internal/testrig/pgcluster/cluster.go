// Package pgcluster makes private PostgreSQL servers for tests. A server listens on a
// socket in a temporary folder and, where that is asked for, at a free port of the
// loopback interface. It ends, and the folder goes, when the test or the process
// ends, in whatever way that is.
//
// The programs are those of Debian's postgresql package or of PATH. The server
// refuses to run as root, so a process of root runs it as the user postgres. A
// cluster takes half a second to make: [Shared] is one for the whole process,
// and [Cluster.Database] gives each test an empty database.
package pgcluster

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// Options of a cluster. Nil and the zero value are quick and on the socket alone.
type Options struct {
	// Durable makes sure that what is committed is on the disk (fsync,
	// full_page_writes and synchronous_commit on). Without it commits are quick;
	// they outlive a kill of the server, but not of the machine.
	Durable bool

	// Loopback has the server listen on 127.0.0.1 as well, at a free port. There
	// it asks for the password and offers TLS, with a self-signed certificate for
	// 127.0.0.1.
	Loopback bool

	// Settings are further lines of postgresql.conf, by name.
	Settings map[string]string
}

// User is the superuser of every cluster.
const User = "apcsim"

// Cluster is a PostgreSQL server and its files. URL, Do, Database and Drop may be
// called from many goroutines, the other methods from one.
type Cluster struct {
	dir      string   // has data/, the socket, the log
	bin      string   // the folder of initdb and pg_ctl
	as       []string // the command that runs another as the server's user; may be empty
	password string   // for the loopback interface
	port     int
}

// Start makes a cluster for one test and starts its server.
func Start(t testing.TB, o *Options) *Cluster {
	t.Helper()
	if o == nil {
		o = &Options{}
	}
	c, err := start(*o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			log, _ := os.ReadFile(c.file("log"))
			t.Logf("the log of PostgreSQL:\n%s", log)
		}
		if err := c.run("", "/bin/sh", "-c", remove, "sh", c.bin, c.dir); err != nil {
			t.Error(err)
		}
	})
	return c
}

// Shared is the cluster that all tests of the process use. It is made when it is
// first asked for and must not be stopped.
var Shared = sync.OnceValues(func() (*Cluster, error) { return start(Options{}) })

// remove ends the servers in the folder $2 and deletes it; $1 has pg_ctl.
const remove = `cd "$2" || exit 0
[ ! -e pgbouncer.pid ] || kill -KILL "$(cat pgbouncer.pid)"
[ ! -e data/postmaster.pid ] || "$1/pg_ctl" -D data -s -m immediate stop
cd / && rm -rf "$2"`

func start(o Options) (*Cluster, error) {
	c := &Cluster{dir: "/", password: rand.Text(), port: 5432}
	if os.Geteuid() == 0 {
		c.as = []string{"setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"}
	}
	var err error
	if c.bin, err = programs(); err != nil {
		return nil, err
	}
	// The name of a socket has 103 bytes at most, so TMPDIR may be too long.
	out, err := c.command("mktemp", "-d", "/tmp/apcsim-pg-XXXXXXXXXX").Output()
	if err != nil {
		return nil, fmt.Errorf("pgcluster: mktemp: %w", err)
	}
	c.dir = strings.TrimSpace(string(out))
	err = testrig.AtExit(`"$@"`, append(slices.Clone(c.as), "/bin/sh", "-c", remove, "sh", c.bin, c.dir)...)
	if err != nil {
		return nil, err
	}
	if err := c.make(o); err != nil {
		return nil, err
	}
	return c, c.Restart()
}

// programs finds the folder of initdb and pg_ctl: the newest of Debian's, or
// else the one in PATH.
func programs() (string, error) {
	newest, bin := 0, ""
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	for _, initdb := range found {
		dir := filepath.Dir(initdb)
		if version, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir))); version > newest {
			newest, bin = version, dir
		}
	}
	if bin != "" {
		return bin, nil
	}
	initdb, err := exec.LookPath("initdb")
	if err != nil {
		return "", fmt.Errorf("pgcluster: no PostgreSQL (on Debian: apt-get install postgresql): %w", err)
	}
	return filepath.Dir(initdb), nil
}

// make fills the folder.
func (c *Cluster) make(o Options) error {
	secret := c.file("password")
	if err := c.write(secret, c.password); err != nil {
		return err
	}
	err := c.run("", filepath.Join(c.bin, "initdb"), "-D", c.file("data"), "-U", User, "--pwfile", secret, "--auth-local=trust",
		"--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions")
	if err != nil {
		return err
	}
	durable := map[bool]string{true: "on", false: "off"}[o.Durable]
	settings := map[string]string{
		"unix_socket_directories": c.dir, "listen_addresses": "",
		"fsync": durable, "full_page_writes": durable, "synchronous_commit": durable,
		"max_connections": "200", "shared_buffers": "64MB", "max_wal_size": "4GB",
		"dynamic_shared_memory_type": "mmap", "max_prepared_transactions": "0",
	}
	if o.Loopback {
		if err := c.listen(); err != nil {
			return err
		}
		settings["listen_addresses"], settings["ssl"] = "127.0.0.1", "on"
	}
	settings["port"] = strconv.Itoa(c.port)
	maps.Copy(settings, o.Settings)
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		fmt.Fprintf(&text, "%s = '%s'\n", name, strings.ReplaceAll(settings[name], "'", "''"))
	}
	return c.write(c.file("data/postgresql.auto.conf"), text.String())
}

// listen finds a free port and makes the certificate and its key.
func (c *Cluster) listen() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("pgcluster: %w", err)
	}
	defer l.Close()
	c.port = l.Addr().(*net.TCPAddr).Port
	return c.run("", "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
		"-keyout", c.file("data/server.key"), "-out", c.Certificate(), "-subj", "/CN=apcsim test cluster",
		"-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost")
}

// command is a program run as the server's user in the cluster's folder, without
// the environment that PostgreSQL's programs read.
func (c *Cluster) command(name string, arguments ...string) *exec.Cmd {
	words := append(append(slices.Clone(c.as), name), arguments...)
	p := exec.Command(words[0], words[1:]...)
	p.Dir = c.dir
	p.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	return p
}

// run runs a program to its end.
func (c *Cluster) run(stdin, name string, arguments ...string) error {
	p := c.command(name, arguments...)
	p.Stdin = strings.NewReader(stdin)
	if out, err := p.CombinedOutput(); err != nil {
		return fmt.Errorf("pgcluster: %s: %w\n%s", name, err, out)
	}
	return nil
}

// write makes a file of the server's user.
func (c *Cluster) write(name, text string) error {
	return c.run(text, "/bin/sh", "-c", `umask 077; cat >"$1"`, "sh", name)
}

func (c *Cluster) file(name string) string { return filepath.Join(c.dir, name) }

// Certificate is the file of the certificate that a cluster with Loopback has.
func (c *Cluster) Certificate() string { return c.file("data/server.crt") }

// URL names a database of the cluster by its socket.
func (c *Cluster) URL(database string) string { return c.socket(database, c.port) }

func (c *Cluster) socket(database string, port int) string {
	return fmt.Sprintf("postgres://%s@/%s?host=%s&port=%d&sslmode=disable", User, url.PathEscape(database), url.QueryEscape(c.dir), port)
}

// Loopback names a database of a cluster with that option by its port, with the
// password.
func (c *Cluster) Loopback(database string) string {
	return fmt.Sprintf("postgres://%s:%s@127.0.0.1:%d/%s", User, c.password, c.port, url.PathEscape(database))
}

// Database makes an empty database and returns its name.
func (c *Cluster) Database(ctx context.Context) (name string, err error) {
	name = "t_" + strings.ToLower(rand.Text()[:12])
	strategy := " STRATEGY file_copy" // takes a tenth of the time
	if text, _ := os.ReadFile(c.file("data/PG_VERSION")); strings.TrimSpace(string(text)) < "15" {
		strategy = "" // there was no other
	}
	return name, c.Do(ctx, "postgres", "CREATE DATABASE "+name+" TEMPLATE template0"+strategy)
}

// Drop deletes a database, cutting the connections to it.
func (c *Cluster) Drop(ctx context.Context, name string) error {
	return c.Do(ctx, "postgres", "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)")
}

// MustShared is [Shared] for a test, which fails without it.
func MustShared(t testing.TB) *Cluster {
	t.Helper()
	c, err := Shared()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Fresh is an empty database of the test's own.
func (c *Cluster) Fresh(t testing.TB) (name, url string) {
	t.Helper()
	name, err := c.Database(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Drop(context.Background(), name) })
	return name, c.URL(name)
}

// Do runs statements in a database as the superuser, on a connection of their own.
func (c *Cluster) Do(ctx context.Context, database, statements string) error {
	conn, err := pgx.Connect(ctx, c.URL(database))
	if err != nil {
		return fmt.Errorf("pgcluster: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.PgConn().Exec(ctx, statements).ReadAll(); err != nil {
		return fmt.Errorf("pgcluster: %w", err)
	}
	return nil
}
