package engine

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/tr31"
)

const (
	exportField = "ExportKeyIdentifier"
	dukptField  = "ExportAttributes.ExportDukptInitialKey"
)

// departure is a key on its way out: as what it travels, which is the key
// itself or the initial key derived from it.
type departure struct {
	field string // of the arm: "KeyMaterial.Tr31KeyBlock"
	from  key
	ksn   []byte // of an initial key; nil otherwise
	as    attributes
	code  string // key usage in the header
	check checkMethod
}

// leave holds the exported key to its state, class and exportability, and works
// out as what it travels.
func (d *departure) leave(asked *ExportAttributes) error {
	if err := d.from.checkUsable(exportField); err != nil {
		return err
	}
	a := d.from.attributes
	if a.class != SymmetricKey {
		return invalid("Only symmetric keys can be exported.", because(RuleKeyClass, exportField, problemExportClass, string(a.class), string(SymmetricKey)))
	}
	if !d.from.exportable {
		return invalid("Key "+d.from.arn.String()+" is not exportable.", because(RuleExportable, exportField, problemNotExportable, "Exportable false", "Exportable true, which a key is created or imported with"))
	}
	d.as, d.code = a, a.usage.code()
	if asked == nil {
		asked = &ExportAttributes{}
	}
	if asked.ExportDukptInitialKey != nil {
		if err := d.initialKey(asked.ExportDukptInitialKey.KeySerialNumber); err != nil {
			return err
		}
	}
	name := asked.KeyCheckValueAlgorithm
	if name == nil && d.ksn == nil {
		name = &d.from.check
	}
	var err error
	d.check, err = chooseCheck(d.as.alg, name, "ExportAttributes.KeyCheckValueAlgorithm")
	return err
}

// initialKeyUsage is the code of an initial DUKPT key, which is no usage of
// the service: it exists in exported blocks alone.
const initialKeyUsage = "B1"

// initialKey makes the departure that of the initial key of a terminal. A
// TDES one is always double-length (ANSI X9.24-1); an AES one is as long as
// its base derivation key (GUESS for 192 and 256 bits).
func (d *departure) initialKey(ksn string) error {
	if d.as.usage != TR31B0BaseDerivationKey {
		return invalid("An initial key can only be derived from a base derivation key.",
			because(RuleKeyUsage, exportField, problemInitialUsage, string(d.as.usage), string(TR31B0BaseDerivationKey)))
	}
	want := 20
	if d.as.alg.letter == hsm.AES {
		want = 24
	}
	if len(ksn) != want {
		return invalid("The key serial number does not fit the key.", because(RuleKeySerialNumber, dukptField+".KeySerialNumber", problemKSN,
			wording.Count(len(ksn), "digit"), fmt.Sprintf("%d digits for %s", want, d.as.alg.name)))
	}
	d.ksn, _ = hex.DecodeString(ksn) // the shape has been checked
	d.code, d.as.modes = initialKeyUsage, deriveKey
	if d.as.alg.letter == hsm.TDES {
		d.as.alg = algorithmNamed(TDES2Key)
	}
	return nil
}

// material is what the HSM wraps.
func (d *departure) material() hsm.Material { return hsm.Material{Key: d.from.ref(), KSN: d.ksn} }

// header is the header of the exported block: version B under TDES, D under
// AES; what the key has, narrowed by the request.
func (d *departure) header(under *algorithm, asked *KeyBlockHeaders) (tr31.Header, error) {
	h := tr31.Header{
		Version: tr31.VersionB, KeyUsage: d.code, Algorithm: byte(d.as.alg.letter), KeyVersion: "00",
		Exportability: 'E', Context: '0', Reserved: '0',
	}
	if under.letter != hsm.TDES {
		h.Version = tr31.VersionD
	}
	if d.ksn != nil {
		h.Exportability = 'S' // as in the documentation's example
	}
	h.ModeOfUse, _ = byteOfModes(d.as.modes)
	if asked == nil {
		asked = &KeyBlockHeaders{}
	}
	if err := d.narrow(&h, asked); err != nil {
		return h, err
	}
	var err error
	h.Blocks, err = d.optionalBlocks(asked.OptionalBlocks)
	return h, err
}

