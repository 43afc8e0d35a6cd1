package dukpt_test

import (
	"crypto/des"
	"encoding/hex"
	"fmt"
	"log"

	"github.com/seed748fb4d1/apcsim/dukpt"
)

// The PIN key of a terminal's third transaction.
func ExampleWorkingTDES() {
	bdk, _ := hex.DecodeString("0123456789ABCDEFFEDCBA9876543210")
	variant, err := dukpt.Variant(bdk)
	if err != nil {
		log.Fatal(err)
	}
	ksn, err := dukpt.ParseTDESKSN("FFFF9876543210E00003")
	if err != nil {
		log.Fatal(err)
	}
	left, err := des.NewTripleDESCipher(append(bdk, bdk[:8]...)) // K1 K2 K1
	if err != nil {
		log.Fatal(err)
	}
	right, err := des.NewTripleDESCipher(append(variant, variant[:8]...))
	if err != nil {
		log.Fatal(err)
	}
	ik := dukpt.InitialTDES(left, right, ksn)
	key, err := dukpt.WorkingTDES(ik, ksn, dukpt.PIN)
	fmt.Printf("%X\n%X %v\n", ik, key, err)
	// Output:
	// 6AC292FAA1315B4D858AB3A3D7D5933A
	// 0DF3D9422ACA561A47676D07AD6BAD05 <nil>
}
