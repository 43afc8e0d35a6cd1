package engine

// What a key must be to take part in a control-plane operation that works with keys.

var (
	wrappingUsages = []KeyUsage{TR31K0KeyEncryptionKey, TR31K1KeyBlockProtectionKey}

	wrappingUsageText     = ruleText{RuleWrappingKeyUsage, problemWrappingUsage, "The wrapping key cannot be used to wrap keys."}
	wrappingAlgorithmText = ruleText{RuleWrappingKeyAlgorithm, problemWrappingAlgorithm, "The wrapping key cannot be used to wrap keys."}
	wrappingModesText     = ruleText{RuleWrappingKeyModes, problemWrappingModes, "The wrapping key's modes of use do not allow this operation."}
	pairUsageText         = ruleText{RuleKeyUsage, problemPairUsage, "The key cannot be used for this."}
	pairModesText         = ruleText{RuleKeyModesOfUse, problemPairModes, "The key's modes of use do not allow this operation."}
)

// Key block protection keys and key encryption keys.
var (
	unwrappingRules = wrappingKey(wrappingUsages, 0, decrypt|unwrap)
	wrappingRules   = wrappingKey(wrappingUsages, 0, encrypt|wrap)

	// AS 2805 cryptograms are under a TDES K0 key.
	as2805ImportRules = wrappingKey([]KeyUsage{TR31K0KeyEncryptionKey}, anyTDES, decrypt|unwrap)
	as2805ExportRules = wrappingKey([]KeyUsage{TR31K0KeyEncryptionKey}, anyTDES, encrypt|wrap)
)

func wrappingKey(usages []KeyUsage, algorithms algorithmSet, needed modes) *keyRules {
	return &keyRules{usages: usages, algorithms: algorithms, modes: needed,
		usage: wrappingUsageText, algorithm: wrappingAlgorithmText, mode: wrappingModesText}
}

// Key pairs of the account.
var (
	receivingRules = keyPair(TR31K2TR34AsymmetricKey, decrypt|unwrap)
	signingRules   = keyPair(TR31S0AsymmetricKeyForDigitalSignature, sign)
	agreementRules = keyPair(TR31K3AsymmetricKeyForKeyAgreement, deriveKey)
)

func keyPair(usage KeyUsage, needed modes) *keyRules {
	return &keyRules{class: AsymmetricKeyPair, usages: []KeyUsage{usage}, modes: needed, usage: pairUsageText, mode: pairModesText}
}

// authorityRules are those of an imported certificate that signs others.
var authorityRules = &keyRules{class: PublicKey, usages: []KeyUsage{TR31S0AsymmetricKeyForDigitalSignature},
	usage: ruleText{RuleCertificateAuthority, problemNotAuthority, "The certificate authority key is not valid."}}

// exportRules are those of a key that is exported.
var exportRules = &keyRules{class: SymmetricKey, exportable: true,
	usage: ruleText{RuleKeyClass, problemExportClass, "Only symmetric keys can be exported."}}
