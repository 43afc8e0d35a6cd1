package apc

import (
	"fmt"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// Reason is what the service does not say: the rule, the member at fault, and
// what is wrong with it.
type Reason struct {
	Rule    Rule   // RuleMAC, RuleKeyUsage, ...
	Field   string // "KeyAttributes.KeyUsage"; of a key block, "KeyMaterial.Tr31KeyBlock.WrappedKeyBlock"
	Problem string // what is wrong, as a clause: "the MAC does not verify under this key"
	Found   string // the value at fault, or empty; never key material
	Wanted  string // the value or values that would have passed, or empty
	Offset  int    // in a key block; -1 where there is none
}

// String is "field: problem: found ..., wanted ... (at character n)", as far as
// each is known.
func (r Reason) String() string {
	out := wording.Text(r.Problem, r.Found, r.Wanted)
	if r.Field != "" {
		out = r.Field + ": " + out
	}
	if r.Offset >= 0 {
		out += fmt.Sprintf(" (at character %d)", r.Offset)
	}
	return out
}

// Rule is a name, for programs, of the rule that a refused request breaks.
type Rule string

// Rules about the request.
const (
	RuleRequired     Rule = "required"      // a member that must be there
	RuleLength       Rule = "length"        // of a text or a list; of a key block too
	RulePattern      Rule = "pattern"       // the characters of a text
	RuleEnum         Rule = "enum"          // one of the values defined
	RuleRange        Rule = "range"         // of a number
	RuleUnion        Rule = "union"         // exactly one member of a union
	RuleOneOf        Rule = "one-of"        // one of two ways to say something
	RuleHex          Rule = "hex"           // hexadecimal digits; of a key block too
	RuleNotSimulated Rule = "not-simulated" // what exists in the service and is not simulated
)

// Rules about the caller and the names of resources.
const (
	RuleAccount        Rule = "account"         // a resource of another account
	RuleIdentityPolicy Rule = "identity-policy" // of the caller
	RuleResourcePolicy Rule = "resource-policy" // of the key
	RuleReplica        Rule = "replica"         // a key that only follows its primary
	RuleTeam           Rule = "approval-team"
	RuleSession        Rule = "approval-session"
	RuleRate           Rule = "rate"
	RulePublicPolicy   Rule = "public-policy"
	RulePolicyText     Rule = "policy-text"
	RuleRegion         Rule = "region"
	RuleIdentifier     Rule = "identifier"
	RuleKey            Rule = "key"
	RuleKeyExists      Rule = "key-exists"
	RuleAlias          Rule = "alias"
	RuleAliasExists    Rule = "alias-exists"
	RuleToken          Rule = "token" // an import or export token
	RuleTokenExpired   Rule = "token-expired"
	RuleTokenMaterial  Rule = "token-material"
	RulePageToken      Rule = "page-token"
	RuleTagKey         Rule = "tag-key"
	RuleQuota          Rule = "quota"
)

// Rules about keys and their attributes.
const (
	RuleKeyState               Rule = "key-state"
	RuleKeyEnabled             Rule = "key-enabled"
	RuleKeyUsage               Rule = "key-usage"
	RuleKeyAlgorithm           Rule = "key-algorithm"
	RuleKeyClass               Rule = "key-class"
	RuleKeyModesOfUse          Rule = "key-modes-of-use"
	RuleKeyCheckValueAlgorithm Rule = "key-check-value-algorithm"
	RuleKeyCheckValue          Rule = "key-check-value" // in a key block
	RuleDeriveKeyUsage         Rule = "derive-key-usage"
	RuleKeyMaterialType        Rule = "key-material-type"
	RuleExportable             Rule = "exportable"    // the key
	RuleExportability          Rule = "exportability" // of a key block
	RuleWrappingKeyUsage       Rule = "wrapping-key-usage"
	RuleWrappingKeyModes       Rule = "wrapping-key-modes"
	RuleWrappingKeyAlgorithm   Rule = "wrapping-key-algorithm"
	RuleWrappingStrength       Rule = "wrapping-strength"
	RuleCertificateAuthority   Rule = "certificate-authority"
	RuleCertificateKey         Rule = "certificate-key" // a certificate of another key
	RuleKeyPoint               Rule = "key-point"       // of an elliptic curve
)

// Rules about imported and exported key material.
const (
	RuleKeyBlock             Rule = "key-block" // with Options.HideReasons: any refusal at or after a decryption
	RuleKeyBlockVersion      Rule = "key-block-version"
	RuleKeySerialNumber      Rule = "key-serial-number"
	RuleOptionalBlock        Rule = "optional-block"
	RuleOptionalBlocksLength Rule = "optional-blocks-length"
	RuleExportForm           Rule = "export-form"
	RuleAS2805Variant        Rule = "as2805-variant"
	RuleCryptogramLength     Rule = "cryptogram-length"
)

// Rules about what the data plane works on.
const (
	RuleVerification Rule = "verification" // a value that was computed and differs
	RulePIN          Rule = "pin"          // a PIN block or what is in it
	RuleCipherMode   Rule = "cipher-mode"
)

// Rules of key blocks and key tokens: the classes of packages tr31 and tr34.
const (
	RuleCharset         Rule = "charset"
	RuleVersion         Rule = "version"
	RuleHeaderField     Rule = "header-field"
	RuleOptBlock        Rule = "opt-block"
	RuleOptBlockData    Rule = "opt-block-data"
	RuleOptBlockPadding Rule = "opt-block-padding"
	RuleKBPK            Rule = "kbpk"
	RuleMAC             Rule = "mac"
	RuleKeyLength       Rule = "key-length"
	RuleASN1            Rule = "asn1"
	RuleStructure       Rule = "structure"
	RuleCertificate     Rule = "certificate"
	RuleSigner          Rule = "signer"
	RuleDigest          Rule = "digest"
	RuleSignature       Rule = "signature"
	RuleNonce           Rule = "nonce"
	RuleTime            Rule = "time"
	RuleCRL             Rule = "crl"
	RuleRecipient       Rule = "recipient"
	RuleOAEP            Rule = "oaep"
	RuleContent         Rule = "content"
	RuleTokenKeyBlock   Rule = "keyblock"
	RuleIDKDH           Rule = "idkdh"
	RuleHeader          Rule = "header"
)

// Rules of certificates: those of package x509ca, besides RuleKeyUsage,
// RuleLength and RuleSignature.
const (
	RuleForm               Rule = "form"
	RulePEMType            Rule = "pem-type"
	RuleSeveral            Rule = "several"
	RuleExtra              Rule = "extra"
	RuleParse              Rule = "parse"
	RuleKeyType            Rule = "key-type"
	RuleKeySize            Rule = "key-size"
	RuleKeyEncoding        Rule = "key-encoding"
	RuleKeyCurve           Rule = "key-curve"
	RuleKeyExponent        Rule = "key-exponent"
	RuleKeyModulus         Rule = "key-modulus"
	RuleNotYetValid        Rule = "not-yet-valid"
	RuleExpired            Rule = "expired"
	RuleSelfSigned         Rule = "self-signed"
	RuleIssuer             Rule = "issuer"
	RuleSignatureAlgorithm Rule = "signature-algorithm"
	RuleIssuerStrength     Rule = "issuer-strength"
	RuleCriticalExtension  Rule = "critical-extension"
	RuleBasicConstraints   Rule = "basic-constraints"
	RulePathLength         Rule = "path-length"
	RuleName               Rule = "name"
)

// Rules about the device, the store and the clock behind the simulator.
const (
	RuleHSM              Rule = "hsm"           // the device does not answer
	RuleHSMMechanism     Rule = "hsm-mechanism" // the device does not have what is needed
	RuleKeystore         Rule = "keystore"      // the store does not answer
	RuleContext          Rule = "context"       // the caller's context ended
	RuleConcurrentChange Rule = "concurrent-change"
	RuleSealedKey        Rule = "sealed-key"
	RuleStoredRecord     Rule = "stored-record"
	RuleClock            Rule = "clock"
	RuleInternal         Rule = "internal"
	RuleFault            Rule = "fault" // a test made the call fail
)
