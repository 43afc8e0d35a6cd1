//go:build !cgo || !unix

package softtoken

import (
	"errors"
	"fmt"
)

// Token is a token in a folder of its own; this build makes none.
type Token struct{ Access }

// Server is a token behind a p11-kit server; this build starts none.
type Server struct{ Access }

var errNoCgo = fmt.Errorf("softtoken: this program was built without cgo, which PKCS#11 modules need, or for a system without process groups: build it on Unix with CGO_ENABLED=1 and a C compiler: %w", errors.ErrUnsupported)

// New says what is missing.
func New(Kind, *Options) (*Token, error) { return nil, errNoCgo }

// Shared says what is missing.
func Shared(Kind) (*Token, error) { return nil, errNoCgo }

// Remove says what is missing.
func (*Token) Remove() error { return errNoCgo }

// Serve says what is missing.
func Serve(*Token) (*Server, error) { return nil, errNoCgo }

// Start says what is missing.
func (*Server) Start() error { return errNoCgo }

// Kill says what is missing.
func (*Server) Kill() error { return errNoCgo }

// Close says what is missing.
func (*Server) Close() error { return errNoCgo }
