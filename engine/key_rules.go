package engine

import (
	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/core"
)

// What a key must be to take part in a control-plane operation that works with keys.

var (
	wrappingUsages = []apc.KeyUsage{core.UsageK0, core.UsageK1}

	wrappingUsageText = core.RuleText{
		Rule:    apc.RuleWrappingKeyUsage,
		Problem: core.ProblemWrappingUsage,
		Message: "The wrapping key cannot be used to wrap keys.",
	}
	wrappingAlgorithmText = core.RuleText{
		Rule:    apc.RuleWrappingKeyAlgorithm,
		Problem: core.ProblemWrappingAlgorithm,
		Message: "The wrapping key cannot be used to wrap keys.",
	}
	wrappingModesText = core.RuleText{
		Rule:    apc.RuleWrappingKeyModes,
		Problem: core.ProblemWrappingModes,
		Message: "The wrapping key's modes of use do not allow this operation.",
	}
	pairUsageText = core.RuleText{
		Rule:    apc.RuleKeyUsage,
		Problem: core.ProblemPairUsage,
		Message: "The key cannot be used for this.",
	}
	pairModesText = core.RuleText{
		Rule:    apc.RuleKeyModesOfUse,
		Problem: core.ProblemPairModes,
		Message: "The key's modes of use do not allow this operation.",
	}
)

// Key block protection keys and key encryption keys. One with NoRestrictions does both (GUESS G-kek-no-restrictions).
var (
	unwrappingRules = wrappingKey(wrappingUsages, 0, core.Decrypt|core.Unwrap)
	wrappingRules   = wrappingKey(wrappingUsages, 0, core.Encrypt|core.Wrap)

	// AS 2805 cryptograms are under a TDES K0 key.
	as2805ImportRules = wrappingKey([]apc.KeyUsage{core.UsageK0}, core.AnyTDES, core.Decrypt|core.Unwrap)
	as2805ExportRules = wrappingKey([]apc.KeyUsage{core.UsageK0}, core.AnyTDES, core.Encrypt|core.Wrap)
)

func wrappingKey(usages []apc.KeyUsage, algorithms core.AlgorithmSet, needed core.Modes) *core.KeyRules {
	return &core.KeyRules{Usages: usages, Algorithms: algorithms, Modes: needed,
		Usage: wrappingUsageText, Algorithm: wrappingAlgorithmText, Mode: wrappingModesText}
}

// Key pairs of the account.
var (
	receivingRules = keyPair(core.UsageK2, core.Decrypt|core.Unwrap)
	signingRules   = keyPair(core.UsageS0, core.Sign)
	agreementRules = keyPair(core.UsageK3, core.DeriveKey)
)

func keyPair(usage apc.KeyUsage, needed core.Modes) *core.KeyRules {
	return &core.KeyRules{
		Class:  apc.KeyClassAsymmetricKeyPair,
		Usages: []apc.KeyUsage{usage},
		Modes:  needed,
		Usage:  pairUsageText,
		Mode:   pairModesText,
	}
}

// exportRules are those of a key that is exported.
var exportRules = &core.KeyRules{Class: apc.KeyClassSymmetricKey, Exportable: true,
	Usage: core.RuleText{Rule: apc.RuleKeyClass, Problem: core.ProblemExportClass, Message: "Only symmetric keys can be exported."}}
