package kcv_test

import (
	"crypto"
	"encoding/hex"
	"fmt"

	"github.com/seed748fb4d1/apcsim/kcv"
)

func Example() {
	key, _ := hex.DecodeString("0123456789ABCDEFFEDCBA9876543210")
	tdes, _ := kcv.TDES(key)
	aes, _ := kcv.AES(key)
	hmac, _ := kcv.HMAC(crypto.SHA256, key)
	fmt.Println(tdes, aes, hmac)
	// Output: 08D7B4 2090A6 DCC3C8
}

// A device computes, the method says what and how much of it is shown.
func ExampleMethod_Value() {
	message := kcv.TDESZero.Message()
	fmt.Printf("encipher %X\n", message)
	fromDevice := []byte{0x08, 0xD7, 0xB4, 0xFB, 0x62, 0x9D, 0x08, 0x85}
	value, err := kcv.TDESZero.Value(fromDevice)
	fmt.Println(value, err)
	// Output:
	// encipher 0000000000000000
	// 08D7B4 <nil>
}
