package x509ca

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

func TestKeyUsageIsWrittenAsDERWantsIt(t *testing.T) {
	for usage, want := range map[x509.KeyUsage]string{
		x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment: "030205a0",
		x509.KeyUsageCertSign | x509.KeyUsageCRLSign:                 "03020106",
		x509.KeyUsageEncipherOnly:                                    "03020001",
		x509.KeyUsageDecipherOnly:                                    "0303070080",
		allKeyUsages:                                                 "030307ff80",
	} {
		c := newRoot(t, func(o *order) { o.KeyUsage = usage })
		i := slices.IndexFunc(c.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(idKeyUsage) })
		if got := hex.EncodeToString(c.Extensions[i].Value); got != want || c.KeyUsage != usage {
			t.Errorf("%s: got %s (%v), want %s", keyUsageString(usage), got, c.KeyUsage, want)
		}
	}
}

// DER omits a default: an extension that is not critical does not say so.
func TestExtensionThatIsNotCriticalDoesNotSayIt(t *testing.T) {
	for _, critical := range []bool{false, true} {
		c := newRoot(t, func(o *order) { o.KeyUsageCritical = critical })
		want := testrig.Hex("0603551d0f" + either(critical, "0101ff", "") + "040403020106")
		if !bytes.Contains(c.RawTBSCertificate, want) {
			t.Errorf("got %x, which does not have %x", c.RawTBSCertificate, want)
		}
	}
}

func TestProfileIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawOrder(t)
		c := newRoot(t, func(o *order) { *o = *want })
		p := &want.Profile
		if p.NoExtensions {
			if len(c.Extensions) != 0 {
				t.Fatalf("got extensions %v, want none", c.Extensions)
			}
			return
		}
		limit, zero := -1, false
		if p.PathLength != nil {
			limit, zero = *p.PathLength, *p.PathLength == 0
		}
		if c.IsCA != p.CA || c.MaxPathLen != limit || c.MaxPathLenZero != zero || c.KeyUsage != p.KeyUsage {
			t.Fatalf("got %v %d %v, want %+v", c.IsCA, c.MaxPathLen, c.KeyUsage, p)
		}
		if critical(c, idBasicConstraints) != p.BasicConstraintsCritical ||
			critical(c, idKeyUsage) != (p.KeyUsageCritical && p.KeyUsage != 0) {
			t.Fatalf("got %v, want %+v", c.Extensions, p)
		}
		if got := len(c.ExtKeyUsage) + len(c.UnknownExtKeyUsage); got != len(p.ExtKeyUsage) {
			t.Fatalf("got %d extended key usages, want %d", got, len(p.ExtKeyUsage))
		}
		if !c.NotBefore.Equal(want.NotBefore) || !c.NotAfter.Equal(want.NotAfter) {
			t.Fatalf("got %v to %v, want %v to %v", c.NotBefore, c.NotAfter, want.NotBefore, want.NotAfter)
		}
		if err := c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature); err != nil {
			t.Fatal(err)
		}
	})
}

// drawOrder draws a certificate that can be made.
func drawOrder(t *rapid.T) *order {
	o := caOrder("drawn")
	o.Hash = rapid.SampledFrom(certificateHashes).Draw(t, "hash")
	from := time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC)
	o.NotBefore = from.Add(time.Duration(rapid.Int64Range(0, 5e9).Draw(t, "from")) * time.Second)
	o.NotAfter = o.NotBefore.Add(time.Duration(rapid.Int64Range(0, 5e9).Draw(t, "for")) * time.Second)
	if o.NoExtensions = rapid.Bool().Draw(t, "bare"); o.NoExtensions {
		o.Profile = Profile{Hash: o.Hash, NoExtensions: true}
		return o
	}
	o.CA = rapid.Bool().Draw(t, "CA")
	if o.CA && rapid.Bool().Draw(t, "limited") {
		o.PathLength = new(rapid.IntRange(0, 300).Draw(t, "path length"))
	}
	o.BasicConstraintsCritical = rapid.Bool().Draw(t, "critical")
	o.KeyUsage = x509.KeyUsage(rapid.IntRange(0, int(allKeyUsages)).Draw(t, "usage"))
	o.KeyUsageCritical = rapid.Bool().Draw(t, "usage critical")
	o.ExtKeyUsage = rapid.SliceOfN(rapid.SampledFrom([]asn1.ObjectIdentifier{ServerAuth, ClientAuth, {2, 999}}), 0, 3).Draw(t, "extended")
	return o
}

func critical(c *cert, id asn1.ObjectIdentifier) bool {
	return slices.ContainsFunc(c.Extensions, func(e pkix.Extension) bool { return e.Critical && e.Id.Equal(id) })
}
