package x509ca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"slices"
	"strconv"
	"strings"
)

var (
	defaultRSABits = []int{2048, 3072, 4096}
	defaultCurves  = []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()}
)

// strengths is NIST SP 800-57 part 1 revision 5, table 2: the shortest key of
// each security strength. Sizes are in bits.
var strengths = []struct{ strength, rsa, curve int }{
	{256, 15360, 512},
	{192, 7680, 384},
	{128, 3072, 256},
	{112, 2048, 224},
	{80, 1024, 160},
}

// keySize is what there is to compare of a key.
type keySize struct {
	bits  int // of the modulus or the curve
	curve bool
}

// sizeOf measures a key; ok is false if it is neither RSA nor ECDSA.
func sizeOf(c *x509.Certificate) (size keySize, ok bool) {
	if isEmpty(c.PublicKey) {
		return keySize{}, false
	}
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return keySize{bits: key.N.BitLen()}, true
	case *ecdsa.PublicKey:
		return keySize{bits: key.Params().BitSize, curve: true}, true
	}
	return keySize{}, false
}

func (k keySize) String() string {
	if k.curve {
		return "P-" + strconv.Itoa(k.bits)
	}
	return "RSA " + strconv.Itoa(k.bits)
}

// strength is in bits, 0 below the table.
func (k keySize) strength() int {
	for _, row := range strengths {
		if k.curve && k.bits >= row.curve || !k.curve && k.bits >= row.rsa {
			return row.strength
		}
	}
	return 0
}

// maySign reports whether a key is strong enough to sign for another. That RSA
// may not sign for curves, and curves for RSA by strength alone, is a guess (GUESS G-authority-strength)
// where the public text compares like with like.
func (k keySize) maySign(subject keySize) bool {
	switch {
	case k.curve == subject.curve:
		return k.bits >= subject.bits
	case subject.curve:
		return false
	}
	return k.strength() >= subject.strength()
}

func (p *path) checkKey(i int) error {
	spki := p.certificates[i].RawSubjectPublicKeyInfo // nil in one that was not parsed
	if err := checkPublicKey(spki); spki != nil && err != nil {
		err := err.(*Error)
		err.Certificate = p.role(i)
		return err
	}
	size, ok := sizeOf(p.certificates[i])
	if !ok {
		return p.refuse(i, RuleKeyType, problemKeyType, keyKind(p.certificates[i]), "RSA or ECDSA")
	}
	moduli, curves := p.RSABits, p.Curves
	if moduli == nil {
		moduli = defaultRSABits
	}
	if curves == nil {
		curves = defaultCurves
	}
	isThis := func(c elliptic.Curve) bool { return c.Params().BitSize == size.bits }
	if !size.curve && slices.Contains(moduli, size.bits) || size.curve && slices.ContainsFunc(curves, isThis) {
		return nil
	}
	return p.refuse(i, RuleKeySize, problemKeySize, size.String(), wantedSizes(size.curve, moduli, curves))
}

// keyKind names the kind of a key in a refusal.
func keyKind(c *x509.Certificate) string {
	if c.PublicKeyAlgorithm == x509.UnknownPublicKeyAlgorithm {
		return "an unknown kind of key"
	}
	return c.PublicKeyAlgorithm.String()
}

// wantedSizes lists what would have passed.
func wantedSizes(curve bool, moduli []int, curves []elliptic.Curve) string {
	var names []string
	if curve {
		for _, c := range curves {
			names = append(names, c.Params().Name)
		}
	} else {
		for _, bits := range moduli {
			names = append(names, keySize{bits: bits}.String())
		}
	}
	if names == nil {
		return "another kind of key"
	}
	return strings.Join(names, ", ")
}

func (p *path) checkStrength(i int) error {
	issuer := p.above(i)
	if !p.IssuerStrength || issuer == nil {
		return nil
	}
	own, _ := sizeOf(p.certificates[i])
	signing, ok := sizeOf(issuer)
	if ok && !signing.maySign(own) {
		return p.refuse(i, RuleIssuerStrength, problemIssuerStrength, own.String()+" signed by "+signing.String(), "")
	}
	return nil
}
