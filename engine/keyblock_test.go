package engine_test

import (
	"fmt"
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

// TestEverySymmetricKeyTravels exports every usage, algorithm and mode of the
// table and imports it back: the same key, attributes and check value.
func TestEverySymmetricKeyTravels(t *testing.T) {
	eng := simtest.New(t, nil)
	strong := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256))
	tdes := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmTDES3Key))
	n := 0
	for _, a := range everySymmetricKey() {
		k := create(t, eng.Caller, a)
		keks := []engine.Key{strong}
		if strings.HasPrefix(string(a.KeyAlgorithm), "TDES") {
			keks = append(keks, tdes)
		}
		for _, kek := range keks {
			w, err := exportBlock(eng.Caller, kek.KeyArn, k.KeyArn, nil)
			if err != nil {
				t.Fatalf("%v: %v", a, err)
			}
			if *w.KeyCheckValue != k.KeyCheckValue || w.WrappingKeyArn != kek.KeyArn {
				t.Errorf("%v: exported as %+v", a, w)
			}
			back, err := importBlock(eng.Caller, kek.KeyArn, w.KeyMaterial)
			if err != nil {
				t.Fatalf("%v: %v", a, err)
			}
			if back.KeyCheckValue != k.KeyCheckValue || back.KeyAttributes != a || back.KeyArn == k.KeyArn {
				t.Errorf("%v: came back as %+v", a, back)
			}
			n++
		}
	}
	if n < 300 {
		t.Errorf("%d keys travelled only", n)
	}
}

// everySymmetricKey tries all combinations; those that CreateKey takes are the
// table's, which another test holds against the fact sheet.
func everySymmetricKey() (out []apc.KeyAttributes) {
	sets := []apc.KeyModesOfUse{
		cipherModes,
		wrapOnly,
		unwrapOnly,
		macModes,
		deriveModes,
		{Generate: true},
		{Verify: true},
		{NoRestrictions: true},
	}
	for _, row := range engine.UsageTable() {
		for _, m := range sets {
			for _, alg := range row.Algorithms {
				if row.Allows(m) {
					out = append(out, attributes(row.Usage, alg, m))
				}
			}
		}
	}
	return out
}

func TestInitialKeysAgreeWithPublishedOnes(t *testing.T) {
	eng := simtest.New(t, nil)
	kek := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256))
	for _, c := range []struct {
		bdk       string
		algorithm apc.KeyAlgorithm
		ksn       string
		want      string // check value of the initial key
	}{
		// ANSI X9.24: initial keys 6AC292FAA1315B4D858AB3A3D7D5933A and 1273671EA26AC29AFA4D1084127652A1.
		{"0123456789ABCDEFFEDCBA9876543210", apc.KeyAlgorithmTDES2Key, "FFFF9876543210E00000", "AF8C07"},
		{"0123456789ABCDEFFEDCBA9876543210", apc.KeyAlgorithmTDES2Key, "FFFF9876543210E00007", "AF8C07"}, // the counter is ignored
		{"FEDCBA9876543210F1F1F1F1F1F1F1F1", apc.KeyAlgorithmAES128, "123456789012345600000000", "05EF45"},
		// The AWS Java sample's terminal: initial key 0CCE8B18912E519C87348795288FFDA7.
		{"8A8349794C9EE9A4C2927098F249FED6", apc.KeyAlgorithmTDES2Key, "FFFF9876543210E00001", "B3048F"},
	} {
		bdk := load(t, eng.Caller, attributes(apc.KeyUsageTR31B0BaseDerivationKey, c.algorithm, deriveModes), c.bdk)
		out, err := eng.ExportKey(ctx, &engine.ExportKeyInput{
			ExportKeyIdentifier: bdk.KeyArn,
			KeyMaterial:         engine.ExportKeyMaterial{Tr31KeyBlock: &engine.ExportTr31KeyBlock{WrappingKeyIdentifier: kek.KeyArn}},
			ExportAttributes:    &engine.ExportAttributes{ExportDukptInitialKey: &engine.ExportDukptInitialKey{KeySerialNumber: c.ksn}},
		})
		if err != nil {
			t.Errorf("%s, %s: %v", c.bdk, c.ksn, err)
			continue
		}
		w := out.WrappedKey
		if *w.KeyCheckValue != c.want {
			t.Errorf("%s, %s: check value %s, want %s", c.bdk, c.ksn, *w.KeyCheckValue, c.want)
		}
		if h := w.KeyMaterial[5:12]; h[:2] != "B1" || h[3:] != "X00S" {
			t.Errorf("header %s, want usage B1, mode X, exportability S", w.KeyMaterial[:16])
		}
	}
}

