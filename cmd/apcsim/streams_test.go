package main

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pipe is a pipe whose ends are closed when the test ends.
func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

// fill writes to a pipe until it has no room.
func fill(t *testing.T, w *os.File) {
	t.Helper()
	raw, err := w.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	written := 0
	err = raw.Write(func(fd uintptr) bool { // the descriptor does not block
		for _, chunk := range [][]byte{make([]byte, 4096), make([]byte, 1)} {
			for n, err := 0, error(nil); err == nil; written += max(n, 0) {
				n, err = syscall.Write(int(fd), chunk)
			}
		}
		return true
	})
	if err != nil || written < 4096 {
		t.Fatalf("the pipe has %d bytes, %v", written, err)
	}
}

// listKeys makes a number of calls, which are all answered in time. Each is a line of the
// log.
func listKeys(t *testing.T, url string, n int) {
	t.Helper()
	client := http.Client{Timeout: 20 * time.Second}
	for i := range n {
		req, err := http.NewRequestWithContext(t.Context(), "POST", url, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Amz-Target", "PaymentCryptographyControlPlane.ListKeys")
		res, err := client.Do(req)
		if err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Fatalf("call %d: %s", i, res.Status)
		}
	}
}

// stopped sends SIGTERM and waits for the end. A server that does not end is killed.
func (p *process) stopped(t *testing.T) (status int) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	kill := time.AfterFunc(20*time.Second, func() { p.cmd.Process.Kill() })
	defer kill.Stop()
	_, status = p.wait(t)
	return status
}

// TestStandardErrorThatIsNotReadStopsNothing: a pipe has room for some 400 lines.
func TestStandardErrorThatIsNotReadStopsNothing(t *testing.T) {
	unread, stderr := pipe(t)
	c := exec.CommandContext(t.Context(), build(t), "serve", "--listen", "127.0.0.1:0", "--anonymous")
	c.Stderr = stderr
	p := begin(t, c)
	listKeys(t, p.url, 1000)
	if status := p.stopped(t); status != exitOK {
		t.Errorf("after SIGTERM: status %d, want %d", status, exitOK)
	}
	stderr.Close()
	if log, err := io.ReadAll(unread); err != nil || bytes.Count(log, []byte("operation=ListKeys")) < 100 {
		t.Errorf("the log has %d bytes, %v", len(log), err)
	}
}

func TestStandardErrorThatIsClosedStopsNothing(t *testing.T) {
	reader, stderr := pipe(t)
	c := exec.CommandContext(t.Context(), build(t), "serve", "--listen", "127.0.0.1:0", "--anonymous")
	c.Stderr = stderr
	p := begin(t, c)
	stderr.Close()
	reader.Close()
	listKeys(t, p.url, 10)
	if status := p.stopped(t); status != exitOK {
		t.Errorf("after SIGTERM: status %d, want %d", status, exitOK)
	}
}

// TestStandardOutputThatIsNotReadStopsNothing: the pipe is full before the server
// begins, which says where it listens in its log as well.
func TestStandardOutputThatIsNotReadStopsNothing(t *testing.T) {
	_, stdout := pipe(t)
	fill(t, stdout)
	reader, stderr := pipe(t)
	c := exec.CommandContext(t.Context(), build(t), "serve", "--listen", "127.0.0.1:0", "--anonymous")
	c.Stdout, c.Stderr = stdout, stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	stderr.Close()
	kill := time.AfterFunc(20*time.Second, func() { c.Process.Kill() })
	defer kill.Stop()
	p := &process{cmd: c, out: bufio.NewReader(reader)}
	for p.url == "" {
		line, err := p.out.ReadString('\n')
		if err != nil {
			c.Process.Kill()
			t.Fatal(err)
		}
		if found := regexp.MustCompile(`msg=listening url=(\S+)`).FindStringSubmatch(line); found != nil {
			p.url = found[1]
		}
	}
	listKeys(t, p.url, 10)
	if status := p.stopped(t); status != exitOK {
		t.Errorf("after SIGTERM: status %d, want %d", status, exitOK)
	}
}

// TestALogLevelLeavesOut: what has its place at a level, and what the level is called.
func TestALogLevelLeavesOut(t *testing.T) {
	binary := build(t)
	for _, c := range []struct {
		args   []string
		has    string
		hasNot string
	}{
		{nil, "operation=ListKeys", `call="GET health"`},
		{[]string{"--log-level", "debug"}, `call="GET health"`, "nothing"},
		{[]string{"--log-level", "WARN"}, "error=UnknownOperationException", "operation=ListKeys"},
		{[]string{"--quiet"}, "", "level="},
	} {
		p := launch(t, binary, append(c.args, "--anonymous")...)
		get(t, p.url+"/_apcsim/health")
		listKeys(t, p.url, 1)
		if res, err := http.Post(p.url, "", nil); err == nil { // names no operation
			res.Body.Close()
		}
		p.stopped(t)
		if log := p.stderr.String(); !strings.Contains(log, c.has) || strings.Contains(log, c.hasNot) {
			t.Errorf("%q: got\n%s\nwant %q and no %q", c.args, log, c.has, c.hasNot)
		}
	}
	for _, args := range [][]string{{"--log-level", "loud"}, {"--quiet", "--log-level", "info"}} {
		if got := apcsim(t, "", append([]string{"serve"}, args...)...); got.status != exitUsage || !strings.Contains(got.err, "wanted") {
			t.Errorf("%q: got %+v, want a usage error", args, got)
		}
	}
}
