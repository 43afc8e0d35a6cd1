//go:build cgo && unix

package softtoken

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestMain is also the child process of the tests below: with the variable set
// it makes what it is told to, says what it has made, and then ends as it is
// told to or waits to be killed.
func TestMain(m *testing.M) {
	if task := os.Getenv("APCSIM_SOFTTOKEN_CHILD"); task != "" {
		child(strings.Fields(task))
	}
	os.Exit(m.Run())
}

func child(task []string) {
	token, err := Shared(Kind(task[0]))
	if task[1] == "serve" {
		var s *Server
		if token, err = New(SoftHSM, nil); err == nil {
			if s, err = Serve(token); err == nil {
				fmt.Println(s.process.Process.Pid)
			}
		}
	}
	if err != nil {
		panic(err)
	}
	fmt.Println(token.Dir)
	switch task[1] {
	case "exit":
		os.Exit(3)
	case "panic":
		panic("as it was told")
	}
	select {}
}

// begin starts this program as a child with a temporary directory of its own,
// and reads as many lines as it is to say.
func begin(t *testing.T, task string, lines int) (p *exec.Cmd, temporary string, said []string) {
	t.Helper()
	temporary = t.TempDir()
	p = exec.CommandContext(t.Context(), os.Args[0])
	p.Env = append(os.Environ(), "APCSIM_SOFTTOKEN_CHILD="+task, "TMPDIR="+temporary)
	out, err := p.StdoutPipe()
	must(t, "a pipe", err)
	must(t, "starting the child", p.Start())
	for in := bufio.NewScanner(out); len(said) < lines; {
		if !in.Scan() {
			t.Fatalf("the child for %q said only %q: %v", task, said, in.Err())
		}
		said = append(said, in.Text())
	}
	return p, temporary, said
}

// soon waits until something is so, and fails if it does not become so.
func soon(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not after 10 s: %s", what)
		}
	}
}

func empty(dir string) func() bool {
	return func() bool {
		left, err := filepath.Glob(filepath.Join(dir, "*"))
		return err == nil && len(left) == 0
	}
}

func TestFolderGoesHoweverTheProcessEnds(t *testing.T) {
	for _, k := range kinds {
		for _, end := range []string{"killed", "exit", "panic"} {
			p, temporary, said := begin(t, string(k)+" "+end, 1)
			if end == "killed" {
				if _, err := os.Stat(said[0]); err != nil || filepath.Dir(said[0]) != temporary {
					t.Fatalf("%s: the child's token is in %s, %v, want it in %s", k, said[0], err, temporary)
				}
				must(t, "SIGKILL", p.Process.Kill())
			}
			if err := p.Wait(); err == nil {
				t.Errorf("%s, %s: the child ended well", k, end)
			}
			soon(t, fmt.Sprintf("%s, %s: the folder is gone", k, end), empty(temporary))
		}
	}
}

func TestServerGoesWithTheProcess(t *testing.T) {
	p, temporary, said := begin(t, "softhsm serve", 2)
	pid, err := strconv.Atoi(said[0])
	must(t, "the server's number", err)
	if gone(pid) {
		t.Fatal("there is no server to begin with")
	}
	must(t, "SIGKILL", p.Process.Kill())
	p.Wait()
	soon(t, "the server is gone", func() bool { return gone(pid) })
	soon(t, "the folder is gone", empty(temporary))
}

// gone says whether a process has ended; init may not have buried it yet.
func gone(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, _ := strings.Cut(string(stat), ") ")
	return err != nil || strings.HasPrefix(state, "Z")
}
