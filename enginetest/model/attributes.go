package model

import (
	"slices"
	"strings"

	"github.com/seed748fb4d1/apcsim/apc"
)

// modeLetters are the modes of use as the tables of this package write them, one letter each.
var modeLetters = []struct {
	letter string
	is     func(*apc.KeyModesOfUse) *bool
}{
	{"E", func(m *apc.KeyModesOfUse) *bool { return &m.Encrypt }},
	{"D", func(m *apc.KeyModesOfUse) *bool { return &m.Decrypt }},
	{"W", func(m *apc.KeyModesOfUse) *bool { return &m.Wrap }},
	{"U", func(m *apc.KeyModesOfUse) *bool { return &m.Unwrap }},
	{"G", func(m *apc.KeyModesOfUse) *bool { return &m.Generate }},
	{"V", func(m *apc.KeyModesOfUse) *bool { return &m.Verify }},
	{"S", func(m *apc.KeyModesOfUse) *bool { return &m.Sign }},
	{"X", func(m *apc.KeyModesOfUse) *bool { return &m.DeriveKey }},
	{"N", func(m *apc.KeyModesOfUse) *bool { return &m.NoRestrictions }},
}

// letters are modes of use in the order above: "EDWU".
func letters(m apc.KeyModesOfUse) string {
	var b strings.Builder
	for _, l := range modeLetters {
		if *l.is(&m) {
			b.WriteString(l.letter)
		}
	}
	return b.String()
}

// code is the usage in two characters: "K0".
func code(u apc.KeyUsage) string {
	text := strings.TrimPrefix(string(u), "TR31_")
	return text[:min(2, len(text))]
}

// families are the algorithms that a table names together.
var families = map[string][]apc.KeyAlgorithm{
	"TDES2": {apc.KeyAlgorithmTDES2Key},
	"TDES":  {apc.KeyAlgorithmTDES2Key, apc.KeyAlgorithmTDES3Key},
	"AES":   {apc.KeyAlgorithmAES128, apc.KeyAlgorithmAES192, apc.KeyAlgorithmAES256},
	"HMAC":  {apc.KeyAlgorithmHMACSHA224, apc.KeyAlgorithmHMACSHA256, apc.KeyAlgorithmHMACSHA384, apc.KeyAlgorithmHMACSHA512},
	"RSA":   {apc.KeyAlgorithmRSA2048, apc.KeyAlgorithmRSA3072, apc.KeyAlgorithmRSA4096},
	"ECC":   {apc.KeyAlgorithmECCNISTP256, apc.KeyAlgorithmECCNISTP384, apc.KeyAlgorithmECCNISTP521},
}

// inFamilies reports whether an algorithm is in one of several families, joined by commas.
func inFamilies(a apc.KeyAlgorithm, names string) bool {
	return slices.ContainsFunc(strings.Split(names, ","), func(name string) bool { return slices.Contains(families[name], a) })
}

// validAttributes is the user guide's table of valid key attributes for keys that are created: usages, class, algorithms,
// sets of modes of use.
const validAttributes = `
B0 E0 E1 E2 E4 E5 E6 | SYMMETRIC_KEY       | TDES,AES | X N
C0 M6 M7 V1 V2       | SYMMETRIC_KEY       | TDES,AES | G V GV N
D0 K0 K1 P0          | SYMMETRIC_KEY       | TDES,AES | EDWU EW DU N
M1 M3                | SYMMETRIC_KEY       | TDES     | G V GV N
M0                   | SYMMETRIC_KEY       | TDES     | G V GV
M7                   | SYMMETRIC_KEY       | HMAC     | G V GV
D1                   | ASYMMETRIC_KEY_PAIR | RSA      | EDWU EW DU
S0                   | ASYMMETRIC_KEY_PAIR | RSA      | S V
K2                   | ASYMMETRIC_KEY_PAIR | RSA      | X EDWU EW DU
K3                   | ASYMMETRIC_KEY_PAIR | ECC      | X`

// attributes is the rule that the attributes of a new key break: the first of usage, algorithm, class and modes of use
// that no row of the table has.
func attributes(a apc.KeyAttributes) apc.Rule {
	broken := apc.RuleKeyUsage
	for row := range strings.Lines(strings.TrimSpace(validAttributes)) {
		f := strings.Split(row, "|")
		if !slices.Contains(strings.Fields(f[0]), code(a.KeyUsage)) {
			continue
		}
		if !inFamilies(a.KeyAlgorithm, strings.TrimSpace(f[2])) {
			if broken == apc.RuleKeyUsage {
				broken = apc.RuleKeyAlgorithm
			}
			continue
		}
		if strings.TrimSpace(f[1]) != string(a.KeyClass) {
			return apc.RuleKeyClass
		}
		return unless(slices.Contains(strings.Fields(f[3]), letters(a.KeyModesOfUse)), apc.RuleKeyModesOfUse)
	}
	return broken
}

