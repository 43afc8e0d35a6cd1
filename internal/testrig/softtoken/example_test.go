//go:build cgo && unix

package softtoken_test

import (
	"fmt"

	"github.com/seed748fb4d1/apcsim/internal/testrig/softtoken"
)

func Example() {
	token, err := softtoken.New(softtoken.SoftHSM, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer token.Remove()
	// pkcs11.Options{Module: token.Module, Reserved: token.Reserved, Label: token.Label, PIN: token.PIN, LockDir: token.Dir}
	fmt.Println(token.Label)
	// Output: apcsim soft token
}
