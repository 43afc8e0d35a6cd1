// Softhsm runs the simulator on a PKCS#11 token: it makes a temporary one of
// SoftHSM, which an HSM would take the place of, has master keys made on it, and
// moves keys that are sealed under them. The token is removed in the end.
//
//	apt-get install softhsm2
//	go run ./examples/softhsm
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/pkcs11"
	"github.com/seed748fb4d1/apcsim/internal/testrig/softtoken"
	"github.com/seed748fb4d1/apcsim/keystore"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// run makes the token and removes it. A program that has a token does not need
// this.
func run(ctx context.Context, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "apcsim-softhsm-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	token, err := softtoken.Make(dir, softtoken.SoftHSM, nil)
	if err != nil {
		return err
	}
	t := &tour{out: out}
	t.title("Make a temporary token")
	t.say("%q in %s", token.Label, token.Dir)
	defer func() {
		t.title("Remove the token")
		if err = errors.Join(err, os.RemoveAll(token.Dir)); err == nil {
			t.say("%s is gone", token.Dir)
		}
	}()
	return t.onToken(ctx, &pkcs11.Options{
		Module: token.Module, Label: token.Label, LockDir: token.Dir,
		PIN: token.PIN, // for other tokens pkcs11.PINFile or pkcs11.PINEnv
	})
}

// tour is the token as a backend, the simulator on it, and where the output is written.
type tour struct {
	*engine.Engine
	device hsm.Backend
	out    io.Writer
	step   int
}

func (t *tour) onToken(ctx context.Context, o *pkcs11.Options) (err error) {
	t.title("Open it through its module")
	t.say("%s", o.Module)
	device, err := pkcs11.Open(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, device.Close()) }()
	t.device = device
	_, err = device.MasterKeyID(ctx)
	if !errors.Is(err, hsm.ErrNoMasterKey) {
		return fmt.Errorf("a new token has a master key: %v", err)
	}
	t.say("%v", err)

	t.title("Open a simulator on it, which has the master keys made")
	if t.Engine, err = engine.Open(context.Background(), device, keystore.NewMemory(), nil); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Engine.Close()) }()
	id, err := device.MasterKeyID(ctx)
	if err != nil {
		return err
	}
	t.say("they come to the id %s, and do not leave the token", id)
	return t.walk(ctx)
}

func (t *tour) walk(ctx context.Context) error {
	kek, err := t.create(ctx, "Create a key block protection key", apc.KeyUsageTR31K1KeyBlockProtectionKey, apc.KeyAlgorithmAES256, true)
	if err != nil {
		return err
	}
	key, err := t.create(ctx, "Create a key that may be exported", apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmTDES3Key, true)
	if err != nil {
		return err
	}
	if err := t.thereAndBack(ctx, kek, key); err != nil {
		return err
	}
	kept, err := t.create(ctx, "Create a key that may not be exported", apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmAES256, false)
	if err != nil {
		return err
	}
	if err := t.keep(ctx, kek, kept); err != nil {
		return err
	}
	return t.keepBelow(ctx)
}

func (t *tour) create(ctx context.Context, title string, u apc.KeyUsage, a apc.KeyAlgorithm, exportable bool) (engine.Key, error) {
	t.title(title)
	out, err := t.CreateKey(ctx, &engine.CreateKeyInput{
		KeyAttributes: apc.KeyAttributes{
			KeyUsage: u, KeyClass: apc.KeyClassSymmetricKey, KeyAlgorithm: a,
			KeyModesOfUse: apc.KeyModesOfUse{Encrypt: true, Decrypt: true, Wrap: true, Unwrap: true},
		},
		Exportable: new(exportable),
	})
	if err != nil {
		return engine.Key{}, err
	}
	t.say("%s %s, check value %s", out.Key.KeyAttributes.KeyAlgorithm, out.Key.KeyAttributes.KeyUsage, out.Key.KeyCheckValue)
	return out.Key, nil
}

func (t *tour) export(ctx context.Context, kek, key engine.Key) (string, error) {
	out, err := t.ExportKey(ctx, &engine.ExportKeyInput{
		ExportKeyIdentifier: key.KeyArn,
		KeyMaterial:         engine.ExportKeyMaterial{Tr31KeyBlock: &engine.ExportTr31KeyBlock{WrappingKeyIdentifier: kek.KeyArn}},
	})
	if err != nil {
		return "", err
	}
	return out.WrappedKey.KeyMaterial, nil
}

func (t *tour) thereAndBack(ctx context.Context, kek, key engine.Key) error {
	t.title("Export it as a TR-31 key block, and import it back")
	block, err := t.export(ctx, kek, key)
	if err != nil {
		return err
	}
	t.say("%s", block)
	back, err := t.ImportKey(ctx, &engine.ImportKeyInput{KeyMaterial: engine.ImportKeyMaterial{
		Tr31KeyBlock: &engine.ImportTr31KeyBlock{WrappingKeyIdentifier: kek.KeyArn, WrappedKeyBlock: block},
	}})
	if err != nil {
		return err
	}
	t.say("check value before %s, after %s", key.KeyCheckValue, back.Key.KeyCheckValue)
	if back.Key.KeyCheckValue != key.KeyCheckValue {
		return errors.New("the check values differ")
	}
	return nil
}

// keep: the simulator refuses, as the service would.
func (t *tour) keep(ctx context.Context, kek, kept engine.Key) error {
	_, err := t.export(ctx, kek, kept)
	refusal, ok := errors.AsType[*apc.Error](err)
	if !ok {
		return fmt.Errorf("a key that may not be exported was: %v", err)
	}
	t.say("export refused: %s: %v", refusal.Code, refusal.Reasons)
	return nil
}

// keepBelow: a program that goes around the simulator has no better luck, though
// the token works with the key for it.
func (t *tour) keepBelow(ctx context.Context) error {
	t.title("Ask the token itself for such a key")
	a := hsm.Attributes{KeyID: "kept", Usage: "P0", Algorithm: hsm.AES, Mode: 'B', Exportability: 'N', Bits: 256}
	sealed, _, err := t.device.Generate(ctx, a)
	if err != nil {
		return err
	}
	key, err := t.device.Open(ctx, sealed, a)
	if err != nil {
		return err
	}
	defer key.Close()
	block := make([]byte, 16)
	if err := key.Encrypt(ctx, hsm.ECB, nil, block); err != nil {
		return err
	}
	t.say("it encrypts a block: %X", block)
	_, err = key.Reveal(ctx)
	if !errors.Is(err, hsm.ErrRefused) {
		return fmt.Errorf("a key that the token keeps was revealed: %v", err)
	}
	t.say("and keeps the key: %v", err)
	return nil
}

func (t *tour) title(text string) {
	t.step++
	fmt.Fprintf(t.out, "%d. %s\n", t.step, text)
}

func (t *tour) say(format string, args ...any) { fmt.Fprintf(t.out, "   "+format+"\n", args...) }
