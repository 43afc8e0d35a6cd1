package emv_test

import (
	"crypto/des"
	"encoding/hex"
	"fmt"
	"log"

	"github.com/seed748fb4d1/apcsim/emv"
)

// A card's key, the session key of a transaction, its cryptogram and the issuer's answer.
func Example() {
	imk, _ := hex.DecodeString("0123456789ABCDEFFEDCBA9876543210")
	b, err := des.NewTripleDESCipher(append(imk, imk[:8]...)) // K1 K2 K1
	if err != nil {
		log.Fatal(err)
	}
	mk, err := emv.MasterKey(b, emv.OptionA, "99012345678901234", "45")
	if err != nil {
		log.Fatal(err)
	}
	sk, err := emv.CommonSession(mk, emv.CounterR([2]byte{0, 1}))
	if err != nil {
		log.Fatal(err)
	}
	arqc, err := emv.Cryptogram(sk, make([]byte, 16))
	if err != nil {
		log.Fatal(err)
	}
	arpc, err := emv.ARPC1(sk, [8]byte(arqc), [2]byte{'0', '0'})
	fmt.Printf("%X\n%d %d %v\n", mk, len(arqc), len(arpc), err)
	// Output:
	// 67F8292358083E5EA7AB7FDA58D53B6B
	// 8 8 <nil>
}
