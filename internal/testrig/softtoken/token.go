//go:build cgo && unix

package softtoken

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"unsafe"

	"github.com/miekg/pkcs11"

	"github.com/seed748fb4d1/apcsim/internal/janitor"
)

// Token is a token in a folder of its own.
type Token struct {
	Access
	kind    Kind
	janitor *janitor.Janitor
	restore func() // puts the environment back
}

// tokens are those of this process.
var tokens = struct {
	mu          sync.Mutex // guards all below, and what is set of the environment
	own, shared map[Kind]*Token
	server      *Server
}{own: map[Kind]*Token{}, shared: map[Kind]*Token{}}

// New makes a token and points the module at it, by variables of the whole
// process: SOFTHSM2_CONF, and for NSS one that makes it quick. The module is
// left as it was found, initialised by nobody. The caller closes what it opens on the token and
// then calls Remove. Nil options are the defaults.
func New(k Kind, o *Options) (*Token, error) {
	if o == nil {
		o = &Options{}
	}
	tokens.mu.Lock()
	defer tokens.mu.Unlock()
	if err := alone(k); err != nil {
		return nil, err
	}
	t, err := create(k, *o)
	if err == nil {
		tokens.own[k] = t
	}
	return t, err
}

// Shared is the token of a kind that all of the process use; it is made when it
// is first asked for and lasts until the process ends.
func Shared(k Kind) (*Token, error) {
	tokens.mu.Lock()
	defer tokens.mu.Unlock()
	if err := alone(k); err != nil {
		return nil, err
	}
	if t := tokens.shared[k]; t != nil {
		return t, nil
	}
	t, err := create(k, Options{})
	if err == nil {
		tokens.shared[k] = t
	}
	return t, err
}

// alone refuses while there is a token that New made. The caller holds mu.
func alone(k Kind) error {
	if t := tokens.own[k]; t != nil {
		return fmt.Errorf("softtoken: %s has one configuration at a time in a process, and a token in %s has it now: Remove that one first", k, t.Dir)
	}
	return nil
}

// Remove deletes the token with everything in it; a second Remove does nothing.
// The shared one stays.
func (t *Token) Remove() error {
	tokens.mu.Lock()
	defer tokens.mu.Unlock()
	switch t {
	case tokens.shared[t.kind]:
		return errors.New("softtoken: the shared token stays until the process ends")
	case tokens.own[t.kind]:
		delete(tokens.own, t.kind)
		return t.remove()
	}
	return nil
}

func (t *Token) remove() error {
	t.restore()
	err := t.janitor.Finish()
	if err != nil { // somebody killed it
		err = errors.Join(err, os.RemoveAll(t.Dir))
	}
	return err
}

// recipes make a token in t.Dir and fill in the rest of t.
var recipes = map[Kind]func(t *Token, o Options) error{SoftHSM: makeSoftHSM, NSS: makeNSS}

// create makes a folder and a token in it. The janitor knows the folder before
// there is one, so that it cannot be left behind.
func create(k Kind, o Options) (*Token, error) {
	module, err := Module(k)
	if err != nil {
		return nil, err
	}
	recipe := recipes[k]
	if recipe == nil {
		return nil, fmt.Errorf("softtoken: %s has no tokens of its own", k)
	}
	dir := filepath.Join(os.TempDir(), "apcsim-"+string(k)+"-"+rand.Text()[:12])
	if strings.ContainsAny(dir, `#='`) {
		return nil, fmt.Errorf("softtoken: the temporary directory %s has one of #=' in its name, which modules read as something else: set TMPDIR", os.TempDir())
	}
	sweeper, err := janitor.Hire(janitor.Sweep, dir)
	if err != nil {
		return nil, err
	}
	t := &Token{Access: Access{Module: module, Dir: dir}, kind: k, janitor: sweeper, restore: func() {}}
	err = os.Mkdir(dir, 0o700)
	if err == nil {
		err = recipe(t, o)
	}
	if err != nil {
		return nil, errors.Join(err, t.remove())
	}
	return t, nil
}

// setenv sets a variable for Go and, with cgo, for C. What it returns puts the
// former state back.
func setenv(name, value string) (restore func()) {
	before, was := os.LookupEnv(name)
	os.Setenv(name, value)
	return func() {
		if was {
			os.Setenv(name, before)
		} else {
			os.Unsetenv(name)
		}
	}
}

// within runs do with the module initialised, and leaves it as if nobody had
// been there, so that the next user opens it afresh.
func (t *Token) within(do func(*pkcs11.Ctx) error) error {
	ctx := pkcs11.New(t.Module)
	if ctx == nil {
		return fmt.Errorf("softtoken: %s cannot be loaded as a PKCS#11 module", t.Module)
	}
	defer ctx.Destroy()
	var options []pkcs11.InitializeOption
	if t.Reserved != "" {
		text := append([]byte(t.Reserved), 0)
		var pin runtime.Pinner
		pin.Pin(&text[0])
		defer pin.Unpin() // the module has read it by then
		options = append(options, pkcs11.InitializeWithReserved(unsafe.Pointer(&text[0])))
	}
	err := ctx.Initialize(options...)
	if errors.Is(err, pkcs11.Error(pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED)) {
		return fmt.Errorf("softtoken: somebody in this process works with %s and its configuration: close that first", t.Module)
	}
	if err != nil {
		return fmt.Errorf("softtoken: C_Initialize of %s: %w", t.Module, err)
	}
	return errors.Join(do(ctx), ctx.Finalize())
}

// givePIN sets the user's PIN with the officer's.
func givePIN(ctx *pkcs11.Ctx, slot uint, officer string) error {
	s, err := ctx.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err != nil {
		return fmt.Errorf("softtoken: C_OpenSession: %w", err)
	}
	defer ctx.CloseSession(s)
	if err := ctx.Login(s, pkcs11.CKU_SO, officer); err != nil {
		return fmt.Errorf("softtoken: C_Login of the security officer: %w", err)
	}
	if err := ctx.InitPIN(s, userPIN); err != nil {
		return fmt.Errorf("softtoken: C_InitPIN: %w", err)
	}
	return ctx.Logout(s)
}
