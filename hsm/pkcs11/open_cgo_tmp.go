//go:build cgo

package pkcs11

import (
	"context"
	"errors"

	"github.com/seed748fb4d1/apcsim/hsm"
)

// Backend is a token of a PKCS#11 module.
type Backend struct{ hsm.Backend }

// Open opens the token.
func Open(context.Context, Options) (*Backend, error) { return nil, errors.New("not yet") }
