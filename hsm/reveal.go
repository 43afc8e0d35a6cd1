package hsm

import (
	"context"
	"fmt"
	"slices"
)

// revealCommand is a command, or a group of them, that needs the bytes of a key:
// no device has a mechanism for it.
type revealCommand int

const (
	revealExport    revealCommand = iota // every export, of the key that is wrapped
	revealKeyBlock                       // key blocks of versions A and C, of the protection key
	revealAS2805                         // AS 2805 cryptograms, of the key-encryption key
	revealDUKPT                          // TDES DUKPT, of the base derivation key
	revealCardValue                      // card verification values, of the CVK
	revealRetailMAC                      // MACs of ISO 9797-1 algorithm 3, of the MAC key
)

// revealRule says of which keys a command needs the bytes.
type revealRule struct {
	command    string // for people
	keys       string // for people
	why        string // for people
	exportable bool   // any key that may be exported; else TDES keys of these usages
	usages     []string
}

// revealRules is the table of the keys that a device must be able to reveal, by
// the command that needs it. A device keeps every other key.
var revealRules = [...]revealRule{
	revealExport: {"every export", "any key with another exportability than N", "the key is wrapped by the host", true, nil},
	revealKeyBlock: {
		"ImportTR31 and ExportTR31",
		"TDES K0, K1",
		"versions A and C work under variants of the protection key",
		false,
		[]string{"K0", "K1"},
	},
	revealAS2805: {
		"AS 2805 cryptograms and KEK validation",
		"TDES K0, K1",
		"a cryptogram is made under a variant of the key-encryption key",
		false,
		[]string{"K0", "K1"},
	},
	revealDUKPT: {
		"TDES DUKPT",
		"TDES B0",
		"half of the initial key is made under a variant of the base derivation key",
		false,
		[]string{"B0"},
	},
	revealCardValue: {
		"card verification values",
		"TDES C0",
		"the first block is enciphered under the left half alone",
		false,
		[]string{"C0"},
	},
	revealRetailMAC: {
		"MACs of ISO 9797-1 algorithm 3",
		"TDES M0, M3",
		"all blocks but the last are enciphered under the left half alone",
		false,
		[]string{"M0", "M3"},
	},
}

// Revealed is a row of the table of keys whose bytes a command needs, for people.
type Revealed struct {
	Command string `json:"command"`
	Keys    string `json:"keys"`
	Why     string `json:"why"`
}

// RevealTable is the table of the package documentation: of which keys a device shows the
// bytes to the host, for which command and why.
func RevealTable() (rows []Revealed) {
	for _, r := range revealRules {
		rows = append(rows, Revealed{r.command, r.keys, r.why})
	}
	return rows
}

// needs reports whether the command needs the bytes of a key with the attributes.
func (r *revealRule) needs(a Attributes) bool {
	if r.exportable {
		return a.Exportability != 'N'
	}
	return a.Algorithm == TDES && slices.Contains(r.usages, a.Usage)
}

// Revealable reports whether a device must reveal a key with these attributes: the
// package documentation lists for which commands. A device keeps every other key,
// and its [Key.Reveal] is ErrRefused.
func (a Attributes) Revealable() bool {
	for i := range revealRules {
		if revealRules[i].needs(a) {
			return true
		}
	}
	return false
}

// revealFor is Key.Reveal for a command. A key that the command has no need of is
// refused, even by a device that would reveal it. The caller destroys the secret.
func revealFor(ctx context.Context, k Key, a Attributes, c revealCommand) (Secret, error) {
	if err := revealRules[c].check(a); err != nil {
		return Secret{}, err
	}
	return k.Reveal(ctx)
}

// check refuses a key that the command has no need of.
func (r *revealRule) check(a Attributes) error {
	if r.needs(a) {
		return nil
	}
	return fmt.Errorf("%w: the command takes the bytes of %s, not of %v %s with exportability %c",
		ErrRefused, r.keys, a.Algorithm, a.Usage, a.Exportability)
}
