package x509ca

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// The certificates in testdata are our own, made with OpenSSL. Published ones are
// not copied here: they are read where APCSIM_VECTORS names their folder.

// own reads a certificate of testdata.
func own(t *testing.T, name string) *x509.Certificate {
	t.Helper()
	c, err := Decode(string(must(os.ReadFile(filepath.Join("testdata", name+".pem")))))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return c
}

// examples are the certificates that the AWS documentation and samples print, or
// none where they are not present.
func examples(t *testing.T) map[string]string {
	t.Helper()
	type sheet struct {
		Examples []struct {
			ID     string
			Values json.RawMessage
		}
	}
	found := map[string]string{}
	for _, e := range testrig.Facts[sheet](t, "aws-examples.json").Examples {
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

// decoded are the examples that are certificates.
func decoded(t *testing.T) map[string]*x509.Certificate {
	t.Helper()
	out := map[string]*x509.Certificate{}
	for id, text := range examples(t) {
		if c, err := Decode(text); err == nil {
			out[id] = c
		}
	}
	return out
}

// writesLeaf issues a certificate of the service's form by our own profile and
// compares it with one that another program issued, but for the signature.
func writesLeaf(t *testing.T, want *x509.Certificate, account, number, serial string) {
	t.Helper()
	name := Name{
		{Country, "US", ByType}, {Organization, "AWS Cryptography", ByType}, {OrganizationalUnit, "AWS Payment Cryptography", ByType},
		{Province, "Virginia", ByType}, {CommonName, account, ByType}, {Locality, "Arlington", ByType},
	}
	root := newRoot(t, func(o *order) { o.Subject, o.key = name, rsa2048() })
	root.SubjectKeyId = want.AuthorityKeyId // we have not the CA's key
	o := &order{
		Profile{
			Hash: crypto.SHA512, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, KeyUsageCritical: true,
			ExtKeyUsage: []asn1.ObjectIdentifier{ServerAuth, ClientAuth},
		},
		Request{
			Subject: Name{{CommonName, account, ByType}, {SerialNumber, number, ByType}}, Serial: testrig.Hex(serial),
			NotBefore: want.NotBefore, NotAfter: want.NotAfter,
		},
		nil,
	}
	got := o.finish(t)(root.authority(t).Issue(want.PublicKey, &o.Profile, &o.Request))
	if !bytes.Equal(got.RawTBSCertificate, want.RawTBSCertificate) {
		t.Errorf("got  %x\nwant %x", got.RawTBSCertificate, want.RawTBSCertificate)
	}
}

// The published leaf is from https://github.com/aws/aws-cli,
// examples/payment-cryptography/import-key.rst.
func TestProfileWritesTheServicesLeafByteForByte(t *testing.T) {
	writesLeaf(t, own(t, "service-leaf"), "111122223333", "0123456789", "5a0d7e9c794c55e30e1956fae7909b42")
	if want := decoded(t)["cert-aws-leaf-import"]; want != nil {
		writesLeaf(t, want, "529027455495", "3058197478", "69e07e9c794c55e30e1956fae7909bb0")
	}
}

func TestRootsOfOthersAreChecked(t *testing.T) {
	all := decoded(t)
	for _, name := range []string{"service-root", "service-leaf", "ec-root", "ec-intermediate"} {
		all[name] = own(t, name)
	}
	for _, c := range []struct {
		id   string
		at   time.Time
		rule Rule
	}{
		{"service-root", now, ""},
		{"service-leaf", time.Date(2026, 5, 2, 0, 0, 0, 0, time.UTC), RuleSelfSigned},
		{"ec-root", time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC), ""},
		{"ec-root", now, RuleExpired},
		{"ec-intermediate", time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC), RuleSelfSigned},
		{"cert-ecc-root", time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC), ""},
		{"cert-ecc-root", now, RuleExpired},
		{"cert-demo-ca", now, ""},
		{"cert-aws-leaf-import", time.Date(2023, 6, 10, 0, 0, 0, 0, time.UTC), RuleSelfSigned},
	} {
		if all[c.id] == nil && os.Getenv("APCSIM_VECTORS") == "" {
			continue
		}
		if err := (&Rules{Now: c.at}).CheckRoot(all[c.id]); c.rule == "" && err != nil || c.rule != "" && !errors.Is(err, c.rule) {
			t.Errorf("%s: got %v, want %q", c.id, err, c.rule)
		}
	}
}

func TestCertificatesOfOthersThatAreDamagedAreRefused(t *testing.T) {
	lines := strings.SplitAfter(string(must(os.ReadFile(filepath.Join("testdata", "service-leaf.pem")))), "\n")
	_, err := Decode(strings.Join(lines[:10], "")) // its tail is missing
	wantRule(t, err, RuleForm)
	_, err = Decode(strings.Join(slices.Delete(lines, 10, 11), "")) // a line is missing
	wantRule(t, err, RuleParse)
	if text, ok := examples(t)["cert-aws-leaf-export"]; ok { // its tail is overwritten
		_, err := Decode(text)
		wantRule(t, err, RuleForm)
	}
}

// Two CAs with one name: what one of them issued does not verify under the other.
// The root and the intermediate that the documentation prints are such.
func TestIntermediateOfOthersIsCheckedUnderItsRoot(t *testing.T) {
	r := &Rules{Now: time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC), CA: true}
	root, intermediate := own(t, "ec-root"), own(t, "ec-intermediate")
	wantRule(t, r.CheckIssued(intermediate, root), "")
	other := newRoot(t, func(o *order) {
		o.Subject, o.key = Name{{OrganizationalUnit, "Test", ByType}, {CommonName, "KDH Root", ByType}}, p521()
		o.NotBefore, o.NotAfter = root.NotBefore, root.NotAfter
	})
	other.SubjectKeyId = root.SubjectKeyId
	wantRule(t, r.CheckIssued(intermediate, other.Certificate), RuleSignature)
	if all := decoded(t); len(all) > 0 {
		wantRule(t, r.CheckIssued(all["cert-ecc-intermediate"], all["cert-ecc-root"]), RuleSignature)
	}
}

// Every accepted token's sender is under its CA: those of our own TR-34
// vectors, and of the published ones where they are present.
func TestSendersOfTR34TokensStandUnderTheirCAs(t *testing.T) {
	folders := []string{filepath.Join("..", "tr34", "testdata")}
	if dir := os.Getenv("APCSIM_VECTORS"); dir != "" {
		folders = append(folders, filepath.Join(dir, "tr34"))
	}
	for _, folder := range folders {
		var tokens []struct {
			ID, Expect string
			Cert       string `json:"signer_cert"`
			CA         string `json:"signer_ca"`
		}
		if err := json.Unmarshal(must(os.ReadFile(filepath.Join(folder, "index.json"))), &tokens); err != nil {
			t.Fatal(err)
		}
		checked := map[string]bool{}
		for _, token := range tokens {
			if token.Expect != "accept" || token.Cert == "" || token.CA == "" || checked[token.Cert] {
				continue
			}
			checked[token.Cert] = true
			read := func(path string) *x509.Certificate {
				return must(Decode(string(must(os.ReadFile(filepath.Join(folder, path))))))
			}
			c := read(token.Cert)
			r := &Rules{Now: c.NotBefore.Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature}
			if err := r.CheckIssued(c, read(token.CA)); err != nil {
				t.Errorf("%s, %s: %v", token.ID, token.Cert, err)
			}
		}
		if len(checked) < 3 {
			t.Errorf("%s: %d certificates were checked", folder, len(checked))
		}
	}
}
