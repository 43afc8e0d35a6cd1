package mac_test

import (
	"crypto/aes"
	"encoding/hex"
	"fmt"
	"log"

	"github.com/seed748fb4d1/apcsim/mac"
)

func ExampleRetail() {
	key, err := mac.NewRetailKey([]byte("AAAAAAAABBBBBBBB"))
	if err != nil {
		log.Fatal(err)
	}
	sum, err := mac.Retail(key, mac.Bit, []byte("hello world"))
	fmt.Printf("%X %v\n", sum, err)
	// Output: E16941032C3BC7D4 <nil>
}

func ExampleCMAC() {
	key, _ := hex.DecodeString("2B7E151628AED2A6ABF7158809CF4F3C")
	b, err := aes.NewCipher(key)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%X\n", mac.NewCMAC(b).Sum(nil, nil))
	// Output: BB1D6929E95937287FA37D129B756746
}
