//go:build unix

package janitor

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// Janitor is a shell that waits until this process has ended or lets it go,
// and then clears up. It leads a process group of its own, so that what is
// typed at a terminal does not reach it, and has none of our files open, so
// that nobody who reads our output waits for it.
type Janitor struct {
	shell *exec.Cmd
	hold  *os.File // the end of its standard input that only we have
}

// What a janitor does in the end; $1 is its first argument. A killed server may
// still write for a moment into a folder that is being removed.
const (
	Sweep     = `rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }`
	KillGroup = `kill -KILL 0`
)

// Hire starts a janitor. Its end of the pipe is closed in every child that Go
// starts, so that it lasts as long as this process and no longer.
func Hire(task string, arguments ...string) (*Janitor, error) {
	in, hold, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("janitor: %w", err)
	}
	defer in.Close()
	script := "trap '' HUP INT QUIT TERM; read -r end; " + task
	shell := exec.Command("/bin/sh", append([]string{"-c", script, "apcsim-janitor"}, arguments...)...)
	shell.Stdin = in
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := shell.Start(); err != nil {
		hold.Close()
		return nil, fmt.Errorf("janitor: starting it: %w", err)
	}
	return &Janitor{shell, hold}, nil
}

// Group is the janitor's process group, which others may join.
func (j *Janitor) Group() int { return j.shell.Process.Pid }

// Finish has the janitor do its work and waits for it.
func (j *Janitor) Finish() error {
	j.hold.Close()
	if err := j.shell.Wait(); err != nil {
		return fmt.Errorf("janitor: %w", err)
	}
	return nil
}

// Kill ends the janitor and all who joined its group, by SIGKILL.
func (j *Janitor) Kill() error {
	err := syscall.Kill(-j.Group(), syscall.SIGKILL)
	j.shell.Wait() // killed, as it was told
	return errors.Join(err, j.hold.Close())
}
