package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

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
	long := strings.Repeat("A", 103) // 107 with the id and the length; ZZ has 5
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
			headers: &engine.KeyBlockHeaders{OptionalBlocks: map[string]string{"LB": long + "A", "ZZ": "1"}}, rule: "optional-blocks-length"},
	} {
		in := &engine.ExportKeyInput{ExportKeyIdentifier: c.key, KeyMaterial: engine.ExportKeyMaterial{
			Tr31KeyBlock: &engine.ExportTr31KeyBlock{WrappingKeyIdentifier: c.kek, KeyBlockHeaders: c.headers}}}
		if c.dukpt != "" {
			in.ExportAttributes = &engine.ExportAttributes{ExportDukptInitialKey: &engine.ExportDukptInitialKey{KeySerialNumber: c.dukpt}}
		}
		_, err := eng.ExportKey(ctx, in)
		refused(t, c.what, err, apc.ErrValidation, c.rule)
	}
	if _, err := exportBlock(eng.Caller, kek.KeyArn, pinKey.KeyArn,
		&engine.KeyBlockHeaders{OptionalBlocks: map[string]string{"LB": long, "ZZ": "1"}}); err != nil {
		t.Errorf("optional blocks of 112 characters: got %v, want them taken", err)
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
	for id, data := range map[string]string{"BI": "1112345678", "KS": "XYZ", "KC": "0000000000", "TS": "yesterday", "IK": "1",
		"DA": "x", "77": "z"} {
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
	out, err := eng.ExportKey(ctx, &engine.ExportKeyInput{ExportKeyIdentifier: back.KeyArn,
		ExportAttributes: &engine.ExportAttributes{ExportDukptInitialKey: &engine.ExportDukptInitialKey{KeySerialNumber: "FFFF9876543210E00001"}},
		KeyMaterial:      engine.ExportKeyMaterial{Tr31KeyBlock: &engine.ExportTr31KeyBlock{WrappingKeyIdentifier: kek.KeyArn}}})
	if err != nil || strings.Contains(out.WrappedKey.KeyMaterial, "terminal7") {
		t.Errorf("its initial key, which is another key: got %+v, %v, want a block without the label", out, err)
	}
}
