//go:build unix

package pgcluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrNoPooler: the machine has no pgbouncer.
var ErrNoPooler = errors.New("pgcluster: no pgbouncer in PATH or /usr/sbin (on Debian: apt-get install pgbouncer)")

// poolerPort is in the name of the pooler's socket; it listens at no port.
const poolerPort = 6432

// poolerConf has more clients than connections, in transaction mode.
const poolerConf = `[databases]
* = host=%[1]s port=%[2]d user=%[3]s
[pgbouncer]
pool_mode = transaction
default_pool_size = %[4]d
max_client_conn = 500
auth_type = any
listen_addr =
listen_port = %[5]d
unix_socket_dir = %[1]s
server_lifetime = 3600
max_prepared_statements = 0
ignore_startup_parameters =
`

// Pooler puts a pgbouncer before the cluster that keeps this many connections
// to each database and hands them out for a transaction at a time. It ends with
// the cluster. What it returns names a database as reached through it.
func (c *Cluster) Pooler(connections int) (named func(database string) string, err error) {
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/pgbouncer")
	}
	if err != nil {
		return nil, ErrNoPooler
	}
	conf := filepath.Join(c.dir, "pgbouncer.ini")
	text := fmt.Sprintf(poolerConf, c.dir, c.port, User, connections, poolerPort)
	if older(program) { // before 1.21 it knew nothing of prepared statements
		text = strings.Replace(text, "max_prepared_statements = 0\n", "", 1)
	}
	if err := c.write(conf, text); err != nil {
		return nil, err
	}
	p := c.command("initdb", "-q", conf)
	p.Path, p.Args[0] = program, program
	p.SysProcAttr.Pgid = c.janitor.Group()
	var said bytes.Buffer
	p.Stdout, p.Stderr = &said, &said
	if err := p.Start(); err != nil {
		return nil, fmt.Errorf("pgcluster: starting pgbouncer: %w", err)
	}
	ended := make(chan struct{})
	go func() { p.Wait(); close(ended) }()
	named = func(database string) string {
		return fmt.Sprintf("postgres://%s@/%s?host=%s&port=%d&sslmode=disable", User, url.PathEscape(database), url.QueryEscape(c.dir), poolerPort)
	}
	return named, pooled(named("postgres"), ended, &said)
}

// older says whether a pgbouncer is of a version before 1.21.
func older(program string) bool {
	out, _ := exec.Command(program, "--version").Output()
	var major, minor int
	fmt.Sscanf(string(out), "PgBouncer %d.%d", &major, &minor)
	return major == 1 && minor < 21
}

// pooled waits until the pooler passes connections on.
func pooled(url string, ended <-chan struct{}, said *bytes.Buffer) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		config, err := pgx.ParseConfig(url)
		if err != nil {
			return fmt.Errorf("pgcluster: %w", err)
		}
		config.DefaultQueryExecMode = pgx.QueryExecModeExec
		conn, err := pgx.ConnectConfig(ctx, config)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ended:
			return fmt.Errorf("pgcluster: pgbouncer ended at once:\n%s", said)
		case <-ctx.Done():
			return fmt.Errorf("pgcluster: pgbouncer takes no connections: %w", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
