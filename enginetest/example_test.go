package enginetest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest"
)

// retire is the code under test: it deletes the key of an alias, and the alias.
func retire(ctx context.Context, c *engine.Caller, alias string) error {
	if _, err := c.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: alias}); err != nil {
		return err
	}
	_, err := c.DeleteAlias(ctx, &engine.DeleteAliasInput{AliasName: alias})
	return err
}

// A test has a simulator of its own, and time is what the test says. The state prints as text, for a golden file.
func ExampleNew() {
	test := func(t *testing.T) {
		sim := enginetest.New(t, nil)
		key := sim.Key(t, enginetest.P0TDES2)
		sim.CreateAlias(t.Context(), &engine.CreateAliasInput{AliasName: "alias/pin", KeyArn: &key.KeyArn})
		fmt.Print(sim.State())
		if err := retire(t.Context(), sim.Caller, "alias/pin"); err != nil {
			t.Fatal(err)
		}
		sim.Advance(7 * 24 * time.Hour)
		fmt.Print(sim.State())
	}
	runTest(test)
	// Output:
	// k1: P0 TDES_2KEY {Encrypt, Decrypt, Wrap, Unwrap}, CREATE_COMPLETE, alias/pin
	// k1: P0 TDES_2KEY {Encrypt, Decrypt, Wrap, Unwrap}, DELETE_COMPLETE, stopped, deletion 2026-01-22T09:00:00Z
	// passed
}

// Whatever goes wrong once, trying again retires the key: the scenario runs 11 times, once without a fault and once for each of two calls
// and five faults.
func ExampleSweep() {
	runs := 0
	test := func(t *testing.T) {
		enginetest.Sweep(t, nil, func(t *testing.T, sim *enginetest.Sim) {
			runs++
			key := sim.Key(t, enginetest.P0TDES2)
			sim.Inspect().CreateAlias(t.Context(), &engine.CreateAliasInput{AliasName: "alias/pin", KeyArn: &key.KeyArn})
			if err := retire(t.Context(), sim.Caller, "alias/pin"); err != nil {
				retire(t.Context(), sim.Caller, "alias/pin")
			}
			sim.Inspect().DeleteAlias(t.Context(), &engine.DeleteAliasInput{AliasName: "alias/pin"})
			if len(sim.State().Alive()) > 0 {
				t.Error("the key is not deleted")
			}
		})
	}
	runTest(test)
	fmt.Println(runs, "runs")
	// Output:
	// passed
	// 11 runs
}

// A fault happens to the calls that it names, and the journal shows it.
func ExampleSim_Arm() {
	runTest(func(t *testing.T) {
		sim := enginetest.New(t, nil)
		sim.Arm(enginetest.Fault{Operation: "ListKeys", Nth: 2, Effect: enginetest.Throttled})
		for range 2 {
			sim.ListKeys(t.Context(), &engine.ListKeysInput{})
		}
		for _, call := range sim.Journal() {
			fmt.Printf("%d %s %v\n", call.Number, call.Operation, errors.Is(call.Err, apc.ErrThrottling))
		}
	})
	// Output:
	// 1 ListKeys false
	// 2 ListKeys true
	// passed
}

// The other party wraps a key, the service imports it, and both have the same check value.
func ExampleSim_Partner() {
	runTest(func(t *testing.T) {
		sim := enginetest.New(t, nil)
		acquirer := sim.Partner(t, "Acquirer")
		kek := acquirer.Share(enginetest.K1AES256)
		block := acquirer.Wrap("D0000P0TB00E0000", []byte("\x01\x23\x45\x67\x89\xAB\xCD\xEF\xFE\xDC\xBA\x98\x76\x54\x32\x10"))
		out, err := sim.Inspect().ImportKey(t.Context(), &engine.ImportKeyInput{KeyMaterial: engine.ImportKeyMaterial{
			Tr31KeyBlock: &engine.ImportTr31KeyBlock{WrappingKeyIdentifier: kek, WrappedKeyBlock: block},
		}})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(out.Key.KeyAttributes, out.Key.KeyCheckValue, acquirer.Open(block).CheckValue)
	})
	// Output:
	// P0 TDES_2KEY {Encrypt, Decrypt, Wrap, Unwrap} 08D7B4 08D7B4
	// passed
}

// A card asks for an authorization, the service answers, and the card takes the answer.
func ExampleCard() {
	runTest(func(t *testing.T) {
		sim := enginetest.New(t, nil)
		card := sim.Partner(t, "Issuer").Card("", "4111111111111111", "00")
		arqc, data := card.ARQC("000000012500000000000000084000000000000840")
		out, err := sim.VerifyAuthRequestCryptogram(t.Context(), &dataplane.VerifyAuthRequestCryptogramInput{
			KeyIdentifier: card.IssuerKey, TransactionData: data, AuthRequestCryptogram: arqc,
			MajorKeyDerivationMode: dataplane.MajorKeyDerivationModeEMVOptionA,
			AuthResponseAttributes: &dataplane.CryptogramAuthResponse{
				ArpcMethod1: &dataplane.CryptogramVerificationArpcMethod1{AuthResponseCode: "3030"},
			},
			SessionKeyDerivationAttributes: dataplane.SessionKeyDerivation{EmvCommon: &dataplane.SessionKeyEmvCommon{
				PrimaryAccountNumber: card.Account, PanSequenceNumber: card.Sequence, ApplicationTransactionCounter: card.ATC(),
			}},
		})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(card, "takes the answer:", card.TakesARPC(*out.AuthResponseValue, arqc, "3030"))
	})
	// Output:
	// Card(...1111) takes the answer: true
	// passed
}
