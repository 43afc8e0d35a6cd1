package hsm_test

import (
	"errors"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// TestMasterKeysSeparateAndJoin: a sealed key opens wherever its master key
// is, and nowhere else.
func TestMasterKeysSeparateAndJoin(t *testing.T) {
	a := hsm.Attributes{KeyID: "k", Usage: "D0", Algorithm: hsm.AES, Mode: 'B', Exportability: 'E', Bits: 128}
	first := hsm.NewSoftware(&hsm.SoftwareOptions{MasterKey: &[32]byte{1}})
	again := hsm.NewSoftware(&hsm.SoftwareOptions{MasterKey: &[32]byte{1}, Seed: 3})
	other := hsm.NewSoftware(nil)
	sealed, _, err := first.Generate(ctx, a)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Open(ctx, sealed, a); err != nil {
		t.Errorf("with the same master key: %v", err)
	}
	if _, err := other.Open(ctx, sealed, a); !errors.Is(err, hsm.ErrSealed) {
		t.Errorf("with another master key: %v", err)
	}
	one, _ := first.MasterKeyID(ctx)
	same, _ := again.MasterKeyID(ctx)
	another, _ := other.MasterKeyID(ctx)
	if one != same || one == another || len(one) != 16 {
		t.Errorf("ids %s, %s, %s", one, same, another)
	}
}

// TestASeedGivesTheSameKeysInEveryRun, and the same random bytes, whose order does not depend on each other. Seals and key
// pairs are not drawn from it.
func TestASeedGivesTheSameKeysInEveryRun(t *testing.T) {
	aes := hsm.Attributes{KeyID: "k", Usage: "D0", Algorithm: hsm.AES, Mode: 'B', Exportability: 'E', Bits: 256}
	ec := hsm.Attributes{KeyID: "e", Usage: "K3", Algorithm: hsm.EC, Mode: 'X', Exportability: 'N', Bits: 256}
	type drawn struct {
		keys         []hsm.Secret
		random, pair string
		seal         string
	}
	draw := func(seed uint64, randomFirst bool) (out drawn) {
		b := hsm.NewSoftware(&hsm.SoftwareOptions{Seed: seed, MasterKey: &[32]byte{1}})
		defer b.Close()
		random := func() {
			raw := make([]byte, 32)
			if err := b.Random(ctx, raw); err != nil {
				t.Fatal(err)
			}
			out.random = upperHex(raw)
		}
		if randomFirst {
			random()
		}
		for range 3 {
			sealed, _, k, err := b.GenerateOpen(ctx, aes)
			if err != nil {
				t.Fatal(err)
			}
			key, err := k.Reveal(ctx)
			if err != nil {
				t.Fatal(err)
			}
			out.keys, out.seal = append(out.keys, key), upperHex(sealed)
		}
		_, public, err := b.Generate(ctx, ec)
		if err != nil {
			t.Fatal(err)
		}
		out.pair = upperHex(public)
		if !randomFirst {
			random()
		}
		return out
	}
	one, again, other, none := draw(7, false), draw(7, true), draw(8, false), draw(0, false)
	for i := range one.keys {
		if !one.keys[i].Equal(again.keys[i]) {
			t.Errorf("key %d of seed 7 is another in the second run", i)
		}
		for _, differs := range []hsm.Secret{other.keys[i], none.keys[i], one.keys[(i+1)%3], hsm.NewSecret(testrig.Hex(one.random))} {
			if one.keys[i].Equal(differs) {
				t.Errorf("key %d of seed 7 is not its own", i)
			}
		}
	}
	if one.random != again.random || one.random == other.random || one.random == none.random {
		t.Errorf("random bytes: %s and %s of seed 7, %s of seed 8, %s of none", one.random, again.random, other.random, none.random)
	}
	if one.seal == again.seal || one.pair == again.pair {
		t.Error("a seal or a key pair follows the seed")
	}
}

// TestEachMasterKeyIsAnother: its id and its seals.
func TestEachMasterKeyIsAnother(t *testing.T) {
	a := hsm.Attributes{KeyID: "k", Usage: "D0", Algorithm: hsm.AES, Mode: 'B', Exportability: 'E', Bits: 128}
	one := hsm.NewSoftware(&hsm.SoftwareOptions{MasterKey: &[32]byte{}})
	other := hsm.NewSoftware(&hsm.SoftwareOptions{MasterKey: &[32]byte{31: 1}})
	sealed, _, err := one.Generate(ctx, a)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Open(ctx, sealed, a); !errors.Is(err, hsm.ErrSealed) {
		t.Errorf("under a master key of which the last byte differs: got %v, want %v", err, hsm.ErrSealed)
	}
	oneID, _ := one.MasterKeyID(ctx)
	if otherID, _ := other.MasterKeyID(ctx); oneID == otherID {
		t.Errorf("both have the id %s", oneID)
	}
}
