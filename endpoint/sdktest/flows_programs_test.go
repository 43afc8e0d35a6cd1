package sdktest

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	pc "github.com/aws/aws-sdk-go-v2/service/paymentcryptography"
	"github.com/aws/aws-sdk-go-v2/service/paymentcryptography/types"
	"github.com/aws/smithy-go"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// ensureAlias, deleteOldKey and createOrUpdateAlias are the Go programs' own
// (flow 8), errors and all.
func (r *replay) ensureAlias(name *string) error {
	_, err := r.GetAlias(ctx, &pc.GetAliasInput{AliasName: name})
	var missing *types.ResourceNotFoundException
	if errors.As(err, &missing) {
		_, err = r.CreateAlias(ctx, &pc.CreateAliasInput{AliasName: name})
	}
	return err
}

func (r *replay) deleteOldKey(name *string) error {
	out, err := r.GetAlias(ctx, &pc.GetAliasInput{AliasName: name})
	if err != nil { // whatever it is
		_, err := r.CreateAlias(ctx, &pc.CreateAliasInput{AliasName: name})
		return err
	}
	if out.Alias.KeyArn == nil {
		return nil
	}
	if _, err := r.UpdateAlias(ctx, &pc.UpdateAliasInput{AliasName: name}); err != nil {
		return err
	}
	key, err := r.GetKey(ctx, &pc.GetKeyInput{KeyIdentifier: out.Alias.KeyArn})
	if err != nil || key.Key.KeyState != types.KeyStateCreateComplete {
		return err
	}
	_, err = r.DeleteKey(ctx, &pc.DeleteKeyInput{KeyIdentifier: out.Alias.KeyArn, DeleteKeyInDays: aws.Int32(3)})
	return err
}

func (r *replay) createOrUpdateAlias(name, arn *string) error {
	out, err := r.GetAlias(ctx, &pc.GetAliasInput{AliasName: name})
	if err != nil {
		_, err := r.CreateAlias(ctx, &pc.CreateAliasInput{AliasName: name, KeyArn: arn})
		return err
	}
	if out.Alias.KeyArn != nil && *out.Alias.KeyArn != *arn { // a failure is but a warning there
		if _, err := r.DeleteKey(ctx, &pc.DeleteKeyInput{KeyIdentifier: out.Alias.KeyArn, DeleteKeyInDays: aws.Int32(3)}); err != nil {
			r.Logf("the old key stays: %v", err)
		}
	}
	_, err = r.UpdateAlias(ctx, &pc.UpdateAliasInput{AliasName: name, KeyArn: arn})
	return err
}

func (r *replay) succeeds(what string, err error) {
	r.Helper()
	if err != nil {
		r.Fatalf("%s: %v", what, err)
	}
}

