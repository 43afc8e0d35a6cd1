package dataplane

import (
	"slices"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/core"
)

// KeyRules returns the table of keys that each operation takes: a row for each member of each form
// of request, in the order of the user guide. A form and member that has several rows takes a key
// that fits one of them.
func KeyRules() []apc.KeyRule { return slices.Clone(keyRules) }

// Sets of modes of use, as the user guide has them.
var (
	generates = sets(core.Generate, core.Generate|core.Verify)
	verifies  = sets(core.Verify, core.Generate|core.Verify) // GUESS G-verify-modes: some rows of the guide have the other modes here
	verifier  = sets(core.Verify)
	derives   = sets(core.DeriveKey)
	derivesN  = sets(core.DeriveKey, core.NoRestrictions)

	encrypts     = sets(core.Encrypt|core.Wrap, allCipher, core.NoRestrictions)
	decrypts     = sets(core.Decrypt|core.Unwrap, allCipher, core.NoRestrictions)
	both         = sets(allCipher, core.NoRestrictions)
	pairEncrypts = sets(core.Encrypt|core.Wrap, allCipher)
	pairDecrypts = sets(core.Decrypt|core.Unwrap, allCipher)
	cipherOnly   = sets(allCipher)
	as2805PIN    = sets(core.Decrypt|core.Unwrap, allCipher)

	// B and D by the API reference, also for encrypting; E is a GUESS G-block-modes.
	blockModes = sets(allCipher, core.Decrypt|core.Unwrap, core.Encrypt|core.Wrap)
)

const allCipher = core.Encrypt | core.Decrypt | core.Wrap | core.Unwrap

func sets(modes ...core.Modes) (out []apc.KeyModesOfUse) {
	for _, m := range modes {
		out = append(out, m.Members())
	}
	return out
}

var (
	tdes2   = []apc.KeyAlgorithm{core.TDES2}
	anyTDES = core.AnyTDES.Names()
	ciphers = core.Ciphers.Names()
	anyRSA  = core.AnyRSA.Names()
	anyECC  = core.AnyECC.Names()
	anyPair = (core.AnyRSA | core.AnyECC).Names()

	// TDES base derivation keys have two parts, AES ones any length.
	dukptKeys = (core.AlgorithmsNamed(core.TDES2) | core.AnyAES).Names()

	// The guide has HMAC keys here, and in older editions TDES and AES keys of usage M7, which
	// can still be made. checkHMAC says which algorithm is for which.
	hmacKeys = (core.AnyHMAC | core.Ciphers).Names()
)

// Operations with long names.
const (
	pinChange    = "GenerateMacEmvPinChange"
	translateKey = "TranslateKeyMaterial"
)

// Forms of requests that are no arm of a union.
const (
	formBlock     = "Tr31KeyBlock"              // a TR-31 key block comes with the request
	formAgreement = "DiffieHellmanSymmetricKey" // a key is agreed on by ECDH
	formAS2805    = "As2805"
)

// Members that several operations have.
const (
	fieldKey       = "KeyIdentifier"
	fieldIncoming  = "IncomingKeyIdentifier"
	fieldOutgoing  = "OutgoingKeyIdentifier"
	fieldPEK       = "EncryptionKeyIdentifier"
	fieldGenerator = "GenerationKeyIdentifier"
	fieldVerifier  = "VerificationKeyIdentifier"

	fieldNewPEK          = "NewPinPekIdentifier"
	fieldIntegrity       = "SecureMessagingIntegrityKeyIdentifier"
	fieldConfidentiality = "SecureMessagingConfidentialityKeyIdentifier"
	fieldRequestKey      = "AuthorizationRequestKeyIdentifier"
	fieldCurrentPEK      = "CurrentPinAttributes.CurrentPinPekIdentifier"

	fieldAgreed       = "IncomingKeyMaterial.DiffieHellmanTr31KeyBlock"
	fieldKeyPair      = fieldAgreed + ".PrivateKeyIdentifier"
	fieldKeyAuthority = fieldAgreed + ".CertificateAuthorityPublicKeyIdentifier"
	fieldWrapping     = "OutgoingKeyMaterial.Tr31KeyBlock.WrappingKeyIdentifier"

	// Of a key that comes with the request, below the member that it has.
	fieldAuthority = "WrappedKeyMaterial.DiffieHellmanSymmetricKey.CertificateAuthorityPublicKeyIdentifier"
	fieldBlock     = "WrappedKeyMaterial.Tr31KeyBlock"
)

