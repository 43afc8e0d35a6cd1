package sdktest

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	pc "github.com/aws/aws-sdk-go-v2/service/paymentcryptography"
	"github.com/aws/aws-sdk-go-v2/service/paymentcryptography/types"

	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

const (
	demoKEK  = "79ADAEF3212AADCE312ACE422ACCFEFB"
	demoBDK  = "8A8349794C9EE9A4C2927098F249FED6"
	demoPEK  = "545E2AADFD5EC42F2F5BE5E3ADC75E9B290252A1A219B380"
	demoARQC = "6786D3D6F2266E19B67302438ACE7551"
	demoMAC  = "75BDAEF54587CAE6563A5CE57B4B9F9F"
)

// tr34Import is flow 1 with one key. What it gives besides the key imports
// another one under the same token.
func (r *replay) tr34Import(header string, key []byte, deleteOld bool) (*types.Key, func(header string, key []byte) *pc.ImportKeyInput) {
	r.Helper()
	ca := r.root(simtest.PartyRSA(2048, 0))
	kdh := r.issue(ca, simtest.PartyRSA(2048, 1), &leafProfile)
	r.freeAlias("alias/tr34-key-import-kdh-ca") // steps 1 and 2
	authority := r.trusted(ca, types.KeyAlgorithmRsa2048, untagged(types.KeyCheckValueAlgorithmAnsiX924))
	r.pointAlias("alias/tr34-key-import-kdh-ca", authority)
	if deleteOld {
		r.freeAlias("alias/tr34-key-import")
	}
	p := r.forImport(types.KeyMaterialTypeTr34KeyBlock, types.KeyAlgorithmRsa3072)
	r.chained(p.WrappingKeyCertificate, p.WrappingKeyCertificateChain)
	request := func(header string, key []byte) *pc.ImportKeyInput {
		nonce, in := random(8), &pc.ImportKeyInput{}
		untagged(
			map[byte]types.KeyCheckValueAlgorithm{'A': types.KeyCheckValueAlgorithmCmac, 'T': types.KeyCheckValueAlgorithmAnsiX924}[header[7]],
		)(in)
		in.KeyMaterial = &types.ImportKeyMaterialMemberTr34KeyBlock{Value: types.ImportTr34KeyBlock{
			CertificateAuthorityPublicKeyIdentifier: authority.KeyArn, ImportToken: p.ImportToken,
			KeyBlockFormat: types.Tr34KeyBlockFormatX9Tr342012,
			SigningKeyCertificate: aws.String(
				kdh.text(),
			), WrappedKeyBlock: aws.String(r.seal(kdh, p.WrappingKeyCertificate, header, nonce, key)), RandomNonce: aws.String(upperHex(nonce))}}
		return in
	}
	k := r.imported(request(header, key))
	r.pointAlias("alias/tr34-key-import", k)
	r.matches(k, key)
	return k, request
}

func TestFlow1ImportOfAClearKeyByTR34(t *testing.T) {
	r := newReplay(t, nil)
	first, _ := r.tr34Import("D9999K0AB00E0000", testrig.Hex(demoKEK), false)
	second, request := r.tr34Import("D9999K0TB00E0000", testrig.Hex(demoMAC), true)
	if k := must(r.GetKey(ctx, &pc.GetKeyInput{KeyIdentifier: first.KeyArn}))(t).Key; k.KeyState != types.KeyStateDeletePending {
		t.Errorf("the old key is %s", k.KeyState)
	}
	_, err := r.DeleteKey(ctx, &pc.DeleteKeyInput{KeyIdentifier: first.KeyArn, DeleteKeyInDays: aws.Int32(3)})
	if !is[*types.ValidationException](err) || !strings.Contains(err.Error(), "not in CREATE_COMPLETE state") { // [4]
		t.Errorf("a second DeleteKey: %v", err)
	}
	if *second.KeyCheckValue != "946B22" { // as the service has it
		t.Errorf("check value %s", *second.KeyCheckValue)
	}
	// Every usage that the script offers, under the token of the last run.
	for _, choice := range []struct {
		header     string
		key        string
		exportable bool
	}{
		{"D9999K0TB00S0000", demoPEK, true}, {"D9999K0TN00N0000", demoMAC, false}, {"D9999K1AB00E0000", demoKEK, true},
		{"D9999K1AE00E0000", demoKEK, true},
		{"D9999K1AD00N0000", demoKEK, false}, {"D9999B0TX00E0000", demoBDK, true}, {"D9999B0AX00S0000", demoBDK, true},
		{"D9999D0AB00N0000", demoKEK, false},
		{"D9999P0TE00E0000", demoPEK, true}, {"D9999P0TD00E0000", demoPEK, true}, {"D9999E0TX00E0000", demoARQC, true},
		{"D9999E1TX00E0000", demoARQC, true},
		{"D9999E2TX00E0000", demoARQC, true}, {"D9999E6AN00E0000", demoARQC, true}, {"D9999C0TC00E0000", demoMAC, true},
		{"D9999C0TG00E0000", demoMAC, true}, {"D9999C0TV00N0000", demoMAC, false},
	} {
		key := testrig.Hex(choice.key)
		k := r.imported(request(choice.header, key))
		r.matches(k, key)
		if k.KeyAttributes.KeyUsage != usageOf(choice.header[5:7]) || *k.KeyAttributes.KeyModesOfUse != *modesOf(choice.header[8:9]) ||
			*k.Exportable != choice.exportable {
			t.Errorf("%s: imported as %+v, exportable %t", choice.header, k.KeyAttributes, *k.Exportable)
		}
	}
	// The script offers two more than the service has.
	for _, header := range []string{"D9999E3TX00E0000", "D9999C0TX00E0000"} {
		if _, err := r.ImportKey(ctx, request(header, testrig.Hex(demoMAC))); !is[*types.ValidationException](err) {
			t.Errorf("%s: %v", header, err)
		}
	}
}

