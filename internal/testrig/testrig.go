// Package testrig and the packages below it are what our own tests need:
// simulators, PKCS#11 tokens, PostgreSQL servers, comparisons of speed.
//
// What one test uses is removed by its Cleanup. What all tests of a process
// share, and every server, ends with the process: see [AtExit].
package testrig

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// held are the pipes of AtExit. They stay reachable, because the garbage
// collector would close them.
var (
	heldMu sync.Mutex
	held   []io.Closer
)

// AtExit runs a shell script after this process has ended, in whatever way: by
// os.Exit, a panic, a timeout of go test or SIGKILL, none of which lets Go code
// run. A shell waits for the end of a pipe that only this process holds open.
// The script finds the arguments in $1 and so on.
func AtExit(script string, arguments ...string) error {
	shell := exec.Command("/bin/sh", append([]string{"-c", "trap '' HUP INT QUIT TERM; read -r end; " + script, "sh"}, arguments...)...)
	shell.Dir = "/"
	pipe, err := shell.StdinPipe()
	if err == nil {
		err = shell.Start()
	}
	if err != nil {
		return fmt.Errorf("testrig: the shell of AtExit: %w", err)
	}
	heldMu.Lock()
	defer heldMu.Unlock()
	held = append(held, pipe)
	return nil
}

// Kill ends a process and its children by SIGKILL and returns when they are
// gone. Where /proc does not list the children, they have to end by themselves.
func Kill(pid int) error {
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", pid))
	family := []int{pid}
	for field := range strings.FieldsSeq(string(children)) {
		child, err := strconv.Atoi(field)
		if err != nil {
			return fmt.Errorf("testrig: the children of %d: %w", pid, err)
		}
		family = append(family, child)
	}
	for _, pid := range family {
		if p, err := os.FindProcess(pid); err == nil {
			p.Kill() // an error says that it has ended
		}
	}
	for _, pid := range family {
		if !Until(30*time.Second, func() bool { return !Running(pid) }) {
			return fmt.Errorf("testrig: process %d is there 30 s after SIGKILL", pid)
		}
	}
	return nil
}

// Until asks again and again, with a pause, until something is so, and reports whether it
// was so within the bound. It is for what no event can be waited for: the state of another
// process, of a device, of a page in a browser.
func Until(bound time.Duration, so func() bool) bool {
	for end := time.Now().Add(bound); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// Running reports whether /proc has a process that has not ended.
func Running(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, _ := strings.Cut(string(stat), ") ")
	return err == nil && !strings.HasPrefix(state, "Z") // Z: it has ended, its parent has not asked for its status
}
