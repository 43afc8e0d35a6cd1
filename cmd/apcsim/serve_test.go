package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/cmd/apcsim/internal/server"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

const exampleConfig = "../../examples/serve/config.json"

// ownConfig is a copy of the example for this user alone.
func ownConfig(t testing.TB) string {
	t.Helper()
	return testrig.OwnCopy(t, exampleConfig)
}

// built is the program, made once for all tests.
var built = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "build", "-o", programFolder, ".").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("go build: %w\n%s", err, out)
	}
	return filepath.Join(programFolder, "apcsim"), err
})

var programFolder string

func TestMain(m *testing.M) {
	var err error
	if programFolder, err = os.MkdirTemp("", "apcsim-test-"); err != nil {
		log.Fatal(err)
	}
	status := m.Run()
	os.RemoveAll(programFolder)
	os.Exit(status)
}

// build is the path of the program.
func build(t testing.TB) string {
	t.Helper()
	binary, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

// process is a server that runs as a program of its own.
type process struct {
	cmd    *exec.Cmd
	url    string
	out    *bufio.Reader
	stderr bytes.Buffer // to be read once it has ended
}

// launch starts a server and returns once it has said where it listens.
func launch(t testing.TB, binary string, args ...string) *process {
	t.Helper()
	return begin(t, exec.CommandContext(t.Context(), binary, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...))
}

// begin is launch, of any command that starts one.
func begin(t testing.TB, c *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: c}
	if c.Stderr == nil {
		c.Stderr = &p.stderr
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.out = bufio.NewReader(stdout)
	line, err := p.out.ReadString('\n')
	found := regexp.MustCompile(`^listening on (http://127\.0\.0\.1:[0-9]+)\n$`).FindStringSubmatch(line)
	if found == nil {
		p.cmd.Process.Kill()
		p.cmd.Wait()
		t.Fatalf("the line on standard output: %q, %v\n%s", line, err, &p.stderr)
	}
	p.url = found[1]
	return p
}

// wait is the rest of standard output and the exit status.
func (p *process) wait(t testing.TB) (rest string, status int) {
	t.Helper()
	raw, err := io.ReadAll(p.out)
	if err != nil {
		t.Error(err)
	}
	_ = p.cmd.Wait() // the status is what counts
	return string(raw), p.cmd.ProcessState.ExitCode()
}

func get(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %s, %v", url, res.StatusCode, raw, err)
	}
	return string(raw)
}

// unfinished sends a call without the last byte of its body, and waits until the
// server has begun it.
func (p *process) unfinished(t *testing.T) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_, err = io.WriteString(c, "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: PaymentCryptographyControlPlane.ListKeys\r\n"+
		"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	// The server asks for the body when the call reads it.
	if line, err := bufio.NewReader(io.LimitReader(c, 25)).ReadString('\n'); line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("got %q, %v", line, err)
	}
	return c
}

func TestServeAnswersAndEndsCleanly(t *testing.T) {
	binary, config := build(t), ownConfig(t)
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		p := launch(t, binary, "--anonymous", "--control", "--config", config)
		if got := get(t, p.url+"/_apcsim/health"); !strings.HasPrefix(got, `{"status":"ok","version":"`) {
			t.Errorf("health: got %s", got)
		}
		if got := get(t, p.url+"/_apcsim/keys/alias/zone-key"); !strings.Contains(got, `"KeyCheckValue":"90618D"`) {
			t.Errorf("the key of the configuration: got %s", got)
		}
		c := p.unfinished(t)
		p.interrupt(t, signal)
		if late, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://")); err == nil {
			late.Close()
			t.Error("new connections are taken")
		}
		if _, err := io.WriteString(c, "{}"); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Errorf("the call in flight: %v, %v", res, err)
		} else {
			res.Body.Close()
		}
		if rest, status := p.wait(t); rest != "" || status != 0 {
			t.Errorf("%v: status %d, more on standard output: %q", signal, status, rest)
		}
		if log := p.stderr.String(); !strings.Contains(log, "msg=call operation=ListKeys account=111122223333") ||
			strings.Contains(log, "example secret") {
			t.Errorf("the log:\n%s", log)
		}
	}
}

// interrupt sends a signal and returns once the server is stopping: it closes a connection that
// is idle once it takes no new ones.
func (p *process) interrupt(t *testing.T, signal os.Signal) {
	t.Helper()
	idle, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	idle.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(idle, "GET /_apcsim/health HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := idle.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, idle); err != nil {
		t.Fatalf("the server holds an idle connection after %v: %v", signal, err)
	}
}

func TestASecondSignalEndsAtOnce(t *testing.T) {
	p := launch(t, build(t), "--anonymous")
	p.unfinished(t)
	p.interrupt(t, syscall.SIGTERM)
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if _, status := p.wait(t); status != -1 { // the signal's
		t.Errorf("status %d, want an end by the signal", status)
	}
}

