// Package softtoken makes temporary PKCS#11 tokens for tests and for an example:
// of SoftHSM and of NSS softoken, in a folder, and of SoftHSM behind a p11-kit
// server that can be killed.
//
// A module is one library in the process and has one configuration at a time, a
// variable of the environment. So tests that make tokens with [New] or [Serve]
// are not parallel, and they close what is open on [Shared] first.
//
// Without cgo a process can open no token, so none is made: the error is
// errors.ErrUnsupported.
package softtoken

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// Kind is a module that keeps its tokens in files.
type Kind string

// The kinds of tokens.
const (
	SoftHSM Kind = "softhsm"
	NSS     Kind = "nss" // softoken, the one in Firefox
)

// p11kit is the module that passes everything on to a server.
const p11kit Kind = "p11-kit"

// library is where a module is on disk. scripts/setup has the same list.
type library struct {
	env      string   // the variable that names the file, if it is set
	places   []string // patterns; the first file that fits is taken
	packages string   // what Debian calls it
}

var libraries = map[Kind]library{
	SoftHSM: {"APCSIM_SOFTHSM_MODULE", []string{
		"/usr/lib/softhsm/libsofthsm2.so",
		"/usr/lib/*/softhsm/libsofthsm2.so",
		"/usr/local/lib/softhsm/libsofthsm2.so",
	}, "softhsm2"},
	NSS: {"APCSIM_NSS_MODULE", []string{
		"/usr/lib/*/libsoftokn3.so",
		"/usr/lib/*/nss/libsoftokn3.so",
	}, "libnss3"},
	p11kit: {"APCSIM_P11KIT_MODULE", []string{
		"/usr/lib/*/pkcs11/p11-kit-client.so",
	}, "p11-kit p11-kit-modules"},
}

// Module finds the library of a kind: the file that APCSIM_SOFTHSM_MODULE or
// APCSIM_NSS_MODULE names, or else the one in the usual places of Debian.
func Module(k Kind) (string, error) {
	l, ok := libraries[k]
	if !ok {
		return "", fmt.Errorf("softtoken: there are no tokens of the kind %q, want %s or %s", k, SoftHSM, NSS)
	}
	if path := os.Getenv(l.env); path != "" {
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("softtoken: the module that %s names: %w", l.env, err)
		}
		return path, nil
	}
	for _, place := range l.places {
		if found, _ := filepath.Glob(place); len(found) > 0 {
			return found[0], nil
		}
	}
	return "", fmt.Errorf("softtoken: none of %q is here: apt-get install %s, or name the file by %s", l.places, l.packages, l.env)
}

// Token is what a program needs to open a token, by the names of pkcs11.Options.
// That package is not imported, so that its own tests can use this one.
type Token struct {
	Module   string
	Reserved string // for C_Initialize
	Label    string
	Dir      string // the token's folder, with room for lock files

	setting [2]string // the variable of the environment that has the module find it
}

// PIN is the user's, as a copy. It is unlike anything else, so that a test can
// look for it where no PIN belongs.
func (Token) PIN() ([]byte, error) { return []byte(userPIN), nil }

const (
	userPIN    = "Pin-of-a-soft-token"
	officerPIN = "Officer-of-a-soft-token"
)

// Options of a new SoftHSM token; NSS has none. The zero value is right.
type Options struct {
	// Labels are of the tokens in the folder, one for each; the same may be
	// twice. Token has the first one. Nil is one token.
	Labels []string

	// Mechanisms is the value of slots.mechanisms in SoftHSM's configuration:
	// "CKM_AES_CBC,CKM_AES_ECB" are the only ones that the token then has, and
	// "-CKM_SHA_1,CKM_AES_CMAC" are those it lacks, where 2.6.1 overlooks the
	// first one. "" is all that the module has.
	Mechanisms string
}

