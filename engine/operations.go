package engine

// Operation is one of the service's and how it is simulated: the README's
// table and a server's dispatch both come from this list.
type Operation struct {
	Name      string
	ReadOnly  bool
	Simulated bool
	Fidelity  string // how faithfully, or that it is refused
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

func readOnly(op string) bool {
	for _, o := range Operations {
		if o.Name == op {
			return o.ReadOnly
		}
	}
	return false
}
