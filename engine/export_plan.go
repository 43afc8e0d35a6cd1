package engine

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/tr31"
)

const (
	exportField = "ExportKeyIdentifier"
	dukptField  = "ExportAttributes.ExportDukptInitialKey"
)

// exportPlan is what an export wraps: the key itself, or the initial DUKPT key derived from it.
type exportPlan struct {
	field string // of the arm: "KeyMaterial.Tr31KeyBlock"
	key   *core.Key
	ksn   []byte // of an initial key; nil otherwise
	as    core.Attributes
	code  string // key usage in the header
	check core.CheckMethod
}

// planExport decides what is wrapped, for a key that has been checked by [exportRules]. A check value algorithm
// may be asked for with every key (GUESS G-export-check-value).
func planExport(k *core.Key, field string, asked *ExportAttributes) (*exportPlan, error) {
	p := &exportPlan{field: field, key: k, as: k.Attributes, code: core.CodeOf(k.Attributes.Usage)}
	if asked == nil {
		asked = &ExportAttributes{}
	}
	if asked.ExportDukptInitialKey != nil {
		if err := p.initialKey(asked.ExportDukptInitialKey.KeySerialNumber); err != nil {
			return nil, err
		}
	}
	name := asked.KeyCheckValueAlgorithm
	if name == nil && p.ksn == nil {
		name = &k.Check
	}
	var err error
	p.check, err = chooseCheck(p.as.Alg, name, "ExportAttributes.KeyCheckValueAlgorithm")
	return p, err
}

// initialKeyUsage is the code of an initial DUKPT key, which is no usage of
// the service: it exists only in exported blocks.
const initialKeyUsage = "B1"

// initialKey makes it the export of a terminal's initial DUKPT key. A
// TDES one is always double-length (ANSI X9.24-1); an AES one is as long as
// its base derivation key (GUESS G-initial-key-length for 192 and 256 bits). A TDES_3KEY one derives
// with all of its key (GUESS G-initial-key-3key); a serial number of another length is refused (GUESS G-initial-key-serial).
func (p *exportPlan) initialKey(ksn string) error {
	if p.as.Usage != core.UsageB0 {
		return core.Invalid("An initial key can only be derived from a base derivation key.",
			core.Because(apc.RuleKeyUsage, exportField, core.ProblemInitialUsage, string(p.as.Usage), string(core.UsageB0)))
	}
	want := 20
	if p.as.Alg.Letter == hsm.AES {
		want = 24
	}
	if len(ksn) != want {
		return core.Invalid(
			"The key serial number does not fit the key.",
			core.Because(apc.RuleKeySerialNumber, dukptField+".KeySerialNumber", core.ProblemKSN,
				wording.Count(len(ksn), "digit"), fmt.Sprintf("%d digits for %s", want, p.as.Alg.Name)),
		)
	}
	p.ksn, _ = hex.DecodeString(ksn) // the shape has been checked
	p.code, p.as.Modes = initialKeyUsage, core.DeriveKey
	if p.as.Alg.Letter == hsm.TDES {
		p.as.Alg = core.AlgorithmNamed(core.TDES2)
	}
	return nil
}

// material is what the HSM wraps.
func (p *exportPlan) material() hsm.Material { return hsm.Material{Key: p.key.Ref(), KSN: p.ksn} }

// header is the header of the exported block: version B under TDES, D under AES, with the attributes of
// the key, narrowed by the request.
func (p *exportPlan) header(under *core.Algorithm, asked *KeyBlockHeaders) (tr31.Header, error) {
	h := tr31.Header{
		// GUESS G-key-version: that of an import is not kept.
		Version: tr31.VersionB, KeyUsage: p.code, Algorithm: byte(p.as.Alg.Letter), KeyVersion: "00",
		Exportability: 'E', Context: '0', Reserved: '0',
	}
	if under.Letter != hsm.TDES {
		h.Version = tr31.VersionD
	}
	if p.ksn != nil {
		h.Exportability = 'S' // as in the documentation's example
	}
	h.ModeOfUse, _ = core.ByteOfModes(p.as.Modes)
	if asked == nil {
		asked = &KeyBlockHeaders{}
	}
	if err := p.narrow(&h, asked); err != nil {
		return h, err
	}
	var err error
	h.Blocks, err = p.optionalBlocks(asked.OptionalBlocks)
	return h, err
}