// tr31Import is step 2 of flow 2 for one key: the alias dance around a block.
func (r *replay) tr31Import(kek *types.Key, alias, block string) *types.Key {
	r.Helper()
	r.freeAlias(alias)
	k := r.imported(&pc.ImportKeyInput{KeyMaterial: &types.ImportKeyMaterialMemberTr31KeyBlock{Value: types.ImportTr31KeyBlock{
		WrappingKeyIdentifier: kek.KeyArn, WrappedKeyBlock: &block}}})
	r.pointAlias(alias, k)
	return k
}

func TestFlow2DemoKeySet(t *testing.T) {
	r := newReplay(t, nil)
	kek, _ := r.tr34Import("D9999K0AB00E0000", testrig.Hex(demoKEK), false)
	for _, again := range []bool{false, true} { // the second run finds every alias taken
		arns := map[string]bool{}
		for _, c := range []struct {
			alias, header, key string
			a                  types.KeyAlgorithm
			reported           string // by the service, where it is known
		}{
			{"alias/MerchantTerminal_TDES_BDK", "D0000B0TX00E0000", demoBDK, types.KeyAlgorithmTdes2key, "9C8552"},
			{"alias/MerchantTerminal_BDK_AES_128", "D0000B0AX00E0000", demoBDK, types.KeyAlgorithmAes128, "B32CFD"},
			{"alias/pinTranslateServicePek", "D0000P0TB00E0000", demoPEK, types.KeyAlgorithmTdes3key, "C15FFF"},
			{"alias/issuerPek", "D0000P0TB00E0000", demoPEK, types.KeyAlgorithmTdes3key, "C15FFF"},
			{"alias/arqcValidationKey", "D0000E0TX00E0000", demoARQC, types.KeyAlgorithmTdes2key, ""},
			{"alias/tr31_macValidationKey", "D0000M3TC00E0000", demoMAC, types.KeyAlgorithmTdes2key, "946B22"},
		} {
			block := wrap(t, testrig.Hex(demoKEK), c.header, testrig.Hex(c.key))
			if c.a == types.KeyAlgorithmAes128 && !strings.HasPrefix(block, "D0144") {
				t.Errorf("a block of %d characters, want the script's 144", len(block))
			}
			k := r.tr31Import(kek, c.alias, block)
			r.matches(k, testrig.Hex(c.key))
			if k.KeyAttributes.KeyAlgorithm != c.a || k.KeyAttributes.KeyUsage != usageOf(c.header[5:7]) ||
				c.reported != "" && *k.KeyCheckValue != c.reported {
				t.Errorf("%s: imported as %+v, check value %s", c.alias, k.KeyAttributes, *k.KeyCheckValue)
			}
			arns[*k.KeyArn] = true
		}
		if len(arns) != 6 {
			t.Errorf("%d keys, again %t", len(arns), again)
		}
		r.freeAlias("alias/issuerPinValidationKey")
		r.pointAlias("alias/issuerPinValidationKey", r.create("V2", types.KeyAlgorithmTdes2key, "C", nil))
	}
	// The importing script alone has nothing but the KEK's ARN.
	region := strings.Split(*kek.KeyArn, ":")[3]
	alone := &replay{TB: t, wire: r.wire, now: r.now, Client: pc.New(r.Options(), func(o *pc.Options) { o.Region = region })}
	k := alone.imported(
		&pc.ImportKeyInput{
			Enabled: aws.Bool(true),
			KeyMaterial: &types.ImportKeyMaterialMemberTr31KeyBlock{Value: types.ImportTr31KeyBlock{
				WrappingKeyIdentifier: kek.KeyArn,
				WrappedKeyBlock:       aws.String(wrap(t, testrig.Hex(demoKEK), "D0000M3TC00E0000", testrig.Hex(demoMAC))),
			}},
		},
	)
	alone.matches(k, testrig.Hex(demoMAC))
	r.deleteIn3Days(*k.KeyArn)
	// [10] and [11]: one page has them all, those on their way out too.
	list := must(r.ListKeys(ctx, &pc.ListKeysInput{}))(t)
	states := map[types.KeyState]int{}
	for _, each := range list.Keys {
		states[each.KeyState]++
	}
	if list.NextToken != nil || states[types.KeyStateDeletePending] != 8 || states[types.KeyStateCreateComplete] != 9 {
		t.Errorf("listed %v, next page %v", states, list.NextToken)
	}
	if aliases := must(r.ListAliases(ctx, &pc.ListAliasesInput{}))(t); len(aliases.Aliases) != 9 || aliases.NextToken != nil {
		t.Errorf("%d aliases on the first page", len(aliases.Aliases))
	}
}

