//go:build cgo

package pkcs11_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm/pkcs11"
	"github.com/seed748fb4d1/apcsim/internal/testrig/softtoken"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// A simulator whose keys are kept in a token.
func ExampleOpen() {
	token, err := softtoken.Shared(softtoken.SoftHSM) // in a program: the module and the token at hand
	if err != nil {
		log.Fatal(err)
	}
	device, err := pkcs11.Open(context.Background(), &pkcs11.Options{
		Module: token.Module,
		Label:  token.Label,
		PIN:    token.PIN, // or pkcs11.PINFile, pkcs11.PINEnv

		MasterLabel: "example",
		LockDir:     token.Dir,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer device.Close()
	eng, err := engine.Open(context.Background(), device, keystore.NewMemory(), nil) // a new store: master keys are made on the token
	if err != nil {
		log.Fatal(err)
	}
	defer eng.Close()
	made, err := eng.CreateKey(context.Background(), &engine.CreateKeyInput{
		KeyAttributes: apc.KeyAttributes{
			KeyUsage: apc.KeyUsageTR31K0KeyEncryptionKey, KeyClass: apc.KeyClassSymmetricKey, KeyAlgorithm: apc.KeyAlgorithmAES256,
			KeyModesOfUse: apc.KeyModesOfUse{Encrypt: true, Decrypt: true, Wrap: true, Unwrap: true},
		},
		Exportable: new(false), // it stays in the token
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(made.Key.KeyState, len(made.Key.KeyCheckValue))
	// Output: CREATE_COMPLETE 6
}

// The form for command lines.
func ExampleParseURI() {
	o, err := pkcs11.ParseURI("pkcs11:token=unit?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/run/secrets/pin")
	fmt.Println(o.Label, o.Module, err)
	_, err = pkcs11.ParseURI("pkcs11:token=unit?pin-value=1234")
	fmt.Println(err)
	// Output:
	// unit /usr/lib/softhsm/libsofthsm2.so <nil>
	// pkcs11: the URI's pin-value is not taken, since others can read command lines: use pin-source
}
