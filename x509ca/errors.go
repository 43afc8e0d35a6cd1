package x509ca

import "github.com/seed748fb4d1/apcsim/internal/wording"

// Rule is the rule that a refused certificate breaks, and itself an error, so that callers write
// errors.Is(err, x509ca.RuleExpired).
type Rule string

// Rules of reading, which [Decode] applies.
const (
	RuleLength  Rule = "length"   // nothing at all, or too much
	RuleForm    Rule = "form"     // neither base64 nor PEM
	RulePEMType Rule = "pem-type" // PEM of something that is no certificate
	RuleSeveral Rule = "several"  // more than one
	RuleExtra   Rule = "extra"    // other text before or after it
	RuleParse   Rule = "parse"    // not an X.509 certificate
)

// Rules about the public key in a certificate, which [Decode] and [Rules] apply: malformed RSA or
// ECDSA keys.
const (
	RuleKeyEncoding Rule = "key-encoding" // not exactly a SubjectPublicKeyInfo in DER
	RuleKeyModulus  Rule = "key-modulus"  // of RSA: even or negative
	RuleKeyExponent Rule = "key-exponent" // of RSA: even, below 3 or above 2^31-1
	RuleKeyCurve    Rule = "key-curve"    // of ECDSA: none of P-224, P-256, P-384 and P-521
	RuleKeyPoint    Rule = "key-point"    // of ECDSA: compressed, or not on the curve
)

// Rules about certificates, in the order in which [Rules] apply them to each.
const (
	RuleKeyType            Rule = "key-type"            // a key that is neither RSA nor ECDSA
	RuleKeySize            Rule = "key-size"            // a modulus or curve that is not wanted
	RuleNotYetValid        Rule = "not-yet-valid"       // before its validity
	RuleExpired            Rule = "expired"             // after its validity
	RuleSelfSigned         Rule = "self-signed"         // a root that names another issuer
	RuleIssuer             Rule = "issuer"              // the issuer is another, or missing
	RuleSignatureAlgorithm Rule = "signature-algorithm" // broken, such as SHA-1, or unknown
	RuleSignature          Rule = "signature"           // does not verify
	RuleIssuerStrength     Rule = "issuer-strength"     // signed by a weaker key
	RuleCriticalExtension  Rule = "critical-extension"  // one that is not understood here
	RuleBasicConstraints   Rule = "basic-constraints"   // not a CA
	RuleKeyUsage           Rule = "key-usage"           // a key for something else
	RulePathLength         Rule = "path-length"         // more CAs below it than it allows
)

// Rules about what is to be made. RuleKeyType and RuleSignature belong here too.
const (
	RuleName     Rule = "name"      // a name that cannot be written
	RuleSerial   Rule = "serial"    // zero, or longer than 20 octets
	RuleValidity Rule = "validity"  // ends before it begins, or cannot be written
	RuleProfile  Rule = "profile"   // contradicts itself
	RuleHash     Rule = "hash"      // none of SHA-224, SHA-256, SHA-384, SHA-512
	RuleKeyMatch Rule = "key-match" // a signer whose key is not the certificate's
)

// Error is the rule as it is written in [Error.Rule].
func (r Rule) Error() string { return "x509ca: " + string(r) }

// Error is a refusal.
type Error struct {
	Rule        Rule
	Certificate string // which one, in the words of [Rules]; empty where there is only one
	Index       int    // of that one in the chain, 0 the one checked, 1 its issuer
	Problem     string // what is wrong, as a clause: "the certificate has expired"
	Found       string // the value at fault, or empty; about 200 bytes of it at most, on one line
	Wanted      string // the value or values that would have passed, or empty
}

// Error is rule, certificate, problem and values in one line.
func (e *Error) Error() string {
	s := e.Rule.Error()
	if e.Certificate != "" {
		s += ": " + e.Certificate
	}
	return s + ": " + wording.Text(e.Problem, e.Found, e.Wanted)
}

// Is makes errors.Is find the rule.
func (e *Error) Is(target error) bool { return target == e.Rule }

// mostShown is how many bytes of another party's text an error carries.
const mostShown = 200

// refuse makes an Error that is about no particular certificate.
func refuse(rule Rule, problem, found, wanted string) *Error {
	return &Error{Rule: rule, Problem: problem, Found: shown(found), Wanted: shown(wanted)}
}

// shown makes text of unknown origin fit for a message.
func shown(s string) string { return wording.Cut(s, mostShown) }