// keyRules is the table "Key types for specific data operations" (AWS Payment Cryptography User
// Guide, pages on valid keys and key attributes).
var keyRules = slices.Concat(dataRules, macRules, cardRules, pinRules, emvRules, otherRules, sentRules)

var dataRules = []apc.KeyRule{
	{Op: "EncryptData", Form: "Symmetric", Member: fieldKey, Usage: core.UsageD0, Algorithms: ciphers, Modes: encrypts},
	{Op: "EncryptData", Form: "Asymmetric", Member: fieldKey, Usage: core.UsageD1, Algorithms: anyRSA, Modes: pairEncrypts},
	{Op: "EncryptData", Form: "Dukpt", Member: fieldKey, Usage: core.UsageB0, Algorithms: dukptKeys, Modes: derivesN},
	{Op: "EncryptData", Form: "Emv", Member: fieldKey, Usage: core.UsageE1, Algorithms: tdes2, Modes: derives},
	{Op: "EncryptData", Form: "Emv", Member: fieldKey, Usage: core.UsageE6, Algorithms: tdes2, Modes: derives},
	{Op: "DecryptData", Form: "Symmetric", Member: fieldKey, Usage: core.UsageD0, Algorithms: ciphers, Modes: decrypts},
	{
		Op:         "DecryptData",
		Form:       "Asymmetric",
		Member:     fieldKey,
		Usage:      core.UsageD1,
		Class:      apc.KeyClassAsymmetricKeyPair,
		Algorithms: anyRSA,
		Modes:      pairDecrypts,
	},
	{Op: "DecryptData", Form: "Dukpt", Member: fieldKey, Usage: core.UsageB0, Algorithms: dukptKeys, Modes: derivesN},
	{Op: "DecryptData", Form: "Emv", Member: fieldKey, Usage: core.UsageE1, Algorithms: tdes2, Modes: derives},
	{Op: "DecryptData", Form: "Emv", Member: fieldKey, Usage: core.UsageE6, Algorithms: tdes2, Modes: derives},
	{Op: "ReEncryptData", Form: "Symmetric", Member: fieldIncoming, Usage: core.UsageD0, Algorithms: ciphers, Modes: decrypts},
	{
		Op:         "ReEncryptData",
		Form:       "Asymmetric",
		Member:     fieldIncoming,
		Usage:      core.UsageD1,
		Class:      apc.KeyClassAsymmetricKeyPair,
		Algorithms: anyRSA,
		Modes:      pairDecrypts,
	},
	{Op: "ReEncryptData", Form: "Dukpt", Member: fieldIncoming, Usage: core.UsageB0, Algorithms: dukptKeys, Modes: derivesN},
	{Op: "ReEncryptData", Form: "Symmetric", Member: fieldOutgoing, Usage: core.UsageD0, Algorithms: ciphers, Modes: encrypts},
	{Op: "ReEncryptData", Form: "Asymmetric", Member: fieldOutgoing, Usage: core.UsageD1, Algorithms: anyRSA, Modes: pairEncrypts},
	{Op: "ReEncryptData", Form: "Dukpt", Member: fieldOutgoing, Usage: core.UsageB0, Algorithms: dukptKeys, Modes: derivesN},
}

var macRules = slices.Concat(macRulesOf("GenerateMac", generates), macRulesOf("VerifyMac", verifies))

