package engine

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// arrival is a key on its way in: what a header or the request says of it,
// and who takes part in opening it.
type arrival struct {
	field string // the member that holds it

	usage      KeyUsage
	modes      modes
	candidates []*algorithm // told apart by the length inside
	within     string       // prefix of the attributes in a refusal: "KeyMaterial.KeyCryptogram.KeyAttributes."
	header     string       // as it came; "" where there is none
	blocks     []block
	exportable bool
	asked      *KeyCheckValueAlgorithm

	// participants are the records that must not change until the key is
	// stored; through names what went into the HSM with it.
	participants []keystore.Change
	through      string

	strong func(moved *algorithm) error
	open   func(ctx context.Context, admit hsm.Admit) (hsm.Made, error)
	refuse func(error) error // gives a failure of open its name

	chosen attributes
	check  checkMethod
}

// storeArrival stores the key that arrives, under a new name. The HSM opens it
// once, unless somebody else takes part by the time of the commit.
func (k *call) storeArrival(ctx context.Context, in *ImportKeyInput, out *key, arrive func() (*arrival, error)) error {
	tags, err := k.newTags(in.Tags)
	if err != nil {
		return err
	}
	var opened string
	return k.storeNewKey(ctx, out, func(id string) ([]keystore.Change, error) {
		k.resources = k.resources[:0]
		a, err := arrive()
		if err != nil {
			return nil, err
		}
		a.asked = in.KeyCheckValueAlgorithm
		if err := a.judge(); err != nil {
			return nil, err
		}
		if out.arn.key == id && opened == a.through {
			return a.participants, nil // nothing that went into the HSM has changed
		}
		// Transition: the new key, but for what only its length tells.
		k.newKey(out, id, attributes{}, OriginExternal, in.Enabled, tags)
		out.header, out.exportable, out.blocks = a.header, a.exportable, a.blocks
		// HSM: the key is opened and sealed within the device.
		opened = a.through
		return a.participants, k.open(ctx, a, out)
	})
}

// open has the HSM open the arrival, admits it and seals it.
func (k *call) open(ctx context.Context, a *arrival, out *key) error {
	made, err := a.open(ctx, func(bits int) (hsm.Attributes, kcv.Method, error) {
		if err := k.admit(a, bits); err != nil {
			return hsm.Attributes{}, 0, err
		}
		out.attributes, out.bits, out.check = a.chosen, bits, a.check.name
		return out.hsmAttributes(), a.check.method, nil
	})
	if refusal, ok := err.(*Error); ok { // the engine's own
		return refusal
	}
	if err != nil {
		return a.refuse(err)
	}
	out.setMaterial(&made)
	return k.checkKC(ctx, a, out)
}

// readHeader maps a header to the service's attributes (tr31-mapping, sections
// 2 to 5). What the length inside decides is left open.
func (a *arrival) readHeader(h tr31.Header, text string) error {
	at := func(offset int, rule Rule, problem, found, wanted string) error {
		return a.headerError(Reason{Rule: rule, Field: a.field, Problem: problem, Found: found, Wanted: wanted, Offset: offset})
	}
	var ok bool
	if a.usage, ok = usageOfCode(h.KeyUsage); !ok {
		return at(5, RuleKeyUsage, problemBlockUsage, h.KeyUsage, wording.Or(usageCodes()))
	}
	if a.modes, ok = modesOfByte(h.ModeOfUse); !ok {
		return at(8, RuleKeyModesOfUse, problemBlockMode, string(rune(h.ModeOfUse)), "B, C, D, E, G, N, S, V or X")
	}
	if !slices.Contains([]byte("ENS"), h.Exportability) {
		return at(11, RuleExportability, problemBlockExport, string(rune(h.Exportability)), "E, N or S")
	}
	hm, _ := h.Block("HM")
	if a.candidates = algorithmsOf(h.Algorithm, hm.Data); a.candidates == nil {
		return at(7, RuleKeyAlgorithm, problemBlockAlgorithm, algorithmCode(h.Algorithm, hm.Data), "T, A, or H with an HM block of 20, 21, 22 or 23")
	}
	a.within, a.header, a.blocks, a.exportable = a.field+".", text, keptBlocks(h), h.Exportability != 'N'
	return nil
}

func (a *arrival) headerError(r Reason) error {
	return invalid("The key block header is not supported.", r)
}

// algorithmCode is the algorithm of a header in a refusal.
func algorithmCode(letter byte, hm string) string {
	switch {
	case letter != byte(hsm.HMAC):
		return string(rune(letter))
	case hm == "":
		return "H without an HM block"
	}
	return "H with HM block " + wording.Quote(hm, 8)
}

// notKept are the optional blocks that an import does not keep: KP by the
// documentation, PB because it is filler, HM because it is the algorithm.
var notKept = []string{"KP", "PB", "HM"}

func keptBlocks(h tr31.Header) (out []block) {
	for _, b := range h.Blocks {
		if !slices.Contains(notKept, b.ID) {
			out = append(out, block{b.ID, b.Data})
		}
	}
	return out
}

// judge refuses what no length of the algorithm makes right.
func (a *arrival) judge() error {
	var refusal error
	for _, alg := range a.candidates {
		if refusal = a.fits(alg); refusal == nil {
			return nil
		}
	}
	return refusal
}

func (a *arrival) attributes(alg *algorithm) attributes {
	return attributes{usage: a.usage, class: SymmetricKey, alg: alg, modes: a.modes}
}

func (a *arrival) fits(alg *algorithm) error {
	if err := checkAttributes(a.attributes(alg), imported, a.within); err != nil {
		return err
	}
	_, err := chooseCheck(alg, a.asked, "KeyCheckValueAlgorithm")
	return err
}

// admit decides on the key once its length is known and authenticated.
func (k *call) admit(a *arrival, bits int) error {
	alg := algorithmOfLength(a.candidates, bits)
	if alg == nil {
		return k.foldable(Reason{Rule: RuleKeyLength, Field: a.field, Problem: problemKeyLength, Found: wording.Count(bits, "bit"), Wanted: lengthsOf(a.candidates), Offset: -1})
	}
	if err := a.fits(alg); err != nil {
		return err
	}
	if err := a.strong(alg); err != nil {
		return err
	}
	a.chosen = a.attributes(alg)
	a.check, _ = chooseCheck(alg, a.asked, "")
	return nil
}

func algorithmOfLength(candidates []*algorithm, bits int) *algorithm {
	for _, a := range candidates {
		if a.bits == bits || a.letter == hsm.HMAC && bits >= minHMACBits && bits <= maxHMACBits {
			return a
		}
	}
	return nil
}

// foldable is a refusal of something behind a MAC or a decryption. Unless the
// engine explains, all of them are one.
func (k *call) foldable(r Reason) error {
	if !k.engine.explain {
		r = Reason{Rule: RuleKeyBlock, Field: r.Field, Problem: problemFolded, Offset: -1}
	}
	return invalid("The key material is invalid.", r)
}

// lengthsOf are the lengths of a key of one of several algorithms.
func lengthsOf(candidates []*algorithm) string {
	var lengths, names []string
	for _, a := range candidates {
		length := strconv.Itoa(a.bits)
		if a.letter == hsm.HMAC {
			length = fmt.Sprintf("%d to %d", minHMACBits, maxHMACBits)
		}
		if !slices.Contains(lengths, length) {
			lengths = append(lengths, length)
		}
		names = append(names, string(a.name))
	}
	return wording.Or(lengths) + " bits for " + wording.Or(names)
}
