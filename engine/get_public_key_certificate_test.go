package engine_test

import (
	"encoding/base64"
	"encoding/pem"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/kcv"
)

func TestPublicKeyCertificatesAreGivenAgainWhileTheyServe(t *testing.T) {
	eng, clock := clocked(t, engine.Options{})
	pair := agreeingPair(t, eng.Caller, apc.KeyAlgorithmECCNISTP384, nil)
	get := func() *engine.GetPublicKeyCertificateOutput {
		t.Helper()
		out, err := eng.GetPublicKeyCertificate(ctx, &engine.GetPublicKeyCertificateInput{KeyIdentifier: pair.KeyArn})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	first := get()
	c := testrig.Certificate(t, first.KeyCertificate)
	if sum, _ := kcv.PublicKey(c.RawSubjectPublicKeyInfo); sum != pair.KeyCheckValue || !c.NotAfter.Equal(noon.Add(90*day)) ||
		c.Subject.CommonName != "111122223333" {
		t.Errorf("certificate %s until %s, of a key with check value %s", c.Subject, c.NotAfter, sum)
	}
	opensslVerifies(t, first.KeyCertificateChain, first.KeyCertificate)
	clock.Advance(60 * day)
	if get().KeyCertificate != first.KeyCertificate {
		t.Error("another certificate while the first has 30 days left")
	}
	clock.Advance(time.Second)
	if second := get(); second.KeyCertificate == first.KeyCertificate || second.KeyCertificateChain != first.KeyCertificateChain {
		t.Error("no new certificate when less than 30 days are left, or another root")
	}
	if _, err := eng.StopKeyUsage(ctx, &engine.StopKeyUsageInput{KeyIdentifier: pair.KeyArn}); err != nil {
		t.Fatal(err)
	}
	get() // nothing is done with the key
	if _, err := eng.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: pair.KeyArn}); err != nil {
		t.Fatal(err)
	}
	_, err := eng.GetPublicKeyCertificate(ctx, &engine.GetPublicKeyCertificateInput{KeyIdentifier: pair.KeyArn})
	refused(t, "of a key that waits for its deletion", err, apc.ErrValidation, "key-state")
	_, err = eng.GetPublicKeyCertificate(
		ctx,
		&engine.GetPublicKeyCertificateInput{KeyIdentifier: create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128)).KeyArn},
	)
	refused(t, "of a symmetric key", err, apc.ErrValidation, "key-class")
}

func writePEM(t *testing.T, path, text string) {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSigningRequestsAreTakenByOpenSSL(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("no openssl here")
	}
	eng, _ := clocked(t, engine.Options{})
	signing := apc.KeyAttributes{
		KeyUsage:      apc.KeyUsageTR31S0AsymmetricKeyForDigitalSignature,
		KeyClass:      apc.KeyClassAsymmetricKeyPair,
		KeyAlgorithm:  apc.KeyAlgorithmRSA2048,
		KeyModesOfUse: apc.KeyModesOfUse{Sign: true},
	}
	full := engine.CertificateSubjectType{
		CommonName:       "pay.example",
		OrganizationUnit: new("Keys"),
		Organization:     new("Größe & Co"),
		City:             new("Zürich"),
		Country:          new("CH"),
		StateOrProvince:  new("ZH"),
		EmailAddress:     new("keys@pay.example"),
	}
	for _, arn := range []string{create(t, eng.Caller, signing).KeyArn, agreeingPair(t, eng.Caller, apc.KeyAlgorithmECCNISTP521, nil).KeyArn} {
		for _, hash := range []apc.SigningAlgorithmType{apc.SigningAlgorithmTypeSHA224, apc.SigningAlgorithmTypeSHA256,
			apc.SigningAlgorithmTypeSHA384, apc.SigningAlgorithmTypeSHA512} {
			for _, subject := range []engine.CertificateSubjectType{full, {CommonName: "alone"}} {
				out, err := eng.GetCertificateSigningRequest(
					ctx,
					&engine.GetCertificateSigningRequestInput{KeyIdentifier: arn, SigningAlgorithm: hash, CertificateSubject: subject},
				)
				if err != nil {
					t.Fatal(err)
				}
				raw, err := base64.StdEncoding.DecodeString(out.CertificateSigningRequest)
				if err != nil {
					t.Fatal(err)
				}
				cmd := exec.Command("openssl", "req", "-verify", "-noout", "-subject", "-nameopt", "oneline,utf8,-esc_msb")
				cmd.Stdin = strings.NewReader(string(raw))
				printed, err := cmd.CombinedOutput()
				if err != nil || !strings.Contains(string(printed), "CN = "+subject.CommonName) {
					t.Errorf("%s, %s: openssl req: %v\n%s", arn, hash, err, printed)
				}
				if subject.City != nil &&
					!strings.Contains(
						string(printed),
						"C = CH, ST = ZH, L = Zürich, O = Größe & Co, OU = Keys, CN = pay.example, emailAddress = keys@pay.example",
					) {
					t.Errorf("subject: %s", printed)
				}
				block, _ := pem.Decode(raw)
				if block == nil || block.Type != "CERTIFICATE REQUEST" {
					t.Errorf("no PEM: %s", raw)
				}
			}
		}
	}
	_, err := eng.GetCertificateSigningRequest(
		ctx,
		&engine.GetCertificateSigningRequestInput{
			KeyIdentifier:      create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128)).KeyArn,
			SigningAlgorithm:   apc.SigningAlgorithmTypeSHA256,
			CertificateSubject: full,
		},
	)
	refused(t, "of a symmetric key", err, apc.ErrValidation, "key-class")
	typographic := full
	typographic.EmailAddress = new("o’neil@pay.example") // fits the service's pattern
	_, err = eng.GetCertificateSigningRequest(
		ctx,
		&engine.GetCertificateSigningRequestInput{
			KeyIdentifier:      create(t, eng.Caller, signing).KeyArn,
			SigningAlgorithm:   apc.SigningAlgorithmTypeSHA256,
			CertificateSubject: typographic,
		},
	)
	refused(t, "an address that no certificate can hold", err, apc.ErrValidation, "name")
}