// TestFlow2AsTheServiceAnsweredIt imports the very blocks that older revisions
// of the samples show with the service's answers (samples-for-payment-cryptography-service,
// README files of 2023 and 2024). Two were taken against today's table of strengths.
func TestFlow2AsTheServiceAnsweredIt(t *testing.T) {
	for _, lenient := range []bool{true, false} {
		r := newReplay(t, &engine.Options{LenientStrength: lenient})
		kek, _ := r.tr34Import("D9999K0TB00E0000", testrig.Hex(demoKEK), false)
		if *kek.KeyCheckValue != "3C0A31" {
			t.Errorf("KEK with check value %s", *kek.KeyCheckValue)
		}
		for _, c := range []struct {
			block, check string
			a            types.KeyAlgorithm
			weaklyHeld   bool
		}{
			{"B0096B0TX00E000073BA095E1FAE34BE52C4D427A2A8739AA0D757740773445FA39B591EFC6D3E72A3439E1F0FC1630F", "9C8552",
				types.KeyAlgorithmTdes2key, false},
			{"B0096B0TX00E0000A2C1AF40886230D79EAE236E54F22AA3617D8AF0ED7227872AAE1BA683917C48E530D9DA7F63B970", "9C8552",
				types.KeyAlgorithmTdes2key, false},
			{"B0112B0AX00E000033DFDAF93EBAE8FE476A2653A88DE4FF835C2114C97FEB2611A0D9A5F59988D3938C7E68597B3A07072C17A08ECF3B4D", "B32CFD",
				types.KeyAlgorithmAes128, true},
			{"B0096P0TB00E0000289A68560026472B58D327FAD108C28C0EF7672E2D7F21628BC201A89CC115F783738101301AC41B", "C15FFF",
				types.KeyAlgorithmTdes3key, true},
			{"B0096P0TB00E0000A92C0E4FD9CCD3764829B749737406E4450251E6542D8BD916946AAB563A55E9936A8ED3D45E4FE9", "C15FFF",
				types.KeyAlgorithmTdes3key, true},
		} {
			out, err := r.ImportKey(
				ctx,
				&pc.ImportKeyInput{
					Enabled: aws.Bool(true),
					KeyMaterial: &types.ImportKeyMaterialMemberTr31KeyBlock{Value: types.ImportTr31KeyBlock{
						WrappingKeyIdentifier: kek.KeyArn, WrappedKeyBlock: aws.String(c.block)}},
				},
			)
			switch {
			case c.weaklyHeld && !lenient:
				if !is[*types.ValidationException](err) {
					t.Errorf("%s today: %v", c.block, err)
				}
			case err != nil:
				t.Errorf("%s: %v", c.block, err)
			case *out.Key.KeyCheckValue != c.check || out.Key.KeyAttributes.KeyAlgorithm != c.a:
				t.Errorf("%s: %s, check value %s", c.block, out.Key.KeyAttributes.KeyAlgorithm, *out.Key.KeyCheckValue)
			}
		}
	}
}
