package engine

import (
	"context"
	"iter"
	"slices"

	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/internal/core"
)

// Operation is an operation of the service and how it is simulated.
type Operation struct {
	Name      string // "CreateKey"
	ReadOnly  bool
	Simulated bool
	Fidelity  string // how faithfully it is simulated, or that it is refused
	DataPlane bool   // the operation is of the data plane, not the control plane

	call func(ctx context.Context, c *Caller, fill func(in any) error) (any, error) // nil where it is not simulated
}

// Call does the operation for a caller. It calls fill with a pointer to a zero input,
// "*CreateKeyInput", and returns a pointer to the output, or the error of fill or of the
// operation. An operation that is not simulated fails with [apc.ErrNotSimulated] and does not
// call fill.
func (o Operation) Call(ctx context.Context, c *Caller, fill func(in any) error) (any, error) {
	if o.call == nil {
		refusal := core.NotSimulated(o.Name)
		refusal.Op = o.Name
		return nil, refusal
	}
	return o.call(ctx, c, fill)
}

// Operations are all operations of the service, in the order of its documentation. The table
// of docs/operations.md and the server's dispatch are made from them.
func Operations() iter.Seq[Operation] { return slices.Values(operations) }

// OperationNamed returns the operation of a name, and whether the service has it.
func OperationNamed(name string) (Operation, bool) {
	i := slices.IndexFunc(operations, func(o Operation) bool { return o.Name == name })
	if i < 0 {
		return Operation{}, false
	}
	return operations[i], true
}

func readOnly(name string) bool {
	o, _ := OperationNamed(name)
	return o.ReadOnly
}

