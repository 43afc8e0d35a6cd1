package engine_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

// link is one certificate of a chain while it is made.
type link struct {
	*x509.Certificate
	issuer x509.Certificate // what is written of it
	signer *rsa.PrivateKey
}

// A deviation is what one certificate of a chain has that a good one has not.
type deviation struct {
	what string
	make func(*link)
}

func pathLength(n int) deviation {
	return deviation{fmt.Sprintf("path length %d", n), func(l *link) { l.MaxPathLen, l.MaxPathLenZero = n, n == 0 }}
}

// spelled writes the issuer's name in another way.
func spelled(what string, tag int, change func(string) string) deviation {
	return deviation{what, func(l *link) {
		text := change(l.issuer.Subject.CommonName)
		if tag == asn1.TagBMPString {
			text = "\x00" + strings.Join(strings.Split(text, ""), "\x00")
		}
		l.issuer.RawSubject = nameDER(asn1.RawValue{Tag: tag, Bytes: []byte(text)})
	}}
}

func nameDER(value any) []byte {
	type attribute struct {
		Type  asn1.ObjectIdentifier
		Value any
	}
	der, err := asn1.Marshal([]asn1.RawValue{{Class: asn1.ClassUniversal, Tag: asn1.TagSet, IsCompound: true, Bytes: func() []byte {
		one, err := asn1.Marshal(attribute{asn1.ObjectIdentifier{2, 5, 4, 3}, value})
		if err != nil {
			panic(err)
		}
		return one
	}()}})
	if err != nil {
		panic(err)
	}
	return der
}

func same(s string) string { return s }

var (
	anyDeviations = []deviation{
		{"nothing", func(*link) {}},
		{"expired", func(l *link) { l.NotAfter = noon.Add(-time.Second) }},
		{"not yet valid", func(l *link) { l.NotBefore = noon.Add(time.Hour) }},
		{"an unknown critical extension", extension(true)},
		{"an unknown extension", extension(false)},
		{"no extensions", func(l *link) { l.IsCA, l.BasicConstraintsValid, l.KeyUsage = false, false, 0 }},
		{"no key usage", func(l *link) { l.KeyUsage = 0 }},
		{"key usage digitalSignature", func(l *link) { l.KeyUsage = x509.KeyUsageDigitalSignature }},
		{"key usage keyCertSign", func(l *link) { l.KeyUsage = x509.KeyUsageCertSign }},
	}
	authorityDeviations = []deviation{
		pathLength(0), pathLength(1), pathLength(2), pathLength(3),
		{"CA:FALSE", func(l *link) { l.IsCA = false }},
		{"CA:FALSE, no key usage", func(l *link) { l.IsCA, l.KeyUsage = false, 0 }},
		{"no basic constraints", func(l *link) { l.BasicConstraintsValid = false }},
	}
	issuedDeviations = []deviation{
		{"a signature by another key", func(l *link) { l.signer, l.issuer.PublicKey = rsaKey(nil, 2048, 7), nil }},
		{"another issuer", func(l *link) { l.issuer.RawSubject = nameDER("somebody") }},
		{"another key identifier of its issuer", func(l *link) { l.issuer.SubjectKeyId = []byte("another") }},
		{"no key identifier of its issuer", func(l *link) { l.issuer.SubjectKeyId = nil }},
		spelled("its issuer in UTF8String", asn1.TagUTF8String, same),
		spelled("its issuer in BMPString", asn1.TagBMPString, same),
		spelled("its issuer in T61String", asn1.TagT61String, same),
		spelled("its issuer in capitals", asn1.TagPrintableString, strings.ToUpper),
		spelled(
			"its issuer with more spaces",
			asn1.TagPrintableString,
			func(s string) string { return "  " + strings.ReplaceAll(s, " ", "   ") + " " },
		),
		spelled("its issuer with a dot", asn1.TagPrintableString, func(s string) string { return s + "." }),
		{"its issuer's name and no key identifier", func(l *link) { l.Subject = l.issuer.Subject }},
		{"its issuer's name", func(l *link) { l.Subject, l.AuthorityKeyId = l.issuer.Subject, l.issuer.SubjectKeyId }},
	}
)

