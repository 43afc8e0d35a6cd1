package engine

import (
	"fmt"
	"slices"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/wording"
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
	usage                    apc.KeyUsage
	algorithms               algorithmSet
	createClass, importClass apc.KeyClass
	createModes, importModes []modes
}

// symmetric is the row of a symmetric key: made and brought in alike.
func symmetric(u apc.KeyUsage, set algorithmSet, m []modes) usageRule {
	return usageRule{u, set, apc.KeyClassSymmetricKey, apc.KeyClassSymmetricKey, m, m}
}

// pair is the row of a pair made here, whose public half may be brought in.
func pair(u apc.KeyUsage, set algorithmSet, create, public []modes) usageRule {
	return usageRule{u, set, apc.KeyClassAsymmetricKeyPair, apc.KeyClassPublicKey, create, public}
}

// usageRules is the table of "Valid key attributes" (AWS Payment Cryptography
// User Guide, keys-validattributes), in its order, so that a change there is
// a diff here. What it does not list is refused; P1 and PRIVATE_KEY exist in
// the enumerations alone.
var usageRules = []usageRule{
	symmetric(usageB0, ciphers, derive),
	symmetric(usageC0, ciphers, macModes),
	symmetric(usageD0, ciphers, cipherModes),
	symmetric(usageE0, ciphers, derive),
	symmetric(usageE1, ciphers, derive),
	symmetric(usageE2, ciphers, derive),
	symmetric(usageE4, ciphers, derive),
	symmetric(usageE5, ciphers, derive),
	symmetric(usageE6, ciphers, derive),
	symmetric(usageK0, ciphers, cipherModes),
	symmetric(usageK1, ciphers, cipherModes),
	symmetric(usageM1, anyTDES, macModes),
	symmetric(usageM3, anyTDES, macModes),
	symmetric(usageM6, ciphers, macModes),
	symmetric(usageM7, ciphers, macModes),
	symmetric(usageM7, anyHMAC, strictMAC), // {Generate} and {Verify} alone: GUESS
	symmetric(usageM0, anyTDES, strictMAC), // from the page of operations; not on the table's
	symmetric(usageP0, ciphers, cipherModes),
	symmetric(usageV1, ciphers, macModes),
	symmetric(usageV2, ciphers, macModes),
	pair(usageD1, anyRSA, pairModes, publicCipher),
	pair(usageS0, anyRSA, signOrVerify, verifyOnly),
	{usageS0, anyECC, "", apc.KeyClassPublicKey, nil, verifyOnly},
	pair(usageK2, anyRSA, trPairModes, publicCipher),
	{usageK3, anyECC, apc.KeyClassAsymmetricKeyPair, "", deriveOnly, nil},
}

// way is how a key comes into being.
type way int

const (
	created way = iota
	imported
)

func (r *usageRule) of(w way) (apc.KeyClass, []modes) {
	if w == created {
		return r.createClass, r.createModes
	}
	return r.importClass, r.importModes
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
	names := make([]apc.KeyAlgorithm, len(candidates))
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
		return attributeError(because(apc.RuleKeyUsage, field+"KeyUsage", problem, string(a.usage), ""))
	}
	narrowed := keep(rows, func(r *usageRule) bool { return slices.ContainsFunc(candidates, r.algorithms.has) })
	if len(narrowed) == 0 {
		return attributeError(because(apc.RuleKeyAlgorithm, field+"KeyAlgorithm", problemAlgorithm, wording.Or(names),
			wording.Or(algorithmNames(rows))+" for "+string(a.usage)))
	}
	rows = narrowed
	if class, _ := rows[0].of(w); class != a.class {
		return attributeError(because(apc.RuleKeyClass, field+"KeyClass", problemClass, string(a.class), string(class)))
	}
	_, sets := rows[0].of(w)
	return attributeError(because(apc.RuleKeyModesOfUse, field+"KeyModesOfUse", problemModes, a.modes.String(),
		fmt.Sprintf("%s for %s of %s", orModes(sets), a.usage, wording.Or(names))))
}

func attributeError(r apc.Reason) error {
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

func algorithmNames(rows []*usageRule) (out []apc.KeyAlgorithm) {
	for _, a := range algorithms {
		if slices.ContainsFunc(rows, func(r *usageRule) bool { return r.algorithms.has(&a) }) {
			out = append(out, a.name)
		}
	}
	return out
}

// Wrapping strength (user guide, keys-importexport): under what a key of each
// algorithm may travel. A key that is not in a table may not travel so.
type strengthTable map[apc.KeyAlgorithm]algorithmSet

// kekStrength is for key blocks: under which key-encryption keys, kept or
// agreed on. LenientStrength takes what the service took in TR-31 imports
// before 2025 instead: any cipher key.
var kekStrength = strengthTable{
	tdes2:      ciphers,
	tdes3:      algorithmsNamed(tdes3) | anyAES,
	aes128:     anyAES,
	aes192:     algorithmsNamed(aes192, aes256),
	aes256:     algorithmsNamed(aes256),
	hmacSHA224: algorithmsNamed(aes256),
	hmacSHA256: algorithmsNamed(aes256),
	hmacSHA384: algorithmsNamed(aes256),
	hmacSHA512: algorithmsNamed(aes256),
}

// rsaStrength is for TR-34 and RSA cryptograms: to which pairs.
var rsaStrength = strengthTable{
	tdes2:  anyRSA,
	tdes3:  anyRSA,
	aes128: algorithmsNamed(rsa3072, rsa4096),
}

// curveStrength is for key agreements: on which curves. HMAC keys are not in
// the guide's table; they travel on each curve (GUESS, as customer-flows, section
// 16, replays them), under a derived key of AES_256.
var curveStrength = strengthTable{
	tdes2:      anyECC,
	tdes3:      anyECC,
	aes128:     anyECC,
	aes192:     algorithmsNamed(eccP384, eccP521),
	aes256:     algorithmsNamed(eccP521),
	hmacSHA224: anyECC,
	hmacSHA256: anyECC,
	hmacSHA384: anyECC,
	hmacSHA512: anyECC,
}

func checkStrength(table strengthTable, wrapping, moved *algorithm, field string) error {
	if table[moved.name].has(wrapping) {
		return nil
	}
	var strong []apc.KeyAlgorithm
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
		because(apc.RuleWrappingStrength, field, problem, string(wrapping.name)+" around "+string(moved.name), wanted))
}