func (p *exportPlan) narrow(h *tr31.Header, asked *KeyBlockHeaders) error {
	if asked.KeyModesOfUse != nil {
		m := core.ModesOf(*asked.KeyModesOfUse)
		code, ok := core.ByteOfModes(m)
		if !ok || !p.canNarrow(m) {
			return core.Invalid(
				"KeyModesOfUse can only restrict the modes of use of the key.",
				core.Because(apc.RuleKeyModesOfUse, p.field+".KeyBlockHeaders"+".KeyModesOfUse",
					core.ProblemNarrowModes, m.String(), p.narrowerModes()),
			)
		}
		h.ModeOfUse = code
	}
	if asked.KeyExportability != nil {
		code, allowed := exportabilityBytes[*asked.KeyExportability], p.exportabilities()
		if !slices.Contains([]byte(allowed), code) {
			return core.Invalid(
				"KeyExportability can only restrict the exportability of the key.",
				core.Because(apc.RuleExportability, p.field+".KeyBlockHeaders"+".KeyExportability",
					core.ProblemNarrowExport, string(*asked.KeyExportability), exportabilityNames(allowed)),
			)
		}
		h.Exportability = code
	}
	if asked.KeyVersion != nil {
		h.KeyVersion = *asked.KeyVersion
	}
	return nil
}

func (p *exportPlan) narrowed(m core.Modes) core.Attributes {
	out := p.as
	out.Modes = m
	return out
}

// narrowerModes are the modes of use that a header may have.
func (p *exportPlan) narrowerModes() string {
	var out []string
	for _, row := range core.ModeBytes {
		if p.canNarrow(row.Modes) {
			out = append(out, row.Modes.String())
		}
	}
	return wording.Or(out)
}

func (p *exportPlan) canNarrow(m core.Modes) bool {
	switch {
	case !p.as.Modes.Allows(m), p.as.Modes != core.NoRestrictions && m == core.NoRestrictions:
		return false
	}
	return p.ksn != nil || permitted(p.narrowed(m), imported)
}

// exportabilityNames are the values of KeyExportability for bytes of a header.
func exportabilityNames(bytes string) string {
	var out []apc.KeyExportability
	for _, name := range allKeyExportability {
		if strings.IndexByte(bytes, exportabilityBytes[name]) >= 0 {
			out = append(out, name)
		}
	}
	return wording.Or(out)
}

var exportabilityBytes = map[apc.KeyExportability]byte{
	apc.KeyExportabilityExportable:    'E',
	apc.KeyExportabilityNonExportable: 'N',
	apc.KeyExportabilitySensitive:     'S',
}

// exportabilities are the bytes a request may ask for: all three for a key
// that was created or imported with S, E and N for one imported with E (GUESS G-exportability-asked;
// tr31-mapping, section 5).
func (p *exportPlan) exportabilities() string {
	if p.key.Header != "" && p.key.Exportability() == 'E' {
		return "EN"
	}
	return "ENS"
}

// maxOptionalBlocks is the most characters that the optional blocks of a
// request may take, ids and lengths included.
const maxOptionalBlocks = 112

// reservedBlocks are written by the service itself (GUESS G-reserved-blocks: refused in a
// request).
var reservedBlocks = []string{"HM", "PB"}

// optionalBlocks are those the key was imported with, HM for an HMAC key, and
// those of the request, which replace kept ones of the same id (GUESS G-kept-blocks). What they contain
// is not looked at, on export as on import (user guide, key-block-optional-headers).
func (p *exportPlan) optionalBlocks(asked map[string]string) (out []tr31.OptionalBlock, err error) {
	total := 0
	for _, id := range sortedKeys(asked) {
		if slices.Contains(reservedBlocks, id) {
			return nil, core.Invalid(
				"The optional block is not supported.",
				core.Because(apc.RuleOptionalBlock, p.field+".KeyBlockHeaders"+".OptionalBlocks", core.ProblemServiceBlock, id, ""),
			)
		}
		total += 4 + len(asked[id])
	}
	if total > maxOptionalBlocks {
		return nil, core.Invalid(
			"The optional blocks are too long.",
			core.Because(apc.RuleOptionalBlocksLength, p.field+".KeyBlockHeaders"+".OptionalBlocks", core.ProblemOptionalLength,
				wording.Count(total, "character"), fmt.Sprintf("at most %d, with 4 for the id and length of each", maxOptionalBlocks)),
		)
	}
	if hm := p.as.Alg.Hm; hm != "" {
		out = append(out, tr31.OptionalBlock{ID: "HM", Data: hm})
	}
	if p.ksn == nil {
		for _, b := range p.key.Blocks {
			if _, replaced := asked[b.ID]; !replaced {
				out = append(out, tr31.OptionalBlock{ID: b.ID, Data: b.Data})
			}
		}
	}
	for _, id := range sortedKeys(asked) {
		out = append(out, tr31.OptionalBlock{ID: id, Data: asked[id]})
	}
	return out, nil
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