func macRulesOf(op string, modes []apc.KeyModesOfUse) []apc.KeyRule {
	rules := []apc.KeyRule{
		{Op: op, Form: string(MacAlgorithmISO9797Algorithm1), Member: fieldKey, Usage: core.UsageM1, Algorithms: anyTDES, Modes: modes},
		{Op: op, Form: string(MacAlgorithmISO9797Algorithm3), Member: fieldKey, Usage: core.UsageM3, Algorithms: anyTDES, Modes: modes},
		{Op: op, Form: string(MacAlgorithmCMAC), Member: fieldKey, Usage: core.UsageM6, Algorithms: ciphers, Modes: modes},
		{Op: op, Form: string(MacAlgorithmAS280541), Member: fieldKey, Usage: core.UsageM0, Algorithms: anyTDES, Modes: modes},
		{Op: op, Form: "DukptIso9797Algorithm1", Member: fieldKey, Usage: core.UsageB0, Algorithms: dukptKeys, Modes: derivesN},
		{Op: op, Form: "DukptIso9797Algorithm3", Member: fieldKey, Usage: core.UsageB0, Algorithms: dukptKeys, Modes: derivesN},
		{Op: op, Form: "DukptCmac", Member: fieldKey, Usage: core.UsageB0, Algorithms: dukptKeys, Modes: derivesN},
		{Op: op, Form: "EmvMac", Member: fieldKey, Usage: core.UsageE2, Algorithms: tdes2, Modes: derives},
	}
	for _, a := range []MacAlgorithm{MacAlgorithmHMAC, MacAlgorithmHMACSHA224, MacAlgorithmHMACSHA256, MacAlgorithmHMACSHA384,
		MacAlgorithmHMACSHA512} {
		rules = append(
			rules,
			apc.KeyRule{Op: op, Form: string(a), Member: fieldKey, Usage: core.UsageM7, Algorithms: hmacKeys, Modes: modes},
		)
	}
	return rules
}

var cardRules = slices.Concat(
	cardRulesOf("GenerateCardValidationData", generates),
	cardRulesOf("VerifyCardValidationData", verifies),
	[]apc.KeyRule{
		{
			Op:         "VerifyCardValidationData",
			Form:       "DiscoverDynamicCardVerificationCode",
			Member:     fieldKey,
			Usage:      core.UsageE4,
			Algorithms: tdes2,
			Modes:      derives,
		},
	}, // GUESS G-discover-key: the guide has no row
)

func cardRulesOf(op string, modes []apc.KeyModesOfUse) []apc.KeyRule {
	return []apc.KeyRule{
		{Op: op, Form: "CardVerificationValue1", Member: fieldKey, Usage: core.UsageC0, Algorithms: tdes2, Modes: modes},
		{Op: op, Form: "CardVerificationValue2", Member: fieldKey, Usage: core.UsageC0, Algorithms: tdes2, Modes: modes},
		{Op: op, Form: "AmexCardSecurityCodeVersion1", Member: fieldKey, Usage: core.UsageC0, Algorithms: anyTDES, Modes: modes},
		{Op: op, Form: "AmexCardSecurityCodeVersion2", Member: fieldKey, Usage: core.UsageC0, Algorithms: anyTDES, Modes: modes},
		{Op: op, Form: "CardHolderVerificationValue", Member: fieldKey, Usage: core.UsageE6, Algorithms: tdes2, Modes: derives},
		{Op: op, Form: "DynamicCardVerificationCode", Member: fieldKey, Usage: core.UsageE4, Algorithms: tdes2, Modes: derives},
		{Op: op, Form: "DynamicCardVerificationValue", Member: fieldKey, Usage: core.UsageE6, Algorithms: tdes2, Modes: derives},
		{
			Op:         op,
			Form:       "DynamicCardVerificationValue",
			Member:     fieldKey,
			Usage:      core.UsageE4,
			Algorithms: tdes2,
			Modes:      derives,
		}, // GUESS G-dcvv-key: an example of the guide has one
	}
}

// V1 keys are TDES_3KEY in the guide; TDES_2KEY works (LIVE L-v1-two-key).
var pinRules = slices.Concat(
	generatorRules("VisaPin", core.UsageV2, encrypts),
	generatorRules("VisaPinVerificationValue", core.UsageV2, both), // GUESS G-pvv-modes: it decrypts and encrypts
	generatorRules("Ibm3624NaturalPin", core.UsageV1, encrypts),
	generatorRules("Ibm3624RandomPin", core.UsageV1, encrypts),
	generatorRules("Ibm3624PinFromOffset", core.UsageV1, encrypts),
	generatorRules("Ibm3624PinOffset", core.UsageV1, both), // the guide has Encrypt and Unwrap, but it decrypts
	verifierRules("VisaPin", core.UsageV2),
	verifierRules("Ibm3624Pin", core.UsageV1),
	[]apc.KeyRule{
		{Op: "TranslatePinData", Form: "PIN", Member: fieldIncoming, Usage: core.UsageP0, Algorithms: ciphers, Modes: decrypts},
		{Op: "TranslatePinData", Form: "Dukpt", Member: fieldIncoming, Usage: core.UsageB0, Algorithms: dukptKeys, Modes: derivesN},
		{Op: "TranslatePinData", Form: formAS2805, Member: fieldIncoming, Usage: core.UsageP0, Algorithms: tdes2, Modes: as2805PIN},
		{Op: "TranslatePinData", Form: "PIN", Member: fieldOutgoing, Usage: core.UsageP0, Algorithms: ciphers, Modes: encrypts},
		{Op: "TranslatePinData", Form: "Dukpt", Member: fieldOutgoing, Usage: core.UsageB0, Algorithms: dukptKeys, Modes: derivesN},
	},
)

