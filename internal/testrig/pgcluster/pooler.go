package pgcluster

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

const poolerPort = 6432 // in the name of the pooler's socket

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
logfile = %[1]s/pgbouncer.log
pidfile = %[1]s/pgbouncer.pid
`

// Pooler starts a pgbouncer that keeps this many connections to each database
// and hands them out for a transaction at a time. It ends with the cluster. The
// result names a database as reached through it.
func (c *Cluster) Pooler(connections int) (url func(database string) string, err error) {
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer"
	}
	version, err := exec.Command(program, "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("pgcluster: pgbouncer (on Debian: apt-get install pgbouncer): %w", err)
	}
	text := fmt.Sprintf(poolerConf, c.dir, c.port, User, connections, poolerPort)
	var major, minor int
	if fmt.Sscanf(string(version), "PgBouncer %d.%d", &major, &minor); major == 1 && minor < 21 {
		text = strings.Replace(text, "max_prepared_statements = 0\n", "", 1) // not known yet
	}
	conf := c.file("pgbouncer.ini")
	if err := c.write(conf, text); err != nil {
		return nil, err
	}
	if err := c.run("", program, "-q", "-d", conf); err != nil {
		return nil, err
	}
	const wait = `for i in $(seq 600); do "$1/pg_isready" -q -h "$2" -p "$3" && exit; sleep 0.05; done; exit 1`
	if err := c.run("", "/bin/sh", "-c", wait, "sh", c.bin, c.dir, fmt.Sprint(poolerPort)); err != nil {
		log, _ := os.ReadFile(c.file("pgbouncer.log"))
		return nil, fmt.Errorf("%w\n%s", err, log)
	}
	return func(database string) string { return c.socket(database, poolerPort) }, nil
}
