package engine

import (
	"cmp"
	"slices"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// importPlan is what an import has decided before the HSM opens the key material. The length of the
// key inside is found only then: the HSM calls [importPlan.admit] with it.
type importPlan struct {
	c     *core.Call
	in    *ImportKeyInput
	key   *core.Key // the key to be stored: its id, time stamps and tags
	field string    // the member that holds it

	usage      apc.KeyUsage
	modes      core.Modes
	candidates []*core.Algorithm // that the key may have; its length decides
	within     string            // prefix of the attributes in a refusal: "KeyMaterial.KeyCryptogram.KeyAttributes."
	under      []strength        // what the key is wrapped under
	requires   []keystore.Change
}

// strength is a table of wrapping strengths and the wrapping key's algorithm.
type strength struct {
	table   strengthTable
	by      *core.Algorithm
	field   string
	lenient bool // keys other than HMAC keys may be stronger
}

func (s *strength) check(wrapped *core.Algorithm) error {
	if s.lenient && wrapped.Letter != hsm.HMAC {
		return nil
	}
	return checkStrength(s.table, s.by, wrapped, s.field)
}

// readHeader sets usage, modes of use, exportability and possible algorithms from a key block header
// (tr31-mapping, sections 2 to 5): N is not exportable, E and S are (GUESS G-exportability-imported); A and T of
// usage M7 are AES and TDES keys (GUESS G-hmac-cipher-block); what the service has no name for is refused
// (GUESS G-block-codes). The first 16 characters of the header's text and the optional blocks are kept with the key.
func (p *importPlan) readHeader(h tr31.Header, text string) error {
	at := func(offset int, rule apc.Rule, problem, found, wanted string) error {
		return headerRefusal(apc.Reason{Rule: rule, Field: p.field, Problem: problem, Found: found, Wanted: wanted, Offset: offset})
	}
	var ok bool
	if p.usage, ok = core.UsageOfCode(h.KeyUsage); !ok {
		return at(5, apc.RuleKeyUsage, core.ProblemBlockUsage, h.KeyUsage, wording.Or(blockUsages()))
	}
	if p.modes, ok = core.ModesOfByte(h.ModeOfUse); !ok {
		return at(8, apc.RuleKeyModesOfUse, core.ProblemBlockMode, string(rune(h.ModeOfUse)), "B, C, D, E, G, N, S, V or X")
	}
	if !slices.Contains([]byte("ENS"), h.Exportability) {
		return at(11, apc.RuleExportability, core.ProblemBlockExport, string(rune(h.Exportability)), "E, N or S")
	}
	hm, _ := h.Block("HM")
	if p.candidates = core.AlgorithmsOf(h.Algorithm, hm.Data); p.candidates == nil {
		return at(7, apc.RuleKeyAlgorithm, core.ProblemBlockAlgorithm, algorithmCode(h.Algorithm, hm.Data),
			"T, A, or H with an HM block of 20, 21, 22 or 23")
	}
	p.within = p.field + "."
	p.key.Header, p.key.Blocks, p.key.Exportable = text[:16], keptBlocks(h), h.Exportability != 'N'
	return p.checkCandidates()
}

// blockUsages are the codes of the usages that a key block may have, in the order of the table.
func blockUsages() (out []string) {
	for _, r := range rowsOf(imported, func(r *usageRule) bool { return r.importClass == apc.KeyClassSymmetricKey }) {
		if code := core.CodeOf(r.usage); !slices.Contains(out, code) {
			out = append(out, code)
		}
	}
	return out
}

func headerRefusal(r apc.Reason) error {
	return core.Invalid("The key block header is not supported.", r)
}

// algorithmCode is the algorithm of a header in a refusal.
func algorithmCode(letter byte, hm string) string {
	switch {
	case letter != byte(hsm.HMAC):
		return string(rune(letter))
	case hm == "":
		return "H without an HM block"
	}
	return "H with HM block " + wording.Foreign(hm)
}

// notKept are the optional blocks that an import does not keep: KP by the documentation, PB because
// it is padding, HM because the key algorithm says the same.
var notKept = []string{"KP", "PB", "HM"}

func keptBlocks(h tr31.Header) (out []core.Block) {
	for _, b := range h.Blocks {
		if !slices.Contains(notKept, b.ID) {
			out = append(out, core.Block{ID: b.ID, Data: b.Data})
		}
	}
	return out
}

// declare sets the attributes from the request: a cryptogram has none.
func (p *importPlan) declare(a core.Attributes, within string, exportable bool) error {
	p.usage, p.modes, p.candidates, p.within = a.Usage, a.Modes, []*core.Algorithm{a.Alg}, within
	p.key.Exportable = exportable
	return p.checkCandidates()
}

// wrappedUnder adds a wrapping key that the key may not be stronger than, and its record, which
// must be unchanged when the key is stored. A key that is too strong at any length is refused.
func (p *importPlan) wrappedUnder(requires keystore.Change, under ...strength) error {
	p.requires = append(p.requires, requires)
	p.under = append(p.under, under...)
	var first error
	for _, candidate := range p.candidates {
		err := p.checkStrength(candidate)
		if err == nil {
			return nil
		}
		first = cmp.Or(first, err)
	}
	return first
}

func (p *importPlan) checkStrength(wrapped *core.Algorithm) error {
	for i := range p.under {
		if err := p.under[i].check(wrapped); err != nil {
			return err
		}
	}
	return nil
}

// checkCandidates refuses attributes that are wrong for every possible algorithm; the refusal
// names all of these. Check values of all are computed by the same method.
func (p *importPlan) checkCandidates() error {
	if err := checkCandidates(p.attributes(nil), p.candidates, imported, p.within); err != nil {
		return err
	}
	_, err := chooseCheck(p.candidates[0], p.in.KeyCheckValueAlgorithm, "KeyCheckValueAlgorithm")
	return err
}

func (p *importPlan) attributes(alg *core.Algorithm) core.Attributes {
	return core.Attributes{Usage: p.usage, Class: apc.KeyClassSymmetricKey, Alg: alg, Modes: p.modes}
}

// admit checks the key once its length in bits is known and authenticated. It returns the attributes
// to seal the key with, and the method of its check value.
func (p *importPlan) admit(bits int) (hsm.Attributes, kcv.Method, error) {
	alg := algorithmOfLength(p.candidates, bits)
	if alg == nil {
		return hsm.Attributes{}, 0, core.Foldable(p.c, apc.Reason{Rule: apc.RuleKeyLength, Field: p.field, Problem: core.ProblemKeyLength,
			Found: wording.Count(bits, "bit"), Wanted: core.LengthsOf(p.candidates), Offset: -1})
	}
	if err := checkAttributes(p.attributes(alg), imported, p.within); err != nil {
		return hsm.Attributes{}, 0, err
	}
	if err := p.checkStrength(alg); err != nil {
		return hsm.Attributes{}, 0, err
	}
	check, err := chooseCheck(alg, p.in.KeyCheckValueAlgorithm, "KeyCheckValueAlgorithm")
	if err != nil {
		return hsm.Attributes{}, 0, err
	}
	p.key.Attributes, p.key.Bits, p.key.Check = p.attributes(alg), bits, check.Name
	return p.key.HSMAttributes(), check.Method, nil
}

func algorithmOfLength(candidates []*core.Algorithm, bits int) *core.Algorithm {
	for _, a := range candidates {
		if a.Bits == bits || a.Letter == hsm.HMAC && bits >= core.MinHMACBits && bits <= core.MaxHMACBits {
			return a
		}
	}
	return nil
}
