package core

import (
	"crypto"
	"errors"
	"fmt"
	"strings"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// What the names of a key derivation in a request mean.
var (
	DerivationFunctions = map[apc.KeyDerivationFunction]hsm.KDF{
		apc.KeyDerivationFunctionNISTSP800: hsm.ConcatKDF,
		apc.KeyDerivationFunctionANSIX963:  hsm.X963KDF,
	}
	DerivationHashes = map[apc.KeyDerivationHashAlgorithm]crypto.Hash{
		apc.KeyDerivationHashAlgorithmSHA256: crypto.SHA256,
		apc.KeyDerivationHashAlgorithmSHA384: crypto.SHA384,
		apc.KeyDerivationHashAlgorithmSHA512: crypto.SHA512,
	}
)

// CheckBlockVersion refuses a version other than A, B or C under a TDES key and D under an AES key. The
// service does not take version E (tr31-mapping, section 7).
func CheckBlockVersion(v tr31.Version, kek *Algorithm, field string) error {
	wanted := "A, B or C under a TDES key"
	fits := v == tr31.VersionA || v == tr31.VersionB || v == tr31.VersionC
	if kek.Letter == hsm.AES {
		wanted, fits = "D under an AES key", v == tr31.VersionD
	}
	if fits {
		return nil
	}
	return Invalid(
		"The key block version does not fit the wrapping key.",
		apc.Reason{
			Rule:    apc.RuleKeyBlockVersion,
			Field:   field,
			Problem: problemBlockVersion,
			Found:   v.String(),
			Wanted:  wanted,
			Offset:  0,
		},
	)
}

// BlockReason is why a key block was refused.
func BlockReason(field string, e *tr31.Error) apc.Reason {
	return apc.Reason{Rule: apc.Rule(e.Class), Field: field, Problem: e.Problem, Found: e.Found, Wanted: e.Wanted, Offset: e.Offset}
}

// BlockError is the refusal for a key block: of a *tr31.Error by its class; any other error is the
// device's.
func BlockError(c *Call, field string, err error) error {
	refusal, ok := errors.AsType[*tr31.Error](err)
	if !ok {
		return HSMError(err)
	}
	if refusal.Class == tr31.ErrMAC || refusal.Class == tr31.ErrKeyLength {
		return Foldable(c, BlockReason(field, refusal))
	}
	out := Invalid("The key block is invalid.", BlockReason(field, refusal))
	out.Err = refusal
	return out
}

// AgreedBlockError is BlockError for a key block under a key that both parties derive by ECDH. Where its MAC does not verify
// the parties have most often derived different keys, so that the reason says how this one was derived.
func AgreedBlockError(c *Call, field string, d *Derivation, pair *Key, err error) error {
	if errors.Is(err, tr31.ErrMAC) {
		return Foldable(c, Because(apc.RuleMAC, field, problemAgreedMAC, d.from(pair), "the derivation of the sender"))
	}
	return BlockError(c, field, err)
}

// Derivation is how a request has a key derived by ECDH.
type Derivation struct {
	Derived apc.KeyAlgorithm
	KDF     apc.KeyDerivationFunction
	Hash    apc.KeyDerivationHashAlgorithm
	Info    string // hexadecimal digits
}

func (d *Derivation) from(pair *Key) string {
	return fmt.Sprintf("%s by %s with %s and %s of SharedInformation from ECDH on %s",
		d.Derived, d.KDF, d.Hash, wording.Bytes(len(d.Info)/2), pair.Attributes.Alg.Name)
}

// Foldable is the refusal for what is known only after a decryption or the check of a MAC. With
// Options.HideReasons all of them are one refusal.
func Foldable(c *Call, r apc.Reason) error {
	if c.Cloud.HideReasons {
		r = apc.Reason{Rule: apc.RuleKeyBlock, Field: r.Field, Problem: problemFolded, Offset: -1}
	}
	if strings.HasPrefix(r.Field, "KeyMaterial.") && strings.HasSuffix(r.Field, ".WrappedKeyBlock") {
		return Invalid(importedBlockMessage, r)
	}
	return Invalid("The key material is invalid.", r)
}

// importedBlockMessage is what ImportKey says of a key block that does not open: LIVE L-key-block-text under an
// agreed key, GUESS G-key-block-text for TR-31 and TR-34.
const importedBlockMessage = "KeyBlock data in the imported payload is invalid."
