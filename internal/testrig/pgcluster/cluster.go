//go:build unix

package pgcluster

import (
	"crypto/rand"
	"errors"
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
	"syscall"

	"github.com/seed748fb4d1/apcsim/internal/janitor"
)

// Cluster is a private PostgreSQL server and its files.
type Cluster struct {
	dir      string // has data/, the socket, the log
	programs string
	who      *syscall.Credential
	options  Options
	password string
	port     int // of the socket's name, and of the loopback interface
	janitor  *janitor.Janitor

	mu      sync.Mutex // guards what follows; held while the server starts and stops
	server  *exec.Cmd  // nil: it does not run
	ended   chan struct{}
	removed bool
}

// sweep is the janitor's work: the server ends at once, without a checkpoint,
// and the folder goes. The server is in the janitor's group.
const sweep = `kill -QUIT 0
i=0; while [ -e "$1/data/postmaster.pid" ] && [ $i -lt 50 ]; do sleep 0.1; i=$((i+1)); done
` + janitor.Sweep

// Start makes a cluster and starts its server. The caller calls Remove; the
// end of the process does so too.
func Start(o *Options) (*Cluster, error) {
	if o == nil {
		o = &Options{}
	}
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	who, err := owner()
	if err != nil {
		return nil, err
	}
	base, err := home(who)
	if err != nil {
		return nil, err
	}
	c := &Cluster{dir: filepath.Join(base, "apcsim-pg-"+rand.Text()[:12]), programs: bin, who: who, options: *o, password: rand.Text(), port: 5432}
	if c.janitor, err = janitor.Hire(sweep, c.dir); err != nil {
		return nil, err
	}
	err = c.make()
	if err == nil {
		err = c.Restart()
	}
	if err != nil {
		return nil, errors.Join(err, c.Remove())
	}
	return c, nil
}

// shared is the cluster of this process.
var shared = sync.OnceValues(func() (*Cluster, error) { return Start(nil) })

// Shared is the cluster that all tests of the process use. It is made when it
// is first asked for and lasts until the process ends; nobody stops it.
func Shared() (*Cluster, error) { return shared() }

// make fills the folder.
func (c *Cluster) make() error {
	if err := os.Mkdir(c.dir, 0o700); err != nil {
		return fmt.Errorf("pgcluster: %w", err)
	}
	if err := c.give(c.dir); err != nil {
		return err
	}
	secret := filepath.Join(c.dir, "password")
	if err := c.write(secret, c.password); err != nil {
		return err
	}
	initdb := c.command("initdb", "-D", c.data(), "-U", User, "--pwfile", secret, "--auth-local=trust", "--auth-host=scram-sha-256",
		"--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("pgcluster: initdb: %w\n%s", err, out)
	}
	if c.options.Loopback {
		if err := c.listen(); err != nil {
			return err
		}
	}
	return c.configure()
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

// give makes the server's user the owner of a file.
func (c *Cluster) give(name string) error {
	if c.who == nil {
		return nil
	}
	if err := os.Chown(name, int(c.who.Uid), int(c.who.Gid)); err != nil {
		return fmt.Errorf("pgcluster: %w", err)
	}
	return nil
}

// write makes a file of the server's user.
func (c *Cluster) write(name, text string) error {
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		return fmt.Errorf("pgcluster: %w", err)
	}
	return c.give(name)
}

// command is one of PostgreSQL's programs, run as the server's user in the
// cluster's folder, with nothing of our environment that it would heed.
func (c *Cluster) command(name string, arguments ...string) *exec.Cmd {
	p := exec.Command(filepath.Join(c.programs, name), arguments...)
	p.Dir = c.dir
	p.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	p.SysProcAttr = &syscall.SysProcAttr{Credential: c.who, Setpgid: true}
	return p
}

// listen finds a free port and makes the certificate.
func (c *Cluster) listen() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("pgcluster: %w", err)
	}
	defer l.Close()
	c.port = l.Addr().(*net.TCPAddr).Port
	cert, key, err := selfSigned()
	if err != nil {
		return fmt.Errorf("pgcluster: %w", err)
	}
	return errors.Join(c.write(c.Certificate(), cert), c.write(filepath.Join(c.data(), "server.key"), key))
}

// Certificate is the file of the server's certificate, of a cluster that
// listens on the loopback interface.
func (c *Cluster) Certificate() string { return filepath.Join(c.data(), "server.crt") }

// configure appends to postgresql.conf what differs from the defaults.
func (c *Cluster) configure() error {
	durable := map[bool]string{true: "on", false: "off"}[c.options.Durable]
	settings := map[string]string{
		"unix_socket_directories": c.dir, "listen_addresses": "", "port": strconv.Itoa(c.port),
		"fsync": durable, "full_page_writes": durable, "synchronous_commit": durable,
		"max_connections": "200", "shared_buffers": "64MB", "max_wal_size": "4GB",
		"dynamic_shared_memory_type": "mmap", "max_prepared_transactions": "0",
	}
	if c.options.Loopback {
		settings["listen_addresses"], settings["ssl"] = "127.0.0.1", "on"
	}
	maps.Copy(settings, c.options.Settings)
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		fmt.Fprintf(&text, "%s = '%s'\n", name, strings.ReplaceAll(settings[name], "'", "''"))
	}
	return c.write(filepath.Join(c.data(), "postgresql.auto.conf"), text.String())
}

// URL names a database of the cluster by its socket.
func (c *Cluster) URL(database string) string {
	return fmt.Sprintf("postgres://%s@/%s?host=%s&port=%d&sslmode=disable", User, url.PathEscape(database), url.QueryEscape(c.dir), c.port)
}

// Loopback names a database of the cluster by its port, with the password in
// it; for a cluster that was asked to listen.
func (c *Cluster) Loopback(database string) string {
	return fmt.Sprintf("postgres://%s:%s@127.0.0.1:%d/%s", User, c.password, c.port, url.PathEscape(database))
}

// Dir is the cluster's folder: its socket, its log, and data, the database.
func (c *Cluster) Dir() string { return c.dir }

// Log is what the server has said since the cluster was made.
func (c *Cluster) Log() string {
	text, _ := os.ReadFile(c.logFile())
	return string(text)
}

func (c *Cluster) logFile() string { return filepath.Join(c.dir, "log") }

// Remove ends the server and deletes the cluster; a second Remove does nothing.
func (c *Cluster) Remove() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.removed {
		return nil
	}
	c.removed = true
	if c.server == nil { // of a server that was killed; nobody waits for it
		os.Remove(c.pidFile())
	}
	err := c.janitor.Finish()
	c.buried()
	if err != nil { // somebody killed the janitor
		err = errors.Join(err, os.RemoveAll(c.dir))
	}
	return err
}

func (c *Cluster) pidFile() string { return filepath.Join(c.data(), "postmaster.pid") }
