//go:build cgo && unix

package softtoken

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// janitor is a shell that waits until this process has ended or lets it go,
// and then clears up. It leads a process group of its own, so that what is
// typed at a terminal does not reach it, and has none of our files open, so
// that nobody who reads our output waits for it.
type janitor struct {
	shell *exec.Cmd
	hold  *os.File // the end of its standard input that only we have
}

// What a janitor does in the end. A killed server may still write for a moment
// into a folder that is being removed.
const (
	sweep     = `rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }`
	killGroup = `kill -KILL 0`
)

// hire starts a janitor. Its end of the pipe is closed in every child that Go
// starts, so that it lasts as long as this process and no longer.
func hire(task string, arguments ...string) (*janitor, error) {
	in, hold, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("softtoken: %w", err)
	}
	defer in.Close()
	script := "trap '' HUP INT TERM; read -r end; " + task
	shell := exec.Command("/bin/sh", append([]string{"-c", script, "apcsim-janitor"}, arguments...)...)
	shell.Stdin = in
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := shell.Start(); err != nil {
		hold.Close()
		return nil, fmt.Errorf("softtoken: starting a janitor: %w", err)
	}
	return &janitor{shell, hold}, nil
}

// group is the janitor's process group, which others may join.
func (j *janitor) group() int { return j.shell.Process.Pid }

// finish has the janitor do its work and waits for it.
func (j *janitor) finish() error {
	j.hold.Close()
	if err := j.shell.Wait(); err != nil {
		return fmt.Errorf("softtoken: the janitor: %w", err)
	}
	return nil
}

// kill ends the janitor and all who joined its group, by SIGKILL.
func (j *janitor) kill() error {
	err := syscall.Kill(-j.group(), syscall.SIGKILL)
	j.shell.Wait() // killed, as it was told
	return errors.Join(err, j.hold.Close())
}
