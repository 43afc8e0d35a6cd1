package engine_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
	"github.com/seed748fb4d1/apcsim/kcv"
)

// TestEverythingIsUsedAfterARestart: the backend, the store and the engine are
// opened anew, and what was begun before is gone on with.
func TestEverythingIsUsedAfterARestart(t *testing.T) {
	clock := engine.NewClock(noon)
	device := &hsm.SoftwareOptions{MasterKey: &[32]byte{'r', 'e', 's', 't', 'a', 'r', 't'}}
	store := simtest.Store(t)
	start := func() *engine.Engine {
		return simtest.On(t, simtest.Backend(t, device), store, &engine.Options{Now: clock.Now})
	}
	eng := start()
	kek := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256))
	key := create(t, eng.Caller, attributes(apc.KeyUsageTR31D0SymmetricDataEncryptionKey, apc.KeyAlgorithmAES128, cipherModes))
	block, err := exportBlock(eng.Caller, kek.KeyArn, key.KeyArn, nil)
	if err != nil {
		t.Fatal(err)
	}
	signing := create(
		t,
		eng.Caller,
		apc.KeyAttributes{KeyUsage: apc.KeyUsageTR31S0AsymmetricKeyForDigitalSignature, KeyClass: apc.KeyClassAsymmetricKeyPair,
			KeyAlgorithm: apc.KeyAlgorithmRSA2048, KeyModesOfUse: apc.KeyModesOfUse{Sign: true}},
	)
	certificate, err := eng.GetPublicKeyCertificate(ctx, &engine.GetPublicKeyCertificateInput{KeyIdentifier: signing.KeyArn})
	if err != nil {
		t.Fatal(err)
	}
	h := newHost(t, eng.Caller)
	params := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeTR34KeyBlock, apc.KeyAlgorithmRSA2048, false)
	token := h.seal(t, params.WrappingKeyCertificate, nil, testrig.Hex(tdesKey))
	if _, err := eng.CreateAlias(ctx, &engine.CreateAliasInput{AliasName: "alias/lasting", KeyArn: &key.KeyArn}); err != nil {
		t.Fatal(err)
	}
	leaving := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
	scheduled, err := eng.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: leaving.KeyArn})
	if err != nil {
		t.Fatal(err)
	}
	page, err := eng.ListKeys(ctx, &engine.ListKeysInput{MaxResults: new(2)})
	if err != nil {
		t.Fatal(err)
	}

	store = simtest.Again(t, store)
	clock.Advance(time.Hour)
	eng = start()

	imported, err := importBlock(eng.Caller, kek.KeyArn, block.KeyMaterial)
	if err != nil || imported.KeyCheckValue != key.KeyCheckValue {
		t.Errorf("the block of before: %+v, %v", imported, err)
	}
	again, err := exportBlock(eng.Caller, kek.KeyArn, "alias/lasting", nil)
	if err != nil || again.KeyCheckValue == nil || *again.KeyCheckValue != key.KeyCheckValue {
		t.Errorf("the key exported again, by its alias: %+v, %v", again, err)
	}
	if same, err := eng.GetPublicKeyCertificate(ctx, &engine.GetPublicKeyCertificateInput{KeyIdentifier: signing.KeyArn}); err != nil ||
		same.KeyCertificate != certificate.KeyCertificate {
		t.Errorf("another certificate, %v", err)
	}
	signs(t, eng.Caller, signing.KeyArn)
	held, err := importToken(eng.Caller, h.arm(&params.ImportToken, token))
	if want, _ := kcv.TDES(testrig.Hex(tdesKey)); err != nil || held.KeyCheckValue != want {
		t.Errorf("the import that was begun before: %+v, %v", held, err)
	}
	restored, err := eng.RestoreKey(ctx, &engine.RestoreKeyInput{KeyIdentifier: leaving.KeyArn})
	if err != nil || restored.Key.KeyState != apc.KeyStateCreateComplete || scheduled.Key.DeletePendingTimestamp == nil {
		t.Errorf("the key that was to be deleted: %+v, %v", restored, err)
	}
	goesOn(t, eng.Caller, page, kek.KeyArn, key.KeyArn, signing.KeyArn, leaving.KeyArn, h.ca.KeyArn)
}

// goesOn reads the pages after one that was listed, and checks that every key is on one of them.
func goesOn(t *testing.T, c *engine.Caller, page *engine.ListKeysOutput, arns ...string) {
	t.Helper()
	seen := map[string]bool{}
	for {
		for _, k := range page.Keys {
			if seen[k.KeyArn] {
				t.Errorf("%s is on two pages", k.KeyArn)
			}
			seen[k.KeyArn] = true
		}
		if page.NextToken == nil {
			break
		}
		var err error
		if page, err = c.ListKeys(ctx, &engine.ListKeysInput{NextToken: page.NextToken}); err != nil {
			t.Fatalf("going on with the pages: %v", err)
		}
	}
	for _, arn := range arns {
		if !seen[arn] {
			t.Errorf("%s is on no page", arn)
		}
	}
}

// signs has a pair sign a certificate request, and checks the signature.
func signs(t *testing.T, c *engine.Caller, arn string) {
	t.Helper()
	out, err := c.GetCertificateSigningRequest(ctx, &engine.GetCertificateSigningRequestInput{
		KeyIdentifier: arn, SigningAlgorithm: apc.SigningAlgorithmTypeSHA256,
		CertificateSubject: engine.CertificateSubjectType{CommonName: "pay.example"}})
	if err != nil {
		t.Fatalf("signing: %v", err)
	}
	raw, err := base64.StdEncoding.DecodeString(out.CertificateSigningRequest)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		t.Fatalf("no request: %s", raw)
	}
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil || request.CheckSignature() != nil {
		t.Errorf("the signature: %v", err)
	}
}
