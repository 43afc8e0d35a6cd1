package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/testkeys"
)

// file is one of the partner's, without the line end.
func file(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// mustRun is the output of a command that does its work.
func mustRun(t *testing.T, args ...string) string {
	t.Helper()
	got := apcsim(t, "", args...)
	if got.status != exitOK {
		t.Fatalf("%q: %+v", args, got)
	}
	return strings.TrimSpace(got.out)
}

// TestAPartnerTradesWithTheService by the command line alone: a token each way, and its
// certificates are taken as they were written.
func TestAPartnerTradesWithTheService(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "partner")
	mustRun(t, "partner", "new", dir)
	eng := engine.New(&engine.Options{HSM: hsm.Options{Ready: testkeys.Ready()}})
	defer eng.Close()
	trust := func(name string, a apc.KeyAlgorithm) string {
		out, err := eng.ImportKey(
			t.Context(),
			&engine.ImportKeyInput{KeyMaterial: engine.ImportKeyMaterial{RootCertificatePublicKey: &engine.RootCertificatePublicKey{
				KeyAttributes: apc.KeyAttributes{
					KeyUsage:      apc.KeyUsageTR31S0AsymmetricKeyForDigitalSignature,
					KeyClass:      apc.KeyClassPublicKey,
					KeyAlgorithm:  a,
					KeyModesOfUse: apc.KeyModesOfUse{Verify: true},
				}, PublicKeyCertificate: file(t, dir, name)}}},
		)
		if err != nil {
			t.Fatal(err)
		}
		return out.Key.KeyArn
	}
	ca := trust("ca.crt.b64", apc.KeyAlgorithmRSA3072)
	trust("ecc-ca.crt.b64", apc.KeyAlgorithmECCNISTP521)

	// To the service.
	in, err := eng.GetParametersForImport(
		t.Context(),
		&engine.GetParametersForImportInput{
			KeyMaterialType:      apc.KeyMaterialTypeTR34KeyBlock,
			WrappingKeyAlgorithm: apc.KeyAlgorithmRSA3072,
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	krd := filepath.Join(t.TempDir(), "krd.b64")
	if err := os.WriteFile(krd, []byte(in.WrappingKeyCertificate), 0o600); err != nil {
		t.Fatal(err)
	}
	const nonce = "0011223344556677"
	token := mustRun(t, "tr34", "wrap", "--partner", dir, "--krd-cert", krd, "--header", "D0112K0AB00E0000", "--nonce", nonce, testKey)
	key, err := eng.ImportKey(
		t.Context(),
		&engine.ImportKeyInput{KeyMaterial: engine.ImportKeyMaterial{Tr34KeyBlock: &engine.ImportTr34KeyBlock{
			CertificateAuthorityPublicKeyIdentifier: ca, SigningKeyCertificate: file(t, dir, "kdh.crt.b64"), ImportToken: &in.ImportToken,
			WrappedKeyBlock: token,
			KeyBlockFormat:  apc.Tr34KeyBlockFormatX9TR342012, RandomNonce: new(nonce)}}},
	)
	if err != nil || key.Key.KeyCheckValue != testKCV {
		t.Fatalf("imported %+v, %v; want check value %s", key, err, testKCV)
	}

	// From the service.
	parameters, err := eng.GetParametersForExport(
		t.Context(),
		&engine.GetParametersForExportInput{
			KeyMaterialType:     apc.KeyMaterialTypeTR34KeyBlock,
			SigningKeyAlgorithm: apc.KeyAlgorithmRSA2048,
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	kdh := filepath.Join(t.TempDir(), "kdh.b64")
	if err := os.WriteFile(kdh, []byte(parameters.SigningKeyCertificate), 0o600); err != nil {
		t.Fatal(err)
	}
	export := func(nonce *string) string {
		out, err := eng.ExportKey(t.Context(), &engine.ExportKeyInput{
			ExportKeyIdentifier: key.Key.KeyArn,
			KeyMaterial: engine.ExportKeyMaterial{Tr34KeyBlock: &engine.ExportTr34KeyBlock{
				CertificateAuthorityPublicKeyIdentifier: ca, WrappingKeyCertificate: file(t, dir, "krd.crt.b64"), ExportToken: &parameters.ExportToken,
				KeyBlockFormat: apc.Tr34KeyBlockFormatX9TR342012, RandomNonce: nonce}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return out.WrappedKey.KeyMaterial
	}
	unwrap := []string{"tr34", "unwrap", "--partner", dir, "--kdh-cert", kdh}
	opensWith := func(token string, flags ...string) {
		t.Helper()
		if got := mustRun(t, slices.Concat(unwrap, flags, []string{token})...); !strings.Contains(got, testKey) {
			t.Errorf("opened with %q: %s", flags, got)
		}
	}
	opensWith(export(new(nonce)), "--nonce", nonce)

	// A one-pass token of the service has no CRL.
	authority := filepath.Join(t.TempDir(), "authority.b64")
	if err := os.WriteFile(authority, []byte(parameters.SigningKeyCertificateChain), 0o600); err != nil {
		t.Fatal(err)
	}
	onePass := export(nil)
	opensWith(onePass)
	opensWith(onePass, "--kdh-ca", authority, "--no-crl")
	for flags, want := range map[string]string{
		"--kdh-ca " + authority: "the token has no CRL: wanted a CRL of the signer's CA; --no-crl accepts a token without one",
		"--no-crl":              "wants --kdh-ca with --no-crl",
		"--no-crl --kdh-ca " + filepath.Join(dir, "ca.crt"): "the certificate of the KDH is from another CA",
	} {
		got := apcsim(t, "", slices.Concat(unwrap, strings.Fields(flags), []string{onePass})...)
		if got.status == exitOK || !strings.Contains(got.err, want) {
			t.Errorf("%s: got %+v, want %q", flags, got, want)
		}
	}

	// Its certificates.
	for name, ca := range map[string]string{"kdh": "ca", "krd": "ca", "ecdh-256": "ecc-ca", "ecdh-384": "ecc-ca", "ecdh-521": "ecc-ca"} {
		for _, form := range []string{".crt", ".crt.b64"} {
			got := mustRun(t, "certificate", "--ca", filepath.Join(dir, ca+".crt"), filepath.Join(dir, name+form))
			if !regexp.MustCompile(`(?m)^chain +accepted$`).MatchString(got) || !strings.Contains(got, "CN=Partner "+name) {
				t.Errorf("%s: %s", name, got)
			}
		}
	}
	refused := apcsim(t, "", "certificate", "--ca", filepath.Join(dir, "ecc-ca.crt"), filepath.Join(dir, "kdh.crt"))
	if refused.status != exitRefused || !strings.Contains(refused.err, "the certificate was issued by another authority") ||
		!strings.Contains(refused.out, "subject") {
		t.Errorf("under another authority: %+v", refused)
	}
	if again := apcsim(t, "", "partner", "new", dir); again.status != exitRefused || !strings.Contains(again.err, "exists") {
		t.Errorf("a folder that is there: %+v", again)
	}
	wrong := apcsim(t, "", "tr34", "wrap", "--partner", dir, "--kdh-key", filepath.Join(dir, "krd.key"), "--krd-cert",
		krd, "--header", "D0112K0AB00E0000", testKey)
	if wrong.status != exitRefused || !strings.Contains(wrong.err, "the private key is not that of the certificate") {
		t.Errorf("another private key: %+v", wrong)
	}
}