func extension(critical bool) func(*link) {
	return func(l *link) {
		l.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 999, 1}, Critical: critical, Value: []byte{5, 0}}}
	}
}

// readyKeys is how many RSA key pairs of other parties are the same each time.
const readyKeys = 6

// makeChain makes a chain of so many authorities, the root first, and a leaf, with a
// deviation in one or two of them.
func makeChain(t *testing.T, authorities int, deviates map[int]deviation) []*x509.Certificate {
	t.Helper()
	chain := make([]*x509.Certificate, authorities+1)
	for i := range chain {
		l := &link{Certificate: &x509.Certificate{
			SerialNumber: big.NewInt(int64(100 + i)), Subject: pkix.Name{CommonName: fmt.Sprintf("CA number %d", i)},
			NotBefore: noon.Add(-day), NotAfter: noon.Add(100 * day), BasicConstraintsValid: true, MaxPathLen: -1,
		}, signer: rsaKey(t, 2048, max(i-1, 0)%readyKeys)}
		if i < authorities {
			l.IsCA, l.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
		}
		if i > 0 {
			l.issuer = *chain[i-1]
		}
		if d, ok := deviates[i]; ok {
			d.make(l)
		}
		parent := &l.issuer
		if i == 0 {
			parent = l.Certificate
		}
		if !l.IsCA {
			l.MaxPathLen = 0 // which crypto/x509 wants there
		}
		chain[i] = l.made(t, parent, i, i == authorities, deviates[i].what)
	}
	return chain
}

// madeLinks are the certificates that were made before: most chains differ from others in one.
var madeLinks sync.Map // of linkKey to *x509.Certificate

// linkKey is all that the certificate of a chain depends on.
type linkKey struct {
	place                    int
	leaf                     bool
	deviation, valid         string
	issuer, issuerIdentifier string
}

// made makes the certificate, with a key pair that follows from its place.
func (l *link) made(t *testing.T, parent *x509.Certificate, place int, leaf bool, deviation string) *x509.Certificate {
	t.Helper()
	key := linkKey{place, leaf, deviation, fmt.Sprint(l.NotBefore, l.NotAfter), string(parent.RawSubject), string(parent.SubjectKeyId)}
	if known, ok := madeLinks.Load(key); ok {
		return known.(*x509.Certificate)
	}
	der, err := x509.CreateCertificate(rand.Reader, l.Certificate, parent, rsaKey(t, 2048, place%readyKeys).Public(), l.signer)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	madeLinks.Store(key, c)
	return c
}

// useChain imports the authorities and exports a key to the leaf. It reports which
// certificate was refused, -1 for none.
func useChain(c *engine.Caller, key string, chain []*x509.Certificate) (int, error) {
	ca, last := "", len(chain)-1
	for i, cert := range chain[:last] {
		text := certificateText(cert.Raw)
		m := engine.ImportKeyMaterial{
			RootCertificatePublicKey: &engine.RootCertificatePublicKey{
				KeyAttributes:        publicAttributes(apc.KeyAlgorithmRSA2048),
				PublicKeyCertificate: text,
			},
		}
		if i > 0 {
			m = engine.ImportKeyMaterial{TrustedCertificatePublicKey: &engine.TrustedCertificatePublicKey{
				KeyAttributes: publicAttributes(
					apc.KeyAlgorithmRSA2048,
				), PublicKeyCertificate: text, CertificateAuthorityPublicKeyIdentifier: ca}}
		}
		k, err := importMaterial(c, m)
		if err != nil {
			return i, err
		}
		ca = k.KeyArn
	}
	return last, exportTo(c, key, ca, chain[last])
}

func exportTo(c *engine.Caller, key, ca string, leaf *x509.Certificate) error {
	_, err := c.ExportKey(
		ctx,
		&engine.ExportKeyInput{ExportKeyIdentifier: key, KeyMaterial: engine.ExportKeyMaterial{KeyCryptogram: &engine.ExportKeyCryptogram{
			CertificateAuthorityPublicKeyIdentifier: ca, WrappingKeyCertificate: certificateText(leaf.Raw)}}},
	)
	return err
}

