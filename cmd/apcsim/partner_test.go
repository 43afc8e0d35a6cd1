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
	"github.com/seed748fb4d1/apcsim/internal/testrig"
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

// tradingPartner is a partner that was made by the command line, and a service that trusts it.
type tradingPartner struct {
	dir string
	eng *engine.Engine
	ca  string // ARN of its RSA authority's certificate in the service
}

func newTradingPartner(t *testing.T) *tradingPartner {
	t.Helper()
	eng := engine.New(&engine.Options{HSM: hsm.Options{Ready: testkeys.Ready()}})
	t.Cleanup(func() { eng.Close() })
	p := &tradingPartner{dir: filepath.Join(t.TempDir(), "partner"), eng: eng}
	mustRun(t, "partner", "new", p.dir)
	p.ca = p.trust(t, "ca.crt.b64", apc.KeyAlgorithmRSA3072)
	p.trust(t, "ecc-ca.crt.b64", apc.KeyAlgorithmECCNISTP521)
	return p
}

// trust imports a certificate of the partner as a root and returns its ARN.
func (p *tradingPartner) trust(t *testing.T, name string, a apc.KeyAlgorithm) string {
	t.Helper()
	root := engine.ImportKeyMaterial{RootCertificatePublicKey: &engine.RootCertificatePublicKey{
		KeyAttributes: apc.KeyAttributes{
			KeyUsage:      apc.KeyUsageTR31S0AsymmetricKeyForDigitalSignature,
			KeyClass:      apc.KeyClassPublicKey,
			KeyAlgorithm:  a,
			KeyModesOfUse: apc.KeyModesOfUse{Verify: true},
		}, PublicKeyCertificate: file(t, p.dir, name)}}
	out, err := p.eng.ImportKey(t.Context(), &engine.ImportKeyInput{KeyMaterial: root})
	if err != nil {
		t.Fatal(err)
	}
	return out.Key.KeyArn
}

// saved is a new file with the text.
func saved(t *testing.T, text string) string {
	t.Helper()
	return testrig.OwnFile(t, "text.b64", text)
}

// importParameters are those of an import, with the file of the wrapping certificate.
func (p *tradingPartner) importParameters(t *testing.T) (*engine.GetParametersForImportOutput, string) {
	t.Helper()
	out, err := p.eng.GetParametersForImport(t.Context(), &engine.GetParametersForImportInput{
		KeyMaterialType: apc.KeyMaterialTypeTR34KeyBlock, WrappingKeyAlgorithm: apc.KeyAlgorithmRSA3072})
	if err != nil {
		t.Fatal(err)
	}
	return out, saved(t, out.WrappingKeyCertificate)
}

const partnerNonce = "0011223344556677"

// sendKey wraps the test key as the partner, imports it into the service and returns its ARN there.
func (p *tradingPartner) sendKey(t *testing.T) string {
	t.Helper()
	in, krd := p.importParameters(t)
	token := mustRun(t, "tr34", "wrap", "--partner", p.dir, "--krd-cert", krd, "--header", "D0112K0AB00E0000",
		"--nonce", partnerNonce, testKey)
	key, err := p.eng.ImportKey(
		t.Context(),
		&engine.ImportKeyInput{KeyMaterial: engine.ImportKeyMaterial{Tr34KeyBlock: &engine.ImportTr34KeyBlock{
			CertificateAuthorityPublicKeyIdentifier: p.ca, SigningKeyCertificate: file(t, p.dir, "kdh.crt.b64"), ImportToken: &in.ImportToken,
			WrappedKeyBlock: token,
			KeyBlockFormat:  apc.Tr34KeyBlockFormatX9TR342012, RandomNonce: new(partnerNonce)}}},
	)
	if err != nil || key.Key.KeyCheckValue != testKCV {
		t.Fatalf("imported %+v, %v; want check value %s", key, err, testKCV)
	}
	return key.Key.KeyArn
}

