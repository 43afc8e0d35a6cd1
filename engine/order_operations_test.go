package engine_test

import (
	"slices"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// orderedElsewhere are operations whose order of checks other tests prove, by form, and those whose
// request has one member that can be at fault.
var orderedElsewhere = []string{
	"ImportKey",
	"ExportKey",
	"GetKey",
	"RestoreKey",
	"StartKeyUsage",
	"StopKeyUsage",
	"GetPublicKeyCertificate",
	"GetAlias",
	"DeleteAlias",
	"ListKeys",
	"EnableDefaultKeyReplicationRegions",
	"DisableDefaultKeyReplicationRegions",
	"GetDefaultKeyReplicationRegions",
	"GetResourcePolicy",
	"DeleteResourcePolicy",
	"AssociateMpaTeam",
	"DisassociateMpaTeam",
	"GetMpaTeamAssociation",
}

// TestOrderOfChecksOfEachOperation: a new operation must be added here.
func TestOrderOfChecksOfEachOperation(t *testing.T) {
	w := newOrderWorld(t)
	tests := map[string]func(*testing.T){
		"CreateKey": w.orderOfCreateKey, "LoadKey": w.orderOfLoadKey, "DeleteKey": w.orderOfDeleteKey,
		"GetParametersForImport": w.orderOfParametersForImport, "GetParametersForExport": w.orderOfParametersForExport,
		"GetCertificateSigningRequest": w.orderOfSigningRequest, "TagResource": w.orderOfTagResource, "UntagResource": w.orderOfUntagResource,
		"ListTagsForResource": w.orderOfListTags, "ListAliases": w.orderOfListAliases, "CreateAlias": w.orderOfCreateAlias,
		"UpdateAlias":              w.orderOfUpdateAlias,
		"AddKeyReplicationRegions": w.orderOfAddRegions, "RemoveKeyReplicationRegions": w.orderOfRemoveRegions,
		"PutResourcePolicy": w.orderOfPutPolicy,
	}
	for op := range engine.Operations() {
		if op.Simulated && !op.DataPlane && tests[op.Name] == nil && !slices.Contains(orderedElsewhere, op.Name) {
			t.Errorf("the order of checks of %s is not tested", op.Name)
		}
	}
	for name, test := range tests {
		t.Run(name, test)
	}
}

func (w *orderWorld) orderOfCreateKey(t *testing.T) {
	type in = engine.CreateKeyInput
	order[in]{
		"CreateKey",
		func() *in { return &in{KeyAttributes: kekAttributes(apc.KeyAlgorithmAES128), Exportable: new(true)} },
		send((*engine.Caller).CreateKey, w.Caller),
		append(
			newKeyFaults(w, func(in *in) *[]apc.Tag { return &in.Tags }),
			invalid(shapeStep, "Exportable", "no Exportable", apc.RuleRequired, func(in *in) { in.Exportable = nil }),
			invalid(rulesStep, "KeyAttributes", "modes of use that the usage has not", apc.RuleKeyModesOfUse,
				func(in *in) { in.KeyAttributes.KeyModesOfUse = macModes }),
			invalid(rulesStep, "DeriveKeyUsage", "a usage to derive for", apc.RuleDeriveKeyUsage,
				func(in *in) { in.DeriveKeyUsage = new(apc.KeyUsageTR31K1KeyBlockProtectionKey) }),
		),
	}.check(t)
}

func (w *orderWorld) orderOfLoadKey(t *testing.T) {
	type in = engine.LoadKeyInput
	part := hsm.NewSecret(testrig.Hex(aesKey))
	order[in]{"LoadKey", func() *in {
		return &in{KeyAttributes: kekAttributes(apc.KeyAlgorithmAES128), Exportable: new(true), Components: []hsm.Secret{part}}
	}, send((*engine.Caller).LoadKey, w.Caller),
		append(
			newKeyFaults(w, func(in *in) *[]apc.Tag { return &in.Tags }),
			invalid(shapeStep, "Components", "no component", apc.RuleLength, func(in *in) { in.Components = nil }),
			invalid(rulesStep, "KeyAttributes", "modes of use that the usage has not", apc.RuleKeyModesOfUse,
				func(in *in) { in.KeyAttributes.KeyModesOfUse = macModes }),
			invalid(materialStep, "KeyCheckValue", "another check value", apc.RuleKeyCheckValue,
				func(in *in) { in.KeyCheckValue = new("000000") }),
		)}.check(t)
}

func (w *orderWorld) orderOfDeleteKey(t *testing.T) {
	type in = engine.DeleteKeyInput
	order[in]{"DeleteKey", func() *in {
		return &in{KeyIdentifier: create(t, w.Caller, kekAttributes(apc.KeyAlgorithmAES128)).KeyArn}
	}, send((*engine.Caller).DeleteKey, w.Caller),
		append(
			keyFaults(w, "KeyIdentifier", func(in *in, arn string) { in.KeyIdentifier = arn }, "", "", ""),
			invalid(stateStep, "KeyIdentifier", "a key that waits for its deletion", apc.RuleKeyState,
				func(in *in) { in.KeyIdentifier = w.pending }),
			invalid(shapeStep, "DeleteKeyInDays", "too few days", apc.RuleRange, func(in *in) { in.DeleteKeyInDays = new(2) }),
		)}.check(t)
}

// openTokens uses up the limit of open tokens.
func openTokens[In any](w *orderWorld) fault[In] {
	return fault[In]{
		step:   quotaStep,
		member: "",
		what:   "as many open tokens as configured",
		around: func() func() { return w.count("tokens", 1000) },
		code:   apc.ErrServiceQuotaExceeded,
		rule:   apc.RuleQuota,
	}
}

func (w *orderWorld) orderOfParametersForImport(t *testing.T) {
	type in = engine.GetParametersForImportInput
	order[in]{"GetParametersForImport", func() *in {
		return &in{KeyMaterialType: apc.KeyMaterialTypeTR34KeyBlock, WrappingKeyAlgorithm: apc.KeyAlgorithmRSA2048}
	}, send((*engine.Caller).GetParametersForImport, w.Caller), []fault[in]{
		invalid(shapeStep, "WrappingKeyAlgorithm", "no algorithm of the service", apc.RuleEnum,
			func(in *in) { in.WrappingKeyAlgorithm = "RSA_1024" }),
		invalid(rulesStep, "KeyMaterialType", "key material without a token", apc.RuleKeyMaterialType,
			func(in *in) { in.KeyMaterialType = apc.KeyMaterialTypeTR31KeyBlock }),
		openTokens[in](w),
	}}.check(t)
}

func (w *orderWorld) orderOfParametersForExport(t *testing.T) {
	type in = engine.GetParametersForExportInput
	order[in]{"GetParametersForExport", func() *in {
		return &in{KeyMaterialType: apc.KeyMaterialTypeTR34KeyBlock, SigningKeyAlgorithm: apc.KeyAlgorithmRSA2048}
	}, send((*engine.Caller).GetParametersForExport, w.Caller), []fault[in]{
		invalid(shapeStep, "KeyMaterialType", "no kind of key material", apc.RuleEnum, func(in *in) { in.KeyMaterialType = "PAPER" }),
		invalid(rulesStep, "SigningKeyAlgorithm", "an algorithm that signs no tokens", apc.RuleKeyAlgorithm,
			func(in *in) { in.SigningKeyAlgorithm = apc.KeyAlgorithmRSA4096 }),
		openTokens[in](w),
	}}.check(t)
}

func (w *orderWorld) orderOfSigningRequest(t *testing.T) {
	type in = engine.GetCertificateSigningRequestInput
	pair := agreeingPair(t, w.Caller, apc.KeyAlgorithmECCNISTP256, nil).KeyArn
	order[in]{"GetCertificateSigningRequest", func() *in {
		return &in{
			KeyIdentifier:      pair,
			SigningAlgorithm:   apc.SigningAlgorithmTypeSHA256,
			CertificateSubject: engine.CertificateSubjectType{CommonName: "host"},
		}
	}, send((*engine.Caller).GetCertificateSigningRequest, w.Caller),
		append(
			keyFaults(w, "KeyIdentifier", func(in *in, arn string) { in.KeyIdentifier = arn }, "", w.mac, apc.RuleKeyClass),
			invalid(stateStep, "KeyIdentifier", "a key that waits for its deletion", apc.RuleKeyState,
				func(in *in) { in.KeyIdentifier = w.pending }),
			invalid(shapeStep, "SigningAlgorithm", "no algorithm of the service", apc.RuleEnum,
				func(in *in) { in.SigningAlgorithm = "MD5" }),
		)}.check(t)
}

func (w *orderWorld) orderOfTagResource(t *testing.T) {
	type in = engine.TagResourceInput
	key := create(t, w.Caller, kekAttributes(apc.KeyAlgorithmAES128)).KeyArn
	order[in]{
		"TagResource",
		func() *in { return &in{ResourceArn: key, Tags: []apc.Tag{{Key: "a", Value: "b"}}} },
		send((*engine.Caller).TagResource, w.Caller),
		append(
			keyFaults(w, "ResourceArn", func(in *in, arn string) { in.ResourceArn = arn }, "", "", ""),
			invalid(stateStep, "ResourceArn", "a key that waits for its deletion", apc.RuleKeyState,
				func(in *in) { in.ResourceArn = w.pending }),
			invalid(shapeStep, "Tags", "a reserved tag", apc.RuleTagKey, func(in *in) { in.Tags[0].Key = "AWS:x" }),
			fault[in]{
				step:   quotaStep,
				member: "Tags",
				what:   "more tags than a key may have",
				change: func(in *in) { in.Tags = fiveTags },
				code:   apc.ErrServiceQuotaExceeded,
				rule:   apc.RuleQuota,
			},
		),
	}.check(t)
}

func (w *orderWorld) orderOfUntagResource(t *testing.T) {
	type in = engine.UntagResourceInput
	key := create(t, w.Caller, kekAttributes(apc.KeyAlgorithmAES128)).KeyArn
	order[in]{
		"UntagResource",
		func() *in { return &in{ResourceArn: key, TagKeys: []string{"a"}} },
		send((*engine.Caller).UntagResource, w.Caller),
		append(
			keyFaults(w, "ResourceArn", func(in *in, arn string) { in.ResourceArn = arn }, "", "", ""),
			invalid(stateStep, "ResourceArn", "a key that waits for its deletion", apc.RuleKeyState,
				func(in *in) { in.ResourceArn = w.pending }),
			invalid(shapeStep, "TagKeys", "an empty tag key", apc.RuleRequired, func(in *in) { in.TagKeys = []string{""} }),
		),
	}.check(t)
}

func (w *orderWorld) orderOfListTags(t *testing.T) {
	type in = engine.ListTagsForResourceInput
	key := create(t, w.Caller, kekAttributes(apc.KeyAlgorithmAES128)).KeyArn
	order[in]{"ListTagsForResource", func() *in { return &in{ResourceArn: key} }, send((*engine.Caller).ListTagsForResource, w.Caller),
		append(
			keyFaults(w, "ResourceArn", func(in *in, arn string) { in.ResourceArn = arn }, "", "", ""),
			invalid(shapeStep, "MaxResults", "no results", apc.RuleRange, func(in *in) { in.MaxResults = new(0) }),
			invalid(certificateStep, "NextToken", "a page token of another list", apc.RulePageToken,
				func(in *in) { in.NextToken = new("AAAA") }),
		)}.check(t)
}

func (w *orderWorld) orderOfListAliases(t *testing.T) {
	type in = engine.ListAliasesInput
	key := create(t, w.Caller, kekAttributes(apc.KeyAlgorithmAES128)).KeyArn
	order[in]{"ListAliases", func() *in { return &in{KeyArn: &key} }, send((*engine.Caller).ListAliases, w.Caller),
		append(
			keyFaults(w, "KeyArn", func(in *in, arn string) { in.KeyArn = &arn }, "", "", ""),
			invalid(shapeStep, "MaxResults", "no results", apc.RuleRange, func(in *in) { in.MaxResults = new(0) }),
			invalid(certificateStep, "NextToken", "a page token of another list", apc.RulePageToken,
				func(in *in) { in.NextToken = new("AAAA") }),
		)}.check(t)
}

func (w *orderWorld) orderOfCreateAlias(t *testing.T) {
	type in = engine.CreateAliasInput
	key, gone, taken := create(t, w.Caller, kekAttributes(apc.KeyAlgorithmAES128)).KeyArn, w.deleted(t), "alias/taken-already"
	if _, err := w.CreateAlias(ctx, &in{AliasName: taken}); err != nil {
		t.Fatal(err)
	}
	names := 0
	order[in]{
		"CreateAlias",
		func() *in { names++; return &in{AliasName: "alias/order-" + string(rune('a'+names)), KeyArn: &key} },
		send((*engine.Caller).CreateAlias, w.Caller),
		append(
			keyFaults(w, "KeyArn", func(in *in, arn string) { in.KeyArn = &arn }, "", "", ""),
			invalid(stateStep, "KeyArn", "a deleted key", apc.RuleKeyState, func(in *in) { in.KeyArn = &gone }),
			invalid(shapeStep, "AliasName", "no name of an alias", apc.RulePattern, func(in *in) { in.AliasName = "a name of no alias" }),
			fault[in]{
				step:   quotaStep,
				member: "AliasName",
				what:   "a name that is taken",
				change: func(in *in) { in.AliasName = taken },
				code:   apc.ErrConflict,
				rule:   apc.RuleAliasExists,
			},
			fault[in]{
				step:   quotaStep,
				member: "",
				what:   "the quota of aliases used up",
				around: func() func() { return w.count("aliases", 2000) },
				code:   apc.ErrServiceQuotaExceeded,
				rule:   apc.RuleQuota,
			},
		),
	}.check(t)
}

func (w *orderWorld) orderOfUpdateAlias(t *testing.T) {
	type in = engine.UpdateAliasInput
	key, gone := create(t, w.Caller, kekAttributes(apc.KeyAlgorithmAES128)).KeyArn, w.deleted(t)
	if _, err := w.CreateAlias(ctx, &engine.CreateAliasInput{AliasName: "alias/updated"}); err != nil {
		t.Fatal(err)
	}
	order[in]{
		"UpdateAlias",
		func() *in { return &in{AliasName: "alias/updated", KeyArn: &key} },
		send((*engine.Caller).UpdateAlias, w.Caller),
		append(
			keyFaults(w, "KeyArn", func(in *in, arn string) { in.KeyArn = &arn }, "", "", ""),
			invalid(stateStep, "KeyArn", "a deleted key", apc.RuleKeyState, func(in *in) { in.KeyArn = &gone }),
			invalid(shapeStep, "AliasName", "no name of an alias", apc.RulePattern, func(in *in) { in.AliasName = "a name of no alias" }),
			fault[in]{
				step:   resolveStep,
				member: "AliasName",
				what:   "an unknown alias",
				change: func(in *in) { in.AliasName = "alias/unknown" },
				code:   apc.ErrResourceNotFound,
				rule:   apc.RuleAlias,
			},
		),
	}.check(t)
}

// deleted is a key whose waiting period is over.
func (w *orderWorld) deleted(t *testing.T) string {
	t.Helper()
	key := create(t, w.Caller, kekAttributes(apc.KeyAlgorithmAES128)).KeyArn
	if _, err := w.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: key, DeleteKeyInDays: new(3)}); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(3 * day)
	return key
}

