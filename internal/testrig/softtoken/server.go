//go:build cgo && unix

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
	"syscall"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/janitor"
)

// Server is a token behind a p11-kit server, a process of its own for every
// connection; its Access is that of p11-kit's client. What the client passes
// on of 0.24.1 is little: ECB, RSA, ECDSA, hashes, and key generation.
type Server struct {
	Access
	token   *Token
	socket  string
	restore func()

	janitor *janitor.Janitor // nil: killed
	process *exec.Cmd
}

// Serve starts a server on a SoftHSM token and names it to the client, by
// setting P11_KIT_SERVER_ADDRESS for the whole process: there is one server at
// a time. The caller calls Close.
func Serve(t *Token) (*Server, error) {
	client, err := Module(p11kit)
	if err != nil {
		return nil, err
	}
	if t.kind != SoftHSM {
		return nil, fmt.Errorf("softtoken: the token is of %s, want %s: a server cannot hand initialisation arguments on", t.kind, SoftHSM)
	}
	tokens.mu.Lock()
	defer tokens.mu.Unlock()
	if tokens.server != nil {
		return nil, errors.New("softtoken: the process has a server: Close that one first")
	}
	s := &Server{token: t, socket: filepath.Join(t.Dir, "p11.sock")}
	s.Access = Access{Module: client, Label: t.Label, Dir: t.Dir}
	if err := s.Start(); err != nil {
		return nil, err
	}
	s.restore = setenv("P11_KIT_SERVER_ADDRESS", "unix:path="+s.socket)
	tokens.server = s
	return s, nil
}

// Start starts the server again after Kill. It listens when Start returns.
func (s *Server) Start() (err error) {
	if s.janitor != nil {
		return errors.New("softtoken: the server is running")
	}
	os.Remove(s.socket) // of the one that was killed
	if s.janitor, err = janitor.Hire(janitor.KillGroup); err != nil {
		return err
	}
	var complaints bytes.Buffer
	s.process = exec.Command("p11-kit", "server", "-f", "-n", s.socket, "--provider", s.token.Module, "pkcs11:token="+url.PathEscape(s.token.Label))
	s.process.Env = append(os.Environ(), "SOFTHSM2_CONF="+s.token.conf())
	s.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: s.janitor.Group()}
	s.process.Stderr = &complaints
	s.process.WaitDelay = 10 * time.Second
	out, err := s.process.StdoutPipe()
	if err == nil {
		err = s.process.Start()
	}
	if err != nil {
		err = errors.Join(fmt.Errorf("softtoken: starting p11-kit: %w", err), s.janitor.Kill())
		s.janitor = nil
		return err
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil { // it speaks when it listens
		err = errors.Join(err, s.Kill())
		return fmt.Errorf("softtoken: p11-kit server said %q: %w\n%s", line, err, &complaints)
	}
	return nil
}

// Kill kills the server and the processes of its connections by SIGKILL, and
// returns when all of them are gone. Without a server it does nothing.
func (s *Server) Kill() error {
	if s.janitor == nil {
		return nil
	}
	err := s.janitor.Kill()
	// Each of them has the standard error open: Wait waits for all.
	var killed *exec.ExitError
	if waited := s.process.Wait(); !errors.As(waited, &killed) {
		err = errors.Join(err, waited)
	}
	s.janitor = nil
	return err
}

// Close kills the server and takes its name back. The token stays.
func (s *Server) Close() error {
	tokens.mu.Lock()
	defer tokens.mu.Unlock()
	if tokens.server == s {
		tokens.server = nil
		s.restore()
	}
	return s.Kill()
}
