// Authorization follows a card payment from the terminal to the issuer, offline: a card is
// personalised, the terminal encrypts the PIN and the card makes a cryptogram, the acquirer
// translates the PIN for the issuer, the issuer verifies all of it, answers, and changes the PIN.
// Then three frauds are refused, each with its reason.
//
//	go run ./examples/authorization
//	go run ./examples/authorization -softhsm    # keys in a token of SoftHSM
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm/pkcs11"
	"github.com/seed748fb4d1/apcsim/internal/testrig/softtoken"
	"github.com/seed748fb4d1/apcsim/keystore"
)

func main() {
	onToken := flag.Bool("softhsm", false, "keep the keys in a temporary token of SoftHSM")
	flag.Parse()
	if err := run(context.Background(), os.Stdout, *onToken); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer, onToken bool) error {
	if onToken {
		return runOnToken(ctx, out)
	}
	eng := engine.New(nil)
	defer eng.Close()
	return runSteps(ctx, out, eng.Caller)
}

// runOnToken is run on a temporary token, which is removed in the end.
func runOnToken(ctx context.Context, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "apcsim-softhsm-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	token, err := softtoken.Make(dir, softtoken.SoftHSM, nil)
	if err != nil {
		return err
	}
	device, err := pkcs11.Open(ctx, &pkcs11.Options{Module: token.Module, Label: token.Label, LockDir: token.Dir, PIN: token.PIN})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, device.Close()) }()
	eng, err := engine.Open(ctx, device, keystore.NewMemory(), nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, eng.Close()) }()
	return runSteps(ctx, out, eng.Caller)
}

// runSteps makes the payment, in the same way on any device.
func runSteps(ctx context.Context, out io.Writer, service *engine.Caller) error {
	s := &scenario{Caller: service, ctx: ctx, out: out}
	for _, chapter := range []func() error{s.loadKeys, s.personalise, s.pay, s.authorise, s.changePIN, s.frauds} {
		if err := chapter(); err != nil {
			return err
		}
	}
	return nil
}

// scenario is the service, the keys by what they are for, the card, and where the output is written.
type scenario struct {
	*engine.Caller
	ctx  context.Context
	out  io.Writer
	step int
	keys map[string]string // ARNs

	card    card
	payment payment
}

func (s *scenario) title(format string, args ...any) {
	s.step++
	fmt.Fprintf(s.out, "%d. %s\n", s.step, fmt.Sprintf(format, args...))
}

func (s *scenario) say(format string, args ...any) {
	fmt.Fprintf(s.out, "   %s\n", fmt.Sprintf(format, args...))
}
