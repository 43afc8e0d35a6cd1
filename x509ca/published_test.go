package x509ca

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// published reads a file of the folder that APCSIM_VECTORS names; published
// vectors are not copied here.
func published(t *testing.T, path string, into any) {
	t.Helper()
	folder := os.Getenv("APCSIM_VECTORS")
	data, err := os.ReadFile(filepath.Join(folder, path))
	if folder == "" || errors.Is(err, os.ErrNotExist) {
		t.Skipf("APCSIM_VECTORS (%q) names no folder with %s", folder, path)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// examples are the certificates that the AWS documentation and samples print.
func examples(t *testing.T) map[string]string {
	t.Helper()
	var file struct {
		Examples []struct {
			ID     string
			Values json.RawMessage
		}
	}
	published(t, "../spec/aws-examples.json", &file)
	found := map[string]string{}
	for _, e := range file.Examples {
		var v struct{ PEM, PEMBase64, PublicKeyCertificate, SigningKeyCertificate string }
		if json.Unmarshal(e.Values, &v) != nil {
			continue // an example of something else
		}
		if text := v.PEM + v.PEMBase64 + v.PublicKeyCertificate + v.SigningKeyCertificate; text != "" {
			found[e.ID] = text
		}
	}
	return found
}

func example(t *testing.T, id string) *x509.Certificate {
	t.Helper()
	c, err := Decode(examples(t)[id])
	if err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	return c
}

// The leaf is from https://github.com/aws/aws-cli, examples/payment-cryptography/import-key.rst.
func TestProfileWritesThePublishedLeafByteForByte(t *testing.T) {
	want := example(t, "cert-aws-leaf-import")
	name := Name{
		{Country, "US", ByType}, {Organization, "AWS Cryptography", ByType}, {OrganizationalUnit, "AWS Payment Cryptography", ByType},
		{Province, "Virginia", ByType}, {CommonName, "529027455495", ByType}, {Locality, "Arlington", ByType},
	}
	root := newRoot(t, func(o *order) { o.Subject, o.key = name, rsa2048() })
	root.SubjectKeyId = want.AuthorityKeyId // we have not the CA's key
	o := &order{
		Profile{
			Hash: crypto.SHA512, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, KeyUsageCritical: true,
			ExtKeyUsage: []asn1.ObjectIdentifier{ServerAuth, ClientAuth},
		},
		Request{
			Subject:   Name{{CommonName, "529027455495", ByType}, {SerialNumber, "3058197478", ByType}},
			Serial:    must(hex.DecodeString("69e07e9c794c55e30e1956fae7909bb0")),
			NotBefore: time.Date(2023, 6, 9, 22, 12, 50, 0, time.UTC), NotAfter: time.Date(2023, 6, 16, 23, 12, 50, 0, time.UTC),
		},
		nil,
	}
	got := o.finish(t)(root.authority(t).Issue(want.PublicKey, &o.Profile, &o.Request))
	if !bytes.Equal(got.RawTBSCertificate, want.RawTBSCertificate) {
		t.Errorf("got  %x\nwant %x", got.RawTBSCertificate, want.RawTBSCertificate)
	}
}

func TestPublishedRootsAreJudged(t *testing.T) {
	for _, c := range []struct {
		id   string
		at   time.Time
		rule Rule
	}{
		{"cert-ecc-root", time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC), ""},
		{"cert-ecc-root", now, RuleExpired},
		{"cert-demo-ca", now, ""},
		{"cert-aws-leaf-import", time.Date(2023, 6, 10, 0, 0, 0, 0, time.UTC), RuleSelfSigned},
	} {
		if err := (&Rules{Now: c.at}).CheckRoot(example(t, c.id)); c.rule == "" && err != nil || c.rule != "" && !errors.Is(err, c.rule) {
			t.Errorf("%s: got %v, want %q", c.id, err, c.rule)
		}
	}
	_, err := Decode(examples(t)["cert-aws-leaf-export"]) // its tail is overwritten
	wantRule(t, err, RuleForm)
}

// The pair that the documentation prints does not verify.
func TestPublishedIntermediateDoesNotVerify(t *testing.T) {
	r := &Rules{Now: time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC), CA: true}
	wantRule(t, r.CheckIssued(example(t, "cert-ecc-intermediate"), example(t, "cert-ecc-root")), RuleSignature)
}

// Every accepted token's sender stands under its CA.
func TestSendersOfTR34TokensStandUnderTheirCAs(t *testing.T) {
	var tokens []struct {
		ID, Expect string
		Cert       string `json:"signer_cert"`
		CA         string `json:"signer_ca"`
	}
	published(t, "tr34/index.json", &tokens)
	judged := map[string]bool{}
	for _, token := range tokens {
		if token.Expect != "accept" || token.Cert == "" || token.CA == "" || judged[token.Cert] {
			continue
		}
		judged[token.Cert] = true
		read := func(path string) *x509.Certificate {
			return must(Decode(string(must(os.ReadFile(filepath.Join(os.Getenv("APCSIM_VECTORS"), "tr34", path))))))
		}
		c := read(token.Cert)
		r := &Rules{Now: c.NotBefore.Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature}
		if err := r.CheckIssued(c, read(token.CA)); err != nil {
			t.Errorf("%s, %s: %v", token.ID, token.Cert, err)
		}
	}
	if len(judged) == 0 {
		t.Error("no certificate was judged")
	}
}
