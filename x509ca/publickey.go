package x509ca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/asn1"
	"fmt"
	"math"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

var (
	idRSA = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1} // RFC 3279, section 2.3.1
	idEC  = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}     // RFC 5480, section 2.1.1
)

// knownCurves are the named curves of RFC 5480, section 2.1.1.1, that the
// standard library has. Which of them are wanted is for [Rules].
var knownCurves = []struct {
	oid   asn1.ObjectIdentifier
	curve elliptic.Curve
}{
	{asn1.ObjectIdentifier{1, 3, 132, 0, 33}, elliptic.P224()},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}, elliptic.P256()},
	{asn1.ObjectIdentifier{1, 3, 132, 0, 34}, elliptic.P384()},
	{asn1.ObjectIdentifier{1, 3, 132, 0, 35}, elliptic.P521()},
}

// Public exponents of RSA: the largest is the one that all libraries take.
const (
	minExponent = 3
	maxExponent = math.MaxInt32
)

// checkPublicKey refuses a malformed RSA or ECDSA key, a DER SubjectPublicKeyInfo, which libraries
// would refuse only when it is used. A key of another algorithm passes: [RuleKeyType] is about it.
func checkPublicKey(spki []byte) error {
	in, seq := cryptobyte.String(spki), cryptobyte.String(nil)
	var algorithm cryptobyte.String
	var oid asn1.ObjectIdentifier
	var key asn1.BitString
	switch {
	case !in.ReadASN1(&seq, tag.SEQUENCE) || !seq.ReadASN1(&algorithm, tag.SEQUENCE) ||
		!algorithm.ReadASN1ObjectIdentifier(&oid) || !seq.ReadASN1BitString(&key):
		return encodingError(problemKeyForm, "")
	case !oid.Equal(idRSA) && !oid.Equal(idEC):
		return nil
	case !in.Empty() || !seq.Empty():
		return encodingError(problemKeyRest, "")
	case key.BitLength%8 != 0:
		return encodingError(problemKeyBits, wording.Count(key.BitLength, "bit"))
	case oid.Equal(idRSA):
		return checkRSA(algorithm, key.Bytes)
	}
	return checkEC(algorithm, key.Bytes)
}

func encodingError(problem, found string) error { return refuse(RuleKeyEncoding, problem, found, "") }

// checkRSA checks an RSAPublicKey (RFC 8017, appendix A.1.1).
func checkRSA(parameters cryptobyte.String, der cryptobyte.String) error {
	n, e := new(big.Int), new(big.Int)
	var null, seq cryptobyte.String
	switch {
	case !parameters.Empty() && (!parameters.ReadASN1(&null, tag.NULL) || !null.Empty() || !parameters.Empty()):
		return encodingError(problemRSAParameters, "")
	case !der.ReadASN1(&seq, tag.SEQUENCE) || !seq.ReadASN1Integer(n) || !seq.ReadASN1Integer(e):
		return encodingError(problemRSAForm, "")
	case !der.Empty() || !seq.Empty():
		return encodingError(problemKeyRest, "")
	case n.Sign() <= 0 || n.Bit(0) == 0:
		return refuse(RuleKeyModulus, problemModulus, "", "")
	case !e.IsInt64() || e.Int64() < minExponent || e.Int64() > maxExponent || e.Bit(0) == 0:
		found := e.String()
		if !e.IsInt64() {
			found = wording.Count(e.BitLen(), "bit")
		}
		return refuse(RuleKeyExponent, problemExponent, found, "an odd number from 3 to 2147483647")
	}
	return nil
}

// checkEC checks a point (RFC 5480, section 2.2).
func checkEC(parameters cryptobyte.String, point []byte) error {
	var oid asn1.ObjectIdentifier
	if !parameters.ReadASN1ObjectIdentifier(&oid) || !parameters.Empty() {
		return refuse(RuleKeyCurve, problemNoCurve, "", "")
	}
	for _, known := range knownCurves {
		if !known.oid.Equal(oid) {
			continue
		}
		wanted := "an uncompressed point of " + known.curve.Params().Name
		if len(point) > 0 && (point[0] == 2 || point[0] == 3) {
			return refuse(RuleKeyPoint, problemCompressed, fmt.Sprintf("%02X", point[0]), wanted)
		}
		if _, err := ecdsa.ParseUncompressedPublicKey(known.curve, point); err != nil {
			return refuse(RuleKeyPoint, problemPoint, "", wanted)
		}
		return nil
	}
	return refuse(RuleKeyCurve, problemCurve, oid.String(), "P-224, P-256, P-384 or P-521")
}

// publicKeyOf finds the SubjectPublicKeyInfo of a certificate (RFC 5280, section
// 4.1); nil where there is none.
func publicKeyOf(der []byte) []byte {
	in := cryptobyte.String(der)
	var certificate, body, spki cryptobyte.String
	if !in.ReadASN1(&certificate, tag.SEQUENCE) || !certificate.ReadASN1(&body, tag.SEQUENCE) ||
		!body.SkipOptionalASN1(tag.Tag(0).Constructed().ContextSpecific()) || !body.SkipASN1(tag.INTEGER) {
		return nil
	}
	for range 4 { // algorithm, issuer, validity, subject
		if !body.SkipASN1(tag.SEQUENCE) {
			return nil
		}
	}
	if !body.ReadASN1Element(&spki, tag.SEQUENCE) {
		return nil
	}
	return spki
}
