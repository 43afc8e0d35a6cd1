package softtoken

import (
	"fmt"
	"os"
	"path/filepath"
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

// library is where a module is on disk.
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
	return l.find()
}

func (l library) find() (string, error) {
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

// Access is what a program needs to work on a token, by the names of
// pkcs11.Options. That package is not imported, so that its own tests can use
// this one.
type Access struct {
	Module   string
	Reserved string // for C_Initialize
	Label    string
	Dir      string // the token's folder, with room for lock files
}

// PIN is the user's, as a copy. It is unlike anything else, so that a test can
// look for it where no PIN belongs.
func (Access) PIN() ([]byte, error) { return []byte(userPIN), nil }

const (
	userPIN    = "Pin-of-a-soft-token"
	officerPIN = "Officer-of-a-soft-token"
)

// Options of a new token. The zero value is right.
type Options struct {
	// Labels are of the tokens in the folder, one for each; the same may stand
	// twice. Access has the first one. Nil is one token. SoftHSM alone takes them.
	Labels []string

	// Mechanisms is the value of slots.mechanisms in SoftHSM's configuration:
	// "CKM_AES_CBC,CKM_AES_ECB" are the only ones that the token then has, and
	// "-CKM_SHA_1,CKM_AES_CMAC" are those it lacks, where 2.6.1 overlooks the
	// first one. "" is all that the module has. SoftHSM alone takes it.
	Mechanisms string
}
