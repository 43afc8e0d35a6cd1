package dataplane

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dukpt"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// keyRequest is a key that a request names, and how it is used.
type keyRequest struct {
	form, member string // where the table of keys has it
	identifier   string
	wrapped      *WrappedKey // that comes with the request and works in its place; nil: none
	within       string      // the member that has it: "IncomingWrappedKey"
}

// workingKey is a key of a request, checked and ready for a command.
type workingKey struct {
	hsm.WorkingKey
	named      core.Key      // that the request names
	letter     hsm.Algorithm // of the key that works
	checkValue string
	held       *hsm.HeldKey // a key that came with the request; else nil
}

// close clears a key that came with the request.
func (k *workingKey) close() {
	if k.held != nil {
		k.held.Close()
	}
}

func closeKeys(keys []workingKey) {
	for i := range keys {
		keys[i].close()
	}
}

// arn is the ARN in an answer: of the key that the request names, also where another key is
// used (GUESS G-answered-key).
func (k *workingKey) arn() string { return k.named.ARN.String() }

// load is loadKeys for one key, which it fills.
func (k *workingKey) load(ctx context.Context, c *core.Call, r keyRequest) error {
	if r.wrapped != nil {
		var keys [1]workingKey
		err := loadKeys(ctx, c, keys[:], r)
		*k = keys[0]
		return err
	}
	if err := c.Key(ctx, need(c.Op, r.form, r.member, r.identifier), &k.named); err != nil {
		return err
	}
	k.itself()
	return c.ThrottleOne(&k.named)
}

// maxKeys is how many keys an operation works with at most: a PIN change of Visa.
const maxKeys = 5

// loadKeys finds and checks the keys of a request in one snapshot, then those that come with it, and
// fills keys, which the caller has and closes.
func loadKeys(ctx context.Context, c *core.Call, keys []workingKey, requests ...keyRequest) error {
	var needed [maxKeys]core.Need
	needs := needed[:0]
	for i := range requests {
		needs = requests[i].needs(needs, c.Op)
	}
	var room [maxKeys]core.Key
	found := room[:len(needs)]
	if err := c.KeysInto(ctx, found, needs...); err != nil {
		return err
	}
	if err := c.Throttle(found); err != nil {
		return err
	}
	for i := range requests {
		r, k := &requests[i], &keys[i]
		k.named, found = found[0], found[1:]
		var err error
		switch {
		case r.wrapped == nil:
			k.itself()
		case r.wrapped.WrappedKeyMaterial.Tr31KeyBlock != nil:
			err = k.fromBlock(ctx, c, r)
		default:
			err = k.agreedOn(ctx, c, r, &found[0])
			found = found[1:]
		}
		if err != nil {
			closeKeys(keys)
			return err
		}
	}
	return nil
}

// needs appends the keys that the store has for a key of the request.
func (r *keyRequest) needs(out []core.Need, op string) []core.Need {
	switch {
	case r.wrapped == nil:
		return append(out, need(op, r.form, r.member, r.identifier))
	case r.wrapped.WrappedKeyMaterial.Tr31KeyBlock != nil:
		return append(out, need(op, formBlock, r.member, r.identifier))
	}
	agreement := r.wrapped.WrappedKeyMaterial.DiffieHellmanSymmetricKey
	return append(out,
		need(op, formAgreement, r.member, r.identifier),
		need(op, formAgreement, r.within+"."+fieldAuthority, agreement.CertificateAuthorityPublicKeyIdentifier))
}

func (k *workingKey) itself() {
	k.Key, k.letter, k.checkValue = k.named.Ref(), k.named.Attributes.Alg.Letter, k.named.CheckValue
}

// fromBlock takes the key of a TR-31 block. What its header says is checked before it is opened,
// and authenticated when it is.
func (k *workingKey) fromBlock(ctx context.Context, c *core.Call, r *keyRequest) error {
	field := r.within + "." + fieldBlock
	b, err := tr31.Parse(*r.wrapped.WrappedKeyMaterial.Tr31KeyBlock, tr31.Lenient)
	if err != nil {
		return core.BlockError(c, field, err)
	}
	if err := core.CheckBlockVersion(b.Header.Version, k.named.Attributes.Alg, field); err != nil {
		return err
	}
	rules := rulesOf[ruleKey{c.Op, formBlock, field}]
	if err := checkHeader(b.Header, rules, field); err != nil {
		return err
	}
	k.Key, k.Derive = k.named.Ref(), hsm.WrappedKey{Block: b}
	k.letter = hsm.Algorithm(b.Header.Algorithm)
	return k.checked(ctx, c, r, field)
}

// checkHeader holds the header of a key block to the rows of the table.
func checkHeader(h tr31.Header, rules *core.KeyRules, field string) error {
	row := &rules.Rows[0] // there is one
	if want := core.CodeOf(row.Usage); h.KeyUsage != want {
		return core.Invalid(blockMessage, core.Because(apc.RuleKeyUsage, field, problemUsage, h.KeyUsage, want))
	}
	if h.Algorithm != byte(hsm.TDES) && h.Algorithm != byte(hsm.AES) {
		return core.Invalid(
			blockMessage,
			core.Because(apc.RuleKeyAlgorithm, field, problemAlgorithm, string(rune(h.Algorithm)), "T or A"),
		)
	}
	modes, ok := core.ModesOfByte(h.ModeOfUse)
	if !ok || !slices.Contains(row.Modes, modes) {
		return core.Invalid(
			blockMessage,
			core.Because(apc.RuleKeyModesOfUse, field, problemModes, string(rune(h.ModeOfUse)), "B, D or E"),
		)
	}
	return nil
}

const blockMessage = "The wrapped key block is not valid for the operation."

