package engine

import "github.com/seed748fb4d1/apcsim/apc"

// What a key must be to take part in a control-plane operation that works with keys.

var (
	wrappingUsages = []apc.KeyUsage{usageK0, usageK1}

	wrappingUsageText     = ruleText{apc.RuleWrappingKeyUsage, problemWrappingUsage, "The wrapping key cannot be used to wrap keys."}
	wrappingAlgorithmText = ruleText{apc.RuleWrappingKeyAlgorithm, problemWrappingAlgorithm, "The wrapping key cannot be used to wrap keys."}
	wrappingModesText     = ruleText{apc.RuleWrappingKeyModes, problemWrappingModes, "The wrapping key's modes of use do not allow this operation."}
	pairUsageText         = ruleText{apc.RuleKeyUsage, problemPairUsage, "The key cannot be used for this."}
	pairModesText         = ruleText{apc.RuleKeyModesOfUse, problemPairModes, "The key's modes of use do not allow this operation."}
)

// Key block protection keys and key encryption keys.
var (
	unwrappingRules = wrappingKey(wrappingUsages, 0, decrypt|unwrap)
	wrappingRules   = wrappingKey(wrappingUsages, 0, encrypt|wrap)

	// AS 2805 cryptograms are under a TDES K0 key.
	as2805ImportRules = wrappingKey([]apc.KeyUsage{usageK0}, anyTDES, decrypt|unwrap)
	as2805ExportRules = wrappingKey([]apc.KeyUsage{usageK0}, anyTDES, encrypt|wrap)
)

func wrappingKey(usages []apc.KeyUsage, algorithms algorithmSet, needed modes) *keyRules {
	return &keyRules{usages: usages, algorithms: algorithms, modes: needed,
		usage: wrappingUsageText, algorithm: wrappingAlgorithmText, mode: wrappingModesText}
}

// Key pairs of the account.
var (
	receivingRules = keyPair(usageK2, decrypt|unwrap)
	signingRules   = keyPair(usageS0, sign)
	agreementRules = keyPair(usageK3, deriveKey)
)

func keyPair(usage apc.KeyUsage, needed modes) *keyRules {
	return &keyRules{class: apc.KeyClassAsymmetricKeyPair, usages: []apc.KeyUsage{usage}, modes: needed, usage: pairUsageText, mode: pairModesText}
}

// authorityRules are those of an imported certificate that signs others.
var authorityRules = &keyRules{class: apc.KeyClassPublicKey, usages: []apc.KeyUsage{usageS0},
	usage: ruleText{apc.RuleCertificateAuthority, problemNotAuthority, "The certificate authority key is not valid."}}

// exportRules are those of a key that is exported.
var exportRules = &keyRules{class: apc.KeyClassSymmetricKey, exportable: true,
	usage: ruleText{apc.RuleKeyClass, problemExportClass, "Only symmetric keys can be exported."}}
