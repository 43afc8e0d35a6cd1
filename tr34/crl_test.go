package tr34

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"
)

func TestCRLPolicy(t *testing.T) {
	p := newParties(t)
	v := vector{dir: "testdata"}
	revoked := newCRL(t, p, &x509.RevocationList{RevokedCertificateEntries: []x509.RevocationListEntry{
		{SerialNumber: big.NewInt(1), RevocationTime: testTime}, {SerialNumber: p.kdh.SerialNumber, RevocationTime: testTime}}})
	ended := newCRL(t, p, &x509.RevocationList{ThisUpdate: testTime.AddDate(-1, 0, 0), NextUpdate: testTime})
	early := newCRL(t, p, &x509.RevocationList{ThisUpdate: vectorTime.Add(time.Second), NextUpdate: vectorTime.AddDate(1, 0, 0)})
	partial := newCRL(t, p, &x509.RevocationList{ExtraExtensions: []pkix.Extension{
		{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: []byte{0x30, 3, 0x81, 1, 0xFF}}}})
	indirect := newCRL(t, p, &x509.RevocationList{RevokedCertificateEntries: []x509.RevocationListEntry{{
		SerialNumber: big.NewInt(1), RevocationTime: testTime,
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 29}, Critical: true, Value: []byte{0x30, 0}}}}}})
	renamed := edited(p.kdhCA, func(k *x509.Certificate) { k.RawSubject = p.krdCA.RawSubject })
	other, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: testTime, NextUpdate: testTime.AddDate(1, 0, 0)}, renamed, p.kdhCAKey)
	if err != nil {
		t.Fatal(err)
	}
	const taken = Class("")
	for _, c := range []struct {
		name                        string
		crl                         []byte
		standard, optional, ignored Class // the same for both passes,
		twoPass                     Class // save with the standard's policy
	}{
		{"none", nil, ErrCRL, taken, taken, taken},
		{"good", p.crl, taken, taken, taken, taken},
		{"lists the signer", revoked, ErrCRL, ErrCRL, taken, ErrCRL},
		{"lists another", v.read(t, "gen/pki/kdh_ca.crl"), taken, taken, taken, taken},
		{"lists no certificate", v.read(t, "gen/pki/kdh_ca_empty.crl"), taken, taken, taken, taken},
		{"has ended", ended, ErrCRL, ErrCRL, taken, ErrCRL},
		{"has not begun", early, ErrCRL, ErrCRL, taken, ErrCRL},
		{"is of another name", other, ErrCRL, ErrCRL, taken, ErrCRL},
		{"is partial", partial, ErrCRL, ErrCRL, taken, ErrCRL},
		{"is indirect", indirect, ErrCRL, ErrCRL, taken, ErrCRL},
	} {
		t.Run(c.name, func(t *testing.T) {
			one, oneCheck := p.onePass(t, c.crl)
			two, twoCheck := p.twoPass(t, c.crl)
			for policy, want := range map[CRLPolicy][2]Class{
				CRLStandard: {c.standard, c.twoPass}, CRLOptional: {c.optional, c.optional}, CRLIgnored: {c.ignored, c.ignored},
			} {
				oneCheck.CRL, twoCheck.CRL = policy, policy
				checkVerdict(t, one.Verify(oneCheck), want[0])
				checkVerdict(t, two.Verify(twoCheck), want[1])
			}
		})
	}
	t.Run("without the CA", func(t *testing.T) {
		token, c := p.onePass(t, p.crl)
		c.CA = nil
		checkVerdict(t, token.Verify(c), ErrCRL)
		c.CRL = CRLIgnored
		checkVerdict(t, token.Verify(c), taken)
	})
}
