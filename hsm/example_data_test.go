package hsm_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"log"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/mac"
)

// A terminal's MAC, under a key that DUKPT derives for the transaction, and what the
// host's device says of it.
func ExampleHSM_VerifyMAC() {
	device := hsm.NewSoftware(nil)
	defer device.Close()
	commands := hsm.New(device, nil)
	defer commands.Close()
	ctx := context.Background()

	raw, err := hex.DecodeString("0123456789ABCDEFFEDCBA9876543210")
	if err != nil {
		log.Fatal(err)
	}
	bdk, err := commands.LoadComponents(ctx, []hsm.Secret{hsm.NewSecret(raw)}, hsm.Attributes{
		KeyID: "bdk", Usage: "B0", Algorithm: hsm.TDES, Mode: 'X', Exportability: 'N', Bits: 128,
	}, kcv.TDESZero)
	if err != nil {
		log.Fatal(err)
	}
	key := hsm.WorkingKey{Key: bdk.KeyRef, Derive: hsm.DUKPT{KSN: "FFFF9876543210E00001"}}
	method := hsm.MACMethod{Algorithm: hsm.MACISO3, Padding: mac.Zeros}

	message := []byte("4012345678909D987")
	whole, err := commands.MAC(ctx, key, method, message)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%X\n", whole[:4])
	for _, text := range []string{"4012345678909D987", "4012345678909D986"} {
		verdict, err := commands.VerifyMAC(ctx, key, method, []byte(text), whole[:4])
		if err != nil {
			log.Fatal(err) // it could not be done: no verdict
		}
		fmt.Println(verdict)
	}
	// Output:
	// 9CCC7817
	// verified
	// not verified
}
