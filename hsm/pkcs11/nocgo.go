//go:build !cgo

package pkcs11

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed748fb4d1/apcsim/hsm"
)

// Backend is a token of a PKCS#11 module; this build has none.
type Backend struct{ hsm.Backend }

// Available reports whether this build can open tokens: it was made with cgo.
const Available = false

// Token is the name of no token.
func (*Backend) Token() string { return "" }

// Initialize makes no master keys: there is no token to make them on.
func (*Backend) Initialize(context.Context) error { return errors.ErrUnsupported }

// Capabilities are none.
func (*Backend) Capabilities() []Capability { return nil }

// Open fails: a PKCS#11 module is C code, and this build was made without cgo.
func Open(context.Context, *Options) (*Backend, error) {
	return nil, fmt.Errorf(
		"pkcs11: this program was built without cgo, which PKCS#11 modules need: build it with CGO_ENABLED=1 and a C compiler: %w",
		errors.ErrUnsupported,
	)
}