func generatorRules(form string, verification apc.KeyUsage, modes []apc.KeyModesOfUse) []apc.KeyRule {
	return []apc.KeyRule{
		{Op: "GeneratePinData", Form: form, Member: fieldGenerator, Usage: verification, Algorithms: anyTDES, Modes: generates},
		{Op: "GeneratePinData", Form: form, Member: fieldPEK, Usage: core.UsageP0, Algorithms: ciphers, Modes: modes},
	}
}

func verifierRules(form string, verification apc.KeyUsage) []apc.KeyRule {
	return []apc.KeyRule{
		{Op: "VerifyPinData", Form: form, Member: fieldVerifier, Usage: verification, Algorithms: anyTDES, Modes: verifies},
		{Op: "VerifyPinData", Form: form, Member: fieldPEK, Usage: core.UsageP0, Algorithms: ciphers, Modes: decrypts},
		{Op: "VerifyPinData", Form: form + ", Dukpt", Member: fieldPEK, Usage: core.UsageB0, Algorithms: dukptKeys, Modes: derivesN},
	}
}

var emvRules = []apc.KeyRule{
	{Op: "VerifyAuthRequestCryptogram", Member: fieldKey, Usage: core.UsageE0, Algorithms: tdes2, Modes: derives},
	{Op: "GenerateAuthRequestCryptogram", Member: fieldKey, Usage: core.UsageE0, Algorithms: tdes2, Modes: derives},
	{Op: pinChange, Member: fieldNewPEK, Usage: core.UsageP0, Algorithms: anyTDES, Modes: decrypts},
	{
		Op:         pinChange,
		Member:     fieldIntegrity,
		Usage:      core.UsageE2,
		Algorithms: tdes2,
		Modes:      derivesN,
	}, // the guide has NoRestrictions, DeriveKey works (LIVE L-integrity-modes)
	{Op: pinChange, Member: fieldConfidentiality, Usage: core.UsageE1, Algorithms: tdes2, Modes: derives},
	{
		Op:         pinChange,
		Form:       "Visa",
		Member:     "DerivationMethodAttributes.Visa." + fieldRequestKey,
		Usage:      core.UsageE0,
		Algorithms: tdes2,
		Modes:      derives,
	},
	{
		Op:         pinChange,
		Form:       "Visa",
		Member:     "DerivationMethodAttributes.Visa." + fieldCurrentPEK,
		Usage:      core.UsageP0,
		Algorithms: anyTDES,
		Modes:      decrypts,
	},
	{
		Op:         pinChange,
		Form:       "Amex",
		Member:     "DerivationMethodAttributes.Amex." + fieldRequestKey,
		Usage:      core.UsageE0,
		Algorithms: tdes2,
		Modes:      derives,
	},
	{
		Op:         pinChange,
		Form:       "Amex",
		Member:     "DerivationMethodAttributes.Amex." + fieldCurrentPEK,
		Usage:      core.UsageP0,
		Algorithms: anyTDES,
		Modes:      decrypts,
	},
}

var otherRules = []apc.KeyRule{
	{
		Op:         translateKey,
		Member:     fieldKeyPair,
		Usage:      core.UsageK3,
		Class:      apc.KeyClassAsymmetricKeyPair,
		Algorithms: anyECC,
		Modes:      derives,
	},
	{
		Op:         translateKey,
		Member:     fieldKeyAuthority,
		Usage:      core.UsageS0,
		Class:      apc.KeyClassPublicKey,
		Algorithms: anyPair,
		Modes:      verifier,
	},
	{Op: translateKey, Member: fieldWrapping, Usage: core.UsageK0, Algorithms: ciphers, Modes: pairEncrypts},
	{Op: translateKey, Member: fieldWrapping, Usage: core.UsageK1, Algorithms: ciphers, Modes: pairEncrypts},
	{Op: "GenerateAs2805KekValidation", Member: fieldKey, Usage: core.UsageK0, Algorithms: anyTDES, Modes: cipherOnly},
}

