// Quickstart is a first look at apcsim: a key that the live service accepted is
// imported, exported, disabled and deleted, in a few milliseconds and without
// an account.
//
//	go run ./examples/quickstart
package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
)

// A key block that the live service imported in 2024, with its protection key
// and the check value that the service reported. All three are printed in
// https://github.com/aws-samples/samples-for-payment-cryptography-service/blob/f608fc9/key-import-export/tr34/import_app/Readme.md
const (
	liveKEK        = "79ADAEF3212AADCE312ACE422ACCFEFB" // TDES_2KEY, TR31_K0_KEY_ENCRYPTION_KEY
	liveBlock      = "B0096B0TX00E0000A2C1AF40886230D79EAE236E54F22AA3617D8AF0ED7227872AAE1BA683917C48E530D9DA7F63B970"
	liveCheckValue = "9C8552"

	// The same page: an AES key under the same TDES key. The service took it
	// in 2024; by its rules of today the wrapping key is too weak.
	liveAESBlock      = "B0112B0AX00E000033DFDAF93EBAE8FE476A2653A88DE4FF835C2114C97FEB2611A0D9A5F59988D3938C7E68597B3A07072C17A08ECF3B4D"
	liveAESCheckValue = "B32CFD"
)

// custodianA is one of two components of the key-encryption key; the other is
// the key XOR this one. One component alone does not show the key.
const custodianA = "0F1E2D3C4B5A69788796A5B4C3D2E1F0"

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// tour is the simulator, its clock, and where the output is written.
type tour struct {
	*engine.Engine
	clock *engine.Clock
	out   io.Writer
	step  int
}

func run(ctx context.Context, out io.Writer) error {
	clock := engine.NewClock(time.Date(2026, 1, 15, 9, 0, 0, 0, time.UTC))
	eng := engine.New(&engine.Options{Now: clock.Now})
	defer eng.Close()
	return (&tour{Engine: eng, clock: clock, out: out}).walk(ctx)
}