func (p *tradingPartner) exportParameters(t *testing.T) *engine.GetParametersForExportOutput {
	t.Helper()
	out, err := p.eng.GetParametersForExport(t.Context(), &engine.GetParametersForExportInput{
		KeyMaterialType: apc.KeyMaterialTypeTR34KeyBlock, SigningKeyAlgorithm: apc.KeyAlgorithmRSA2048})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// export is a token of the service for the partner: of one pass without a nonce.
func (p *tradingPartner) export(t *testing.T, key, exportToken string, nonce *string) string {
	t.Helper()
	out, err := p.eng.ExportKey(t.Context(), &engine.ExportKeyInput{
		ExportKeyIdentifier: key,
		KeyMaterial: engine.ExportKeyMaterial{Tr34KeyBlock: &engine.ExportTr34KeyBlock{
			CertificateAuthorityPublicKeyIdentifier: p.ca, WrappingKeyCertificate: file(t, p.dir, "krd.crt.b64"), ExportToken: &exportToken,
			KeyBlockFormat: apc.Tr34KeyBlockFormatX9TR342012, RandomNonce: nonce}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.WrappedKey.KeyMaterial
}

// unwrap is a command that opens a token of the service as the partner.
func (p *tradingPartner) unwrap(kdh, token string, flags ...string) []string {
	return slices.Concat([]string{"tr34", "unwrap", "--partner", p.dir, "--kdh-cert", kdh}, flags, []string{token})
}

func (p *tradingPartner) opens(t *testing.T, kdh, token string, flags ...string) {
	t.Helper()
	if got := mustRun(t, p.unwrap(kdh, token, flags...)...); !strings.Contains(got, testKey) {
		t.Errorf("opened with %q: %s", flags, got)
	}
}

// TestAPartnerTradesWithTheService by the command line alone: a token each way.
func TestAPartnerTradesWithTheService(t *testing.T) {
	p := newTradingPartner(t)
	key := p.sendKey(t)
	parameters := p.exportParameters(t)
	kdh := saved(t, parameters.SigningKeyCertificate)
	p.opens(t, kdh, p.export(t, key, parameters.ExportToken, new(partnerNonce)), "--nonce", partnerNonce)

	// A one-pass token of the service has no CRL.
	authority := saved(t, parameters.SigningKeyCertificateChain)
	onePass := p.export(t, key, parameters.ExportToken, nil)
	p.opens(t, kdh, onePass)
	p.opens(t, kdh, onePass, "--kdh-ca", authority, "--no-crl")
	for flags, want := range map[string]string{
		"--kdh-ca " + authority: "the token has no CRL: wanted a CRL of the signer's CA; --no-crl accepts a token without one",
		"--no-crl":              "wants --kdh-ca with --no-crl",
		"--no-crl --kdh-ca " + filepath.Join(p.dir, "ca.crt"): "the certificate of the KDH is from another CA",
	} {
		got := apcsim(t, "", p.unwrap(kdh, onePass, strings.Fields(flags)...)...)
		if got.status == exitOK || !strings.Contains(got.err, want) {
			t.Errorf("%s: got %+v, want %q", flags, got, want)
		}
	}
}

func TestAPartnersCertificatesAreAcceptedAsTheyWereWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "partner")
	mustRun(t, "partner", "new", dir)
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
}

func TestAPartnersFolderAndPrivateKeysAreChecked(t *testing.T) {
	p := newTradingPartner(t)
	if again := apcsim(t, "", "partner", "new", p.dir); again.status != exitRefused || !strings.Contains(again.err, "exists") {
		t.Errorf("a folder that is there: %+v", again)
	}
	_, krd := p.importParameters(t)
	wrong := apcsim(t, "", "tr34", "wrap", "--partner", p.dir, "--kdh-key", filepath.Join(p.dir, "krd.key"), "--krd-cert",
		krd, "--header", "D0112K0AB00E0000", testKey)
	if wrong.status != exitRefused || !strings.Contains(wrong.err, "the private key is not that of the certificate") {
		t.Errorf("another private key: %+v", wrong)
	}
}
