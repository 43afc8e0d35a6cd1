// Package meanings has what the codes of TR-31, X9.143 and ISO 20038 mean, for the reports of the tools.
package meanings

// What a code means is not decided here, and neither is which codes there are.

// Version is for versions of key blocks.
var Version = map[string]string{
	"A": "TDES protection key, variant method; deprecated",
	"B": "TDES protection key, derivation method",
	"C": "TDES protection key, variant method",
	"D": "AES protection key, derivation method, CBC",
	"E": "AES protection key, derivation method, CTR (ISO 20038)",
}

// Usage is for key usages.
var Usage = map[string]string{
	"B0": "base derivation key (BDK)",
	"B1": "initial DUKPT key",
	"B2": "base key variant key; deprecated",
	"B3": "key derivation key outside X9.24",
	"C0": "card verification key",
	"D0": "data encryption, symmetric",
	"D1": "data encryption, asymmetric",
	"D2": "decimalization table encryption",
	"D3": "sensitive data encryption",
	"E0": "EMV issuer master key: application cryptograms",
	"E1": "EMV issuer master key: secure messaging for confidentiality",
	"E2": "EMV issuer master key: secure messaging for integrity",
	"E3": "EMV issuer master key: data authentication code",
	"E4": "EMV issuer master key: dynamic numbers",
	"E5": "EMV issuer master key: card personalization",
	"E6": "EMV issuer master key: other",
	"E7": "EMV asymmetric pair for PIN encryption",
	"I0": "initialization vector",
	"K0": "key encryption or wrapping",
	"K1": "TR-31 key block protection key",
	"K2": "TR-34 asymmetric pair of a key receiving device",
	"K3": "asymmetric pair for key wrapping or key agreement",
	"K4": "ISO 20038 key block protection key",
	"M0": "MAC, ISO 16609 algorithm 1 (TDES)",
	"M1": "MAC, ISO 9797-1 algorithm 1",
	"M2": "MAC, ISO 9797-1 algorithm 2",
	"M3": "MAC, ISO 9797-1 algorithm 3 (retail MAC)",
	"M4": "MAC, ISO 9797-1 algorithm 4",
	"M5": "MAC, ISO 9797-1:1999 algorithm 5; legacy",
	"M6": "CMAC (ISO 9797-1:2011 algorithm 5)",
	"M7": "HMAC",
	"M8": "MAC, ISO 9797-1 algorithm 6",
	"P0": "PIN encryption",
	"P1": "PIN generation",
	"S0": "asymmetric pair for signatures",
	"S1": "asymmetric pair of a certificate authority",
	"S2": "asymmetric pair outside X9.24",
	"V0": "PIN verification, other",
	"V1": "PIN verification, IBM 3624",
	"V2": "PIN verification, Visa PVV",
	"V3": "PIN verification, X9.132 algorithm 1",
	"V4": "PIN verification, X9.132 algorithm 2",
	"V5": "PIN verification, X9.132 algorithm 3",
}

// Algorithm is for algorithms.
var Algorithm = map[string]string{
	"A": "AES",
	"D": "DES",
	"E": "elliptic curve",
	"H": "HMAC",
	"I": "HMAC with SHA-2 (ISO 20038)",
	"J": "HMAC with SHA-3 (ISO 20038)",
	"R": "RSA",
	"S": "DSA",
	"T": "triple DES",
}

// Mode is for modes of use.
var Mode = map[string]string{
	"B": "encrypt and decrypt",
	"C": "generate and verify",
	"D": "decrypt only",
	"E": "encrypt only",
	"G": "generate only",
	"N": "no restriction, or not applicable",
	"S": "sign only",
	"T": "sign and decrypt",
	"V": "verify only",
	"X": "derive other keys",
	"Y": "create variants",
}

// Exportability is for exportabilities.
var Exportability = map[string]string{
	"E": "exportable in trusted key blocks",
	"N": "not exportable",
	"S": "sensitive: exportable in other forms too",
}

// Context is for key contexts.
var Context = map[string]string{
	"0": "decided by the wrapping key",
	"1": "storage only",
	"2": "exchange only",
}

// Optional is for optional blocks.
var Optional = map[string]string{
	"AL": "asymmetric key life",
	"BI": "base derivation key identifier",
	"CT": "certificate",
	"DA": "derivations allowed",
	"FL": "flags",
	"HM": "hash of an HMAC key",
	"IK": "initial key identifier for AES DUKPT",
	"KC": "check value of the wrapped key",
	"KP": "check value of the protection key",
	"KS": "initial key serial number for TDES DUKPT",
	"KV": "key block values; deprecated",
	"LB": "label",
	"PB": "padding",
	"PK": "check value of the protection key before re-wrapping",
	"TC": "time of creation",
	"TS": "time stamp",
	"WP": "wrapping pedigree",
}

// Of is what a code means. Those that no table has are proprietary, if they begin
// with a digit, or unknown.
func Of(table map[string]string, code string) string {
	if meaning, ok := table[code]; ok {
		return meaning
	}
	if code != "" && code[0] >= '0' && code[0] <= '9' {
		return "proprietary"
	}
	return "not known here"
}

// KeyVersion explains a key version number, two characters.
func KeyVersion(code string) string {
	switch {
	case code == "00":
		return "not used"
	case code != "" && code[0] == 'c':
		return "a key component"
	}
	return "version of the key"
}
