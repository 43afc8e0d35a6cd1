package tr31_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/seed748fb4d1/apcsim/tr31"
)

// A PIN encryption key travels under an AES protection key.
func Example() {
	ctx := context.Background()
	protection, _ := hex.DecodeString("88E1AB2A2E3DD38C1FA039A536500CC8A87AB9D62DC92C01058FA79F44657DE6")
	pek, _ := hex.DecodeString("0123456789ABCDEFFEDCBA9876543210")
	kbpk, err := tr31.NewKBPK(protection)
	if err != nil {
		fmt.Println(err)
		return
	}

	text, err := kbpk.Wrap(ctx, tr31.Header{
		Version: tr31.VersionD, KeyUsage: "P0", Algorithm: 'T', ModeOfUse: 'E',
		KeyVersion: "00", Exportability: 'E', Context: '0', Reserved: '0',
		Blocks: []tr31.OptionalBlock{tr31.KSN{0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32, 0x10, 0xE0, 0, 0}.Encode()},
	}, pek, &tr31.WrapOptions{HideLength: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(text[:48], len(text))

	block, err := tr31.Parse(text, tr31.Strict)
	if err != nil {
		fmt.Println(err)
		return
	}
	key, err := kbpk.Unwrap(ctx, block)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer clear(key)
	fmt.Printf("%s key of %d bytes, the same: %t\n", block.KeyUsage, len(key), hex.EncodeToString(key) == hex.EncodeToString(pek))

	block.ModeOfUse = 'B'
	_, err = kbpk.Unwrap(ctx, block)
	fmt.Println(errors.Is(err, tr31.ErrMAC), err)
	// Output:
	// D0144P0TE00E0200KS18FFFF9876543210E00000PB080000 144
	// P0 key of 16 bytes, the same: true
	// true tr31: mac: the MAC does not verify under this key
}

func ExampleOptionalBlock_Typed() {
	block := tr31.OptionalBlock{ID: "KC", Data: "0008D7B4"}
	content, err := block.Typed()
	if err != nil {
		fmt.Println(err)
		return
	}
	switch c := content.(type) {
	case tr31.CheckValue:
		fmt.Printf("check value of the key: %X\n", c.Value)
	case tr31.Other:
		fmt.Println("carried unread:", c.Data)
	}
	// Output: check value of the key: 08D7B4
}
