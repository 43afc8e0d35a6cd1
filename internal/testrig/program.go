package testrig

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Program is the path of the program, built without cgo from the folder of the root module.
func Program(t testing.TB, root string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "apcsim")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./cmd/apcsim")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

// Serve starts a server, which ends with the test, and returns the URL at which it says that it listens.
func Serve(t testing.TB, server *exec.Cmd) (url string) {
	t.Helper()
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer // to be read once it has ended
	server.Stderr = &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Process.Kill(); server.Wait() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !ok {
		server.Process.Kill()
		server.Wait()
		t.Fatalf("%v with %v: %q, %v\n%s", server, server.Env, line, err, &log)
	}
	return url
}
