package engine

import (
	"fmt"
	"slices"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// Sets of modes of use, as the tables of the user guide list them.
var (
	derive      = []core.Modes{core.DeriveKey, core.NoRestrictions}
	macModes    = []core.Modes{core.Generate, core.Verify, core.Generate | core.Verify, core.NoRestrictions}
	strictMAC   = []core.Modes{core.Generate, core.Verify, core.Generate | core.Verify}
	cipherModes = []core.Modes{
		core.Encrypt | core.Decrypt | core.Wrap | core.Unwrap,
		core.Encrypt | core.Wrap,
		core.Decrypt | core.Unwrap,
		core.NoRestrictions,
	}
	pairModes = []core.Modes{
		core.Encrypt | core.Decrypt | core.Wrap | core.Unwrap,
		core.Encrypt | core.Wrap,
		core.Decrypt | core.Unwrap,
	}
	trPairModes  = append([]core.Modes{core.DeriveKey}, pairModes...)
	publicCipher = []core.Modes{core.Encrypt | core.Wrap}
	signOrVerify = []core.Modes{core.Sign, core.Verify}
	verifyOnly   = []core.Modes{core.Verify}
	deriveOnly   = []core.Modes{core.DeriveKey}
)

// usageRule is a row of "Valid key attributes": the keys of a usage that may be created and those that
// may be imported, by class, algorithm and modes of use. With an empty class there are none.
type usageRule struct {
	usage                    apc.KeyUsage
	algorithms               core.AlgorithmSet
	createClass, importClass apc.KeyClass
	createModes, importModes []core.Modes
}

// symmetric is the row of a symmetric key, which may be created and imported with the same attributes.
func symmetric(u apc.KeyUsage, set core.AlgorithmSet, m []core.Modes) usageRule {
	return usageRule{u, set, apc.KeyClassSymmetricKey, apc.KeyClassSymmetricKey, m, m}
}

// pair is the row of a key pair, which is created; a public key is imported.
func pair(u apc.KeyUsage, set core.AlgorithmSet, create, public []core.Modes) usageRule {
	return usageRule{u, set, apc.KeyClassAsymmetricKeyPair, apc.KeyClassPublicKey, create, public}
}

// usageRules is the table of "Valid key attributes" (AWS Payment Cryptography
// User Guide, keys-validattributes), in its order, so that a change there is
// a diff here. What it does not list is refused; P1 and PRIVATE_KEY exist only
// in the enumerations.
var usageRules = []usageRule{
	symmetric(core.UsageB0, core.Ciphers, derive),
	symmetric(core.UsageC0, core.Ciphers, macModes),
	symmetric(core.UsageD0, core.Ciphers, cipherModes),
	symmetric(core.UsageE0, core.Ciphers, derive),
	symmetric(core.UsageE1, core.Ciphers, derive),
	symmetric(core.UsageE2, core.Ciphers, derive),
	symmetric(core.UsageE4, core.Ciphers, derive),
	symmetric(core.UsageE5, core.Ciphers, derive),
	symmetric(core.UsageE6, core.Ciphers, derive),
	symmetric(core.UsageK0, core.Ciphers, cipherModes),
	symmetric(core.UsageK1, core.Ciphers, cipherModes),
	symmetric(core.UsageM1, core.AnyTDES, macModes),
	symmetric(core.UsageM3, core.AnyTDES, macModes),
	symmetric(core.UsageM6, core.Ciphers, macModes),
	symmetric(core.UsageM7, core.Ciphers, macModes),
	symmetric(core.UsageM7, core.AnyHMAC, strictMAC), // {Generate} and {Verify} alone: GUESS G-hmac-modes
	symmetric(core.UsageM0, core.AnyTDES, strictMAC), // from the page of operations; not on the table's
	symmetric(core.UsageP0, core.Ciphers, cipherModes),
	symmetric(core.UsageV1, core.Ciphers, macModes),
	symmetric(core.UsageV2, core.Ciphers, macModes),
	pair(core.UsageD1, core.AnyRSA, pairModes, publicCipher),
	pair(core.UsageS0, core.AnyRSA, signOrVerify, verifyOnly),
	{core.UsageS0, core.AnyECC, "", apc.KeyClassPublicKey, nil, verifyOnly},
	pair(core.UsageK2, core.AnyRSA, trPairModes, publicCipher),
	{core.UsageK3, core.AnyECC, apc.KeyClassAsymmetricKeyPair, "", deriveOnly, nil},
}

// way is how a key comes into being.
type way int

const (
	created way = iota
	imported
)

func (r *usageRule) of(w way) (apc.KeyClass, []core.Modes) {
	if w == created {
		return r.createClass, r.createModes
	}
	return r.importClass, r.importModes
}

func permitted(a core.Attributes, w way) bool {
	for i := range usageRules {
		r := &usageRules[i]
		if r.usage != a.Usage || !r.algorithms.Has(a.Alg) {
			continue
		}
		if class, sets := r.of(w); class == a.Class && slices.Contains(sets, a.Modes) {
			return true
		}
	}
	return false
}

// checkAttributes compares attributes with the table. The reason names the first of usage, algorithm,
// class and modes of use that no row has.
func checkAttributes(a core.Attributes, w way, field string) error {
	if permitted(a, w) {
		return nil
	}
	return checkCandidates(a, []*core.Algorithm{a.Alg}, w, field)
}

// checkCandidates is checkAttributes for a key whose length, and so its algorithm, is not known yet: one
// candidate that fits is enough.
func checkCandidates(a core.Attributes, candidates []*core.Algorithm, w way, field string) error {
	names := make([]apc.KeyAlgorithm, len(candidates))
	for i, alg := range candidates {
		if a.Alg = alg; permitted(a, w) {
			return nil
		}
		names[i] = alg.Name
	}
	rows := rowsOf(w, func(r *usageRule) bool { return r.usage == a.Usage })
	if len(rows) == 0 {
		problem := core.ProblemUsageCreated
		if w == imported {
			problem = core.ProblemUsageImported
		}
		return attributeError(core.Because(apc.RuleKeyUsage, field+"KeyUsage", problem, string(a.Usage), ""))
	}
	narrowed := keep(rows, func(r *usageRule) bool { return slices.ContainsFunc(candidates, r.algorithms.Has) })
	if len(narrowed) == 0 {
		return attributeError(core.Because(apc.RuleKeyAlgorithm, field+"KeyAlgorithm", core.ProblemAlgorithm, wording.Or(names),
			wording.Or(algorithmNames(rows))+" for "+string(a.Usage)))
	}
	rows = narrowed
	if class, _ := rows[0].of(w); class != a.Class {
		return attributeError(core.Because(apc.RuleKeyClass, field+"KeyClass", core.ProblemClass, string(a.Class), string(class)))
	}
	_, sets := rows[0].of(w)
	return attributeError(core.Because(apc.RuleKeyModesOfUse, field+"KeyModesOfUse", core.ProblemModes, a.Modes.String(),
		fmt.Sprintf("%s for %s of %s", orModes(sets), a.Usage, wording.Or(names))))
}

func attributeError(r apc.Reason) error {
	return core.Invalid("The combination of key attributes is not valid.", r)
}

func orModes(sets []core.Modes) string {
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
	for _, a := range core.Algorithms {
		if slices.ContainsFunc(rows, func(r *usageRule) bool { return r.algorithms.Has(&a) }) {
			out = append(out, a.Name)
		}
	}
	return out
}

// Wrapping strength (user guide, keys-importexport): the algorithms that a key of each algorithm may be
// wrapped under. A key that is not in a table may not be wrapped so.
type strengthTable map[apc.KeyAlgorithm]core.AlgorithmSet

// kekStrength is for key blocks, under stored or derived key-encryption keys. LenientStrength takes what the service took in TR-31 imports
// before 2025 instead: any cipher key.
var kekStrength = strengthTable{
	core.TDES2:      core.Ciphers,
	core.TDES3:      core.AlgorithmsNamed(core.TDES3) | core.AnyAES,
	core.AES128:     core.AnyAES,
	core.AES192:     core.AlgorithmsNamed(core.AES192, core.AES256),
	core.AES256:     core.AlgorithmsNamed(core.AES256),
	core.HMACSHA224: core.AlgorithmsNamed(core.AES256),
	core.HMACSHA256: core.AlgorithmsNamed(core.AES256),
	core.HMACSHA384: core.AlgorithmsNamed(core.AES256),
	core.HMACSHA512: core.AlgorithmsNamed(core.AES256),
}

// rsaStrength is for TR-34 and RSA cryptograms: the algorithms of the receiving key pair.
var rsaStrength = strengthTable{
	core.TDES2:  core.AnyRSA,
	core.TDES3:  core.AnyRSA,
	core.AES128: core.AlgorithmsNamed(core.RSA3072, core.RSA4096),
}

// curveStrength is for key agreements: the curves. HMAC keys are not in
// the guide's table; they may be wrapped on each curve (GUESS G-hmac-curves, as customer-flows, section
// 16, replays them), under a derived key of AES_256.
var curveStrength = strengthTable{
	core.TDES2:      core.AnyECC,
	core.TDES3:      core.AnyECC,
	core.AES128:     core.AnyECC,
	core.AES192:     core.AlgorithmsNamed(core.ECCP384, core.ECCP521),
	core.AES256:     core.AlgorithmsNamed(core.ECCP521),
	core.HMACSHA224: core.AnyECC,
	core.HMACSHA256: core.AnyECC,
	core.HMACSHA384: core.AnyECC,
	core.HMACSHA512: core.AnyECC,
}

// checkStrength refuses a wrapping key that is weaker than the key (GUESS G-strength-refusal: the exception).
func checkStrength(table strengthTable, wrapping, wrapped *core.Algorithm, field string) error {
	if table[wrapped.Name].Has(wrapping) {
		return nil
	}
	var strong []apc.KeyAlgorithm
	for _, a := range core.Algorithms {
		if table[wrapped.Name].Has(&a) {
			strong = append(strong, a.Name)
		}
	}
	problem, wanted := core.ProblemWeaker, wording.Or(strong)
	if strong == nil { // in the table for RSA keys alone
		problem, wanted = core.ProblemNoRSA, "a TR-31 key block under a key agreed by ECDH, or under another key"
	}
	return core.Invalid("The wrapping key is weaker than the key to be wrapped.",
		core.Because(apc.RuleWrappingStrength, field, problem, string(wrapping.Name)+" around "+string(wrapped.Name), wanted))
}
