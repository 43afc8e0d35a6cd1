package engine_test

import (
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// Blocks that the live service took, with the key they are under and the
// check value it reported; published by AWS in the README files of
// github.com/aws-samples/samples-for-payment-cryptography-service.
const liveKEK = "79ADAEF3212AADCE312ACE422ACCFEFB"

var liveBlocks = []struct {
	block, checkValue string
	algorithm         apc.KeyAlgorithm
	lenient           bool // under a key that is too weak by the rules of today
}{
	{
		"B0096B0TX00E000073BA095E1FAE34BE52C4D427A2A8739AA0D757740773445FA39B591EFC6D3E72A3439E1F0FC1630F",
		"9C8552",
		apc.KeyAlgorithmTDES2Key,
		false,
	},
	{
		"B0096B0TX00E0000A2C1AF40886230D79EAE236E54F22AA3617D8AF0ED7227872AAE1BA683917C48E530D9DA7F63B970",
		"9C8552",
		apc.KeyAlgorithmTDES2Key,
		false,
	},
	{
		"B0112B0AX00E000033DFDAF93EBAE8FE476A2653A88DE4FF835C2114C97FEB2611A0D9A5F59988D3938C7E68597B3A07072C17A08ECF3B4D",
		"B32CFD",
		apc.KeyAlgorithmAES128,
		true,
	},
	{
		"B0096P0TB00E0000289A68560026472B58D327FAD108C28C0EF7672E2D7F21628BC201A89CC115F783738101301AC41B",
		"C15FFF",
		apc.KeyAlgorithmTDES3Key,
		true,
	},
	{
		"B0096P0TB00E0000A92C0E4FD9CCD3764829B749737406E4450251E6542D8BD916946AAB563A55E9936A8ED3D45E4FE9",
		"C15FFF",
		apc.KeyAlgorithmTDES3Key,
		true,
	},
}

func liveEngine(t *testing.T, lenient bool) (*engine.Engine, string) {
	eng := simtest.New(t, &engine.Options{LenientStrength: lenient})
	kek := load(t, eng.Caller, attributes(apc.KeyUsageTR31K0KeyEncryptionKey, apc.KeyAlgorithmTDES2Key, cipherModes), liveKEK)
	if kek.KeyCheckValue != "3C0A31" {
		t.Fatalf("check value of the live KEK: got %s, want 3C0A31", kek.KeyCheckValue)
	}
	return eng, kek.KeyArn
}

func TestImportTakesWhatTheLiveServiceTook(t *testing.T) {
	strict, strictKEK := liveEngine(t, false)
	lenient, lenientKEK := liveEngine(t, true)
	for _, b := range liveBlocks {
		k, err := importBlock(lenient.Caller, lenientKEK, b.block)
		if err != nil || k.KeyCheckValue != b.checkValue || k.KeyAttributes.KeyAlgorithm != b.algorithm || !k.Exportable ||
			k.KeyOrigin != apc.KeyOriginExternal || k.KeyState != apc.KeyStateCreateComplete {
			t.Errorf("%s: got %+v, %v; want check value %s, %s", b.block, k, err, b.checkValue, b.algorithm)
		}
		_, err = importBlock(strict.Caller, strictKEK, b.block)
		if b.lenient {
			refused(t, b.block, err, apc.ErrValidation, "wrapping-strength")
		} else if err != nil {
			t.Errorf("%s: %v", b.block, err)
		}
		if k, err := importBlock(lenient.Caller, lenientKEK, b.block[:16]+strings.ToLower(b.block[16:])); err != nil ||
			k.KeyCheckValue != b.checkValue {
			t.Errorf("in lower-case hex: %+v, %v", k, err)
		}
	}
}

func TestImportReportsWhyOrFoldsIt(t *testing.T) {
	for _, explain := range []bool{true, false} {
		eng := simtest.New(t, &engine.Options{HideReasons: !explain})
		kek := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256))
		k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
		w, err := exportBlock(eng.Caller, kek.KeyArn, k.KeyArn, nil)
		if err != nil {
			t.Fatal(err)
		}
		last := len(w.KeyMaterial) - 1
		spoiled := w.KeyMaterial[:last] + string("01"[min(int(w.KeyMaterial[last]-'0')^1, 1)&1])
		if spoiled == w.KeyMaterial {
			spoiled = w.KeyMaterial[:last] + "F"
		}
		_, err = importBlock(eng.Caller, kek.KeyArn, spoiled)
		rule := apc.RuleKeyBlock
		if explain {
			rule = "mac"
		}
		refused(t, "a block with a wrong MAC", err, apc.ErrValidation, rule)
	}
}
