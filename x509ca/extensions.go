package x509ca

import (
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"strconv"
	"strings"

	"github.com/seed748fb4d1/apcsim/internal/dn"
)

// understood are the extensions that may be critical. Two are in it because
// they ask nothing of us: alternative names, which name the subject again, and
// policies, since we take any. A critical one that is not in it is refused (RFC
// 5280, section 4.2).
var understood = []asn1.ObjectIdentifier{
	idBasicConstraints, idKeyUsage, idExtKeyUsage, idSubjectAltName, idCertificatePolicies,
}

// keyUsageNames are the bits of section 4.2.1.3, the first one first.
var keyUsageNames = []string{
	"digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement",
	"keyCertSign", "cRLSign", "encipherOnly", "decipherOnly",
}

func keyUsageString(usage x509.KeyUsage) string {
	var names []string
	for i, name := range keyUsageNames {
		if usage&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	if names == nil {
		return "no key usage"
	}
	return strings.Join(names, ", ")
}

func has(c *x509.Certificate, id asn1.ObjectIdentifier) bool {
	for _, e := range c.Extensions {
		if e.Id.Equal(id) {
			return true
		}
	}
	return false
}

func (p *path) checkExtensions(i int) error {
	for _, e := range p.certificates[i].Extensions {
		if e.Id.Equal(idNameConstraints) { // they bind whether critical or not
			return p.refuse(i, RuleCriticalExtension, problemNameConstraints, "", "")
		}
		if e.Critical && !slices.ContainsFunc(understood, e.Id.Equal) {
			return p.refuse(i, RuleCriticalExtension, problemCritical, e.Id.String(), "")
		}
	}
	return nil
}

func (p *path) checkBasicConstraints(i int) error {
	c := p.certificates[i]
	switch present := has(c, idBasicConstraints); {
	case !p.isCA(i) || c.BasicConstraintsValid && c.IsCA || !present && p.AllowNoBasicConstraints && i == len(p.certificates)-1 &&
		isOldRoot(c):
		return nil
	case present:
		return p.refuse(i, RuleBasicConstraints, problemNotCA, "CA:FALSE", "CA:TRUE")
	}
	return p.refuse(i, RuleBasicConstraints, problemNoConstraints, "", "CA:TRUE")
}

// isOldRoot reports whether a certificate without basic constraints is a CA's in another
// way: it names itself as its issuer, and is of version 1 or has the usage keyCertSign.
func isOldRoot(c *x509.Certificate) bool {
	return dn.Equal(c.RawSubject, c.RawIssuer) && (c.Version == 1 || c.KeyUsage&x509.KeyUsageCertSign != 0)
}

// checkKeyUsage wants keyCertSign of a CA, and of the certificate checked what
// the rules say.
func (p *path) checkKeyUsage(i int) error {
	c := p.certificates[i]
	present := has(c, idKeyUsage)
	switch {
	case !present && p.isCA(i) && p.RequireKeyUsage:
		return p.refuse(i, RuleKeyUsage, problemCAUsage, "no key usage", "keyCertSign")
	case present && p.isCA(i) && c.KeyUsage&x509.KeyUsageCertSign == 0:
		return p.refuse(i, RuleKeyUsage, problemCAUsage, keyUsageString(c.KeyUsage), "keyCertSign")
	case present && i == 0 && !p.alone && p.KeyUsage != 0 && c.KeyUsage&p.KeyUsage == 0:
		return p.refuse(i, RuleKeyUsage, problemKeyUsage, keyUsageString(c.KeyUsage), "one of "+keyUsageString(p.KeyUsage))
	}
	return nil
}

// checkPathLength counts the CAs below one, without those that are issued by
// themselves (RFC 5280, section 4.2.1.9).
func (p *path) checkPathLength(i int) error {
	c := p.certificates[i]
	limited := c.IsCA && (c.MaxPathLen > 0 || c.MaxPathLen == 0 && c.MaxPathLenZero)
	if !limited {
		return nil
	}
	below := 0
	for j := range i {
		if p.isCA(j) && !dn.Equal(p.certificates[j].RawSubject, p.certificates[j].RawIssuer) {
			below++
		}
	}
	if below > c.MaxPathLen {
		return p.refuse(i, RulePathLength, problemPathLength, strconv.Itoa(below), "at most "+strconv.Itoa(c.MaxPathLen))
	}
	return nil
}
