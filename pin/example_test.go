package pin_test

import (
	"crypto/des"
	"encoding/hex"
	"fmt"
	"log"

	"github.com/seed748fb4d1/apcsim/pin"
)

func Example() {
	pek, _ := hex.DecodeString("0123456789ABCDEFFEDCBA9876543210")
	b, err := des.NewTripleDESCipher(append(pek, pek[:8]...)) // K1 K2 K1
	if err != nil {
		log.Fatal(err)
	}
	p, err := pin.New("1234")
	if err != nil {
		log.Fatal(err)
	}
	block, err := pin.Encrypt(b, pin.ISO0, p, "5555555551234567", nil)
	if err != nil {
		log.Fatal(err)
	}
	again, err := pin.Decrypt(b, pin.ISO0, block, "5555555551234567")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%X %v %t\n", block, again, again.Equal(p))
	// Output: 230B4C43B8BA2C5C PIN true
}

func ExamplePVV() {
	pvk, _ := hex.DecodeString("0123456789ABCDEFFEDCBA9876543210")
	b, err := des.NewTripleDESCipher(append(pvk, pvk[:8]...))
	if err != nil {
		log.Fatal(err)
	}
	p, err := pin.New("4524")
	if err != nil {
		log.Fatal(err)
	}
	pvv, err := pin.PVV(b, "1122334455667788", 1, p)
	fmt.Println(pvv, err)
	// Output: 8523 <nil>
}
