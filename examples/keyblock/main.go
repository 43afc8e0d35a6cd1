// Keyblock opens a TR-31 key block that an AWS sample imported into the live
// service, prints what its header has, and shows what a single changed
// character does to it.
//
//	go run ./examples/keyblock
package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// The block, its protection key, and the check value that the service
// answered with, as printed in
// https://github.com/aws-samples/samples-for-payment-cryptography-service/blob/f608fc9/key-import-export/tr34/import_app/Readme.md
const (
	protectionKey = "79ADAEF3212AADCE312ACE422ACCFEFB"
	keyBlock      = "B0096B0TX00E0000A2C1AF40886230D79EAE236E54F22AA3617D8AF0ED7227872AAE1BA683917C48E530D9DA7F63B970"
	reportedKCV   = "9C8552"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, w io.Writer) error {
	key, err := hex.DecodeString(protectionKey)
	if err != nil {
		return err
	}
	kbpk, err := tr31.NewKBPK(key)
	if err != nil {
		return err
	}
	clear(key)

	// The header is in the clear. Until the MAC has been checked, it is hearsay.
	block, err := tr31.Parse(keyBlock, tr31.Strict)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "The block:\n  %s\n\n", block)
	explain(w, block)

	// Unwrap checks the MAC and gives the key, which is ours to clear.
	secret, err := kbpk.Unwrap(ctx, block)
	if err != nil {
		return err
	}
	defer clear(secret)
	value, err := kcv.TDES(secret)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\nIt is authentic, and holds a key of %d bytes.\n", len(secret))
	fmt.Fprintf(w, "Check value %s; the service reported %s.\n\n", value, reportedKCV)

	return tamper(ctx, w, kbpk)
}

// explain prints the fields of the header in the block's order.
func explain(w io.Writer, b *tr31.Block) {
	fmt.Fprintln(w, "What its header says:")
	for _, field := range []struct{ name, value, words string }{
		{"version", b.Version.String(), "under a TDES key, which enciphers and authenticates through derived keys"},
		{"key usage", b.KeyUsage, "base derivation key, from which terminals get their DUKPT keys"},
		{"algorithm", string(b.Algorithm), "the key is for triple DES"},
		{"mode of use", string(b.ModeOfUse), "it only derives other keys"},
		{"key version", b.KeyVersion, "not used"},
		{"exportability", string(b.Exportability), "may be exported in a trusted key block"},
		{"key context", string(b.Context), "storage or exchange, as the wrapping key decides"},
	} {
		fmt.Fprintf(w, "  %-14s %-3s %s\n", field.name, field.value, field.words)
	}
	fmt.Fprintf(w, "  and %d optional blocks.\n", len(b.Blocks))
}

// tamper changes one character at a time and prints what the reader reports.
func tamper(ctx context.Context, w io.Writer, kbpk *tr31.KBPK) error {
	fmt.Fprintln(w, "One character changed:")
	for _, c := range []struct {
		where string
		at    int
		to    byte
	}{
		{"header, exportability E becomes N", 11, 'N'},
		{"header, algorithm T becomes ?", 7, '?'},
		{"header, length 0096 becomes 0097", 4, '7'},
		{"key data, first digit", 16, 'B'},
		{"MAC, last digit", len(keyBlock) - 1, '1'},
	} {
		changed := []byte(keyBlock)
		changed[c.at] = c.to
		err := open(ctx, kbpk, string(changed))
		var refusal *tr31.Error
		switch {
		case err == nil:
			return fmt.Errorf("a changed block was taken: %s", changed)
		case errors.Is(err, tr31.ErrMAC):
			fmt.Fprintf(w, "  %-34s well formed, but not authentic\n", c.where)
		case errors.As(err, &refusal):
			fmt.Fprintf(w, "  %-34s %s\n", c.where, refusal.Problem)
		default:
			return err
		}
	}
	return nil
}

// open parses and unwraps, and gives the key up again.
func open(ctx context.Context, kbpk *tr31.KBPK, text string) error {
	block, err := tr31.Parse(text, tr31.Strict)
	if err != nil {
		return err
	}
	secret, err := kbpk.Unwrap(ctx, block)
	clear(secret)
	return err
}