func (d *departure) narrow(h *tr31.Header, asked *KeyBlockHeaders) error {
	if asked.KeyModesOfUse != nil {
		m := asked.KeyModesOfUse.set()
		code, ok := byteOfModes(m)
		if !ok || !d.canNarrow(m) {
			return invalid("KeyModesOfUse can only restrict the modes of use of the key.",
				because(RuleKeyModesOfUse, d.field+".KeyBlockHeaders"+".KeyModesOfUse", problemNarrowModes, m.String(), d.narrowerModes()))
		}
		h.ModeOfUse = code
	}
	if asked.KeyExportability != nil {
		code, allowed := exportabilityBytes[*asked.KeyExportability], d.exportabilities()
		if !slices.Contains([]byte(allowed), code) {
			return invalid("KeyExportability can only restrict the exportability of the key.",
				because(RuleExportability, d.field+".KeyBlockHeaders"+".KeyExportability", problemNarrowExport, string(*asked.KeyExportability), exportabilityNames(allowed)))
		}
		h.Exportability = code
	}
	if asked.KeyVersion != nil {
		h.KeyVersion = *asked.KeyVersion
	}
	return nil
}

func (d *departure) narrowed(m modes) attributes {
	out := d.as
	out.modes = m
	return out
}

// narrowerModes are the modes of use that a header may have.
func (d *departure) narrowerModes() string {
	var out []string
	for _, row := range modeBytes {
		if d.canNarrow(row.modes) {
			out = append(out, row.modes.String())
		}
	}
	return wording.Or(out)
}

func (d *departure) canNarrow(m modes) bool {
	switch {
	case !d.as.modes.allows(m), d.as.modes != noRestrictions && m == noRestrictions:
		return false
	}
	return d.ksn != nil || permitted(d.narrowed(m), imported)
}

// exportabilityNames are the values of KeyExportability for bytes of a header.
func exportabilityNames(bytes string) string {
	var out []KeyExportability
	for _, name := range allKeyExportability {
		if strings.IndexByte(bytes, exportabilityBytes[name]) >= 0 {
			out = append(out, name)
		}
	}
	return wording.Or(out)
}

var exportabilityBytes = map[KeyExportability]byte{Exportable: 'E', NonExportable: 'N', Sensitive: 'S'}

// exportabilities are the bytes a request may ask for: all three for a key
// made here or brought in with S, E and N for one brought in with E (GUESS;
// tr31-mapping, section 5).
func (d *departure) exportabilities() string {
	if d.from.header != "" && d.from.exportability() == 'E' {
		return "EN"
	}
	return "ENS"
}

// maxOptionalBlocks is the most characters that the optional blocks of a
// request may take, ids and lengths included.
const maxOptionalBlocks = 112

// reservedBlocks are written by the service itself (GUESS: refused in a
// request).
var reservedBlocks = []string{"HM", "PB"}

// optionalBlocks are those the key was imported with, HM for an HMAC key, and
// those of the request, which win over kept ones of the same id (GUESS).
func (d *departure) optionalBlocks(asked map[string]string) (out []tr31.OptionalBlock, err error) {
	total := 0
	for _, id := range sortedKeys(asked) {
		if slices.Contains(reservedBlocks, id) {
			return nil, invalid("The optional block is not supported.", because(RuleOptionalBlock, d.field+".KeyBlockHeaders"+".OptionalBlocks", problemServiceBlock, id, ""))
		}
		_, err := tr31.OptionalBlock{ID: id, Data: asked[id]}.Typed()
		if refusal, ok := errors.AsType[*tr31.Error](err); ok {
			return nil, invalid("The optional block is not valid.", blockReason(d.field+".KeyBlockHeaders"+".OptionalBlocks."+id, refusal))
		}
		total += 4 + len(asked[id])
	}
	if total > maxOptionalBlocks {
		return nil, invalid("The optional blocks are too long.", because(RuleOptionalBlocksLength, d.field+".KeyBlockHeaders"+".OptionalBlocks", problemOptionalLength,
			characters(total), fmt.Sprintf("at most %d, with 4 for the id and length of each", maxOptionalBlocks)))
	}
	if hm := d.as.alg.hm; hm != "" {
		out = append(out, tr31.OptionalBlock{ID: "HM", Data: hm})
	}
	if d.ksn == nil {
		for _, b := range d.from.blocks {
			if _, replaced := asked[b.id]; !replaced {
				out = append(out, tr31.OptionalBlock{ID: b.id, Data: b.data})
			}
		}
	}
	for _, id := range sortedKeys(asked) {
		out = append(out, tr31.OptionalBlock{ID: id, Data: asked[id]})
	}
	return out, nil
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