var operations = []Operation{
	changes("CreateKey", (*Caller).CreateKey, "in full; real keys of all 15 algorithms, documented check values"),
	reads("GetKey", (*Caller).GetKey, "in full"),
	reads("ListKeys", (*Caller).ListKeys, "in full; order of ids, deleted keys listed (GUESS G-list-order)"),
	changes("DeleteKey", (*Caller).DeleteKey, "in full; the wait ends by the clock"),
	changes("RestoreKey", (*Caller).RestoreKey, "in full"),
	changes("StartKeyUsage", (*Caller).StartKeyUsage, "in full; refusals of other states than CREATE_COMPLETE are a GUESS G-state-refusal"),
	changes("StopKeyUsage", (*Caller).StopKeyUsage, "in full; refusals of other states than CREATE_COMPLETE are a GUESS G-state-refusal"),
	changes("ImportKey", (*Caller).ImportKey, "every form of key material in full"),
	changes("ExportKey", (*Caller).ExportKey, "every form of key material in full"),
	changes("GetParametersForImport", (*Caller).GetParametersForImport, "in full; tokens are valid 30 days; any number of open tokens"),
	changes("GetParametersForExport", (*Caller).GetParametersForExport, "in full; tokens are valid 30 days; any number of open tokens"),
	reads("GetPublicKeyCertificate", (*Caller).GetPublicKeyCertificate, "in full; one certificate for 60 days, the next after that"),
	reads(
		"GetCertificateSigningRequest",
		(*Caller).GetCertificateSigningRequest,
		"in full; order of the subject (GUESS G-csr-subject-order)",
	),
	changes("CreateAlias", (*Caller).CreateAlias, "in full"),
	reads("GetAlias", (*Caller).GetAlias, "in full"),
	reads("ListAliases", (*Caller).ListAliases, "in full; order of names"),
	changes("UpdateAlias", (*Caller).UpdateAlias, "in full"),
	changes("DeleteAlias", (*Caller).DeleteAlias, "in full"),
	changes("TagResource", (*Caller).TagResource, "in full; 200 tags a key (GUESS G-tags-per-key)"),
	changes("UntagResource", (*Caller).UntagResource, "in full"),
	reads("ListTagsForResource", (*Caller).ListTagsForResource, "in full"),
	changes(
		"AddKeyReplicationRegions",
		(*Caller).AddKeyReplicationRegions,
		"in full; replication takes no time unless Limits.ReplicationTime says so (GUESS G-replication-time)",
	),
	changes(
		"RemoveKeyReplicationRegions",
		(*Caller).RemoveKeyReplicationRegions,
		"in full; the replicas are deleted at once (GUESS G-replica-removal)",
	),
	changes(
		"EnableDefaultKeyReplicationRegions",
		(*Caller).EnableDefaultKeyReplicationRegions,
		"in full; order of enabling (GUESS G-default-regions-order)",
	),
	changes(
		"DisableDefaultKeyReplicationRegions",
		(*Caller).DisableDefaultKeyReplicationRegions,
		"in full; a Region that is not listed does not matter (GUESS G-default-region-absent)",
	),
	reads("GetDefaultKeyReplicationRegions", (*Caller).GetDefaultKeyReplicationRegions, "in full"),
	changes(
		"PutResourcePolicy",
		(*Caller).PutResourcePolicy,
		"in full; which conditions close a public principal is a GUESS G-public-conditions",
	),
	reads("GetResourcePolicy", (*Caller).GetResourcePolicy, "in full"),
	changes(
		"DeleteResourcePolicy",
		(*Caller).DeleteResourcePolicy,
		"in full; a key without a policy stays as it is (GUESS G-policy-none-delete)",
	),
	changes("AssociateMpaTeam", (*Caller).AssociateMpaTeam, "in full; Engine.DecideApproval is the team's vote"),
	changes("DisassociateMpaTeam", (*Caller).DisassociateMpaTeam, "in full"),
	reads("GetMpaTeamAssociation", (*Caller).GetMpaTeamAssociation, "in full"),
	data(
		"EncryptData",
		(*dataplane.Caller).EncryptData,
		"in full; CFB with a feedback of whole blocks, CBC where no mode is given (GUESS G-cfb-feedback, GUESS G-mode-absent)",
	),
	data("DecryptData", (*dataplane.Caller).DecryptData, "in full"),
	data("ReEncryptData", (*dataplane.Caller).ReEncryptData, "in full; two stored D0 keys are refused, as by the live service"),
	data("GenerateMac", (*dataplane.Caller).GenerateMac,
		"in full; HMAC_SHA224 to HMAC_SHA512 are for TDES and AES keys, HMAC is for HMAC keys"),
	data("VerifyMac", (*dataplane.Caller).VerifyMac, "as GenerateMac"),
	data(
		"GenerateCardValidationData",
		(*dataplane.Caller).GenerateCardValidationData,
		"CVV, CVV2, iCVV, dCVV, CVC3 and CSC 1 in full; CSC 2 and the cardholder verification value have no public definition: not faithful",
	),
	data(
		"VerifyCardValidationData",
		(*dataplane.Caller).VerifyCardValidationData,
		"as GenerateCardValidationData; the Discover code has no public definition: not faithful",
	),
	data(
		"GeneratePinData",
		(*dataplane.Caller).GeneratePinData,
		"in full; PINs are drawn without bias, none is left out (GUESS G-weak-pins)",
	),
	data("VerifyPinData", (*dataplane.Caller).VerifyPinData, "in full; Quirks.VisaPINWithDUKPT repeats a fault of the live service"),
	data("TranslatePinData", (*dataplane.Caller).TranslatePinData, "in full; format 4 with the whole account number"),
	data(
		"GenerateAuthRequestCryptogram",
		(*dataplane.Caller).GenerateAuthRequestCryptogram,
		"in full; the UnionPay session key is a GUESS G-unionpay-session",
	),
	data(
		"VerifyAuthRequestCryptogram",
		(*dataplane.Caller).VerifyAuthRequestCryptogram,
		"in full; ARPC methods 1 and 2; the UnionPay session key is a GUESS G-unionpay-session",
	),
	data(
		"GenerateMacEmvPinChange",
		(*dataplane.Caller).GenerateMacEmvPinChange,
		"in full; the form of EMV 2000 scripts is a GUESS G-emv2000-script",
	),
	data("TranslateKeyMaterial", (*dataplane.Caller).TranslateKeyMaterial, "in full; optional blocks are kept (GUESS G-translated-blocks)"),
	data("GenerateAs2805KekValidation", (*dataplane.Caller).GenerateAs2805KekValidation, "in full; in every Region"),
}

// changes is the row of an operation that is simulated and may change something.
func changes[In, Out any](name string, method func(*Caller, context.Context, *In) (*Out, error), fidelity string) Operation {
	return Operation{Name: name, Simulated: true, Fidelity: fidelity, call: caller(method)}
}

// reads is the row of one that is simulated and changes nothing.
func reads[In, Out any](name string, method func(*Caller, context.Context, *In) (*Out, error), fidelity string) Operation {
	row := changes(name, method, fidelity)
	row.ReadOnly = true
	return row
}

// data is the row of an operation of the data plane, which changes nothing.
func data[In, Out any](name string, method func(*dataplane.Caller, context.Context, *In) (*Out, error), fidelity string) Operation {
	row := reads(name, func(c *Caller, ctx context.Context, in *In) (*Out, error) { return method(c.Caller, ctx, in) }, fidelity)
	row.DataPlane = true
	return row
}

// caller makes a method the call of an [Operation].
func caller[In, Out any](
	method func(*Caller, context.Context, *In) (*Out, error),
) func(context.Context, *Caller, func(any) error) (any, error) {
	return func(ctx context.Context, c *Caller, fill func(any) error) (any, error) {
		in := new(In)
		if err := fill(in); err != nil {
			return nil, err
		}
		out, err := method(c, ctx, in)
		if err != nil {
			return nil, err
		}
		return out, nil
	}
}
