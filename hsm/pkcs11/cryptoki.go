//go:build cgo

package pkcs11

import (
	"errors"
	"fmt"
	"os"
	"strings"

	p11 "github.com/miekg/pkcs11"
)

// cryptoki has the functions of a module that the backend calls; *p11.Ctx implements
// it.
type cryptoki interface {
	Initialize(...p11.InitializeOption) error
	Finalize() error
	Destroy()
	GetSlotList(tokenPresent bool) ([]uint, error)
	GetTokenInfo(slot uint) (p11.TokenInfo, error)

	OpenSession(slot uint, flags uint) (p11.SessionHandle, error)
	CloseSession(p11.SessionHandle) error
	Login(s p11.SessionHandle, user uint, pin string) error

	CreateObject(p11.SessionHandle, []*p11.Attribute) (p11.ObjectHandle, error)
	DestroyObject(p11.SessionHandle, p11.ObjectHandle) error
	GetAttributeValue(p11.SessionHandle, p11.ObjectHandle, []*p11.Attribute) ([]*p11.Attribute, error)
	FindObjectsInit(p11.SessionHandle, []*p11.Attribute) error
	FindObjects(s p11.SessionHandle, most int) ([]p11.ObjectHandle, bool, error)
	FindObjectsFinal(p11.SessionHandle) error

	GenerateKey(p11.SessionHandle, []*p11.Mechanism, []*p11.Attribute) (p11.ObjectHandle, error)
	GenerateKeyPair(s p11.SessionHandle, m []*p11.Mechanism, public, private []*p11.Attribute) (p11.ObjectHandle, p11.ObjectHandle, error)
	WrapKey(s p11.SessionHandle, m []*p11.Mechanism, wrapping, key p11.ObjectHandle) ([]byte, error)
	UnwrapKey(
		s p11.SessionHandle,
		m []*p11.Mechanism,
		unwrapping p11.ObjectHandle,
		wrapped []byte,
		a []*p11.Attribute,
	) (p11.ObjectHandle, error)
	DeriveKey(s p11.SessionHandle, m []*p11.Mechanism, base p11.ObjectHandle, a []*p11.Attribute) (p11.ObjectHandle, error)
	GenerateRandom(s p11.SessionHandle, length int) ([]byte, error)

	EncryptInit(p11.SessionHandle, []*p11.Mechanism, p11.ObjectHandle) error
	Encrypt(p11.SessionHandle, []byte) ([]byte, error)
	DecryptInit(p11.SessionHandle, []*p11.Mechanism, p11.ObjectHandle) error
	Decrypt(p11.SessionHandle, []byte) ([]byte, error)
	SignInit(p11.SessionHandle, []*p11.Mechanism, p11.ObjectHandle) error
	Sign(p11.SessionHandle, []byte) ([]byte, error)
}

// load opens a shared library that is a module. The binding gives no reason for a
// failure, so the error names the likeliest ones.
var load = func(path string) (cryptoki, error) {
	if f, err := os.Open(path); err != nil {
		return nil, fmt.Errorf("pkcs11: the module: %w", err)
	} else {
		f.Close()
	}
	ctx := p11.New(path)
	if ctx == nil {
		return nil, fmt.Errorf(
			"pkcs11: %s cannot be loaded as a PKCS#11 module: it is no shared library of this machine, "+
				"lacks a library it needs, or has no C_GetFunctionList",
			path,
		)
	}
	return ctx, nil
}

// failure is a module's error with the function's name.
func failure(function string, err error) error {
	code, ok := errors.AsType[p11.Error](err)
	if !ok {
		return err
	}
	_, name, _ := strings.Cut(code.Error(), "CKR_")
	if name != "" {
		name = "CKR_" + name
	}
	return &Error{Function: function, Code: uint(code), Name: name}
}
