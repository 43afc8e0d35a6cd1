package x509ca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"go/ast"
	"go/parser"
	"go/token"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"time"
)

// refusal is a rule and how to break it: with wrong false the same thing, done
// as nearly the same as can be, passes.
type refusal struct {
	rule Rule
	how  string
	run  func(t *testing.T, wrong bool) error
}

var refusals = []refusal{
	{RuleLength, "an empty text", func(t *testing.T, wrong bool) error {
		_, err := Decode(either(wrong, " \n", EncodeCertificate(newRoot(t).Raw)+" \n"))
		return err
	}},
	{RuleLength, "a long text", func(t *testing.T, wrong bool) error {
		text := EncodeCertificate(newRoot(t).Raw)
		_, err := Decode(text + strings.Repeat("\n", maxText-len(text)+either(wrong, 1, 0)))
		return err
	}},
	{RuleLength, "a long certificate", func(t *testing.T, wrong bool) error {
		_, err := Decode(EncodeCertificate(padded(t, maxDER+either(wrong, 1, 0))))
		return err
	}},
	{RuleForm, "neither base64 nor PEM", func(t *testing.T, wrong bool) error {
		text := EncodeCertificate(newRoot(t).Raw)
		_, err := Decode(either(wrong, "*", "") + text)
		return err
	}},
	{RuleForm, "base64 of something else", func(t *testing.T, wrong bool) error {
		_, err := Decode(inBase64(either(wrong, "a certificate", inPEM("CERTIFICATE", newRoot(t).Raw))))
		return err
	}},
	{RuleForm, "PEM without an end", func(t *testing.T, wrong bool) error {
		text := inPEM("CERTIFICATE", newRoot(t).Raw)
		_, err := Decode(inBase64(text[:len(text)-either(wrong, 2, 1)]))
		return err
	}},
	{RuleForm, "PEM on one line", func(t *testing.T, wrong bool) error {
		text := inPEM("CERTIFICATE", newRoot(t).Raw)
		_, err := Decode(inBase64(either(wrong, strings.ReplaceAll(text, "\n", ""), text)))
		return err
	}},
	{RuleForm, "PEM with a header", func(t *testing.T, wrong bool) error {
		text := inPEM("CERTIFICATE", newRoot(t).Raw)
		_, err := Decode(strings.Replace(text, "\n", either(wrong, "\nA: b\n", "\n\n"), 1))
		return err
	}},
	{RuleForm, "base64 with bits left over", func(t *testing.T, wrong bool) error {
		text := inPEM("CERTIFICATE", newRoot(t).Raw)
		for len(text)%3 == 0 {
			text += "\n"
		}
		_, err := Decode(leftOver(inBase64(text), wrong))
		return err
	}},
	{RuleForm, "PEM with bits left over", func(t *testing.T, wrong bool) error {
		text := inPEM("CERTIFICATE", newRoot(t).Raw)
		for !strings.Contains(text, "=") { // the length of a signature varies
			text = inPEM("CERTIFICATE", newRoot(t).Raw)
		}
		_, err := Decode(leftOver(text, wrong))
		return err
	}},
	{RulePEMType, "a certification request", func(t *testing.T, wrong bool) error {
		_, err := Decode(inBase64(inPEM(either(wrong, requestType, certificateType), newRoot(t).Raw)))
		return err
	}},
	{RuleSeveral, "two certificates", func(t *testing.T, wrong bool) error {
		root := newRoot(t).Raw
		_, err := Decode(EncodeCertificate(either(wrong, [][]byte{root, root}, [][]byte{root})...))
		return err
	}},
	{RuleExtra, "a revocation list behind the certificate", func(t *testing.T, wrong bool) error {
		_, err := Decode(inBase64(inPEM("CERTIFICATE", newRoot(t).Raw) + either(wrong, inPEM("X509 CRL", []byte{1}), "text\n")))
		return err
	}},
	{RuleExtra, "a private key before the certificate", func(t *testing.T, wrong bool) error {
		_, err := Decode(
			inBase64(
				either(wrong, inPEM("PRIVATE KEY", []byte{1}), "Bag Attributes\n    friendlyName: x\n") + inPEM(
					"CERTIFICATE",
					newRoot(t).Raw,
				),
			),
		)
		return err
	}},
	{RuleKeyEncoding, "bytes after the key", func(t *testing.T, wrong bool) error {
		return decodedWith(t, spkiOf(idRSA, null, rsaPublic(oddModulus, 65537), either(wrong, []byte{5, 0}, nil)))
	}},
	{RuleKeyEncoding, "bytes after the numbers", func(t *testing.T, wrong bool) error {
		return decodedWith(t, spkiOf(idRSA, null, append(rsaPublic(oddModulus, 65537), either(wrong, []byte{0}, nil)...), nil))
	}},
	{RuleKeyEncoding, "a length that is not DER", func(t *testing.T, wrong bool) error {
		return decodedWith(t, spkiOf(idRSA, null, longer(rsaPublic(oddModulus, 65537), wrong), nil))
	}},
	{RuleKeyEncoding, "parameters of RSA", func(t *testing.T, wrong bool) error {
		return decodedWith(t, spkiOf(idRSA, either(wrong, []byte{6, 1, 42}, null), rsaPublic(oddModulus, 65537), nil))
	}},
	{RuleKeyModulus, "even", func(t *testing.T, wrong bool) error {
		n := new(big.Int).Sub(oddModulus, big.NewInt(either[int64](wrong, 1, 2)))
		return decodedWith(t, spkiOf(idRSA, null, rsaPublic(n, 65537), nil))
	}},
	{RuleKeyModulus, "negative", func(t *testing.T, wrong bool) error {
		n := either(wrong, new(big.Int).Neg(oddModulus), oddModulus)
		return decodedWith(t, spkiOf(idRSA, null, rsaPublic(n, 65537), nil))
	}},
	{RuleKeyExponent, "one", func(t *testing.T, wrong bool) error {
		return decodedWith(t, spkiOf(idRSA, null, rsaPublic(oddModulus, either[int64](wrong, 1, 3)), nil))
	}},
	{RuleKeyExponent, "even", func(t *testing.T, wrong bool) error {
		return decodedWith(t, spkiOf(idRSA, null, rsaPublic(oddModulus, either[int64](wrong, 65536, 65537)), nil))
	}},
	{RuleKeyExponent, "negative", func(t *testing.T, wrong bool) error {
		return decodedWith(t, spkiOf(idRSA, null, rsaPublic(oddModulus, either[int64](wrong, -3, 3)), nil))
	}},
	{RuleKeyExponent, "of 32 bits", func(t *testing.T, wrong bool) error {
		return decodedWith(t, spkiOf(idRSA, null, rsaPublic(oddModulus, either[int64](wrong, 1<<31+1, 1<<31-1)), nil))
	}},
	{RuleKeyExponent, "in a certificate that was not decoded here", func(t *testing.T, wrong bool) error {
		root := newRoot(t)
		c := must(x509.ParseCertificate(withKey(t, root, spkiOf(idRSA, null, rsaPublic(oddModulus, either[int64](wrong, 1, 3)), nil))))
		return (&Rules{Now: now}).CheckIssued(c, root.Certificate)
	}},
	{RuleKeyCurve, "unknown", func(t *testing.T, wrong bool) error {
		secp256k1 := []byte{6, 5, 0x2B, 0x81, 0x04, 0x00, 0x0A}
		return decodedWith(t, spkiOf(idEC, either(wrong, secp256k1, oidP256), pointOf(p256()), nil))
	}},
	{RuleKeyCurve, "spelt out", func(t *testing.T, wrong bool) error {
		return decodedWith(t, spkiOf(idEC, either(wrong, []byte{0x30, 0}, oidP256), pointOf(p256()), nil))
	}},
	{RuleKeyPoint, "off the curve", func(t *testing.T, wrong bool) error {
		point := pointOf(p256())
		point[64] ^= either[byte](wrong, 1, 0)
		return decodedWith(t, spkiOf(idEC, oidP256, point, nil))
	}},
	{RuleKeyPoint, "compressed", func(t *testing.T, wrong bool) error {
		point := pointOf(p256())
		compressed := append([]byte{2 + point[64]&1}, point[1:33]...)
		return decodedWith(t, spkiOf(idEC, oidP256, either(wrong, compressed, point), nil))
	}},
	{RuleParse, "DER that is cut", func(t *testing.T, wrong bool) error {
		der := newRoot(t).Raw
		_, err := Decode(EncodeCertificate(der[:len(der)-either(wrong, 1, 0)]))
		return err
	}},
	{RuleParse, "DER with a byte after it", func(t *testing.T, wrong bool) error {
		_, err := Decode(EncodeCertificate(append(newRoot(t).Raw, either(wrong, []byte{0}, nil)...)))
		return err
	}},
	{RuleParse, "no certificate to check", func(t *testing.T, wrong bool) error {
		root := newRoot(t)
		return (&Rules{Now: now}).CheckIssued(root.leaf(t).Certificate, either(wrong, nil, root.Certificate))
	}},

	{RuleKeyType, "a certificate for Ed25519", func(t *testing.T, wrong bool) error {
		root := newRoot(t)
		var key crypto.PublicKey = must2(ed25519.GenerateKey(nil))
		o := leafOrder()
		der, err := root.authority(t).Issue(either(wrong, key, p256b().Public()), &o.Profile, &o.Request)
		return (&Rules{Now: now}).CheckIssued(o.finish(t)(der, err).Certificate, root.Certificate)
	}},
	{RuleKeySize, "a curve that is not wanted", func(t *testing.T, wrong bool) error {
		return issued(t, &Rules{}, func(o *order) { o.key = newKey(either(wrong, elliptic.P224(), elliptic.P256())) })
	}},
	{RuleKeySize, "a curve that the caller does not want", func(t *testing.T, wrong bool) error {
		r := &Rules{Curves: []elliptic.Curve{elliptic.P256(), either(wrong, elliptic.P521(), elliptic.P384())}}
		return issued(t, r, func(o *order) { o.key = p384() })
	}},
	{RuleKeySize, "no curves at all", func(t *testing.T, wrong bool) error {
		return issued(t, &Rules{Curves: either(wrong, []elliptic.Curve{}, nil)})
	}},
	{RuleKeySize, "a modulus that is not wanted", func(t *testing.T, wrong bool) error {
		return issued(t, &Rules{RSABits: either(wrong, []int{3072}, []int{2048})}, func(o *order) { o.key = rsa2048() })
	}},
	{RuleNotYetValid, "a second early", func(t *testing.T, wrong bool) error {
		return issued(t, &Rules{}, func(o *order) { o.NotBefore = now.Add(either(wrong, time.Second, 0)) })
	}},
	{RuleNotYetValid, "a root a second early", func(t *testing.T, wrong bool) error {
		return under(t, &Rules{}, func(o *order) { o.NotBefore = now.Add(either(wrong, time.Second, 0)) })
	}},
	{RuleExpired, "a second late", func(t *testing.T, wrong bool) error {
		return issued(t, &Rules{}, func(o *order) { o.NotAfter = now.Add(either(wrong, -time.Second, 0)) })
	}},
	{RuleExpired, "a root a second late", func(t *testing.T, wrong bool) error {
		return under(t, &Rules{}, func(o *order) { o.NotAfter = now.Add(either(wrong, -time.Second, 0)) })
	}},
	{RuleSelfSigned, "an intermediate as root", func(t *testing.T, wrong bool) error {
		root := newRoot(t)
		return (&Rules{Now: now}).CheckRoot(either(wrong, root.ca(t, "between"), root).Certificate)
	}},
	{RuleIssuer, "another issuer's name", func(t *testing.T, wrong bool) error {
		root := newRoot(t)
		other := newRoot(t, func(o *order) { o.Subject = Name{{Type: CommonName, Value: either(wrong, "rooT", "root")}} })
		root.RawSubject = other.RawSubject // the same key under a name of its own
		return (&Rules{Now: now}).CheckIssued(root.leaf(t).Certificate, either(wrong, newRoot(t), other).Certificate)
	}},
	{RuleIssuer, "a letter that looks the same", func(t *testing.T, wrong bool) error {
		named := func(name string, f Form) edit { return func(o *order) { o.Subject = Name{{CommonName, name, f}} } }
		leaf := newRoot(t, named("root", UTF8String)).leaf(t)
		issuer := newRoot(t, either(wrong, named("r\u043eot", UTF8String), named("Root ", PrintableString)))
		return (&Rules{Now: now}).CheckIssued(leaf.Certificate, issuer.Certificate)
	}},
	{RuleIssuer, "no issuer", func(t *testing.T, wrong bool) error {
		root := newRoot(t)
		return (&Rules{Now: now}).CheckIssued(root.leaf(t).Certificate, either(wrong, nil, []*x509.Certificate{root.Certificate})...)
	}},
	{RuleSignatureAlgorithm, "SHA-1", func(t *testing.T, wrong bool) error {
		root := newRoot(t)
		return (&Rules{Now: now}).CheckIssued(signedWith(t, root, either(wrong, crypto.SHA1, crypto.SHA256)), root.Certificate)
	}},
	{RuleSignatureAlgorithm, "an unknown algorithm", func(t *testing.T, wrong bool) error {
		root := newRoot(t)
		return (&Rules{Now: now}).CheckIssued(signedWith(t, root, either(wrong, crypto.SHA512_256, crypto.SHA224)), root.Certificate)
	}},
	{RuleSignature, "another key under the same name", func(t *testing.T, wrong bool) error {
		root := newRoot(t, func(o *order) { o.key = newKey(elliptic.P256()) })
		return (&Rules{Now: now}).CheckIssued(root.leaf(t).Certificate, either(wrong, newRoot(t), root).Certificate)
	}},
	{RuleSignature, "another key, with SHA-224", func(t *testing.T, wrong bool) error {
		root := newRoot(t, func(o *order) { o.key = newKey(elliptic.P256()) })
		leaf := signedWith(t, root, crypto.SHA224)
		return (&Rules{Now: now}).CheckIssued(leaf, either(wrong, newRoot(t), root).Certificate)
	}},
	{RuleSignature, "a root signed by another of its name", func(t *testing.T, wrong bool) error {
		root := newRoot(t)
		o := caOrder("root")
		o.key = either(wrong, p256b(), p256())
		return (&Rules{Now: now}).CheckRoot(root.issue(t, o).Certificate)
	}},
	{RuleIssuerStrength, "a stronger curve than its issuer's", func(t *testing.T, wrong bool) error {
		return issued(t, &Rules{IssuerStrength: true}, func(o *order) { o.key = either(wrong, p384, p256b)() })
	}},
	{RuleIssuerStrength, "a stronger curve, where that matters", func(t *testing.T, wrong bool) error {
		return issued(t, &Rules{IssuerStrength: wrong}, func(o *order) { o.key = p384() })
	}},
	{RuleIssuerStrength, "a curve under RSA", func(t *testing.T, wrong bool) error {
		root := newRoot(t, func(o *order) { o.key = rsa2048() })
		leaf := root.leaf(t, func(o *order) { o.key = either(wrong, p256, rsa2048)() })
		return (&Rules{Now: now, IssuerStrength: true}).CheckIssued(leaf.Certificate, root.Certificate)
	}},
	{RuleCriticalExtension, "an unknown extension", func(t *testing.T, wrong bool) error {
		root := newRoot(t)
		return (&Rules{Now: now}).CheckIssued(extended(t, root, asn1.ObjectIdentifier{2, 999, 1}, wrong), root.Certificate)
	}},
	{RuleCriticalExtension, "name constraints", func(t *testing.T, wrong bool) error {
		return (&Rules{Now: now}).CheckRoot(either(wrong, constrained(t, true), newRoot(t).Certificate))
	}},
	{RuleCriticalExtension, "name constraints that are not critical", func(t *testing.T, wrong bool) error {
		return (&Rules{Now: now}).CheckRoot(either(wrong, constrained(t, false), newRoot(t).Certificate))
	}},
	{RuleBasicConstraints, "an issuer that is no CA", func(t *testing.T, wrong bool) error {
		return under(t, &Rules{AllowNoBasicConstraints: true}, func(o *order) { o.CA = !wrong })
	}},
	{RuleBasicConstraints, "a root without the extension", func(t *testing.T, wrong bool) error {
		return (&Rules{Now: now, AllowNoBasicConstraints: !wrong}).CheckRoot(bareRoot(t, x509.KeyUsageCertSign))
	}},
	{RuleBasicConstraints, "a root without the extension and without keyCertSign", func(t *testing.T, wrong bool) error {
		return (&Rules{Now: now, AllowNoBasicConstraints: true}).CheckRoot(bareRoot(t, either(wrong, 0, x509.KeyUsageCertSign)))
	}},
	{RuleBasicConstraints, "an intermediate without the extension", func(t *testing.T, wrong bool) error {
		return under(t, &Rules{AllowNoBasicConstraints: true}, func(o *order) {
			o.NoExtensions, o.CA, o.BasicConstraintsCritical, o.KeyUsage, o.KeyUsageCritical = wrong, !wrong, false, 0, false
		})
	}},
	{RuleIssuer, "the issuer's name and no key identifier", func(t *testing.T, wrong bool) error {
		template := &x509.Certificate{
			SerialNumber:          big.NewInt(7),
			Subject:               pkix.Name{CommonName: "root"},
			NotBefore:             now,
			NotAfter:              now,
			BasicConstraintsValid: true,
			IsCA:                  true,
		}
		root := must(x509.ParseCertificate(must(x509.CreateCertificate(nil, template, template, p256().Public(), p256()))))
		if !wrong {
			template.AuthorityKeyId = root.SubjectKeyId
		}
		again := must(x509.ParseCertificate(must(x509.CreateCertificate(nil, template, root, p256b().Public(), p256()))))
		return (&Rules{Now: now}).CheckIssued(again, root)
	}},
	{RuleIssuer, "another key identifier of the issuer", func(t *testing.T, wrong bool) error {
		return underAuthorityKey(t, []byte{0x80, 2, 1, either[byte](wrong, 3, 2)})
	}},
	{RuleIssuer, "another serial number of the issuer", func(t *testing.T, wrong bool) error {
		return underAuthorityKey(t, []byte{0x82, 1, either[byte](wrong, 8, 7)})
	}},
	{RuleIssuer, "another issuer of the issuer", func(t *testing.T, wrong bool) error {
		name := must(Name{{Type: CommonName, Value: either(wrong, "other", "ROOT")}}.DER())
		names := must(asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true, Bytes: name}))
		return underAuthorityKey(
			t,
			must(asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 1, IsCompound: true, Bytes: names})),
		)
	}},
	{RuleBasicConstraints, "a leaf that is to issue others", func(t *testing.T, wrong bool) error {
		return issued(t, &Rules{CA: wrong}, func(o *order) { o.KeyUsage = x509.KeyUsageCertSign })
	}},
	{RuleBasicConstraints, "a root that is no CA", func(t *testing.T, wrong bool) error {
		return (&Rules{Now: now}).CheckRoot(newRoot(t, func(o *order) { o.CA = !wrong }).Certificate)
	}},
	{RuleKeyUsage, "an issuer without keyCertSign", func(t *testing.T, wrong bool) error {
		return under(t, &Rules{}, func(o *order) {
			o.KeyUsage = x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature | either(wrong, 0, x509.KeyUsageCertSign)
		})
	}},
	{RuleKeyUsage, "an issuer without the extension", func(t *testing.T, wrong bool) error {
		return under(t, &Rules{RequireKeyUsage: wrong}, func(o *order) { o.KeyUsage = 0 })
	}},
	{RuleKeyUsage, "a leaf for something else", func(t *testing.T, wrong bool) error {
		r := &Rules{KeyUsage: x509.KeyUsageKeyEncipherment | either(wrong, 0, x509.KeyUsageDigitalSignature)}
		return issued(t, r)
	}},
	{RuleKeyUsage, "a leaf that says it is for something else", func(t *testing.T, wrong bool) error {
		return issued(t, &Rules{KeyUsage: x509.KeyUsageKeyEncipherment}, func(o *order) {
			o.NoExtensions = !wrong
			o.KeyUsageCritical = wrong
			o.KeyUsage = either(wrong, o.KeyUsage, 0)
		})
	}},
	{RulePathLength, "a CA below one that allows none", func(t *testing.T, wrong bool) error {
		root := newRoot(t, func(o *order) { o.PathLength = new(either(wrong, 0, 1)) })
		ca := root.ca(t, "between")
		return (&Rules{Now: now}).CheckIssued(ca.leaf(t).Certificate, ca.Certificate, root.Certificate)
	}},
	{RulePathLength, "a CA to import below one that allows none", func(t *testing.T, wrong bool) error {
		root := newRoot(t, func(o *order) { o.PathLength = new(0) })
		return (&Rules{Now: now, CA: true}).CheckIssued(either(wrong, root.ca(t, "between"), root).Certificate, root.Certificate)
	}},

	{RuleName, "a name that cannot be written", func(t *testing.T, wrong bool) error {
		_, err := CSR(p256(), crypto.SHA256, Name{{Type: Country, Value: either(wrong, "U*", "US")}})
		return err
	}},
	{RuleSerial, "zero", func(t *testing.T, wrong bool) error {
		return made(func(o *order) { o.Serial = []byte{0, either[byte](wrong, 0, 1)} })
	}},
	{RuleSerial, "no bytes", func(t *testing.T, wrong bool) error {
		return made(func(o *order) { o.Serial = either(wrong, []byte{}, nil) })
	}},
	{RuleSerial, "21 octets", func(t *testing.T, wrong bool) error {
		return made(func(o *order) { o.Serial = append([]byte{either[byte](wrong, 0x80, 0x7F)}, make([]byte, 19)...) })
	}},
	{RuleValidity, "an end before the beginning", func(t *testing.T, wrong bool) error {
		return made(func(o *order) { o.NotAfter = o.NotBefore.Add(either(wrong, -time.Second, 0)) })
	}},
	{RuleValidity, "a year of five digits", func(t *testing.T, wrong bool) error {
		return made(func(o *order) { o.NotAfter = time.Date(either(wrong, 10000, 9999), 12, 31, 0, 0, 0, 0, time.UTC) })
	}},
	{RuleValidity, "no beginning", func(t *testing.T, wrong bool) error {
		return made(func(o *order) { o.NotBefore = either(wrong, time.Time{}, time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC)) })
	}},
	{RuleProfile, "a path length without CA", func(t *testing.T, wrong bool) error {
		return made(func(o *order) { o.CA, o.PathLength = !wrong, new(0) })
	}},
	{RuleProfile, "a negative path length", func(t *testing.T, wrong bool) error {
		return made(func(o *order) { o.PathLength = new(either(wrong, -1, 0)) })
	}},
	{RuleProfile, "a serial number of 20 random bytes", func(t *testing.T, wrong bool) error {
		return made(func(o *order) { o.SerialSize = either(wrong, 20, 19) })
	}},
	{RuleProfile, "a tenth key usage", func(t *testing.T, wrong bool) error {
		return made(func(o *order) { o.KeyUsage = 1 << either(wrong, 9, 8) })
	}},
	{RuleProfile, "extensions that are left out", func(t *testing.T, wrong bool) error {
		return made(func(o *order) { o.NoExtensions = wrong })
	}},
	{RuleProfile, "an extended key usage that is none", func(t *testing.T, wrong bool) error {
		return made(func(o *order) { o.ExtKeyUsage = []asn1.ObjectIdentifier{{either(wrong, 3, 2), 999}} })
	}},
	{RuleHash, "a certificate with SHA-224", func(t *testing.T, wrong bool) error {
		return made(func(o *order) { o.Hash = either(wrong, crypto.SHA224, crypto.SHA256) })
	}},
	{RuleHash, "no hash", func(t *testing.T, wrong bool) error {
		return made(func(o *order) { o.Hash = either(wrong, 0, crypto.SHA256) })
	}},
	{RuleHash, "SHA-1", func(t *testing.T, wrong bool) error {
		_, err := CSR(p256(), either(wrong, crypto.SHA1, crypto.SHA224), subject)
		return err
	}},
	{RuleKeyType, "no signer", func(t *testing.T, wrong bool) error {
		_, err := CSR(either(wrong, nil, p256()), crypto.SHA256, subject)
		return err
	}},
	{RuleKeyType, "a signer with Ed25519", func(t *testing.T, wrong bool) error {
		_, key, _ := ed25519.GenerateKey(nil)
		return made(func(o *order) { o.key = either[crypto.Signer](wrong, key, p256()) })
	}},
	{RuleKeyMatch, "a signer with another key", func(t *testing.T, wrong bool) error {
		_, err := NewAuthority(newRoot(t).Certificate, either(wrong, p256b, p256)())
		return err
	}},
	{RuleParse, "an authority without a certificate", func(t *testing.T, wrong bool) error {
		_, err := NewAuthority(either(wrong, nil, newRoot(t).Certificate), p256())
		return err
	}},
	{RuleSignature, "a signer that signs something else", func(t *testing.T, wrong bool) error {
		odd := oddSigner{p256(), func(digest []byte, opts crypto.SignerOpts) ([]byte, error) {
			return p256().Sign(nil, append([]byte{digest[0] ^ either[byte](wrong, 1, 0)}, digest[1:]...), opts)
		}}
		return made(func(o *order) { o.key = odd })
	}},
	{RuleSignature, "a signer that returns r and s without DER", func(t *testing.T, wrong bool) error {
		odd := oddSigner{p256(), func(digest []byte, opts crypto.SignerOpts) ([]byte, error) {
			r, s, err := ecdsa.Sign(nil, p256().(*ecdsa.PrivateKey), digest)
			return either(wrong, append(r.Bytes(), s.Bytes()...), must(asn1.Marshal([]*big.Int{r, s}))), err
		}}
		return made(func(o *order) { o.key = odd })
	}},
}

// everyRule reads the constants of errors.go.
func everyRule(t *testing.T) []Rule {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var found []Rule
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(spec.Names[0].Name, "Rule") {
			text := spec.Values[0].(*ast.BasicLit).Value
			found = append(found, Rule(must(strconv.Unquote(text))))
		}
		return true
	})
	return found
}

func TestEveryRuleRefusesWhatBreaksItAndNothingNear(t *testing.T) {
	tested := map[Rule]bool{}
	for _, c := range refusals {
		tested[c.rule] = true
		t.Run(string(c.rule)+"/"+c.how, func(t *testing.T) {
			wantRule(t, c.run(t, true), c.rule)
			wantRule(t, c.run(t, false), "")
		})
	}
	all := everyRule(t)
	if len(all) < 20 {
		t.Errorf("found %v in errors.go", all)
	}
	for _, rule := range all {
		if !tested[rule] {
			t.Errorf("no test breaks %q", rule)
		}
	}
}
