// Keyexchange exchanges keys in both directions between the simulated service
// and a partner, which is part of the example and has keys and certificates of
// its own. The service imports a key-encryption key from a TR-34 token and
// working keys under it, imports and exports keys under an agreed key and as RSA
// cryptograms, and at the end both sides compare check values.
//
//	go run ./examples/keyexchange
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/testkeys"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// exchange is the service, the partner, and what they compare at the end.
type exchange struct {
	service *engine.Engine
	partner *partner
	out     io.Writer
	step    int

	rsaRoot, ecRoot string // the partner's authorities, as keys of the service
	kek             string // the key-encryption key that both have
	compared        []comparison
}

// comparison is a key and its check value on both sides.
type comparison struct{ what, service, partner string }

func run(ctx context.Context, out io.Writer) error {
	clock := engine.NewClock(time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC))
	eng := engine.New(&engine.Options{Now: clock.Now,
		HSM: hsm.Options{Ready: testkeys.Ready()}}) // RSA pairs made beforehand, so that the example does not wait for primes
	defer eng.Close()
	p, err := newPartner(clock.Now())
	if err != nil {
		return err
	}
	x := &exchange{service: eng, partner: p, out: out}
	for _, part := range []func(context.Context) error{
		x.trust, x.kekIn, x.workingKeyIn, x.keyOut, x.agree, x.cryptograms, x.compare,
	} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (x *exchange) title(s string) {
	x.step++
	fmt.Fprintf(x.out, "%d. %s\n", x.step, s)
}

func (x *exchange) say(format string, args ...any) { fmt.Fprintf(x.out, "   "+format+"\n", args...) }

// have notes a key that both sides now have.
func (x *exchange) have(what, service string, key []byte, check func([]byte) (string, error)) error {
	mine, err := check(key)
	x.compared = append(x.compared, comparison{what, service, mine})
	x.say("%s: check value %s", what, service)
	return err
}

func (x *exchange) trust(ctx context.Context) error {
	x.title("The service imports the certificates of the partner's two authorities")
	var err error
	if x.rsaRoot, err = x.importRoot(ctx, x.partner.root.text(), apc.KeyAlgorithmRSA2048); err != nil {
		return err
	}
	x.ecRoot, err = x.importRoot(ctx, x.partner.curve.text(), apc.KeyAlgorithmECCNISTP521)
	return err
}

func (x *exchange) importRoot(ctx context.Context, text string, a apc.KeyAlgorithm) (string, error) {
	out, err := x.service.ImportKey(ctx, &engine.ImportKeyInput{KeyMaterial: engine.ImportKeyMaterial{
		RootCertificatePublicKey: &engine.RootCertificatePublicKey{
			KeyAttributes: apc.KeyAttributes{
				KeyUsage: apc.KeyUsageTR31S0AsymmetricKeyForDigitalSignature, KeyClass: apc.KeyClassPublicKey,
				KeyAlgorithm: a, KeyModesOfUse: apc.KeyModesOfUse{Verify: true},
			},
			PublicKeyCertificate: text,
		},
	}})
	if err != nil {
		return "", err
	}
	x.say("%s, check value of the public key %s", a, out.Key.KeyCheckValue)
	return out.Key.KeyArn, nil
}

// compare is what two people do on the telephone.
func (x *exchange) compare(context.Context) error {
	x.title("Both sides read out their check values")
	for _, c := range x.compared {
		x.say("%-52s service %s, partner %s", c.what, c.service, c.partner)
		if c.service != c.partner {
			return fmt.Errorf("%s: the service has check value %s, the partner %s", c.what, c.service, c.partner)
		}
	}
	return nil
}
