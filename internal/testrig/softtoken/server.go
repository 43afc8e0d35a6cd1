package softtoken

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// Server is a SoftHSM token behind a p11-kit server, which has a process for
// every connection; its Token is that of p11-kit's client. What the client passes
// on of 0.24.1 is little: ECB, RSA, ECDSA, hashes, and key generation.
type Server struct {
	Token
	behind  Token
	socket  string
	process *exec.Cmd // nil: killed
}

// Serve starts a server on a SoftHSM token for one test and names it to the
// client, by P11_KIT_SERVER_ADDRESS: there is one server at a time.
func Serve(t testing.TB, token Token) *Server {
	t.Helper()
	client, err := Module(p11kit)
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{behind: token, socket: filepath.Join(token.Dir, "p11.sock")}
	s.Token = Token{Module: client, Label: token.Label, Dir: token.Dir}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Kill(); err != nil {
			t.Error(err)
		}
	})
	t.Setenv("P11_KIT_SERVER_ADDRESS", "unix:path="+s.socket)
	return s
}

// Start starts the server again after Kill. It listens when Start returns.
func (s *Server) Start() error {
	os.Remove(s.socket) // of the one that was killed
	var stderr bytes.Buffer
	p := exec.Command("p11-kit", "server", "-f", "-n", s.socket, "--provider", s.behind.Module, "pkcs11:token="+url.PathEscape(s.Label))
	p.Env = append(os.Environ(), "SOFTHSM2_CONF="+s.behind.conf())
	p.Stderr = &stderr
	p.WaitDelay = 10 * time.Second
	out, err := p.StdoutPipe()
	if err == nil {
		err = p.Start()
	}
	if err != nil {
		return fmt.Errorf("softtoken: starting p11-kit: %w", err)
	}
	s.process = p
	// Until then another process may have got the number.
	if err := testrig.AtExit(`grep -qs "$2" "/proc/$1/cmdline" && kill -KILL "$1"`, strconv.Itoa(p.Process.Pid), s.socket); err != nil {
		return errors.Join(err, s.Kill())
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil { // it prints a line when it listens
		err = errors.Join(err, s.Kill())
		return fmt.Errorf("softtoken: p11-kit server printed %q: %w\n%s", line, err, &stderr)
	}
	return nil
}

// Kill kills the server and the processes of its connections by SIGKILL, and
// returns when all of them are gone. Without a server it does nothing.
func (s *Server) Kill() error {
	if s.process == nil {
		return nil
	}
	err := testrig.Kill(s.process.Process.Pid)
	// Each of them has the standard error open: Wait waits for all.
	var killed *exec.ExitError
	if waited := s.process.Wait(); !errors.As(waited, &killed) {
		err = errors.Join(err, waited)
	}
	s.process = nil
	return err
}
