package hsm_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"log"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/kcv"
)

// A key from two components, as at a key ceremony, and its check value.
func Example() {
	device := hsm.NewSoftware(nil)
	defer device.Close()
	commands := hsm.New(device, nil)
	defer commands.Close()

	component := func(s string) hsm.Secret {
		raw, err := hex.DecodeString(s)
		if err != nil {
			log.Fatal(err)
		}
		defer clear(raw)
		return hsm.NewSecret(raw)
	}
	parts := []hsm.Secret{
		component("0123456789ABCDEF0123456789ABCDEF"),
		component("0000000000000000FFFFFFFFFFFFFFFF"),
	}
	key, err := commands.LoadComponents(context.Background(), parts, hsm.Attributes{
		KeyID: "kek", Usage: "K0", Algorithm: hsm.TDES, Mode: 'B', Exportability: 'N', Bits: 128,
	}, kcv.TDESZero)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("components", key.Parts[0], key.Parts[1], "key", key.CheckValue)
	fmt.Println(parts[0])
	// Output:
	// components D5D44F 9295B5 key 08D7B4
	// Secret(16 bytes)
}