func TestExportRefusesWhatTheServiceWould(t *testing.T) {
	eng := simtest.New(t, nil)
	kek := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256))
	weak := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmTDES2Key))
	unwrapping := create(t, eng.Caller, attributes(apc.KeyUsageTR31K1KeyBlockProtectionKey, apc.KeyAlgorithmAES256, unwrapOnly))
	bdk := create(t, eng.Caller, attributes(apc.KeyUsageTR31B0BaseDerivationKey, apc.KeyAlgorithmAES128, deriveModes))
	pinKey := create(t, eng.Caller, attributes(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmAES128, cipherModes))
	hmac := create(t, eng.Caller, attributes(apc.KeyUsageTR31M7HMACKey, apc.KeyAlgorithmHMACSHA256, macModes))
	pair, err := eng.CreateKey(ctx, &engine.CreateKeyInput{Exportable: new(true), KeyAttributes: apc.KeyAttributes{
		KeyUsage: apc.KeyUsageTR31K3AsymmetricKeyForKeyAgreement, KeyClass: apc.KeyClassAsymmetricKeyPair,
		KeyAlgorithm: apc.KeyAlgorithmECCNISTP256, KeyModesOfUse: deriveModes}})
	if err != nil {
		t.Fatal(err)
	}
	fixed, err := eng.CreateKey(ctx, &engine.CreateKeyInput{KeyAttributes: pinKey.KeyAttributes, Exportable: new(false)})
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("A", 105)
	for _, c := range []struct {
		what, kek, key string
		headers        *engine.KeyBlockHeaders
		dukpt          string
		rule           apc.Rule
	}{
		{what: "a key that is not exportable", kek: kek.KeyArn, key: fixed.Key.KeyArn, rule: "exportable"},
		{what: "a pair", kek: kek.KeyArn, key: pair.Key.KeyArn, rule: "key-class"},
		{what: "under a weaker key", kek: weak.KeyArn, key: pinKey.KeyArn, rule: "wrapping-strength"},
		{what: "an HMAC key under AES_128", kek: bdk.KeyArn, key: hmac.KeyArn, rule: "wrapping-key-usage"},
		{what: "under a PIN key", kek: pinKey.KeyArn, key: bdk.KeyArn, rule: "wrapping-key-usage"},
		{what: "under a key that may only unwrap", kek: unwrapping.KeyArn, key: bdk.KeyArn, rule: "wrapping-key-modes"},
		{what: "the initial key of a PIN key", kek: kek.KeyArn, key: pinKey.KeyArn, dukpt: "FFFF9876543210E00000", rule: "key-usage"},
		{what: "a TDES serial number for an AES key", kek: kek.KeyArn, key: bdk.KeyArn, dukpt: "FFFF9876543210E00000", rule: "key-serial-number"},
		{what: "wider modes", kek: kek.KeyArn, key: pinKey.KeyArn,
			headers: &engine.KeyBlockHeaders{KeyModesOfUse: &apc.KeyModesOfUse{NoRestrictions: true}}, rule: "key-modes-of-use"},
		{what: "other modes", kek: kek.KeyArn, key: pinKey.KeyArn, headers: &engine.KeyBlockHeaders{KeyModesOfUse: &macModes},
			rule: "key-modes-of-use"},
		{what: "a PB block", kek: kek.KeyArn, key: pinKey.KeyArn,
			headers: &engine.KeyBlockHeaders{OptionalBlocks: map[string]string{"PB": "0000"}}, rule: "optional-block"},
		{what: "long blocks", kek: kek.KeyArn, key: pinKey.KeyArn,
			headers: &engine.KeyBlockHeaders{OptionalBlocks: map[string]string{"LB": long, "ZZ": "1"}}, rule: "optional-blocks-length"},
	} {
		in := &engine.ExportKeyInput{ExportKeyIdentifier: c.key, KeyMaterial: engine.ExportKeyMaterial{
			Tr31KeyBlock: &engine.ExportTr31KeyBlock{WrappingKeyIdentifier: c.kek, KeyBlockHeaders: c.headers}}}
		if c.dukpt != "" {
			in.ExportAttributes = &engine.ExportAttributes{ExportDukptInitialKey: &engine.ExportDukptInitialKey{KeySerialNumber: c.dukpt}}
		}
		_, err := eng.ExportKey(ctx, in)
		refused(t, c.what, err, apc.ErrValidation, c.rule)
	}
}

