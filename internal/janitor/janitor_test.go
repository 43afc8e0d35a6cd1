//go:build unix

package janitor

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestMain is also the child process of the test below, which hires a janitor
// and is killed.
func TestMain(m *testing.M) {
	dir := os.Getenv("APCSIM_JANITOR_CHILD")
	if dir == "" {
		os.Exit(m.Run())
	}
	if _, err := Hire(Sweep, dir); err != nil {
		panic(err)
	}
	os.Stdout.WriteString("hired\n")
	select {}
}

func folder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "folder")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func gone(name string) bool {
	_, err := os.Stat(name)
	return os.IsNotExist(err)
}

func TestJanitorSweepsWhenTheProcessIsKilled(t *testing.T) {
	dir := folder(t)
	p := exec.CommandContext(t.Context(), os.Args[0])
	p.Env = append(os.Environ(), "APCSIM_JANITOR_CHILD="+dir)
	out, err := p.StdoutPipe()
	if err == nil {
		err = p.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 6)); err != nil || gone(dir) {
		t.Fatalf("before: %v, folder gone: %v", err, gone(dir))
	}
	p.Process.Kill()
	p.Wait()
	for end := time.Now().Add(10 * time.Second); !gone(dir); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the folder is there after 10 s")
		}
	}
}

func TestFinishWaitsForTheWork(t *testing.T) {
	dir := folder(t)
	j, err := Hire(Sweep, dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Finish(); err != nil || !gone(dir) {
		t.Errorf("Finish: %v, folder gone: %v", err, gone(dir))
	}
}

func TestKillTakesTheGroup(t *testing.T) {
	j, err := Hire(KillGroup)
	if err != nil {
		t.Fatal(err)
	}
	member := exec.Command("sleep", "60")
	member.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: j.Group()}
	if err := member.Start(); err != nil {
		t.Fatal(err)
	}
	if err := j.Kill(); err != nil {
		t.Error(err)
	}
	if err := member.Wait(); err == nil {
		t.Error("a member of the group ended well")
	}
}
