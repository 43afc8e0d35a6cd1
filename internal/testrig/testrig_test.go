package testrig

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
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

func TestAtExitHoweverTheProcessEnds(t *testing.T) {
	for _, end := range []string{"killed", "exit", "panic"} {
		name := filepath.Join(t.TempDir(), "file")
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
		if end == "killed" {
			if _, err := os.Stat(name); err == nil {
				t.Error("the script ran before the end of the process")
			}
			p.Process.Kill()
		}
		if p.Wait() == nil {
			t.Errorf("%s: the child has status 0", end)
		}
		for limit := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
			if text, _ := os.ReadFile(name); string(text) == "done\n" {
				break
			}
			if time.Now().After(limit) {
				t.Fatalf("%s: the script has not run after 20 s", end)
			}
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
