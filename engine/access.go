package engine

import "github.com/seed748fb4d1/apcsim/internal/core"

// access is how the permission for each operation is decided: what the Resource of an identity policy is compared with
// (Service Authorization Reference; GUESS G-access-resource where it lists none), and whether other accounts can be
// allowed it (API Reference, "Cross-account use" of each operation). The policy operations are governed by only
// identity policies (user guide, security_iam_resource-based-policies).
var access = map[string]core.Access{
	"CreateKey":                    {On: core.OnNewKey},
	"GetKey":                       {On: core.OnKeys, Crosses: true},
	"ListKeys":                     {On: core.OnAll},
	"DeleteKey":                    {On: core.OnKeys, Crosses: true},
	"RestoreKey":                   {On: core.OnKeys, Crosses: true},
	"StartKeyUsage":                {On: core.OnKeys, Crosses: true},
	"StopKeyUsage":                 {On: core.OnKeys, Crosses: true},
	"ImportKey":                    {On: core.OnNewKey, Crosses: true}, // under a wrapping key of another account
	"ExportKey":                    {On: core.OnKeys, Crosses: true},
	"GetParametersForImport":       {On: core.OnAll},
	"GetParametersForExport":       {On: core.OnAll},
	"GetPublicKeyCertificate":      {On: core.OnKeys, Crosses: true},
	"GetCertificateSigningRequest": {On: core.OnKeys}, // GUESS G-csr-cross-account: nothing is said of it
	"CreateAlias":                  {On: core.OnAlias},
	"GetAlias":                     {On: core.OnAlias},
	"ListAliases":                  {On: core.OnAll},
	"UpdateAlias":                  {On: core.OnAlias},
	"DeleteAlias":                  {On: core.OnAlias},
	"TagResource":                  {On: core.OnKeys, Crosses: true},
	"UntagResource":                {On: core.OnKeys, Crosses: true},
	"ListTagsForResource":          {On: core.OnKeys, Crosses: true},

	"AddKeyReplicationRegions":            {On: core.OnKeys, Crosses: true},
	"RemoveKeyReplicationRegions":         {On: core.OnKeys, Crosses: true},
	"EnableDefaultKeyReplicationRegions":  {On: core.OnAll},
	"DisableDefaultKeyReplicationRegions": {On: core.OnAll},
	"GetDefaultKeyReplicationRegions":     {On: core.OnAll},

	"PutResourcePolicy":    {On: core.OnKeys, Owners: true},
	"GetResourcePolicy":    {On: core.OnKeys, Owners: true},
	"DeleteResourcePolicy": {On: core.OnKeys, Owners: true},

	"AssociateMpaTeam":      {On: core.OnAll},
	"DisassociateMpaTeam":   {On: core.OnAll},
	"GetMpaTeamAssociation": {On: core.OnAll},

	"LoadKey": {On: core.OnNothing}, // the simulator's own
}

// accessOf is the row of an operation of either plane: all of the data plane can cross accounts.
func accessOf(op string) core.Access {
	if row, ok := access[op]; ok {
		return row
	}
	return core.Access{On: core.OnKeys, Crosses: true}
}