func (t *tour) walk(ctx context.Context) error {
	kek, err := t.loadKEK(ctx, t.Engine, "Load the key-encryption key of the live block from two components")
	if err != nil {
		return err
	}
	bdk, err := t.importLive(ctx, kek)
	if err != nil {
		return err
	}
	for _, part := range []func(context.Context) error{
		t.strength,
		func(ctx context.Context) error { return t.export(ctx, bdk) },
		func(ctx context.Context) error { return t.pause(ctx, kek, bdk) },
		func(ctx context.Context) error { return t.remove(ctx, bdk) },
	} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (t *tour) loadKEK(ctx context.Context, eng *engine.Engine, title string) (string, error) {
	t.title(title)
	a, b, err := components(liveKEK, custodianA)
	if err != nil {
		return "", err
	}
	defer a.Destroy()
	defer b.Destroy()
	loaded, err := eng.LoadKey(ctx, &engine.LoadKeyInput{
		KeyAttributes: apc.KeyAttributes{
			KeyUsage:      apc.KeyUsageTR31K0KeyEncryptionKey,
			KeyClass:      apc.KeyClassSymmetricKey,
			KeyAlgorithm:  apc.KeyAlgorithmTDES2Key,
			KeyModesOfUse: apc.KeyModesOfUse{Encrypt: true, Decrypt: true, Wrap: true, Unwrap: true},
		},
		Exportable: new(false),
		Components: []hsm.Secret{a, b},
	})
	if err != nil {
		return "", err
	}
	t.say("custodian A's check value %s, custodian B's %s", loaded.ComponentCheckValues[0], loaded.ComponentCheckValues[1])
	t.say("%s", loaded.Key.KeyArn)
	t.say("check value %s (the live service reported 3C0A31 for this key)", loaded.Key.KeyCheckValue)
	return loaded.Key.KeyArn, nil
}

// components parts a key into two whose XOR it is.
func components(key, mask string) (a, b hsm.Secret, err error) {
	whole, err := hex.DecodeString(key)
	if err != nil {
		return a, b, err
	}
	first, err := hex.DecodeString(mask)
	if err != nil {
		return a, b, err
	}
	for i := range whole {
		whole[i] ^= first[i]
	}
	return hsm.NewSecret(first), hsm.NewSecret(whole), nil
}

func importBlock(ctx context.Context, eng *engine.Engine, kek, block string) (*engine.ImportKeyOutput, error) {
	return eng.ImportKey(ctx, &engine.ImportKeyInput{
		KeyMaterial: engine.ImportKeyMaterial{
			Tr31KeyBlock: &engine.ImportTr31KeyBlock{WrappingKeyIdentifier: kek, WrappedKeyBlock: block},
		},
	})
}

func (t *tour) importLive(ctx context.Context, kek string) (string, error) {
	t.title("Import the key block that the live service accepted")
	t.say("%s", liveBlock)
	in, err := importBlock(ctx, t.Engine, kek, liveBlock)
	if err != nil {
		return "", err
	}
	t.say("%s, %s, %s", in.Key.KeyAttributes.KeyUsage, in.Key.KeyAttributes.KeyAlgorithm, in.Key.KeyState)
	t.say("check value here %s, in the live service %s", in.Key.KeyCheckValue, liveCheckValue)
	if in.Key.KeyCheckValue != liveCheckValue {
		return "", errors.New("the check values differ")
	}
	return in.Key.KeyArn, nil
}

func (t *tour) strength(ctx context.Context) error {
	t.title("Import an AES key under the TDES key: refused, with the reason")
	kek, err := t.kek(ctx, t.Engine)
	if err != nil {
		return err
	}
	_, err = importBlock(ctx, t.Engine, kek, liveAESBlock)
	refusal, ok := errors.AsType[*apc.Error](err)
	if !ok {
		return fmt.Errorf("the import was not refused: %v", err)
	}
	t.say("%s: %s", refusal.Code, refusal.Message)
	for _, r := range refusal.Reasons {
		t.say("because %s", r)
	}

	t.title("The same with LenientStrength, as the service was in 2024")
	lenient := engine.New(&engine.Options{Now: t.clock.Now, LenientStrength: true})
	defer lenient.Close()
	if kek, err = t.kek(ctx, lenient); err != nil {
		return err
	}
	in, err := importBlock(ctx, lenient, kek, liveAESBlock)
	if err != nil {
		return err
	}
	t.say(
		"taken: %s, check value here %s, in the live service %s",
		in.Key.KeyAttributes.KeyAlgorithm,
		in.Key.KeyCheckValue,
		liveAESCheckValue,
	)
	return nil
}

// kek loads the key-encryption key once more, without telling.
func (t *tour) kek(ctx context.Context, eng *engine.Engine) (string, error) {
	quiet := &tour{Engine: t.Engine, clock: t.clock, out: io.Discard}
	return quiet.loadKEK(ctx, eng, "")
}

func (t *tour) export(ctx context.Context, bdk string) error {
	t.title("Export the key under a new AES_256 KEK, and import it back")
	kek, err := t.CreateKey(ctx, &engine.CreateKeyInput{
		KeyAttributes: apc.KeyAttributes{
			KeyUsage:      apc.KeyUsageTR31K1KeyBlockProtectionKey,
			KeyClass:      apc.KeyClassSymmetricKey,
			KeyAlgorithm:  apc.KeyAlgorithmAES256,
			KeyModesOfUse: apc.KeyModesOfUse{Encrypt: true, Decrypt: true, Wrap: true, Unwrap: true},
		},
		Exportable: new(true),
	})
	if err != nil {
		return err
	}
	out, err := t.ExportKey(ctx, &engine.ExportKeyInput{
		ExportKeyIdentifier: bdk,
		KeyMaterial: engine.ExportKeyMaterial{
			Tr31KeyBlock: &engine.ExportTr31KeyBlock{WrappingKeyIdentifier: kek.Key.KeyArn},
		},
	})
	if err != nil {
		return err
	}
	t.say("%s", out.WrappedKey.KeyMaterial)
	back, err := importBlock(ctx, t.Engine, kek.Key.KeyArn, out.WrappedKey.KeyMaterial)
	if err != nil {
		return err
	}
	t.say("imported back as %s", back.Key.KeyArn)
	t.say("check value %s still", back.Key.KeyCheckValue)
	return nil
}

func (t *tour) pause(ctx context.Context, kek, bdk string) error {
	t.title("Stop the key's use, and start it again")
	stopped, err := t.StopKeyUsage(ctx, &engine.StopKeyUsageInput{KeyIdentifier: bdk})
	if err != nil {
		return err
	}
	t.say("Enabled %t since %s", stopped.Key.Enabled, stopped.Key.UsageStopTimestamp.Format(time.RFC3339))
	_, err = t.ExportKey(ctx, &engine.ExportKeyInput{
		ExportKeyIdentifier: bdk,
		KeyMaterial:         engine.ExportKeyMaterial{Tr31KeyBlock: &engine.ExportTr31KeyBlock{WrappingKeyIdentifier: kek}},
	})
	if !errors.Is(err, apc.ErrValidation) {
		return fmt.Errorf("a stopped key was exported: %v", err)
	}
	t.say("export refused: %v", err)
	started, err := t.StartKeyUsage(ctx, &engine.StartKeyUsageInput{KeyIdentifier: bdk})
	if err != nil {
		return err
	}
	t.say("Enabled %t", started.Key.Enabled)
	return nil
}

func (t *tour) remove(ctx context.Context, bdk string) error {
	t.title("Schedule the deletion, and cross the waiting time by moving the clock")
	deleted, err := t.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: bdk, DeleteKeyInDays: new(3)})
	if err != nil {
		return err
	}
	t.say("%s until %s", deleted.Key.KeyState, deleted.Key.DeletePendingTimestamp.Format(time.RFC3339))
	t.clock.Advance(3 * 24 * time.Hour)
	gone, err := t.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: bdk})
	if err != nil {
		return err
	}
	t.say("three days later: %s at %s; the material is erased", gone.Key.KeyState, gone.Key.DeleteTimestamp.Format(time.RFC3339))
	return nil
}

func (t *tour) title(text string) {
	t.step++
	fmt.Fprintf(t.out, "%d. %s\n", t.step, text)
}

func (t *tour) say(format string, args ...any) { fmt.Fprintf(t.out, "   "+format+"\n", args...) }
