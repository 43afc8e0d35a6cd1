package engine

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/tr31"
)

const (
	tr31Field      = "KeyMaterial.Tr31KeyBlock"
	wrappingField  = tr31Field + ".WrappingKeyIdentifier"
	keyBlockField  = tr31Field + ".WrappedKeyBlock"
	wrappingUsages = "TR31_K0_KEY_ENCRYPTION_KEY or TR31_K1_KEY_BLOCK_PROTECTION_KEY"
)

// arrival is a key on its way in: what its block's header says, and what the
// request adds.
type arrival struct {
	block *tr31.Block
	kek   key

	usage      KeyUsage
	modes      modes
	candidates []*algorithm // told apart by the length inside
	asked      *KeyCheckValueAlgorithm

	chosen attributes
	check  checkMethod
}

func (k *call) importTR31(ctx context.Context, in *ImportKeyInput, arm *ImportTr31KeyBlock, out *key) error {
	// Parse: the block's header, in the clear.
	b, err := tr31.Parse(arm.WrappedKeyBlock, tr31.Lenient)
	if err != nil {
		return k.blockError(err)
	}
	tags, err := k.newTags(in.Tags)
	if err != nil {
		return err
	}
	var opened string // id of the protection key that the HSM has opened the block under
	return k.storeNewKey(ctx, out, func(id string) ([]keystore.Change, error) {
		// Load and validate.
		a, err := k.arrive(ctx, b, arm.WrappingKeyIdentifier, in.KeyCheckValueAlgorithm)
		if err != nil {
			return nil, err
		}
		also := []keystore.Change{a.kek.unchanged()}
		if out.arn.key == id && opened == a.kek.arn.key {
			return also, nil // nothing that went into the HSM has changed
		}
		// Transition: the new key, but for what only its length tells.
		k.newKey(out, id, attributes{}, OriginExternal, in.Enabled, tags)
		out.header = fixedHeader(arm.WrappedKeyBlock)
		out.exportable = b.Header.Exportability != 'N'
		out.blocks = keptBlocks(b.Header)
		// HSM: the block is opened and the key sealed within the device.
		opened = a.kek.arn.key
		return also, k.unwrap(ctx, a, out)
	})
}

// unwrap opens the block and seals the key within the device.
func (k *call) unwrap(ctx context.Context, a *arrival, out *key) error {
	made, err := k.engine.hsm.ImportTR31(ctx, a.kek.ref(), a.block, func(bits int) (hsm.Attributes, kcv.Method, error) {
		if err := k.admit(a, bits); err != nil {
			return hsm.Attributes{}, 0, err
		}
		out.attributes, out.bits, out.check = a.chosen, bits, a.check.name
		return out.hsmAttributes(), a.check.method, nil
	})
	if err != nil {
		return k.blockError(err)
	}
	out.setMaterial(&made)
	return k.checkKC(ctx, out)
}

// arrive loads the protection key and judges all that the header tells.
func (k *call) arrive(ctx context.Context, b *tr31.Block, kek string, asked *KeyCheckValueAlgorithm) (*arrival, error) {
	a := &arrival{block: b, asked: asked}
	k.resources = k.resources[:0]
	if err := k.loadKey(ctx, kek, &a.kek); err != nil {
		return nil, err
	}
	if err := checkWrappingKey(&a.kek, decrypt|unwrap, wrappingField); err != nil {
		return nil, err
	}
	if err := checkVersion(b.Header.Version, a.kek.attributes.alg); err != nil {
		return nil, err
	}
	return a, a.readHeader()
}

// checkWrappingKey holds a TR-31 protection key to its state, its usage and
// its modes of use.
func checkWrappingKey(kek *key, need modes, field string) error {
	if err := kek.checkUsable(field); err != nil {
		return err
	}
	if u := kek.attributes.usage; u != TR31K0KeyEncryptionKey && u != TR31K1KeyBlockProtectionKey {
		return invalid("The wrapping key cannot be used to wrap keys.", because("wrapping-key-usage", field, string(u), wrappingUsages))
	}
	if m := kek.attributes.modes; !m.allows(need) {
		return invalid("The wrapping key's modes of use do not allow this operation.",
			because("wrapping-key-modes", field, m.String(), need.String()))
	}
	return nil
}

// checkVersion: A, B and C under TDES, D under AES; the service does not know
// E (tr31-mapping, section 7).
func checkVersion(v tr31.Version, kek *algorithm) error {
	wanted := "A, B or C under a TDES key"
	fits := v == tr31.VersionA || v == tr31.VersionB || v == tr31.VersionC
	if kek.letter == hsm.AES {
		wanted, fits = "D under an AES key", v == tr31.VersionD
	}
	if fits {
		return nil
	}
	return invalid("The key block version does not fit the wrapping key.",
		Reason{Rule: "key-block-version", Field: keyBlockField, Found: string(rune(v)), Wanted: wanted, Offset: 0})
}