// chainCase is a chain and where it deviates.
type chainCase struct {
	name        string
	authorities int
	deviates    map[int]deviation
}

// chainCases are all chains of one to five authorities with one deviation, and those of a
// path length above a self-issued authority.
func chainCases() (all []chainCase) {
	for n := 1; n <= 5; n++ {
		for at := 0; at <= n; at++ {
			list := anyDeviations
			who := fmt.Sprintf("authority %d", at)
			if at < n {
				list = append(list[:len(list):len(list)], authorityDeviations...)
			} else {
				who = "the leaf"
			}
			if at > 0 {
				list = append(list[:len(list):len(list)], issuedDeviations...)
			}
			for _, d := range list {
				all = append(all, chainCase{fmt.Sprintf("depth %d, %s with %s", n, who, d.what), n, map[int]deviation{at: d}})
			}
		}
		selfIssued := issuedDeviations[len(issuedDeviations)-1]
		for at := 1; at < n; at++ {
			for length := range 3 {
				all = append(
					all,
					chainCase{
						fmt.Sprintf("depth %d, the root with path length %d, authority %d with its issuer's name", n, length, at),
						n,
						map[int]deviation{0: pathLength(length), at: selfIssued},
					},
				)
			}
		}
	}
	return all
}

var opensslChains = flag.Int("openssl-chains", 8, "ask openssl verify about every so many chains; 1: all of them")

// TestTableOfChains: what is said to each chain, and what `openssl verify` says of every
// eighth where there is one. A chain that OpenSSL refuses exports no key.
func TestTableOfChains(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	key := create(t, eng.Caller, attributes(apc.KeyUsageTR31K0KeyEncryptionKey, apc.KeyAlgorithmTDES2Key, cipherModes)).KeyArn
	_, missing := exec.LookPath("openssl")
	dir := t.TempDir()
	var lines []string
	for n, c := range chainCases() {
		chain := makeChain(t, c.authorities, c.deviates)
		at, err := useChain(eng.Caller, key, chain)
		verdict := "taken"
		if refusal, ok := errors.AsType[*apc.Error](err); ok {
			verdict = fmt.Sprintf("refused with certificate %d: %s", at, refusal.Reasons[0].Rule)
		}
		lines = append(lines, c.name+": "+verdict)
		if missing != nil || n%*opensslChains != 0 {
			continue
		}
		said, takes := opensslVerdict(t, dir, chain)
		if takes != (err == nil) {
			t.Errorf("%s: %s; openssl verify: %s", c.name, verdict, said)
		}
	}
	if len(lines) < 200 {
		t.Errorf("only %d chains", len(lines))
	}
	engine.CompareTable(t, "chains.txt", lines)
	if missing != nil {
		t.Skip("no openssl here to compare the table with")
	}
}

