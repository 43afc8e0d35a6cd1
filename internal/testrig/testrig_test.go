package testrig

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// TestMain is also the child process of TestAtExitHoweverTheProcessEnds.
func TestMain(m *testing.M) {
	name := os.Getenv("APCSIM_TEST_FILE")
	if name == "" {
		os.Exit(m.Run())
	}
	if err := AtExit(`echo done >"$1"`, name); err != nil {
		panic(err)
	}
	os.Stdout.WriteString("ready\n")
	if end := os.Getenv("APCSIM_TEST_END"); end == "panic" {
		panic("as the test wants it")
	} else if end == "exit" {
		os.Exit(3)
	}
	select {}
}

// TestAtExitHoweverTheProcessEnds: the script writes to a named pipe, of which the test
// reads, after the end of the process.
func TestAtExitHoweverTheProcessEnds(t *testing.T) {
	for _, end := range []string{"killed", "exit", "panic"} {
		name := filepath.Join(t.TempDir(), "pipe")
		if err := syscall.Mkfifo(name, 0o600); err != nil {
			t.Fatal(err)
		}
		written, err := os.OpenFile(name, os.O_RDWR, 0) // for reading alone it would wait for a writer
		if err != nil {
			t.Fatal(err)
		}
		defer written.Close()
		written.SetReadDeadline(time.Now().Add(20 * time.Second))
		p := exec.CommandContext(t.Context(), os.Args[0])
		p.Env = append(os.Environ(), "APCSIM_TEST_FILE="+name, "APCSIM_TEST_END="+end)
		out, err := p.StdoutPipe()
		if err == nil {
			err = p.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
			t.Fatalf("%s: the child printed %q, %v", end, line, err)
		}
		want := "done\n"
		if end == "killed" {
			want = "the process runs\ndone\n"
			written.WriteString("the process runs\n")
			p.Process.Kill()
		}
		if p.Wait() == nil {
			t.Errorf("%s: the child has status 0", end)
		}
		got := make([]byte, len(want))
		if n, err := io.ReadFull(written, got); string(got) != want {
			t.Errorf("%s: got %q, %v, want %q", end, got[:n], err, want)
		}
	}
}

func TestKillEndsChildrenToo(t *testing.T) {
	p := exec.CommandContext(t.Context(), "/bin/sh", "-c", "sleep 20 & echo $!; wait")
	out, err := p.StdoutPipe()
	if err == nil {
		err = p.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := Kill(p.Process.Pid); err != nil {
		t.Fatal(err)
	}
	if child, err := strconv.Atoi(strings.TrimSpace(line)); err != nil || Running(child) {
		t.Errorf("the child %q runs after Kill, %v", line, err)
	}
	if p.Wait() == nil {
		t.Error("a process that was killed has status 0")
	}
}

func TestUntilWaitsWithinItsBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		after := func(d time.Duration) func() bool { return func() bool { return time.Since(began) >= d } }
		if !Until(time.Minute, after(time.Second)) || time.Since(began) != time.Second {
			t.Errorf("what is so after 1 s: waited %v", time.Since(began))
		}
		if Until(time.Second, after(time.Hour)) || time.Since(began) > 3*time.Second {
			t.Errorf("what is not so within 1 s: waited until %v", time.Since(began))
		}
	})
}