// readHeader maps the header to the service's attributes (tr31-mapping,
// sections 2 to 5). What the length inside decides is left open.
func (a *arrival) readHeader() error {
	h := a.block.Header
	var ok bool
	if a.usage, ok = usageOfCode(h.KeyUsage); !ok {
		return headerError("key-usage", h.KeyUsage, "a usage of the service", 5)
	}
	if a.modes, ok = modesOfByte(h.ModeOfUse); !ok {
		return headerError("key-modes-of-use", string(rune(h.ModeOfUse)), "B, C, D, E, G, N, S, V or X", 8)
	}
	if !slices.Contains([]byte("ENS"), h.Exportability) {
		return headerError("exportability", string(rune(h.Exportability)), "E, N or S", 11)
	}
	hm, _ := h.Block("HM")
	if a.candidates = algorithmsOf(h.Algorithm, hm.Data); a.candidates == nil {
		return headerError("key-algorithm", fmt.Sprintf("%c with HM block %q", h.Algorithm, hm.Data),
			"T, A, or H with an HM block of 20, 21, 22 or 23", 7)
	}
	// Every length of the algorithm must be refused for the header to be.
	var refusal error
	for _, alg := range a.candidates {
		refusal = a.fits(alg)
		if refusal == nil {
			return nil
		}
	}
	return refusal
}

func headerError(rule, found, wanted string, offset int) error {
	return invalid("The key block header is not supported.",
		Reason{Rule: rule, Field: keyBlockField, Found: found, Wanted: wanted, Offset: offset})
}

func (a *arrival) attributes(alg *algorithm) attributes {
	return attributes{usage: a.usage, class: SymmetricKey, alg: alg, modes: a.modes}
}

func (a *arrival) fits(alg *algorithm) error {
	if err := checkAttributes(a.attributes(alg), imported, keyBlockField+"."); err != nil {
		return err
	}
	_, err := chooseCheck(alg, a.asked, "KeyCheckValueAlgorithm")
	return err
}

// admit decides on the key once its length is known and authenticated.
func (k *call) admit(a *arrival, bits int) error {
	alg := algorithmOfLength(a.candidates, bits)
	if alg == nil {
		return k.foldable("key-length", fmt.Sprintf("a key of %d bits", bits), "a length of the header's algorithm", -1)
	}
	if err := a.fits(alg); err != nil {
		return err
	}
	if !k.engine.lenient || alg.letter == hsm.HMAC {
		if err := checkStrength(a.kek.attributes.alg, alg, wrappingField); err != nil {
			return err
		}
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

// fixedHeader is the block's 16 characters as they came.
func fixedHeader(block string) string { return block[:16] }

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

// checkKC compares a KC block, the check value that the sender computed,
// with the key (GUESS: nothing is documented). Other forms than the two of
// X9.143 are left alone.
func (k *call) checkKC(ctx context.Context, imported *key) error {
	i := slices.IndexFunc(imported.blocks, func(b block) bool { return b.id == "KC" })
	if i < 0 || len(imported.blocks[i].data) < 4 {
		return nil
	}
	form, want := imported.blocks[i].data[:2], imported.blocks[i].data[2:]
	method, ok := kcMethods[kcForm{form, imported.attributes.alg.letter}]
	if !ok {
		return nil
	}
	v, err := k.engine.hsm.CheckValue(ctx, imported.ref(), method)
	if err != nil {
		return hsmError(err)
	}
	full := v.Standard()
	if len(want) > len(full) || subtle.ConstantTimeCompare([]byte(full[:len(want)]), []byte(strings.ToUpper(want))) != 1 {
		return invalid("The key block is invalid.", because("key-check-value", keyBlockField, "a KC block of another key", "the check value of the key inside"))
	}
	return nil
}

// kcForm is the first two characters of a KC block and the algorithm.
type kcForm struct {
	form   string
	letter byte
}

var kcMethods = map[kcForm]kcv.Method{
	{"00", hsm.TDES}: kcv.TDESZero, {"01", hsm.TDES}: kcv.TDESCMAC,
	{"00", hsm.AES}: kcv.AESZero, {"01", hsm.AES}: kcv.AESCMAC,
}

// blockError tells why a block was refused: a *tr31.Error by its class, the
// engine's own refusals as they are, the rest as the device's.
func (k *call) blockError(err error) error {
	if refusal, ok := err.(*Error); ok {
		return refusal
	}
	refusal, ok := errors.AsType[*tr31.Error](err)
	if !ok {
		return hsmError(err)
	}
	if refusal.Class == tr31.ErrMAC || refusal.Class == tr31.ErrKeyLength {
		return k.foldable(string(refusal.Class), refusal.Message, "a block made under this wrapping key", refusal.Offset)
	}
	out := invalid("The key block is invalid.", Reason{
		Rule: string(refusal.Class), Field: keyBlockField, Found: refusal.Message, Offset: refusal.Offset})
	out.Err = refusal
	return out
}

// foldable is a refusal of something behind the MAC. Unless the engine
// explains, all of them are one.
func (k *call) foldable(rule, found, wanted string, offset int) error {
	if !k.engine.explain {
		rule, found, wanted, offset = "key-block", "a block that does not open", "a block made under this wrapping key", -1
	}
	return invalid("The key block is invalid.", Reason{Rule: rule, Field: keyBlockField, Found: found, Wanted: wanted, Offset: offset})
}