func TestFlow8GoPrograms(t *testing.T) {
	r := newReplay(t, nil)
	caAlias, keyAlias := aws.String("alias/go-tr34-kdh-ca"), aws.String("alias/go-tr34-import")
	ca := r.root(simtest.PartyRSA(3072, 0))
	kdh, krd := r.issue(ca, simtest.PartyRSA(3072, 1), &leafProfile), r.issue(ca, simtest.PartyRSA(3072, 2), &leafProfile)
	kekBytes := testrig.Hex(demoKEK)
	var kek, authority, first *types.Key
	for range 2 { // import, twice
		r.succeeds("EnsureAlias", r.ensureAlias(caAlias))
		r.succeeds("DeleteOldKey", r.deleteOldKey(caAlias))
		authority = r.trusted(ca, types.KeyAlgorithmRsa3072, nil)
		r.succeeds("CreateOrUpdateAlias", r.createOrUpdateAlias(caAlias, authority.KeyArn))
		p, nonce := r.forImport(types.KeyMaterialTypeTr34KeyBlock, types.KeyAlgorithmRsa3072), random(8)
		kek = r.imported(&pc.ImportKeyInput{KeyMaterial: &types.ImportKeyMaterialMemberTr34KeyBlock{Value: types.ImportTr34KeyBlock{
			CertificateAuthorityPublicKeyIdentifier: caAlias, ImportToken: p.ImportToken, KeyBlockFormat: types.Tr34KeyBlockFormatX9Tr342012,
			SigningKeyCertificate: aws.String(kdh.text()),
			WrappedKeyBlock: aws.String(
				r.seal(kdh, p.WrappingKeyCertificate, "D9999K0AB00E0000", nonce, kekBytes),
			), RandomNonce: aws.String(upperHex(nonce))}}}) // [9]: the authority by its alias
		r.matches(kek, kekBytes)
		r.succeeds("CreateOrUpdateAlias", r.createOrUpdateAlias(keyAlias, kek.KeyArn))
		if first == nil {
			first = kek
		}
	}
	if old := must(r.GetKey(ctx, &pc.GetKeyInput{KeyIdentifier: first.KeyArn}))(t).Key; old.KeyState != types.KeyStateDeletePending {
		t.Errorf("the old key is %s", old.KeyState)
	}
	// export: a key of the service's to a certificate of 3072 bits.
	secret := r.create("P0", types.KeyAlgorithmTdes3key, "B", nil)
	found, w := r.tr34Export(secret.KeyArn, authority, krd)
	r.matches(secret, found.key)
	if *w.WrappingKeyArn != *authority.KeyArn || *w.KeyCheckValue != *secret.KeyCheckValue {
		t.Errorf("exported %+v", w)
	}
	// tr31-import and tr31-export under the KEK, which goes by its alias [9].
	for _, c := range []struct {
		header string
		key    []byte
	}{{"D0000P0TB00E0000", testrig.Hex(demoPEK)}, {"D0000D0AB00E0000", random(16)}} {
		k := r.imported(&pc.ImportKeyInput{KeyMaterial: &types.ImportKeyMaterialMemberTr31KeyBlock{Value: types.ImportTr31KeyBlock{
			WrappingKeyIdentifier: keyAlias, WrappedKeyBlock: aws.String(wrap(t, kekBytes, c.header, c.key))}}})
		r.matches(k, c.key)
		w := r.exported(
			k.KeyArn,
			&types.ExportKeyMaterialMemberTr31KeyBlock{Value: types.ExportTr31KeyBlock{WrappingKeyIdentifier: keyAlias}},
			types.WrappedKeyMaterialFormatTr31KeyBlock,
		)
		header, clear := unwrap(t, kekBytes, w.KeyMaterial)
		if !bytes.Equal(clear, c.key) || header.String()[5:9] != c.header[5:9] || header.Version.String() != "D" {
			t.Errorf("%s came back under %s", c.header, header)
		}
	}
}

// TestFlow8ShellScripts are demo-setup.sh and cleanup.sh.
func TestFlow8ShellScripts(t *testing.T) {
	r := newReplay(t, nil)
	name := aws.String("alias/issuerPinValidationKey")
	var arn *string
	for range 2 {
		arn = r.create("V2", types.KeyAlgorithmTdes2key, "C", nil).KeyArn
		_, err := r.CreateAlias(ctx, &pc.CreateAliasInput{AliasName: name, KeyArn: arn})
		if err != nil {
			conflict, ok := errors.AsType[*types.ConflictException](err)
			if !ok || !strings.Contains(conflict.ErrorMessage(), "already exists") || conflict.ErrorFault() != smithy.FaultClient {
				t.Fatalf("CreateAlias of a name that is taken: %v", err)
			}
			must(r.UpdateAlias(ctx, &pc.UpdateAliasInput{AliasName: name, KeyArn: arn}))(t)
		}
	}
	alias := must(r.GetAlias(ctx, &pc.GetAliasInput{AliasName: name}))(t).Alias
	if *alias.KeyArn != *arn {
		t.Errorf("%s points to %s", *name, *alias.KeyArn)
	}
	if k := must(r.GetKey(ctx, &pc.GetKeyInput{KeyIdentifier: alias.KeyArn}))(t).Key; k.KeyState != types.KeyStateCreateComplete {
		t.Errorf("%s", k.KeyState)
	}
	r.deleteIn3Days(*alias.KeyArn)
	must(r.DeleteAlias(ctx, &pc.DeleteAliasInput{AliasName: name}))(t)
	if _, err := r.GetAlias(ctx, &pc.GetAliasInput{AliasName: name}); !is[*types.ResourceNotFoundException](err) {
		t.Errorf("the deleted alias: %v", err)
	}
	back := must(r.RestoreKey(ctx, &pc.RestoreKeyInput{KeyIdentifier: alias.KeyArn}))(t).Key // as the script hints
	if back.KeyState != types.KeyStateCreateComplete || back.DeletePendingTimestamp != nil {
		t.Errorf("restored: %+v", back)
	}
}