// sentRules are those of keys that come with a request: the key that opens a key block and the key
// in it, or the key pair and the certificate authority of an agreement.
var sentRules = slices.Concat(
	sentRulesOf("EncryptData", fieldKey, "WrappedKey", core.UsageD0),
	sentRulesOf("DecryptData", fieldKey, "WrappedKey", core.UsageD0),
	sentRulesOf("ReEncryptData", fieldIncoming, "IncomingWrappedKey", core.UsageD0),
	sentRulesOf("ReEncryptData", fieldOutgoing, "OutgoingWrappedKey", core.UsageD0),
	sentRulesOf("GeneratePinData", fieldPEK, "EncryptionWrappedKey", core.UsageP0),
	sentRulesOf("VerifyPinData", fieldPEK, "EncryptionWrappedKey", core.UsageP0),
	sentRulesOf("TranslatePinData", fieldIncoming, "IncomingWrappedKey", core.UsageP0),
	sentRulesOf("TranslatePinData", fieldOutgoing, "OutgoingWrappedKey", core.UsageP0),
)

func sentRulesOf(op, member, wrapped string, inside apc.KeyUsage) []apc.KeyRule {
	return []apc.KeyRule{
		{Op: op, Form: formBlock, Member: member, Usage: core.UsageK0, Algorithms: ciphers, Modes: decrypts},
		{Op: op, Form: formBlock, Member: member, Usage: core.UsageK1, Algorithms: ciphers, Modes: decrypts},
		{Op: op, Form: formBlock, Member: wrapped + "." + fieldBlock, Usage: inside, Algorithms: ciphers, Modes: blockModes},
		{
			Op:         op,
			Form:       formAgreement,
			Member:     member,
			Usage:      core.UsageK3,
			Class:      apc.KeyClassAsymmetricKeyPair,
			Algorithms: anyECC,
			Modes:      derives,
		},
		{
			Op:         op,
			Form:       formAgreement,
			Member:     wrapped + "." + fieldAuthority,
			Usage:      core.UsageS0,
			Class:      apc.KeyClassPublicKey,
			Algorithms: anyPair,
			Modes:      verifier,
		},
	}
}

// ruleKey is where a request names a key.
type ruleKey struct{ op, form, member string }

// rulesOf are the rules of the table by where they apply.
var rulesOf = func() map[ruleKey]*core.KeyRules {
	out := map[ruleKey]*core.KeyRules{}
	for i := range keyRules {
		r := &keyRules[i]
		at := ruleKey{r.Op, r.Form, r.Member}
		if out[at] == nil {
			out[at] = &core.KeyRules{Usage: usageText, Algorithm: algorithmText, Mode: modesText}
		}
		out[at].Rows = append(out[at].Rows, core.RowOf(r))
	}
	return out
}()

// The refusals. Usage is checked before algorithm (LIVE L-usage-text: both texts); the text of modes is a GUESS G-modes-text.
var (
	usageText = core.RuleText{
		Rule:    apc.RuleKeyUsage,
		Problem: problemUsage,
		Message: "KeyUsage of the input key %s is invalid for the operation.",
	}
	algorithmText = core.RuleText{
		Rule:    apc.RuleKeyAlgorithm,
		Problem: problemAlgorithm,
		Message: "KeyAlgorithm of the input key %s is invalid for the operation.",
	}
	modesText = core.RuleText{
		Rule:    apc.RuleKeyModesOfUse,
		Problem: problemModes,
		Message: "KeyModesOfUse of the input key %s is invalid for the operation.",
	}
)

// need is a key of the request and what the table says of it. The form is one that the table has:
// a test tries all that the operations ask for.
func need(op, form, member, identifier string) core.Need {
	return core.Need{Field: member, Identifier: identifier, Rules: rulesOf[ruleKey{op, form, member}]}
}
