package model

import (
	"slices"
	"strings"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
)

// dataKeys is section 4 of the sheet of the data plane: operation, form, member, usage, algorithms, sets of modes of use.
const dataKeys = `
EncryptData | Symmetric | KeyIdentifier | D0 | TDES,AES | EW EDWU N
DecryptData | Symmetric | KeyIdentifier | D0 | TDES,AES | DU EDWU N
GenerateMac | CMAC      | KeyIdentifier | M6 | TDES,AES | G GV
VerifyMac   | CMAC      | KeyIdentifier | M6 | TDES,AES | V GV`

type dataRow struct {
	op, form, member, usage, algorithms string
	modes                               []string
}

var dataRows = func() (rows []dataRow) {
	for line := range strings.Lines(strings.TrimSpace(dataKeys)) {
		f := strings.Split(line, "|")
		for i := range f {
			f[i] = strings.TrimSpace(f[i])
		}
		rows = append(rows, dataRow{f[0], f[1], f[2], f[3], f[4], strings.Fields(f[5])})
	}
	return rows
}()

// DataKey reports the rule that a key breaks in a member of a form of an operation of the data plane; "" is none.
func DataKey(op, form, member string, k *Key) apc.Rule {
	best := 0
	for _, row := range dataRows {
		if row.op != op || row.form != form || row.member != member {
			continue
		}
		fits := 0
		for _, ok := range []bool{code(k.Attributes.KeyUsage) == row.usage, inFamilies(k.Attributes.KeyAlgorithm, row.algorithms),
			slices.Contains(row.modes, letters(k.Attributes.KeyModesOfUse))} {
			if !ok {
				break
			}
			fits++
		}
		best = max(best, fits)
	}
	return [...]apc.Rule{apc.RuleKeyUsage, apc.RuleKeyAlgorithm, apc.RuleKeyModesOfUse, ""}[best]
}

// data is a key in a member of a form of the operation.
func (q *request) data(form, member, id string) subject {
	return working(id, func(k *Key) apc.Rule { return DataKey(q.op, form, member, k) })
}

// expectData expects the operations of the data plane.
func (q *request) expectData(in any) (Refusal, bool) {
	switch in := in.(type) {
	case *dataplane.EncryptDataInput:
		_, r := q.keys(q.data("Symmetric", "KeyIdentifier", in.KeyIdentifier))
		return r, true
	case *dataplane.DecryptDataInput:
		_, r := q.keys(q.data("Symmetric", "KeyIdentifier", in.KeyIdentifier))
		return r, true
	case *dataplane.GenerateMacInput:
		_, r := q.keys(q.data("CMAC", "KeyIdentifier", in.KeyIdentifier))
		return r, true
	case *dataplane.VerifyMacInput:
		_, r := q.keys(q.data("CMAC", "KeyIdentifier", in.KeyIdentifier))
		return r, true
	}
	return Refusal{}, false
}
