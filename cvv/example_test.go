package cvv_test

import (
	"encoding/hex"
	"fmt"
	"log"

	"github.com/seed748fb4d1/apcsim/cvv"
	"github.com/seed748fb4d1/apcsim/mac"
)

func ExampleCVV() {
	cvk, _ := hex.DecodeString("0123456789ABCDEFFEDCBA9876543210")
	key, err := mac.NewRetailKey(cvk)
	if err != nil {
		log.Fatal(err)
	}
	value, err := cvv.CVV(key, "4123456789012345", "8701", "101", 3)
	fmt.Println(value, err)
	// Output: 561 <nil>
}
