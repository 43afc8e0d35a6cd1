// Package pgcluster makes private PostgreSQL servers for tests: a cluster in a
// temporary directory, reached by a socket in it and, where that is asked for,
// by a free port of the loopback interface, that is gone when the process has
// ended, however it ended.
//
// The programs are those of PATH or of Debian's postgresql package. The server
// refuses to run as root; a process that is root runs it as postgres or nobody.
// A cluster takes half a second to make, and [Shared] makes one for the whole
// process; [Cluster.Database] gives each test an empty database of its own.
//
// Where the machine has no PostgreSQL, the error names the command that
// installs it; where there is no Unix, it is errors.ErrUnsupported.
package pgcluster

// Options are what a cluster may be asked for; nil and the zero value are a
// cluster as tests want it, quick and reached by its socket alone.
type Options struct {
	// Durable keeps the server's promise that what is committed is on the disk
	// (fsync, full_page_writes and synchronous_commit on). Without it commits
	// are quick; they outlive the server being killed, but not the machine.
	Durable bool

	// Loopback has the server listen on 127.0.0.1 as well, at a free port. There
	// it asks for the password and offers TLS, with a certificate for
	// 127.0.0.1 that it signed itself.
	Loopback bool

	// Settings are further lines of postgresql.conf, by name.
	Settings map[string]string
}

// User is the owner of everything in a cluster, a superuser; its password
// counts on the loopback interface alone.
const User = "apcsim"
