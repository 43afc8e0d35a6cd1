package pgstore

import (
	"fmt"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// maxName is how long an account, a Region and a kind may be, for their lengths
// to fit a byte, and a key with an index into a row of PostgreSQL's indexes.
const maxName = 254

// wellFormed refuses commits that no store could make, and names that do not fit
// the tables.
func wellFormed(id keystore.CommitID, changes []keystore.Change) error {
	if err := keystore.WellFormed(id, changes); err != nil {
		return err
	}
	for i := range changes {
		ref, _ := changes[i].Target()
		if longest := max(len(ref.Partition.Account), len(ref.Partition.Region), len(ref.Kind)); longest > maxName {
			return fmt.Errorf("%w: change %d has an account, a Region or a kind of %d bytes; this store takes %d",
				keystore.ErrInvalid, i, longest, maxName)
		}
	}
	return nil
}
