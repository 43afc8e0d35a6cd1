package pgcluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// Restart starts the server, after stopping it if it runs. It takes connections
// when Restart returns.
func (c *Cluster) Restart() error {
	if err := c.Stop(); err != nil {
		return err
	}
	return c.control("start", "-l", c.file("log"))
}

// Stop ends the server in order: connections are cut, and a checkpoint is written.
// If there is none it does nothing.
func (c *Cluster) Stop() error {
	pid, err := c.pid()
	if err != nil || pid == 0 {
		return err
	}
	return c.control("stop", "-m", "fast")
}

func (c *Cluster) control(arguments ...string) error {
	arguments = append(arguments, "-D", c.file("data"), "-w", "-t", "60")
	err := c.run("", filepath.Join(c.bin, "pg_ctl"), arguments...)
	if err != nil {
		log, _ := os.ReadFile(c.file("log"))
		err = fmt.Errorf("%w\n%s", err, log[max(0, len(log)-2000):])
	}
	return err
}

// Kill ends the server and all its processes by SIGKILL, in the middle of
// whatever they do. If there is none it does nothing.
func (c *Cluster) Kill() error {
	pid, err := c.pid()
	if err != nil || pid == 0 {
		return err
	}
	// Both files have the number of the process. The next server would take it for
	// one that runs until somebody has asked for its status.
	return errors.Join(testrig.Kill(pid), os.Remove(c.file("data/postmaster.pid")),
		os.Remove(c.file(fmt.Sprintf(".s.PGSQL.%d.lock", c.port))))
}

// pid is the number of the server's process, 0 if it does not run.
func (c *Cluster) pid() (int, error) {
	text, err := os.ReadFile(c.file("data/postmaster.pid"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err2 := strconv.Atoi(first)
	return pid, errors.Join(err, err2)
}
