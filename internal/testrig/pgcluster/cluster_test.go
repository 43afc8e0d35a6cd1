//go:build unix

package pgcluster

import (
	"bufio"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestMain is also the child process of the tests below: with the variable set
// it makes a cluster, says where it is and who serves it, and ends as it is told
// to or waits to be killed.
func TestMain(m *testing.M) {
	switch end := os.Getenv("APCSIM_PGCLUSTER_CHILD"); end {
	case "":
		os.Exit(m.Run())
	default:
		child(end)
	}
}

func child(end string) {
	c, err := Shared()
	if err != nil {
		panic(err)
	}
	fmt.Println(c.Dir())
	fmt.Println(c.server.Process.Pid)
	switch end {
	case "exit":
		os.Exit(3)
	case "panic":
		panic("as it was told")
	}
	select {}
}

func must(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// soon waits until something is so, and fails if it does not become so.
func soon(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not after 15 s: %s", what)
		}
	}
}

func missing(name string) bool {
	_, err := os.Stat(name)
	return os.IsNotExist(err)
}

func TestClusterGoesHoweverTheProcessEnds(t *testing.T) {
	for _, end := range []string{"killed", "exit", "panic"} {
		p := exec.CommandContext(t.Context(), os.Args[0])
		p.Env = append(os.Environ(), "APCSIM_PGCLUSTER_CHILD="+end)
		out, err := p.StdoutPipe()
		must(t, "a pipe", err)
		must(t, "the child", p.Start())
		in := bufio.NewScanner(out)
		in.Scan()
		dir := in.Text()
		in.Scan()
		pid, err := strconv.Atoi(in.Text())
		must(t, "the server's number", err)
		if end == "killed" {
			if missing(dir) || !running(pid) {
				t.Fatalf("no cluster in %s to begin with, or no server %d", dir, pid)
			}
			must(t, "SIGKILL", p.Process.Kill())
		}
		if p.Wait() == nil {
			t.Errorf("%s: the child ended well", end)
		}
		soon(t, end+": the folder is gone", func() bool { return missing(dir) })
		soon(t, end+": the server is gone", func() bool { return !running(pid) })
	}
}

func TestServerIsNotRoot(t *testing.T) {
	c, err := Shared()
	must(t, "Shared", err)
	info, err := os.Stat(c.data())
	must(t, "data", err)
	if info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v", info.Mode())
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.server.Process.Pid))
	if err != nil {
		t.Skip(err)
	}
	if strings.Contains(string(status), "\nUid:\t0\t") {
		t.Error("the server runs as root")
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

func TestCommittedOutlivesKill(t *testing.T) {
	c, err := Start(&Options{Durable: true, Settings: map[string]string{"work_mem": "5MB"}})
	must(t, "Start", err)
	defer c.Remove()
	name, err := c.Database(t.Context())
	must(t, "Database", err)
	must(t, "a table", c.Do(t.Context(), name, "CREATE TABLE a (n int); INSERT INTO a VALUES (42)"))
	pid := c.server.Process.Pid
	family := append(children(pid), pid)
	must(t, "Kill", c.Kill())
	for _, pid := range family {
		if running(pid) {
			t.Errorf("process %d of the server runs", pid)
		}
	}
	must(t, "a second Kill", c.Kill())
	if _, err := pgx.Connect(t.Context(), c.URL(name)); err == nil {
		t.Error("a server that was killed takes connections")
	}
	must(t, "Restart", c.Restart())
	if n := count(t, c.URL(name), "SELECT n FROM a"); n != 42 {
		t.Errorf("got %d", n)
	}
	if n := count(t, c.URL(name), "SELECT count(*) FROM pg_settings WHERE (name, setting) IN (('fsync', 'on'), ('work_mem', '5120'))"); n != 2 {
		t.Errorf("%d of 2 settings are as they were asked for", n)
	}
	must(t, "Stop", c.Stop())
	must(t, "a second Stop", c.Stop())
	must(t, "Restart", c.Restart())
	must(t, "Restart of one that runs", c.Restart())
	must(t, "Drop", c.Drop(t.Context(), name))
	must(t, "Kill", c.Kill())
	must(t, "Remove", c.Remove())
	if must(t, "a second Remove", c.Remove()); !missing(c.Dir()) {
		t.Error("the folder is there")
	}
	if err := c.Restart(); err == nil {
		t.Error("a cluster that was removed starts")
	}
}

func TestLoopbackAsksForThePassword(t *testing.T) {
	c, err := Start(&Options{Loopback: true})
	must(t, "Start", err)
	defer c.Remove()
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

func TestManyClustersAtOnce(t *testing.T) {
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			c, err := Start(&Options{Loopback: true})
			if err != nil {
				t.Error(err)
				return
			}
			if err := c.Remove(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestErrorNamesWhatToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb"); len(found) > 0 {
		if _, err := programs(); err != nil {
			t.Errorf("with Debian's package: %v", err)
		}
		t.Skip("Debian's package is installed: there is no error")
	}
	if _, err := programs(); err == nil || !strings.Contains(err.Error(), "apt-get install postgresql") {
		t.Errorf("got %v", err)
	}
}

func TestHomeIsShortAndOpen(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), strings.Repeat("long", 10)))
	dir, err := home(nil)
	must(t, "home", err)
	if len(dir) > longestHome {
		t.Errorf("%s is too long for a socket", dir)
	}
	if open("/root/none") || !open("/usr") {
		t.Error("open is wrong")
	}
}