func TestServeRefusesWhatCannotBeMeant(t *testing.T) {
	secret := "5EC4E7AB1E5EC4E7AB1E5EC4E7AB1E01"
	file := testrig.OwnFile(t, "config.json", `{"keys":[{"components":["`+secret+`",1]}]}`)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"--listen", "0.0.0.0:0", "--control"}, exitUsage, "--control: the simulator's own calls are for clients on loopback addresses"},
		{[]string{"--account", "12"}, exitUsage, "--account: wanted 12 digits"},
		{[]string{"--region", "here"}, exitUsage, "--region: wanted a Region"},
		{[]string{"--verify"}, exitUsage, "--verify: there are no callers"},
		{[]string{"--token-lifetime", "soon"}, exitUsage, `wanted a time like "90m"`},
		{[]string{"--token-lifetime", "0s"}, exitUsage, "wanted a time greater than 0"},
		{[]string{"--seed", "x"}, exitUsage, "seed"},
		{[]string{"--stores", "memory"}, exitUsage, "there is no flag --stores. Did you mean --store?"},
		{[]string{"now"}, exitUsage, "takes flags only"},
		{[]string{"--config", file}, exitRefused, file + ": keys[0].components[1]: found a number, wanted pairs of hexadecimal digits"},
		{[]string{"--config", "/nowhere/" + "config.json"}, exitRefused, "no such file"},
		{[]string{"--listen", taken.Addr().String()}, exitRefused, "address already in use"},
		{[]string{"--listen", "nowhere"}, exitRefused, "missing port"},
	} {
		args := append([]string{"serve", "--listen", "127.0.0.1:0"}, c.args...)
		got := apcsim(t, "", args...)
		if got.status != c.status || got.out != "" || !strings.Contains(got.err, c.want) || strings.Contains(got.err, secret) {
			t.Errorf("%q: got %+v, want %d, %s", c.args, got, c.status, c.want)
		}
	}
}

func TestServeEndsWithItsContextAndNeedsStandardOutput(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	status := make(chan int)
	go func() {
		status <- run(ctx, []string{"serve", "--listen", "127.0.0.1:0", "--token-lifetime", "7d12h"}, strings.NewReader(""), w, io.Discard)
	}()
	if line, err := bufio.NewReader(r).ReadString('\n'); err != nil || !strings.HasPrefix(line, "listening on http://127.0.0.1:") {
		t.Errorf("got %q, %v", line, err)
	}
	cancel()
	if got := <-status; got != exitOK {
		t.Errorf("status %d, want %d", got, exitOK)
	}
	r.Close()
	if got := run(t.Context(), []string{"serve", "--listen", "127.0.0.1:0"}, strings.NewReader(""), w, io.Discard); got != exitRefused {
		t.Errorf("without standard output: status %d, want %d", got, exitRefused)
	}
}

// TestTheConfigurationOfTheHelpIsOne reads the example of --help.
func TestTheConfigurationOfTheHelpIsOne(t *testing.T) {
	help := apcsim(t, "", "serve", "--help").out
	_, text, _ := strings.Cut(help, "are refused:\n")
	text, _, _ = strings.Cut(text, "\n\ncallers are")
	c, err := server.ParseConfig([]byte(text))
	if err != nil || len(c.Keys) != 1 || len(c.Callers) != 1 || !json.Valid([]byte(text)) {
		t.Errorf("got %v of\n%s", err, text)
	}
	fs := apcsim(t, "", "help", "serve").out
	for _, flag := range []string{"listen", "account", "region", "seed", "test-keys", "token-lifetime", "config", "hsm", "control",
		"anonymous", "verify", "explain", "exception-status"} {
		if !strings.Contains(fs, "\n  --"+flag+" ") {
			t.Errorf("--help does not tell --%s", flag)
		}
	}
}

// BenchmarkStart is from starting the program to its line on standard output,
// with the keys of the example loaded. The bar is 50 ms.
func BenchmarkStart(b *testing.B) {
	binary, config := build(b), ownConfig(b)
	for b.Loop() {
		p := launch(b, binary, "--test-keys", "--config", config)
		b.StopTimer()
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			b.Fatal(err)
		}
		if _, status := p.wait(b); status != 0 {
			b.Fatalf("status %d", status)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms/start")
}

// TestAConfigurationMayComeThroughAPipe as from `serve --config <(command)`, which
// the shell makes a name like /dev/fd/63 of, and as from `command | serve --config
// /dev/stdin`.
func TestAConfigurationMayComeThroughAPipe(t *testing.T) {
	binary := build(t)
	text, err := os.ReadFile(exampleConfig)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/dev/fd/3", "/dev/stdin"} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		c := exec.CommandContext(t.Context(), binary, "serve", "--listen", "127.0.0.1:0", "--control", "--config", path)
		if path == "/dev/stdin" {
			c.Stdin = r
		} else {
			c.ExtraFiles = []*os.File{r}
		}
		if _, err := w.Write(text); err != nil { // the pipe holds it all
			t.Fatal(err)
		}
		w.Close()
		p := begin(t, c)
		r.Close()
		if got := get(t, p.url+"/_apcsim/keys/alias/zone-key"); !strings.Contains(got, `"KeyCheckValue":"90618D"`) {
			t.Errorf("%s: the key of the configuration: got %s", path, got)
		}
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if _, status := p.wait(t); status != 0 {
			t.Errorf("%s: status %d\n%s", path, status, &p.stderr)
		}
	}
}
