//go:build unix

package pgcluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// patience is how long a server may take to start or to stop.
const patience = 30 * time.Second

// Restart starts the server, after stopping it if it runs. It takes
// connections when Restart returns; what was committed before it was killed is
// there.
func (c *Cluster) Restart() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.removed {
		return errors.New("pgcluster: the cluster has been removed")
	}
	if err := c.end(syscall.SIGINT); err != nil {
		return err
	}
	log, err := os.OpenFile(c.logFile(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("pgcluster: %w", err)
	}
	defer log.Close()
	p := c.command("postgres", "-D", c.data())
	p.Stdout, p.Stderr = log, log
	p.SysProcAttr.Pgid = c.janitor.Group()
	if err := p.Start(); err != nil {
		return fmt.Errorf("pgcluster: starting postgres: %w", err)
	}
	c.server, c.ended = p, make(chan struct{})
	go func(ended chan struct{}) { p.Wait(); close(ended) }(c.ended)
	return c.ready()
}

// ready waits until the server takes connections.
func (c *Cluster) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, c.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-c.ended:
			c.server = nil
			return fmt.Errorf("pgcluster: the server ended at once:\n%s", tail(c.Log()))
		case <-ctx.Done():
			return fmt.Errorf("pgcluster: the server takes no connections: %w\n%s", err, tail(c.Log()))
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// tail is the end of a log.
func tail(log string) string { return log[max(0, len(log)-2000):] }

// Stop ends the server in order: connections are cut, and a checkpoint is
// written. Without a server it does nothing.
func (c *Cluster) Stop() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.end(syscall.SIGINT)
}

// Kill ends the server and all its processes by SIGKILL, in the middle of
// whatever they do.
func (c *Cluster) Kill() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.server == nil {
		return nil
	}
	family := append(children(c.server.Process.Pid), c.server.Process.Pid)
	for _, pid := range family {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("pgcluster: killing the server: %w", err)
		}
	}
	c.buried()
	for _, pid := range family { // a new server refuses to start beside one of them
		for end := time.Now().Add(patience); running(pid) && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
	}
	return nil
}

// end stops the server by a signal and waits for it. The caller holds mu.
func (c *Cluster) end(how syscall.Signal) error {
	if c.server == nil {
		return nil
	}
	if err := c.server.Process.Signal(how); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("pgcluster: stopping the server: %w", err)
	}
	select {
	case <-c.ended:
		c.server = nil
		return nil
	case <-time.After(patience):
		return fmt.Errorf("pgcluster: the server does not stop:\n%s", tail(c.Log()))
	}
}

// buried waits for the end of a server that was killed. The caller holds mu.
func (c *Cluster) buried() {
	if c.server != nil {
		<-c.ended
		c.server = nil
	}
}

// children are the processes that a process started. Where the system does not
// tell, there are none; PostgreSQL's end by themselves when they miss the first.
func children(pid int) (found []int) {
	names, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range names {
		stat, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended since
		}
		_, rest, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(rest) // state, parent, …
		if len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			child, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
			found = append(found, child)
		}
	}
	return found
}

// running says whether a process is there and not just waiting to be buried.
func running(pid int) bool {
	if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil {
		_, state, _ := strings.Cut(string(stat), ") ")
		return !strings.HasPrefix(state, "Z")
	}
	return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}
