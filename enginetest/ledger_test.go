package enginetest_test

import (
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// TestLedgerShowsWhatAProgramMadeOfAKey: that an import under S was exported under E, and without its optional block.
func TestLedgerShowsWhatAProgramMadeOfAKey(t *testing.T) {
	s := enginetest.New(t, keepAll)
	p := s.Partner(t, "Acquirer")
	kek := p.Share(enginetest.K1AES256)
	k, err := importBlock(s, kek, p.Wrap("D0000P0TE00S0000", partnerKey, tr31.Label("till4")))
	if err != nil {
		t.Fatal(err)
	}
	as2805 := s.Key(t, "K0 TDES_2KEY").KeyArn
	exportKey(t, s, k.KeyArn, engine.ExportKeyMaterial{Tr31KeyBlock: &engine.ExportTr31KeyBlock{WrappingKeyIdentifier: kek}})
	for _, e := range []apc.KeyExportability{apc.KeyExportabilityNonExportable, apc.KeyExportabilitySensitive} {
		exportKey(t, s, k.KeyArn, engine.ExportKeyMaterial{Tr31KeyBlock: &engine.ExportTr31KeyBlock{
			WrappingKeyIdentifier: kek, KeyBlockHeaders: &engine.KeyBlockHeaders{KeyExportability: &e}}})
	}
	exportKey(t, s, k.KeyArn, engine.ExportKeyMaterial{As2805KeyCryptogram: &engine.ExportAs2805KeyCryptogram{
		WrappingKeyIdentifier: as2805, As2805KeyVariant: apc.As2805KeyVariantPINEncryptionKeyVariant28}})
	if _, err := importBlock(s, kek, "D0000"); err == nil { // it was refused: no key was moved
		t.Fatal("imported")
	}
	loaded, err := s.LoadKey(ctx, &engine.LoadKeyInput{KeyAttributes: enginetest.P0TDES2.Attributes(), Exportable: new(false),
		Components: []hsm.Secret{hsm.NewSecret([]byte("0123456789abcdef"))}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range s.Ledger() {
		got = append(got, m.String())
	}
	id := func(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }
	of := " of " + id(k.KeyArn) + " by "
	check, under := ", check value "+k.KeyCheckValue+", exportable ", ", under "+id(kek)+", LB=till4, PB=000"
	want := []string{
		"import" + of + "TR-31" + check + "true, header D0128P0TE00S0200" + under,
		"export" + of + "TR-31" + check + "true, header D0128P0TE00E0200" + under,
		"export" + of + "TR-31" + check + "false, header D0128P0TE00N0200" + under,
		"export" + of + "TR-31" + check + "true, header D0128P0TE00S0200" + under,
		"export" + of + "AS 2805" + check + "true, under " + id(as2805),
		"import of " + id(loaded.Key.KeyArn) + " by components, check value " + loaded.Key.KeyCheckValue + ", exportable false",
	}
	if len(got) != len(want) {
		t.Fatalf("got:\n%s", strings.Join(got, "\n"))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("movement %d:\n got %s\nwant %s", i+1, got[i], want[i])
		}
	}
}