// TestFlow9ExchangeWithAnHSM is the control plane's part of the exchange with an
// HSM; ECDH has its own test.
func TestFlow9ExchangeWithAnHSM(t *testing.T) {
	r := newReplay(t, nil)
	kek := r.create("K0", types.KeyAlgorithmTdes3key, "B", nil) // no Enabled member
	r.create("K1", types.KeyAlgorithmAes128, "B", nil)
	pin := r.create("P0", types.KeyAlgorithmTdes2key, "B", nil)
	r.create("B0", types.KeyAlgorithmTdes2key, "X", nil)

	ca := r.root(simtest.PartyRSA(2048, 0))
	kdh, krd := r.issue(ca, simtest.PartyRSA(2048, 1), &leafProfile), r.issue(ca, simtest.PartyRSA(2048, 2), &leafProfile)
	authority := r.trusted(ca, types.KeyAlgorithmRsa2048, nil)
	p := r.forImport(types.KeyMaterialTypeTr34KeyBlock, types.KeyAlgorithmRsa2048)
	r.chained(p.WrappingKeyCertificate, p.WrappingKeyCertificateChain)
	if bits := r.certificate(p.WrappingKeyCertificateChain).PublicKey.(interface{ Size() int }).Size() * 8; bits != 4096 {
		t.Errorf("a chain of RSA_%d, want RSA_4096", bits)
	}
	nonce, zmk := random(8), random(16)
	imported := r.imported(&pc.ImportKeyInput{KeyMaterial: &types.ImportKeyMaterialMemberTr34KeyBlock{Value: types.ImportTr34KeyBlock{
		CertificateAuthorityPublicKeyIdentifier: authority.KeyArn, ImportToken: p.ImportToken,
		KeyBlockFormat: types.Tr34KeyBlockFormatX9Tr342012, SigningKeyCertificate: aws.String(kdh.text()),
		WrappedKeyBlock: aws.String(
			r.seal(kdh, p.WrappingKeyCertificate, "D9999K0TB00E0000", nonce, zmk),
		), RandomNonce: aws.String(upperHex(nonce))}}})
	r.matches(imported, zmk)

	found, _ := r.tr34Export(kek.KeyArn, authority, krd)
	r.matches(kek, found.key)
	// Under the key that came in, version B as a variant LMK has it, both ways.
	key := random(16)
	back := r.imported(&pc.ImportKeyInput{KeyMaterial: &types.ImportKeyMaterialMemberTr31KeyBlock{Value: types.ImportTr31KeyBlock{
		WrappingKeyIdentifier: imported.KeyArn, WrappedKeyBlock: aws.String(wrap(t, zmk, "B0000P0TE00E0000", key))}}})
	r.matches(back, key)
	w := r.exported(
		pin.KeyArn,
		&types.ExportKeyMaterialMemberTr31KeyBlock{Value: types.ExportTr31KeyBlock{WrappingKeyIdentifier: imported.KeyArn}},
		types.WrappedKeyMaterialFormatTr31KeyBlock,
	)
	header, clear := unwrap(t, zmk, w.KeyMaterial)
	r.matches(pin, clear)
	if header.Version.String() != "B" || *w.WrappingKeyArn != *imported.KeyArn {
		t.Errorf("exported %+v", w)
	}
	// The Atalla helper labels what it imported and finds it by its alias.
	must(r.TagResource(ctx, &pc.TagResourceInput{ResourceArn: back.KeyArn, Tags: tagged("project", "exchange")}))(t)
	r.pointAlias("alias/exchanged", back)
	if got := must(r.ListTagsForResource(ctx, &pc.ListTagsForResourceInput{ResourceArn: back.KeyArn}))(t); len(got.Tags) != 1 ||
		*got.Tags[0].Value != "exchange" {
		t.Errorf("tags %+v", got.Tags)
	}
}
