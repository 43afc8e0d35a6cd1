package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/dn"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/x509ca"
)

var certificateCommand = command{
	name:    "certificate",
	args:    "[--ca FILE]... FILE",
	summary: "Explain a certificate, and check its chain as the service does",
	details: `
FILE is PEM, DER, or base64 of PEM as the service gives it. Each --ca is a certificate above it: the
issuer first, the root last. The exit status is 1 where the chain is refused. Without --ca nothing is
checked.`,
	setup: setupCertificate,
}

// explainedCertificate is the answer for programs.
type explainedCertificate struct {
	OK        bool   `json:"ok"`
	Subject   string `json:"subject"`
	Issuer    string `json:"issuer"`
	Serial    string `json:"serial"`
	NotBefore string `json:"not_before"`
	NotAfter  string `json:"not_after"`
	Key       string `json:"key"`
	KCV       string `json:"kcv"` // SHA-1, as the service shows it
	Signature string `json:"signature"`
	CA        bool   `json:"ca"`
	Chain     string `json:"chain,omitempty"` // "accepted" where one was checked
}

func setupCertificate(fs *flag.FlagSet) action {
	var above []string
	at := fs.String("at", "", "when the chain must be valid, `TIME` as 2026-01-31T12:00:00Z or 2026-01-31; now if not given")
	fs.Func("ca", "a certificate above, `FILE`; may be repeated, the issuer first", appendTo(&above))
	asJSON := fs.Bool("json", false, "answer with a JSON object")
	return func(_ context.Context, s streams, args []string) error {
		if len(args) != 1 {
			return usageError("wants one certificate")
		}
		if *at != "" && len(above) == 0 {
			return usageError("--at is for a chain, which --ca names")
		}
		answer, err := explainCertificate(args[0], above, *at)
		if *asJSON {
			return printJSON(s.out, answer, err)
		}
		if answer.Serial != "" { // it was read, whether its chain is taken or not
			if failed := answer.print(s.out); failed != nil {
				return failed
			}
		}
		return err
	}
}

func explainCertificate(file string, above []string, at string) (out explainedCertificate, err error) {
	c, err := readCertificate("certificate", file)
	if err != nil {
		return out, err
	}
	value, err := kcv.PublicKey(c.RawSubjectPublicKeyInfo)
	if err != nil {
		return out, err
	}
	out = explainedCertificate{
		OK:        true,
		Subject:   dn.String(c.RawSubject),
		Issuer:    dn.String(c.RawIssuer),
		Serial:    fmt.Sprintf("%X", c.SerialNumber),
		NotBefore: c.NotBefore.UTC().Format(time.RFC3339),
		NotAfter:  c.NotAfter.UTC().Format(time.RFC3339),
		Key:       keyWords(c),
		KCV:       value,
		Signature: c.SignatureAlgorithm.String(),
		CA:        c.IsCA,
	}
	if len(above) == 0 {
		return out, nil
	}
	now, err := (&tokenFlags{at: at}).when()
	if err != nil {
		return out, err
	}
	var chain []*x509.Certificate
	for i, name := range above {
		one, err := readCertificate(fmt.Sprintf("ca %d", i+1), name)
		if err != nil {
			return out, err
		}
		chain = append(chain, one)
	}
	rules := &x509ca.Rules{Now: now, AllowNoBasicConstraints: true, IssuerStrength: true}
	err = errors.Join(rules.CheckIssued(c, chain...), rules.CheckRoot(chain[len(chain)-1]))
	if refusal, ok := errors.AsType[*x509ca.Error](err); ok {
		return out, &inputError{refusal.Certificate, -1, refusal.Problem, refusal.Found, refusal.Wanted}
	}
	out.Chain = "accepted"
	return out, err
}

// keyWords names the key in a certificate.
func keyWords(c *x509.Certificate) string {
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA of %d bits", key.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECC on " + key.Curve.Params().Name
	}
	return "of another algorithm than RSA and ECC"
}

func (c explainedCertificate) print(w io.Writer) error {
	kind := "a leaf: it may not issue certificates"
	if c.CA {
		kind = "an authority (CA:TRUE)"
	}
	lines := append(folded("subject", c.Subject), folded("issuer", c.Issuer)...)
	lines = append(lines, [][3]string{
		{"serial number", c.Serial, ""},
		{"valid", c.NotBefore + " to " + c.NotAfter, ""},
		{"key", c.Key, "check value " + c.KCV},
		{"signature", c.Signature, ""},
		{"kind", kind, ""},
	}...)
	if c.Chain != "" {
		lines = append(lines, [3]string{"chain", c.Chain, ""})
	}
	return printAligned(w, lines, true)
}
