package pkcs11

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/seed748fb4d1/apcsim/internal/secretfile"
)

// Options of a backend: its token and the token's module. Module, PIN and one of
// Label, Serial and Slot are needed; the other fields have defaults.
type Options struct {
	// Module is the path of the PKCS#11 module, a shared library. It must have a
	// slash: the system's loader would search for a bare name.
	Module string

	// Reserved is given to the module when it is initialised (pReserved of
	// C_Initialize); NSS softoken takes its configuration there. All backends of
	// one module in one process name the same.
	Reserved string

	// The token: all but Slot as C_GetTokenInfo returns them, without the
	// padding, Slot as C_GetSlotList does. If several are given all must match.
	// Slot numbers may change whenever a module is initialised: a label or a
	// serial is the better name. Model and Manufacturer alone name no token.
	Label        string
	Serial       string
	Model        string
	Manufacturer string
	Slot         *uint

	// PIN is called once for each attempt to connect. A PIN that the token refuses
	// is never tried again, nor is one after two logins in a row that failed
	// without a reason. Where other code of the process has logged in, the token
	// does not check it.
	PIN PIN

	// MasterLabel is in front of the labels of the master keys on the token:
	// two families of them may share it. "" is "apcsim".
	MasterLabel string

	// PoolSize is how many calls may be in the module at a time. Twice as many
	// sessions are open at most, and one more. 0 is twice GOMAXPROCS; a token
	// that allows fewer sessions gets fewer.
	PoolSize int

	// LockDir is where Initialize locks a file named by the token's serial, and
	// every login one named by the module's path; all processes on the token
	// must name the same. "" is os.TempDir(), where any user of the machine can
	// make the others wait.
	LockDir string

	// Quirks are faults of the module that this package works around.
	Quirks Quirks

	// Log gets a line when master keys are made and when a connection is lost or
	// recovered; nil: none. No secret is logged. It must not call the backend.
	Log *slog.Logger
}

// Quirks are faults of a module that this package works around. The zero value is
// for a module without any. What a module lacks is found by trying and needs no
// quirk.
type Quirks struct {
	// Without are mechanisms (CKM_ numbers) that the module has and that do not
	// work, or work wrong. They are treated as absent.
	Without []uint

	// NoUnwrapTemplate makes the master of keys that are kept without
	// CKA_UNWRAP_TEMPLATE, for a module that takes the attribute and then cannot
	// use the key. A module that refuses the attribute needs no quirk.
	NoUnwrapTemplate bool
}

// PIN obtains the user's PIN. The bytes are the backend's, which clears them;
// the binding to the module makes a copy that it does not clear.
type PIN func() ([]byte, error)

// maxPIN is the longest PIN file, in bytes.
const maxPIN = 4 << 10

// PINFile reads a PIN from a file; line ends behind it are not part of it. The
// path may contain symbolic links, as Kubernetes mounts secrets. The file itself
// must be a regular one. Others must have no access to it; its group may only
// read it, and only if this process is in that group: mode 0600, or 0440 with
// fsGroup. It is read at each connection.
func PINFile(path string) PIN {
	return func() ([]byte, error) {
		raw, err := secretfile.Read(path, maxPIN)
		if err != nil {
			return nil, fmt.Errorf("pkcs11: reading the PIN: %w", err)
		}
		return bytes.TrimRight(raw, "\r\n"), nil
	}
}

// PINEnv reads a PIN from an environment variable.
func PINEnv(name string) PIN {
	return func() ([]byte, error) {
		pin, ok := os.LookupEnv(name)
		if !ok {
			return nil, fmt.Errorf("pkcs11: reading the PIN: the environment has no %s", name)
		}
		return []byte(pin), nil
	}
}

// withDefaults is a copy that was checked, with what the options leave out.
func withDefaults(given *Options) (Options, error) {
	var o Options
	if given != nil {
		o = *given
	}
	switch {
	case o.Module == "":
		return o, errors.New("pkcs11: Options.Module is empty, want the path of a PKCS#11 module")
	case !strings.ContainsRune(o.Module, filepath.Separator):
		return o, fmt.Errorf("pkcs11: Options.Module is %q, want a path: with a bare name the loader would search for it", o.Module)
	case o.Label == "" && o.Serial == "" && o.Slot == nil:
		return o, errors.New("pkcs11: no token is named: want Options.Label, Serial or Slot")
	case o.PIN == nil:
		return o, errors.New("pkcs11: Options.PIN is nil, want where the PIN comes from: PINFile, PINEnv or a function")
	case o.PoolSize < 0:
		return o, fmt.Errorf("pkcs11: Options.PoolSize is %d", o.PoolSize)
	}
	path, err := filepath.Abs(o.Module)
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return o, fmt.Errorf("pkcs11: Options.Module: %w", err)
	}
	o.Module = path
	o.MasterLabel = cmp.Or(o.MasterLabel, "apcsim")
	o.PoolSize = cmp.Or(o.PoolSize, 2*runtime.GOMAXPROCS(0))
	o.LockDir = cmp.Or(o.LockDir, os.TempDir())
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o, nil
}