func (w *orderWorld) orderOfAddRegions(t *testing.T) {
	type in = engine.AddKeyReplicationRegionsInput
	order[in]{"AddKeyReplicationRegions", func() *in {
		return &in{
			KeyIdentifier:      create(t, w.Caller, kekAttributes(apc.KeyAlgorithmAES128)).KeyArn,
			ReplicationRegions: []string{"us-west-2"},
		}
	}, send((*engine.Caller).AddKeyReplicationRegions, w.Caller),
		append(
			keyFaults(w, "KeyIdentifier", func(in *in, arn string) { in.KeyIdentifier = arn }, "", w.kept, apc.RuleExportable),
			invalid(stateStep, "KeyIdentifier", "a key that waits for its deletion", apc.RuleKeyState,
				func(in *in) { in.KeyIdentifier = w.pending }),
			invalid(shapeStep, "ReplicationRegions", "no Region", apc.RulePattern,
				func(in *in) { in.ReplicationRegions = []string{"US West (Oregon)"} }),
			invalid(rulesStep, "ReplicationRegions", "the Region of the key", apc.RuleRegion,
				func(in *in) { in.ReplicationRegions = []string{engine.DefaultRegion} }),
		)}.check(t)
}

func (w *orderWorld) orderOfRemoveRegions(t *testing.T) {
	type in = engine.RemoveKeyReplicationRegionsInput
	order[in]{"RemoveKeyReplicationRegions", func() *in {
		key := create(t, w.Caller, kekAttributes(apc.KeyAlgorithmAES128)).KeyArn
		if _, err := w.AddKeyReplicationRegions(ctx, &engine.AddKeyReplicationRegionsInput{KeyIdentifier: key,
			ReplicationRegions: []string{"us-west-2"}}); err != nil {
			t.Fatal(err)
		}
		return &in{KeyIdentifier: key, ReplicationRegions: []string{"us-west-2"}}
	}, send((*engine.Caller).RemoveKeyReplicationRegions, w.Caller),
		append(
			keyFaults(w, "KeyIdentifier", func(in *in, arn string) { in.KeyIdentifier = arn }, "", w.kept, apc.RuleExportable),
			invalid(shapeStep, "ReplicationRegions", "no Region", apc.RulePattern,
				func(in *in) { in.ReplicationRegions = []string{"US West (Oregon)"} }),
			invalid(rulesStep, "ReplicationRegions", "a Region without a replica", apc.RuleRegion,
				func(in *in) { in.ReplicationRegions = []string{"eu-west-1"} }),
		)}.check(t)
}

func (w *orderWorld) orderOfPutPolicy(t *testing.T) {
	type in = engine.PutResourcePolicyInput
	key := create(t, w.Caller, kekAttributes(apc.KeyAlgorithmAES128)).KeyArn
	good := allow("arn:aws:iam::"+acquirer+":root", "payment-cryptography:GetKey")
	order[in]{
		"PutResourcePolicy",
		func() *in { return &in{ResourceArn: key, Policy: good} },
		send((*engine.Caller).PutResourcePolicy, w.Caller),
		append(keyFaults(w, "ResourceArn", func(in *in, arn string) { in.ResourceArn = arn }, "", "", ""),
			invalid(rulesStep, "Policy", "no policy", apc.RulePolicyText, func(in *in) { in.Policy = good[1:] }),
			invalid(shapeStep, "Policy", "an empty text", apc.RuleRequired, func(in *in) { in.Policy = "" }),
		),
	}.check(t)
}