// Make makes a token in an empty folder and sets the variable of the whole
// process by which the module finds it. The caller removes the folder.
func Make(dir string, k Kind, o *Options) (Token, error) {
	if strings.ContainsAny(dir, `#='`) {
		return Token{}, fmt.Errorf("softtoken: %s has one of #=' in its name, which modules read as something else: set TMPDIR", dir)
	}
	if !Available {
		return Token{}, fmt.Errorf("softtoken: a build without cgo has no PKCS#11 tokens: %w", errors.ErrUnsupported)
	}
	module, err := Module(k)
	if err != nil {
		return Token{}, err
	}
	t := Token{Module: module, Dir: dir}
	switch {
	case k == SoftHSM && o == nil:
		err = t.makeSoftHSM(Options{})
	case k == SoftHSM:
		err = t.makeSoftHSM(*o)
	case k == NSS && o == nil:
		err = t.makeNSS()
	default:
		err = fmt.Errorf("softtoken: tokens of the kind %s have no options", k)
	}
	return t, err
}

// New makes a token for one test, which it skips if none is [Available].
func New(t testing.TB, k Kind, o *Options) Token {
	t.Helper()
	dir, err := os.MkdirTemp("", "apcsim-token-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	token, err := Make(dir, k, o)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	t.Setenv(token.setting[0], token.setting[1]) // for its cleanup
	return token
}

// shared makes the token of each kind that the process shares.
var shared = map[Kind]func() (Token, error){
	SoftHSM: sync.OnceValues(func() (Token, error) { return makeShared(SoftHSM) }),
	NSS:     sync.OnceValues(func() (Token, error) { return makeShared(NSS) }),
}

func makeShared(k Kind) (Token, error) {
	dir, err := os.MkdirTemp("", "apcsim-token-")
	if err != nil {
		return Token{}, err
	}
	if err := testrig.AtExit(`rm -rf "$1"`, dir); err != nil {
		return Token{}, err
	}
	return Make(dir, k, nil)
}

// Shared is the token of a kind that all tests of the process use. It is made
// when it is first asked for.
func Shared(k Kind) (Token, error) {
	t, err := shared[k]()
	if err == nil {
		os.Setenv(t.setting[0], t.setting[1])
	}
	return t, err
}

// set sets the variable that has the module find the token.
func (t *Token) set(name, value string) {
	t.setting = [2]string{name, value}
	os.Setenv(name, value)
}

// softHSMConf has the folder of the tokens and the mechanisms to fill in. The
// file store is the only one that Debian builds.
const softHSMConf = `directories.tokendir = %s
objectstore.backend = file
log.level = ERROR
slots.removable = false
slots.mechanisms = %s
library.reset_on_fork = false
`

// conf is SoftHSM's configuration file.
func (t *Token) conf() string { return filepath.Join(t.Dir, "softhsm2.conf") }

func (t *Token) makeSoftHSM(o Options) error {
	labels := o.Labels
	if len(labels) == 0 {
		labels = []string{"apcsim " + rand.Text()[:12]} // one's own: the module may have another configuration
	}
	t.Label = labels[0]
	folder := filepath.Join(t.Dir, "tokens")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(t.conf(), fmt.Appendf(nil, softHSMConf, folder, cmp.Or(o.Mechanisms, "ALL")), 0o600); err != nil {
		return err
	}
	t.set("SOFTHSM2_CONF", t.conf())
	for _, label := range labels {
		out, err := exec.Command("softhsm2-util", "--module", t.Module, "--init-token", "--free", "--label", label, "--pin", userPIN,
			"--so-pin", officerPIN).
			CombinedOutput()
		if err != nil {
			return fmt.Errorf("softtoken: softhsm2-util: %w\n%s", err, out)
		}
	}
	return nil
}

// nssReserved configures NSS softoken; the label of its token is always the same.
const (
	nssReserved = "configdir='sql:%s' certPrefix='' keyPrefix='' secmod='secmod.db' flags="
	nssLabel    = "NSS Certificate DB"
)

// makeNSS has the module make its database, whose officer has no PIN yet.
func (t *Token) makeNSS() error {
	t.Label = nssLabel
	t.Reserved = fmt.Sprintf(nssReserved, t.Dir)
	// Each attribute of a private object is under a key made from the PIN by as
	// many rounds of PBKDF2, and is opened again whenever the object is used: with
	// the usual 10,000 a test takes up to twenty times as long.
	t.set("NSS_MAX_MP_PBE_ITERATION_COUNT", "1")
	return t.givePIN()
}