// checkAlgorithms are those that a request may name for the check value of a key; the first is the one that answers
// report without.
func checkAlgorithms(a apc.KeyAlgorithm) []apc.KeyCheckValueAlgorithm {
	switch {
	case inFamilies(a, "TDES"):
		return []apc.KeyCheckValueAlgorithm{apc.KeyCheckValueAlgorithmANSIX924, apc.KeyCheckValueAlgorithmCMAC}
	case inFamilies(a, "AES"):
		return []apc.KeyCheckValueAlgorithm{apc.KeyCheckValueAlgorithmCMAC, apc.KeyCheckValueAlgorithmANSIX924}
	case inFamilies(a, "HMAC"):
		return []apc.KeyCheckValueAlgorithm{apc.KeyCheckValueAlgorithmHMAC}
	}
	return []apc.KeyCheckValueAlgorithm{apc.KeyCheckValueAlgorithmSHA1}
}

// reported is the algorithm that answers report for the one asked for: an AES key has a CMAC value in any case.
func reported(a apc.KeyAlgorithm, asked *apc.KeyCheckValueAlgorithm) apc.KeyCheckValueAlgorithm {
	if asked == nil || inFamilies(a, "AES") {
		return checkAlgorithms(a)[0]
	}
	return *asked
}

func isTDES(a apc.KeyAlgorithm) bool { return inFamilies(a, "TDES") }

// strong reports whether a key may be wrapped under another, by the user guide.
func strong(kek, key apc.KeyAlgorithm) bool {
	rank := map[apc.KeyAlgorithm]int{
		apc.KeyAlgorithmTDES2Key: 1,
		apc.KeyAlgorithmTDES3Key: 2,
		apc.KeyAlgorithmAES128:   3,
		apc.KeyAlgorithmAES192:   4,
		apc.KeyAlgorithmAES256:   5,
	}
	if inFamilies(key, "HMAC") {
		return kek == apc.KeyAlgorithmAES256
	}
	return rank[kek] >= rank[key]
}

// strongCurve reports whether a key may be wrapped under one agreed on with a curve.
func strongCurve(curve, key apc.KeyAlgorithm) bool {
	switch key {
	case apc.KeyAlgorithmAES192:
		return curve != apc.KeyAlgorithmECCNISTP256
	case apc.KeyAlgorithmAES256:
		return curve == apc.KeyAlgorithmECCNISTP521
	}
	return isTDES(key) || key == apc.KeyAlgorithmAES128 || inFamilies(key, "HMAC")
}

// The first rule that a key breaks, for each part that it can take.

func exports(k *Key) apc.Rule {
	return firstRule(unless(k.Attributes.KeyClass == apc.KeyClassSymmetricKey, apc.RuleKeyClass), unless(k.Exportable, apc.RuleExportable))
}

func wraps(k *Key) apc.Rule   { return wrapping(k, "K0 K1", "TDES,AES", "E", "W") }
func unwraps(k *Key) apc.Rule { return wrapping(k, "K0 K1", "TDES,AES", "D", "U") }

func wrapsNodes(k *Key) apc.Rule   { return wrapping(k, "K0", "TDES", "E", "W") }
func unwrapsNodes(k *Key) apc.Rule { return wrapping(k, "K0", "TDES", "D", "U") }

func wrapping(k *Key, usages, algorithms string, modes ...string) apc.Rule {
	has := letters(k.Attributes.KeyModesOfUse)
	fits := has == "N" || !slices.ContainsFunc(modes, func(m string) bool { return !strings.Contains(has, m) })
	return firstRule(
		unless(slices.Contains(strings.Fields(usages), code(k.Attributes.KeyUsage)), apc.RuleWrappingKeyUsage),
		unless(inFamilies(k.Attributes.KeyAlgorithm, algorithms), apc.RuleWrappingKeyAlgorithm),
		unless(fits, apc.RuleWrappingKeyModes),
	)
}

func isAuthority(k *Key) apc.Rule {
	return unless(k.Attributes.KeyClass == apc.KeyClassPublicKey && code(k.Attributes.KeyUsage) == "S0", apc.RuleCertificateAuthority)
}

func isAgreementPair(k *Key) apc.Rule {
	return unless(k.Attributes.KeyClass == apc.KeyClassAsymmetricKeyPair && code(k.Attributes.KeyUsage) == "K3", apc.RuleKeyUsage)
}

// agreesOnKEK is the rule where an agreement of the key pair is not for wrapping keys.
func agreesOnKEK(k *Key) apc.Rule {
	fits := k.Agrees != nil && (code(*k.Agrees) == "K0" || code(*k.Agrees) == "K1")
	return unless(fits, apc.RuleDeriveKeyUsage)
}
