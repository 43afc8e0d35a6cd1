package x509ca

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// subject has every attribute that a service asks for.
var subject = Name{
	{Type: CommonName, Value: "Zoë's terminal"},
	{Type: OrganizationalUnit, Value: "Keys"},
	{Type: Organization, Value: "Bank"},
	{Type: Locality, Value: "Arlington"},
	{Type: Country, Value: "US"},
	{Type: Province, Value: "Virginia"},
	{Type: EmailAddress, Value: "keys@bank.example"},
}

func TestOpenSSLVerifiesCSR(t *testing.T) {
	for _, key := range []struct {
		name   string
		signer crypto.Signer
	}{{"RSA", rsa2048()}, {"P-256", p256()}} {
		for _, hash := range allHashes {
			t.Run(fmt.Sprintf("key=%s/hash=%v", key.name, hash), func(t *testing.T) {
				der, err := CSR(key.signer, hash, subject)
				if err != nil {
					t.Fatal(err)
				}
				out, err := openssl(t, "req", "-verify", "-noout", "-subject", "-text", "-in", pemFile(t, requestType, der))
				if err != nil || !strings.Contains(out, "verify OK") || !strings.Contains(out, "emailAddress = keys@bank.example") {
					t.Errorf("openssl: %v\n%s", err, out)
				}
				if want := strings.ReplaceAll(hash.String(), "-", ""); !strings.Contains(strings.ToUpper(out), want) {
					t.Errorf("got %s, want %s", out, want)
				}
				if hash != crypto.SHA256 {
					return // openssl has shown once that it looks
				}
				der[len(der)-1] ^= 1
				if out, _ := openssl(t, "req", "-verify", "-noout", "-in", pemFile(t, requestType, der)); strings.Contains(out, "verify OK") {
					t.Errorf("openssl takes a corrupted request: %s", out)
				}
			})
		}
	}
}

func TestCSRIsReadBackByTheStandardLibrary(t *testing.T) {
	for i, hash := range allHashes {
		signer := []crypto.Signer{p256(), p384(), p521(), rsa2048()}[i]
		got := must(x509.ParseCertificateRequest(must(CSR(signer, hash, subject))))
		if !bytes.Equal(got.RawSubject, must(subject.DER())) {
			t.Errorf("%v: got %x, want %x", hash, got.RawSubject, must(subject.DER()))
		}
		if hash != crypto.SHA224 && got.CheckSignature() != nil { // which it does not have
			t.Errorf("%v: %v", hash, got.CheckSignature())
		}
		if got.Version != 0 || len(got.Extensions) != 0 || !signer.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(got.PublicKey) {
			t.Errorf("%v: got %+v", hash, got)
		}
	}
}

// RFC 2986, section 4.1: the attributes are there even if there are none.
func TestCSREndsInAnEmptySetOfAttributes(t *testing.T) {
	got := must(x509.ParseCertificateRequest(must(CSR(p256(), crypto.SHA256, subject))))
	if body := got.RawTBSCertificateRequest; !bytes.HasSuffix(body, []byte{0xA0, 0}) {
		t.Errorf("got %x, want it to end in a000", body)
	}
}

func TestEMailAddressIsAnIA5String(t *testing.T) {
	got := must(x509.ParseCertificateRequest(must(CSR(p256(), crypto.SHA256, subject))))
	want := append([]byte{0x16, 17}, "keys@bank.example"...)
	if !bytes.Contains(got.RawSubject, want) {
		t.Errorf("got %x, which does not have %x", got.RawSubject, want)
	}
}

func FuzzCSRSubject(f *testing.F) {
	for _, a := range append(subject, Attribute{CommonName, "\xff", ByType}, Attribute{asn1.ObjectIdentifier{2, 999}, "x", IA5String}) {
		var arcs []byte
		for _, arc := range a.Type {
			arcs = binary.BigEndian.AppendUint32(arcs, uint32(arc))
		}
		f.Add(arcs, a.Value, byte(a.Form), a.Value)
	}
	f.Fuzz(func(t *testing.T, arcs []byte, value string, form byte, last string) {
		var oid asn1.ObjectIdentifier
		for ; len(arcs) >= 4; arcs = arcs[4:] {
			oid = append(oid, int(int32(binary.BigEndian.Uint32(arcs))))
		}
		checkCSRSubject(t, Name{{oid, value, Form(form)}, {CommonName, last, ByType}})
	})
}

func TestCSRSubjectIsRefusedOrIsInTheCSR(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		checkCSRSubject(t, rapid.SliceOfN(attributes(), 0, 4).Draw(t, "name"))
	})
}

func checkCSRSubject(t rapid.TB, name Name) {
	want, err := name.DER()
	der, errCSR := CSR(p256(), crypto.SHA256, name)
	if err != nil {
		if wantRule(t, errCSR, RuleName); errCSR.Error() != err.Error() {
			t.Fatalf("got %v, want %v", errCSR, err)
		}
		return
	}
	got, err := x509.ParseCertificateRequest(der)
	if err != nil || errCSR != nil {
		t.Fatalf("%v: %v, %v", name, errCSR, err)
	}
	if !bytes.Equal(got.RawSubject, want) {
		t.Fatalf("got %x, want %x", got.RawSubject, want)
	}
	if err := got.CheckSignature(); err != nil {
		t.Fatalf("%x: %v", der, err)
	}
}