func opensslVerdict(t *testing.T, dir string, chain []*x509.Certificate) (string, bool) {
	t.Helper()
	last := len(chain) - 1
	write := func(name string, certificates ...*x509.Certificate) string {
		var text []byte
		for _, c := range certificates {
			text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	args := []string{"verify", "-attime", fmt.Sprint(noon.Unix()), "-no-CApath", "-no-CAstore", "-CAfile", write("root", chain[0])}
	if last > 1 {
		args = append(args, "-untrusted", write("between", chain[1:last]...))
	}
	out, err := exec.Command("openssl", append(args, write("leaf", chain[last]))...).CombinedOutput()
	return string(out), err == nil
}

// TestAChainServesOnlyWhileAllOfItDoes: each authority between the one that a request names
// and the root, stopped, deleted and expired.
func TestAChainServesOnlyWhileAllOfItDoes(t *testing.T) {
	for at := range 3 {
		eng, clock := clocked(t, engine.Options{})
		key := create(t, eng.Caller, attributes(apc.KeyUsageTR31K0KeyEncryptionKey, apc.KeyAlgorithmTDES2Key, cipherModes)).KeyArn
		chain := makeChain(t, 3, map[int]deviation{at: {"a short life", func(l *link) { l.NotAfter = noon.Add(50 * day) }}})
		arns := importAuthorities(t, eng.Caller, chain[:3])
		leaf := chain[3]
		use := func() error { return exportTo(eng.Caller, key, arns[2], leaf) }
		check := func(what string, rule apc.Rule) {
			t.Helper()
			r := refused(t, what, use(), apc.ErrValidation, rule)
			if got := r.Reasons[0]; !strings.HasSuffix(got.Field, "CertificateAuthorityPublicKeyIdentifier") ||
				at < 2 && !strings.Contains(got.Found, arns[at]) {
				t.Errorf("%s %d: %s: found %s, want %s named", what, at, got.Field, got.Found, arns[at])
			}
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatalf("authority %d: %v", at, err)
			}
		}
		must(use())
		_, err := eng.StopKeyUsage(ctx, &engine.StopKeyUsageInput{KeyIdentifier: arns[at]})
		must(err)
		check("a stopped authority", apc.RuleKeyEnabled)
		_, err = eng.StartKeyUsage(ctx, &engine.StartKeyUsageInput{KeyIdentifier: arns[at]})
		must(errors.Join(err, use()))
		_, err = eng.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: arns[at], DeleteKeyInDays: new(7)})
		must(err)
		check("an authority to be deleted", apc.RuleKeyState)
		_, err = eng.RestoreKey(ctx, &engine.RestoreKeyInput{KeyIdentifier: arns[at]})
		must(err)
		_, err = eng.StartKeyUsage(ctx, &engine.StartKeyUsageInput{KeyIdentifier: arns[at]})
		must(errors.Join(err, use()))
		clock.Advance(51 * day)
		check("an expired authority", apc.RuleExpired)
	}
}

// importAuthorities imports a root and those below it, and returns their ARNs.
func importAuthorities(t *testing.T, c *engine.Caller, chain []*x509.Certificate) (arns []string) {
	t.Helper()
	for i, cert := range chain {
		m := engine.ImportKeyMaterial{
			RootCertificatePublicKey: &engine.RootCertificatePublicKey{
				KeyAttributes:        publicAttributes(apc.KeyAlgorithmRSA2048),
				PublicKeyCertificate: certificateText(cert.Raw),
			},
		}
		if i > 0 {
			m = engine.ImportKeyMaterial{
				TrustedCertificatePublicKey: &engine.TrustedCertificatePublicKey{KeyAttributes: publicAttributes(apc.KeyAlgorithmRSA2048),
					PublicKeyCertificate: certificateText(cert.Raw), CertificateAuthorityPublicKeyIdentifier: arns[i-1]},
			}
		}
		k, err := importMaterial(c, m)
		if err != nil {
			t.Fatal(err)
		}
		arns = append(arns, k.KeyArn)
	}
	return arns
}

// TestAChainOfElevenCertificatesIsTooLong: ten can be imported.
func TestAChainOfElevenCertificatesIsTooLong(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	key := create(t, eng.Caller, attributes(apc.KeyUsageTR31K0KeyEncryptionKey, apc.KeyAlgorithmTDES2Key, cipherModes)).KeyArn
	chain := makeChain(t, 11, nil)
	arns := importAuthorities(t, eng.Caller, chain[:10])
	if err := exportTo(eng.Caller, key, arns[9], issue(t, rsaKey(t, 2048, 7), "leaf", &certified{rsaKey(t, 2048, 9%readyKeys), chain[9]},
		nil).certificate); err != nil {
		t.Errorf("under ten: %v", err)
	}
	_, err := importMaterial(eng.Caller, engine.ImportKeyMaterial{TrustedCertificatePublicKey: &engine.TrustedCertificatePublicKey{
		KeyAttributes: publicAttributes(
			apc.KeyAlgorithmRSA2048,
		), PublicKeyCertificate: certificateText(chain[10].Raw), CertificateAuthorityPublicKeyIdentifier: arns[9]}})
	refused(t, "an eleventh", err, apc.ErrValidation, apc.RuleCertificateAuthority)
}
