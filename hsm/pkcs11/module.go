//go:build cgo

package pkcs11

import (
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	p11 "github.com/miekg/pkcs11"
)

// Available reports whether this build can open tokens: it was made with cgo.
const Available = true

// module is a PKCS#11 library in this process. There is one for each path, which all
// backends on it share: initialising and finalising affect all of them.
type module struct {
	path     string
	reserved string
	api      cryptoki

	// calls is held for reading by every call. It is held for writing while no
	// call may run: for initialising, finalising, finding and writing token
	// objects, and closing sessions that may hold objects in use.
	calls      sync.RWMutex
	up         bool                // guarded by calls: C_Initialize was called
	foreign    bool                // guarded by calls: other code of the process had called it
	generation int                 // guarded by calls: how often it was called; handles of an earlier generation are void
	losses     int                 // guarded by calls: how often sessions or the token were lost; handles from before are void
	pins       map[string]checksum // guarded by calls: of the PINs that tokens, by serial, took

	users int // guarded by modules.mu
}

// modules are those in use, by path.
var modules = struct {
	mu     sync.Mutex
	byPath map[string]*module
}{byPath: map[string]*module{}}

// useModule counts a backend as a user of a module, and loads it for the first one.
func useModule(path, reserved string) (*module, error) {
	modules.mu.Lock()
	defer modules.mu.Unlock()
	m := modules.byPath[path]
	if m == nil {
		api, err := load(path)
		if err != nil {
			return nil, err
		}
		m = &module{path: path, reserved: reserved, api: api, pins: map[string]checksum{}}
		modules.byPath[path] = m
	}
	if m.reserved != reserved {
		return nil, fmt.Errorf("pkcs11: %s is in use with other initialisation arguments (Options.Reserved)", path)
	}
	m.users++
	return m, nil
}

// unshared reports whether the module has one backend only.
func (m *module) unshared() bool {
	modules.mu.Lock()
	defer modules.mu.Unlock()
	return m.users == 1
}

// release ends a use. The last one finalises the module.
func (m *module) release() error {
	modules.mu.Lock()
	defer modules.mu.Unlock()
	if m.users--; m.users > 0 {
		return nil
	}
	delete(modules.byPath, m.path)
	m.calls.Lock()
	defer m.calls.Unlock()
	err := m.finalize()
	m.api.Destroy()
	return err
}

// initialize makes the module ready, if it is not. The caller holds calls.
func (m *module) initialize() error {
	if m.up {
		return nil
	}
	var options []p11.InitializeOption
	if m.reserved != "" {
		text := append([]byte(m.reserved), 0)
		var pin runtime.Pinner
		pin.Pin(&text[0])
		defer pin.Unpin()
		options = append(options, p11.InitializeWithReserved(unsafe.Pointer(&text[0])))
	}
	err := failure("C_Initialize", m.api.Initialize(options...))
	if failedWith(err, ckrArgumentsBad) && m.reserved == "" {
		return fmt.Errorf(
			"%w: some modules want their configuration here (Options.Reserved, x-reserved in a URI), such as configdir='sql:DIRECTORY' of NSS",
			err,
		)
	}
	if err != nil && !failedWith(err, ckrAlreadyInitialized) {
		return err
	}
	m.foreign = err != nil
	m.up = true
	m.generation++
	clear(m.pins)
	return nil
}

// finalize ends all sessions and handles of the module. One that other code of the
// process has initialised is left as it is. The caller holds calls.
func (m *module) finalize() error {
	if !m.up || m.foreign {
		return nil
	}
	err := failure("C_Finalize", m.api.Finalize())
	if err != nil && !failedWith(err, ckrCryptokiNotInitialized) {
		return err
	}
	m.up = false
	return nil
}