// agreedOn takes the key that both parties derive by ECDH.
func (k *workingKey) agreedOn(ctx context.Context, c *core.Call, r *keyRequest, authority *core.Key) error {
	in, field := r.wrapped.WrappedKeyMaterial.DiffieHellmanSymmetricKey, r.within+".WrappedKeyMaterial.DiffieHellmanSymmetricKey"
	derived := core.AlgorithmNamed(in.KeyAlgorithm)
	if !core.Ciphers.Has(derived) { // GUESS G-derived-hmac
		return core.Invalid(
			"The derived key algorithm is invalid for the operation.",
			core.Because(apc.RuleKeyAlgorithm, field+".KeyAlgorithm", problemDerived, string(in.KeyAlgorithm),
				"an AES or TDES algorithm"),
		)
	}
	peer, _, err := core.Peer(ctx, c, in.PublicKeyCertificate, field+".PublicKeyCertificate", &k.named, authority,
		r.within+"."+fieldAuthority)
	if err != nil {
		return err
	}
	info, _ := hex.DecodeString(in.SharedInformation) // the shape has been checked
	k.Key = k.named.Ref()
	k.Derive = hsm.ECDH{
		Peer:      peer,
		KDF:       core.DerivationFunctions[in.KeyDerivationFunction],
		Hash:      core.DerivationHashes[in.KeyDerivationHashAlgorithm],
		Info:      info,
		Algorithm: derived.Letter,
		Bits:      derived.Bits,
	}
	k.letter = derived.Letter
	return k.checked(ctx, c, r, field+".PublicKeyCertificate")
}

// checked derives a key that is not stored, and computes its check value. The field is what a key that does
// not open is due to.
func (k *workingKey) checked(ctx context.Context, c *core.Call, r *keyRequest, field string) error {
	var name apc.KeyCheckValueAlgorithm
	if given := r.wrapped.KeyCheckValueAlgorithm; given != nil {
		name = *given
	}
	algorithm := core.AlgorithmsOf(byte(k.letter), "")[0] // those of a letter have the same check values
	check, ok := algorithm.Check(name)
	if !ok {
		return core.Invalid(
			"The key check value algorithm is invalid for the key.",
			core.Because(apc.RuleKeyCheckValueAlgorithm, r.within+".KeyCheckValueAlgorithm",
				core.ProblemCheckAlgorithm, string(name), string(algorithm.Checks[0].Name)),
		)
	}
	held, value, err := c.Cloud.HSM.Hold(ctx, k.WorkingKey, check.Method)
	if err != nil {
		return commandError(c, field, err)
	}
	k.held, k.Derive = held, held
	k.checkValue = core.ShownCheckValue(value)
	return nil
}

// size is the length of a block of the working key, in bytes; 0 if it has none.
func (k *workingKey) size() int {
	switch k.letter {
	case hsm.TDES:
		return 8
	case hsm.AES:
		return 16
	}
	return 0
}

// terminal is what a request says of a key derived by DUKPT.
type terminal struct {
	ksn       string
	variant   *DukptKeyVariant
	algorithm *apc.KeyAlgorithm
	field     string // the member that has them: "EncryptionAttributes.Dukpt"
}

var (
	directions = map[DukptKeyVariant]hsm.Direction{
		DukptKeyVariantRequest:       hsm.Request,
		DukptKeyVariantResponse:      hsm.Response,
		DukptKeyVariantBidirectional: hsm.BothWays,
	}
	derivedTypes = map[apc.KeyAlgorithm]dukpt.KeyType{
		core.TDES2:  dukpt.TDES2,
		core.TDES3:  dukpt.TDES3,
		core.AES128: dukpt.AES128,
		core.AES192: dukpt.AES192,
		core.AES256: dukpt.AES256,
	}
)

// derive makes the key the base derivation key of a transaction's key. Without a variant it is the
// request's, without an algorithm the base derivation key's (GUESS G-dukpt-absent).
func (k *workingKey) derive(t *terminal) error {
	bdk := k.named.Attributes.Alg
	derived, direction := bdk, hsm.Request
	if t.algorithm != nil {
		derived = core.AlgorithmNamed(*t.algorithm)
	}
	if t.variant != nil {
		direction = directions[*t.variant]
	}
	if bdk.Letter == hsm.TDES && derived != bdk || bdk.Letter == hsm.AES && derived.Letter == hsm.AES && derived.Bits > bdk.Bits {
		return core.Invalid("The derivation type is invalid for the key.", core.Because(apc.RuleKeyAlgorithm, t.field, problemDukptType,
			string(derived.Name)+" from "+string(bdk.Name), "an algorithm that the key can derive, not stronger than itself"))
	}
	if err := t.checkSerialNumber(bdk); err != nil {
		return err
	}
	k.letter, k.Derive = derived.Letter, hsm.DUKPT{KSN: t.ksn, Type: derivedTypes[derived.Name], Direction: direction}
	return nil
}

// checkSerialNumber: 24 digits with an AES key, 20 or 16 with a TDES key (GUESS G-serial-number-length for the service).
func (t *terminal) checkSerialNumber(bdk *core.Algorithm) error {
	var err error
	if bdk.Letter == hsm.AES {
		_, err = dukpt.ParseAESKSN(t.ksn)
	} else {
		_, err = dukpt.ParseTDESKSN(t.ksn)
	}
	e, ok := errors.AsType[*dukpt.Error](err)
	if err == nil {
		return nil
	} else if !ok {
		return core.Internal(err)
	}
	return core.Invalid("The key serial number is invalid.",
		core.Because(apc.RuleKeySerialNumber, t.field+".KeySerialNumber", e.Problem, e.Found, e.Wanted))
}
