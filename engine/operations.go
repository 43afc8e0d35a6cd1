package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/internal/core"
)

// Operation is one of the service's and how it is simulated: the README's
// table and a server's dispatch both come from this list.
type Operation struct {
	Name      string
	ReadOnly  bool
	Simulated bool
	Fidelity  string // how faithfully, or that it is refused
}

// Call does the operation for a caller, with a request that fill is given to
// fill in: a pointer to its input, zero. The result is a pointer to its output,
// or what fill or the operation refused with. One that is not simulated is
// [apc.ErrNotSimulated], and fill is not called.
func (o *Operation) Call(ctx context.Context, c *Caller, fill func(in any) error) (any, error) {
	call, ok := methods[o.Name]
	if !ok {
		refusal := core.NotSimulated(o.Name)
		refusal.Op = o.Name
		return nil, refusal
	}
	return call(ctx, c, fill)
}

// methods are those of the operations that are simulated. They stand apart
// from the list because they refer to it.
var methods = map[string]func(context.Context, *Caller, func(any) error) (any, error){
	"CreateKey":                    does((*Caller).CreateKey),
	"GetKey":                       does((*Caller).GetKey),
	"ListKeys":                     does((*Caller).ListKeys),
	"DeleteKey":                    does((*Caller).DeleteKey),
	"RestoreKey":                   does((*Caller).RestoreKey),
	"StartKeyUsage":                does((*Caller).StartKeyUsage),
	"StopKeyUsage":                 does((*Caller).StopKeyUsage),
	"ImportKey":                    does((*Caller).ImportKey),
	"ExportKey":                    does((*Caller).ExportKey),
	"GetParametersForImport":       does((*Caller).GetParametersForImport),
	"GetParametersForExport":       does((*Caller).GetParametersForExport),
	"GetPublicKeyCertificate":      does((*Caller).GetPublicKeyCertificate),
	"GetCertificateSigningRequest": does((*Caller).GetCertificateSigningRequest),
	"CreateAlias":                  does((*Caller).CreateAlias),
	"GetAlias":                     does((*Caller).GetAlias),
	"ListAliases":                  does((*Caller).ListAliases),
	"UpdateAlias":                  does((*Caller).UpdateAlias),
	"DeleteAlias":                  does((*Caller).DeleteAlias),
	"TagResource":                  does((*Caller).TagResource),
	"UntagResource":                does((*Caller).UntagResource),
	"ListTagsForResource":          does((*Caller).ListTagsForResource),
}

// does makes the call of a method.
func does[In, Out any](method func(*Caller, context.Context, *In) (*Out, error)) func(context.Context, *Caller, func(any) error) (any, error) {
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

// notYet is the fidelity of what is refused by name.
const notYet = "not simulated yet"

// Operations are all of the service's, in the order of its groups.
var Operations = []Operation{
	{"CreateKey", false, true, "in full but for ReplicationRegions, which is refused by name; real keys of all 15 algorithms, documented check values"},
	{"GetKey", true, true, "in full"},
	{"ListKeys", true, true, "in full; order of ids, deleted keys listed (GUESS)"},
	{"DeleteKey", false, true, "in full; the wait ends by the clock"},
	{"RestoreKey", false, true, "in full"},
	{"StartKeyUsage", false, true, "in full; refusals of other states than CREATE_COMPLETE are a GUESS"},
	{"StopKeyUsage", false, true, "in full; refusals of other states than CREATE_COMPLETE are a GUESS"},
	{"ImportKey", false, true, "every form of key material in full; ReplicationRegions and RequesterComment are refused by name"},
	{"ExportKey", false, true, "every form of key material in full"},
	{"GetParametersForImport", false, true, "in full; tokens live 7 days, 30 with Limits2026; 100 open tokens (GUESS)"},
	{"GetParametersForExport", false, true, "in full; tokens live 7 days, 30 with Limits2026; 100 open tokens (GUESS)"},
	{"GetPublicKeyCertificate", true, true, "in full; one certificate for 60 days, the next after that"},
	{"GetCertificateSigningRequest", true, true, "in full; order of the subject (GUESS)"},
	{"CreateAlias", false, true, "in full"},
	{"GetAlias", true, true, "in full"},
	{"ListAliases", true, true, "in full; order of names"},
	{"UpdateAlias", false, true, "in full"},
	{"DeleteAlias", false, true, "in full"},
	{"TagResource", false, true, "in full; 200 tags a key (GUESS)"},
	{"UntagResource", false, true, "in full"},
	{"ListTagsForResource", true, true, "in full"},
	{"AddKeyReplicationRegions", false, false, notYet},
	{"RemoveKeyReplicationRegions", false, false, notYet},
	{"EnableDefaultKeyReplicationRegions", false, false, notYet},
	{"DisableDefaultKeyReplicationRegions", false, false, notYet},
	{"GetDefaultKeyReplicationRegions", true, false, notYet},
	{"PutResourcePolicy", false, false, notYet},
	{"GetResourcePolicy", true, false, notYet},
	{"DeleteResourcePolicy", false, false, notYet},
	{"AssociateMpaTeam", false, false, notYet},
	{"DisassociateMpaTeam", false, false, notYet},
	{"GetMpaTeamAssociation", true, false, notYet},
}

// OperationNamed finds one by name; nil where the service has no such.
func OperationNamed(name string) *Operation {
	for i := range Operations {
		if Operations[i].Name == name {
			return &Operations[i]
		}
	}
	return nil
}

func readOnly(op string) bool {
	o := OperationNamed(op)
	return o != nil && o.ReadOnly
}
