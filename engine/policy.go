package engine

import (
	"fmt"
	"slices"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// algorithmSet is a set of KeyAlgorithms, a bit for each row of algorithms.
type algorithmSet uint32

func algorithmsNamed(names ...KeyAlgorithm) (set algorithmSet) {
	for _, a := range algorithms {
		if slices.Contains(names, a.name) {
			set |= a.bit
		}
	}
	return set
}

func (set algorithmSet) has(a *algorithm) bool { return set&a.bit != 0 }

var (
	anyTDES = algorithmsNamed(TDES2Key, TDES3Key)
	anyAES  = algorithmsNamed(AES128, AES192, AES256)
	anyHMAC = algorithmsNamed(HMACSHA224, HMACSHA256, HMACSHA384, HMACSHA512)
	anyRSA  = algorithmsNamed(RSA2048, RSA3072, RSA4096)
	anyECC  = algorithmsNamed(ECCNISTP256, ECCNISTP384, ECCNISTP521)
	ciphers = anyTDES | anyAES
)

// Sets of modes of use that stand together in the tables of the user guide.
var (
	derive       = []modes{deriveKey, noRestrictions}
	macModes     = []modes{generate, verify, generate | verify, noRestrictions}
	strictMAC    = []modes{generate, verify, generate | verify}
	cipherModes  = []modes{encrypt | decrypt | wrap | unwrap, encrypt | wrap, decrypt | unwrap, noRestrictions}
	pairModes    = []modes{encrypt | decrypt | wrap | unwrap, encrypt | wrap, decrypt | unwrap}
	trPairModes  = append([]modes{deriveKey}, pairModes...)
	publicCipher = []modes{encrypt | wrap}
	signOrVerify = []modes{sign, verify}
	verifyOnly   = []modes{verify}
	deriveOnly   = []modes{deriveKey}
)

// usageRule is a row of "Valid key attributes": which keys of a usage may be
// made here and which may be brought in, by class, algorithm and modes. An
// empty class means that there is no such way.
type usageRule struct {
	usage                    KeyUsage
	algorithms               algorithmSet
	createClass, importClass KeyClass
	createModes, importModes []modes
}

// symmetric is the row of a symmetric key: made and brought in alike.
func symmetric(u KeyUsage, set algorithmSet, m []modes) usageRule {
	return usageRule{u, set, SymmetricKey, SymmetricKey, m, m}
}

// pair is the row of a pair made here, whose public half may be brought in.
func pair(u KeyUsage, set algorithmSet, create, public []modes) usageRule {
	return usageRule{u, set, AsymmetricKeyPair, PublicKey, create, public}
}

// usageRules is the table of "Valid key attributes" (AWS Payment Cryptography
// User Guide, keys-validattributes), in its order, so that a change there is
// a diff here. What it does not list is refused; P1 and PRIVATE_KEY exist in
// the enumerations alone.
var usageRules = []usageRule{
	symmetric(TR31B0BaseDerivationKey, ciphers, derive),
	symmetric(TR31C0CardVerificationKey, ciphers, macModes),
	symmetric(TR31D0SymmetricDataEncryptionKey, ciphers, cipherModes),
	symmetric(TR31E0EMVMKeyAppCryptograms, ciphers, derive),
	symmetric(TR31E1EMVMKeyConfidentiality, ciphers, derive),
	symmetric(TR31E2EMVMKeyIntegrity, ciphers, derive),
	symmetric(TR31E4EMVMKeyDynamicNumbers, ciphers, derive),
	symmetric(TR31E5EMVMKeyCardPersonalization, ciphers, derive),
	symmetric(TR31E6EMVMKeyOther, ciphers, derive),
	symmetric(TR31K0KeyEncryptionKey, ciphers, cipherModes),
	symmetric(TR31K1KeyBlockProtectionKey, ciphers, cipherModes),
	symmetric(TR31M1ISO97971MACKey, anyTDES, macModes),
	symmetric(TR31M3ISO97973MACKey, anyTDES, macModes),
	symmetric(TR31M6ISO97975CMACKey, ciphers, macModes),
	symmetric(TR31M7HMACKey, ciphers, macModes),
	symmetric(TR31M7HMACKey, anyHMAC, strictMAC),        // {Generate} and {Verify} alone: GUESS
	symmetric(TR31M0ISO16609MACKey, anyTDES, strictMAC), // from the page of operations; not on the table's
	symmetric(TR31P0PINEncryptionKey, ciphers, cipherModes),
	symmetric(TR31V1IBM3624PINVerificationKey, ciphers, macModes),
	symmetric(TR31V2VisaPINVerificationKey, ciphers, macModes),
	pair(TR31D1AsymmetricKeyForDataEncryption, anyRSA, pairModes, publicCipher),
	pair(TR31S0AsymmetricKeyForDigitalSignature, anyRSA, signOrVerify, verifyOnly),
	{TR31S0AsymmetricKeyForDigitalSignature, anyECC, "", PublicKey, nil, verifyOnly},
	pair(TR31K2TR34AsymmetricKey, anyRSA, trPairModes, publicCipher),
	{TR31K3AsymmetricKeyForKeyAgreement, anyECC, AsymmetricKeyPair, "", deriveOnly, nil},
}

// way is how a key comes into being.
type way int

const (
	created way = iota
	imported
)

func (r *usageRule) of(w way) (KeyClass, []modes) {
	if w == created {
		return r.createClass, r.createModes
	}
	return r.importClass, r.importModes
}

// attributes are KeyAttributes as the rules see them.
type attributes struct {
	usage KeyUsage
	class KeyClass
	alg   *algorithm
	modes modes
}

func (a KeyAttributes) parse() attributes {
	return attributes{a.KeyUsage, a.KeyClass, algorithmNamed(a.KeyAlgorithm), a.KeyModesOfUse.set()}
}

func (a attributes) members() KeyAttributes {
	return KeyAttributes{KeyUsage: a.usage, KeyClass: a.class, KeyAlgorithm: a.alg.name, KeyModesOfUse: a.modes.members()}
}

func permitted(a attributes, w way) bool {
	for i := range usageRules {
		r := &usageRules[i]
		if r.usage != a.usage || !r.algorithms.has(a.alg) {
			continue
		}
		if class, sets := r.of(w); class == a.class && slices.Contains(sets, a.modes) {
			return true
		}
	}
	return false
}

// checkAttributes holds attributes against the table. The reason names the
// first of usage, algorithm, class and modes that no row goes along with.
func checkAttributes(a attributes, w way, field string) error {
	return checkCandidates(a, []*algorithm{a.alg}, w, field)
}

// checkCandidates is checkAttributes for a key that is of one of several
// algorithms, which only its length tells: one that fits is enough.
func checkCandidates(a attributes, candidates []*algorithm, w way, field string) error {
	names := make([]KeyAlgorithm, len(candidates))
	for i, alg := range candidates {
		if a.alg = alg; permitted(a, w) {
			return nil
		}
		names[i] = alg.name
	}
	rows := rowsOf(w, func(r *usageRule) bool { return r.usage == a.usage })
	if len(rows) == 0 {
		problem := problemUsageCreated
		if w == imported {
			problem = problemUsageImported
		}
		return attributeError(because(RuleKeyUsage, field+"KeyUsage", problem, string(a.usage), ""))
	}
	narrowed := keep(rows, func(r *usageRule) bool { return slices.ContainsFunc(candidates, r.algorithms.has) })
	if len(narrowed) == 0 {
		return attributeError(because(RuleKeyAlgorithm, field+"KeyAlgorithm", problemAlgorithm, wording.Or(names),
			wording.Or(algorithmNames(rows))+" for "+string(a.usage)))
	}
	rows = narrowed
	if class, _ := rows[0].of(w); class != a.class {
		return attributeError(because(RuleKeyClass, field+"KeyClass", problemClass, string(a.class), string(class)))
	}
	_, sets := rows[0].of(w)
	return attributeError(because(RuleKeyModesOfUse, field+"KeyModesOfUse", problemModes, a.modes.String(),
		fmt.Sprintf("%s for %s of %s", orModes(sets), a.usage, wording.Or(names))))
}

func attributeError(r Reason) error {
	return invalid("The combination of key attributes is not valid.", r)
}

func orModes(sets []modes) string {
	words := make([]string, len(sets))
	for i, m := range sets {
		words[i] = m.String()
	}
	return wording.Or(words)
}

func rowsOf(w way, ok func(*usageRule) bool) (out []*usageRule) {
	for i := range usageRules {
		if class, _ := usageRules[i].of(w); class != "" && ok(&usageRules[i]) {
			out = append(out, &usageRules[i])
		}
	}
	return out
}

func keep(rows []*usageRule, ok func(*usageRule) bool) (out []*usageRule) {
	for _, r := range rows {
		if ok(r) {
			out = append(out, r)
		}
	}
	return out
}

func algorithmNames(rows []*usageRule) (out []KeyAlgorithm) {
	for _, a := range algorithms {
		if slices.ContainsFunc(rows, func(r *usageRule) bool { return r.algorithms.has(&a) }) {
			out = append(out, a.name)
		}
	}
	return out
}

// usageOfCode finds the usage with a key block's code: the two characters
// after "TR31_" in its name (tr31-mapping, section 2).
func usageOfCode(code string) (KeyUsage, bool) {
	for _, u := range allKeyUsage {
		if u.code() == code {
			return u, true
		}
	}
	return "", false
}

// usageCodes are the codes of all usages, in the order of their names.
func usageCodes() (out []string) {
	for _, u := range allKeyUsage {
		if !slices.Contains(out, u.code()) {
			out = append(out, u.code())
		}
	}
	return out
}

// code is the usage's TR-31 code.
func (u KeyUsage) code() string { return string(u[len("TR31_"):][:2]) }

// Wrapping strength (user guide, keys-importexport): under what a key of each
// algorithm may travel. A key that is not in a table may not travel so.
type strengthTable map[KeyAlgorithm]algorithmSet

// kekStrength is for key blocks: under which key-encryption keys, kept or
// agreed on. LenientStrength takes what the service took in TR-31 imports
// before 2025 instead: any cipher key.
var kekStrength = strengthTable{
	TDES2Key:   ciphers,
	TDES3Key:   algorithmsNamed(TDES3Key) | anyAES,
	AES128:     anyAES,
	AES192:     algorithmsNamed(AES192, AES256),
	AES256:     algorithmsNamed(AES256),
	HMACSHA224: algorithmsNamed(AES256),
	HMACSHA256: algorithmsNamed(AES256),
	HMACSHA384: algorithmsNamed(AES256),
	HMACSHA512: algorithmsNamed(AES256),
}

// rsaStrength is for TR-34 and RSA cryptograms: to which pairs.
var rsaStrength = strengthTable{
	TDES2Key: anyRSA,
	TDES3Key: anyRSA,
	AES128:   algorithmsNamed(RSA3072, RSA4096),
}

// curveStrength is for key agreements: on which curves. HMAC keys are not in
// the guide's table; they travel on each curve (GUESS, as customer-flows, section
// 16, replays them), under a derived key of AES_256.
var curveStrength = strengthTable{
	TDES2Key:   anyECC,
	TDES3Key:   anyECC,
	AES128:     anyECC,
	AES192:     algorithmsNamed(ECCNISTP384, ECCNISTP521),
	AES256:     algorithmsNamed(ECCNISTP521),
	HMACSHA224: anyECC,
	HMACSHA256: anyECC,
	HMACSHA384: anyECC,
	HMACSHA512: anyECC,
}

func checkStrength(table strengthTable, wrapping, moved *algorithm, field string) error {
	if table[moved.name].has(wrapping) {
		return nil
	}
	var strong []KeyAlgorithm
	for _, a := range algorithms {
		if table[moved.name].has(&a) {
			strong = append(strong, a.name)
		}
	}
	problem, wanted := problemWeaker, wording.Or(strong)
	if strong == nil { // in the table for RSA keys alone
		problem, wanted = problemNoRSA, "a TR-31 key block under a key agreed by ECDH, or under another key"
	}
	return invalid("The wrapping key is weaker than the key to be wrapped.",
		because(RuleWrappingStrength, field, problem, string(wrapping.name)+" around "+string(moved.name), wanted))
}