func TestExportWritesTheHeadersAskedFor(t *testing.T) {
	eng := simtest.New(t, nil)
	kek := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256))
	k := create(t, eng.Caller, attributes(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmAES128, cipherModes))
	w, err := exportBlock(eng.Caller, kek.KeyArn, k.KeyArn, &engine.KeyBlockHeaders{
		KeyModesOfUse: &unwrapOnly, KeyExportability: new(apc.KeyExportabilityNonExportable), KeyVersion: new("02"),
		OptionalBlocks: map[string]string{"BI": "00ABCDEFABCD"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := w.KeyMaterial[5:14], "P0AD02N01"; got != want {
		t.Errorf("header %s: got %s, want %s", w.KeyMaterial[:16], got, want)
	}
	if !strings.Contains(w.KeyMaterial, "BI1000ABCDEFABCD") {
		t.Errorf("no BI block in %s", w.KeyMaterial)
	}
	back, err := importBlock(eng.Caller, kek.KeyArn, w.KeyMaterial)
	if err != nil || back.Exportable || back.KeyAttributes.KeyModesOfUse != unwrapOnly {
		t.Errorf("came back as %+v, %v", back, err)
	}
}

// TestOptionalBlocksAreNotLookedAt exports and imports blocks whose data is not as X9.143 has it, of
// another key and of nothing known. The user guide has BI of an AES key begin with 11.
func TestOptionalBlocksAreNotLookedAt(t *testing.T) {
	eng := simtest.New(t, nil)
	kek := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256))
	k := create(t, eng.Caller, attributes(apc.KeyUsageTR31B0BaseDerivationKey, apc.KeyAlgorithmAES128, deriveModes))
	for id, data := range map[string]string{"BI": "1112345678", "KS": "XYZ", "KC": "0000000000", "TS": "yesterday", "IK": "1", "DA": "x", "77": "z"} {
		w, err := exportBlock(eng.Caller, kek.KeyArn, k.KeyArn, &engine.KeyBlockHeaders{OptionalBlocks: map[string]string{id: data}})
		if err != nil {
			t.Errorf("%s %s: %v", id, data, err)
			continue
		}
		back, err := importBlock(eng.Caller, kek.KeyArn, w.KeyMaterial)
		if err != nil {
			t.Errorf("%s: %v", w.KeyMaterial, err)
			continue
		}
		again, err := exportBlock(eng.Caller, kek.KeyArn, back.KeyArn, nil)
		if want := fmt.Sprintf("%s%02X%s", id, 4+len(data), data); err != nil || !strings.Contains(again.KeyMaterial, want) {
			t.Errorf("%s %s: exported again as %+v, %v; want %s in it", id, data, again, err, want)
		}
	}
}

func TestOptionalBlocksStayWithAnImportedKey(t *testing.T) {
	eng := simtest.New(t, nil)
	kek := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256))
	k := create(t, eng.Caller, attributes(apc.KeyUsageTR31B0BaseDerivationKey, apc.KeyAlgorithmTDES2Key, deriveModes))
	first, err := exportBlock(eng.Caller, kek.KeyArn, k.KeyArn, &engine.KeyBlockHeaders{
		OptionalBlocks: map[string]string{"KS": "FFFF9876543210E00000", "LB": "terminal7", "KP": "01ABCDEF1234"}})
	if err != nil {
		t.Fatal(err)
	}
	back, err := importBlock(eng.Caller, kek.KeyArn, first.KeyMaterial)
	if err != nil {
		t.Fatal(err)
	}
	second, err := exportBlock(
		eng.Caller,
		kek.KeyArn,
		back.KeyArn,
		&engine.KeyBlockHeaders{OptionalBlocks: map[string]string{"LB": "other"}},
	)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{"KS18FFFF9876543210E00000": true, "LB09other": true, "terminal7": false, "01ABCDEF1234": false} {
		if got := strings.Contains(second.KeyMaterial, text); got != want {
			t.Errorf("%s in the second block: %t, want %t: %s", text, got, want, second.KeyMaterial)
		}
	}
}

// TestRefusedUsageNamesThoseThatAreTaken names no usage of a key pair, which a key block cannot bring.
func TestRefusedUsageNamesThoseThatAreTaken(t *testing.T) {
	eng := simtest.New(t, nil)
	kek := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256))
	_, err := importBlock(eng.Caller, kek.KeyArn, "D0112V0TC00E0000"+strings.Repeat("0", 96))
	got := refused(t, "usage V0", err, apc.ErrValidation, apc.RuleKeyUsage).Reasons[0].Wanted
	if want := "B0, C0, D0, E0, E1, E2, E4, E5, E6, K0, K1, M1, M3, M6, M7, M0, P0, V1 or V2"; got != want {
		t.Errorf("got %s, want %s", got, want)
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
