package engine

import (
	"context"
	"crypto/subtle"
	"errors"
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
	wrappingUsages = "TR31_K0_KEY_ENCRYPTION_KEY or TR31_K1_KEY_BLOCK_PROTECTION_KEY"
)

func (k *call) importTR31(ctx context.Context, in *ImportKeyInput, arm *ImportTr31KeyBlock, out *key) error {
	// Parse: the block's header, in the clear.
	field := tr31Field + ".WrappedKeyBlock"
	b, err := tr31.Parse(arm.WrappedKeyBlock, tr31.Lenient)
	if err != nil {
		return k.blockError(field, err)
	}
	return k.storeArrival(ctx, in, out, func() (*arrival, error) {
		// Load and validate.
		var kek key
		if err := k.loadKey(ctx, arm.WrappingKeyIdentifier, &kek); err != nil {
			return nil, err
		}
		if err := checkWrappingKey(&kek, decrypt|unwrap, wrappingField); err != nil {
			return nil, err
		}
		if err := checkVersion(b.Header.Version, kek.attributes.alg, field); err != nil {
			return nil, err
		}
		a := &arrival{
			field: field, participants: []keystore.Change{kek.unchanged()}, through: kek.arn.key,
			refuse: func(err error) error { return k.blockError(field, err) },
			strong: func(moved *algorithm) error {
				if k.engine.lenient && moved.letter != hsm.HMAC {
					return nil
				}
				return checkStrength(kekStrength, kek.attributes.alg, moved, wrappingField)
			},
			open: func(ctx context.Context, admit hsm.Admit) (hsm.Made, error) {
				return k.engine.hsm.ImportTR31(ctx, kek.ref(), b, admit)
			},
		}
		return a, a.readHeader(b.Header, arm.WrappedKeyBlock[:16])
	})
}

// checkWrappingKey holds a symmetric wrapping key to its state, its usage and
// its modes of use.
func checkWrappingKey(kek *key, need modes, field string) error {
	if err := kek.checkUsable(field); err != nil {
		return err
	}
	if u := kek.attributes.usage; u != TR31K0KeyEncryptionKey && u != TR31K1KeyBlockProtectionKey {
		return invalid("The wrapping key cannot be used to wrap keys.", because(RuleWrappingKeyUsage, field, problemWrappingUsage, string(u), wrappingUsages))
	}
	if m := kek.attributes.modes; !m.allows(need) {
		return invalid("The wrapping key's modes of use do not allow this operation.",
			because(RuleWrappingKeyModes, field, problemWrappingModes, m.String(), need.String()))
	}
	return nil
}

// checkVersion: A, B and C under TDES, D under AES; the service does not know
// E (tr31-mapping, section 7).
func checkVersion(v tr31.Version, kek *algorithm, field string) error {
	wanted := "A, B or C under a TDES key"
	fits := v == tr31.VersionA || v == tr31.VersionB || v == tr31.VersionC
	if kek.letter == hsm.AES {
		wanted, fits = "D under an AES key", v == tr31.VersionD
	}
	if fits {
		return nil
	}
	return invalid("The key block version does not fit the wrapping key.",
		Reason{Rule: RuleKeyBlockVersion, Field: field, Problem: problemBlockVersion, Found: v.String(), Wanted: wanted, Offset: 0})
}

// checkKC compares a KC block, the check value that the sender computed,
// with the key (GUESS: nothing is documented). Other forms than the two of
// X9.143 are left alone.
func (k *call) checkKC(ctx context.Context, a *arrival, imported *key) error {
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
	full := v.String()
	if len(want) > len(full) || subtle.ConstantTimeCompare([]byte(full[:len(want)]), []byte(strings.ToUpper(want))) != 1 {
		return invalid("The key block is invalid.", because(RuleKeyCheckValue, a.field, problemBlockKCV, "KC block with "+want, full[:min(len(full), len(want))]))
	}
	return nil
}

// kcForm is the first two characters of a KC block and the algorithm.
type kcForm struct {
	form   string
	letter hsm.Algorithm
}

var kcMethods = map[kcForm]kcv.Method{
	{"00", hsm.TDES}: kcv.TDESZero, {"01", hsm.TDES}: kcv.TDESCMAC,
	{"00", hsm.AES}: kcv.AESZero, {"01", hsm.AES}: kcv.AESCMAC,
}

// blockReason is why a key block was refused.
func blockReason(field string, e *tr31.Error) Reason {
	return Reason{Rule: Rule(e.Class), Field: field, Problem: e.Problem, Found: e.Found, Wanted: e.Wanted, Offset: e.Offset}
}

// blockError tells why a block was refused: a *tr31.Error by its class, the
// rest as the device's.
func (k *call) blockError(field string, err error) error {
	refusal, ok := errors.AsType[*tr31.Error](err)
	if !ok {
		return hsmError(err)
	}
	if refusal.Class == tr31.ErrMAC || refusal.Class == tr31.ErrKeyLength {
		return k.foldable(blockReason(field, refusal))
	}
	out := invalid("The key block is invalid.", blockReason(field, refusal))
	out.Err = refusal
	return out
}
