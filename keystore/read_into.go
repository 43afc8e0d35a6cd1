package keystore

import (
	"context"
	"fmt"
)

// ReadInto is [Store.Read] into elements of the caller's, one for each ref: a [Memory] then
// allocates nothing. Of a read that fails the elements are undefined. It fails if the store
// returns another number of answers: an element would be what an earlier read left in it.
func ReadInto(ctx context.Context, s Store, found []Found, refs []Ref) error {
	if m, ok := s.(*Memory); ok { // not an interface: what embeds a Memory may have a Read of its own
		return m.readInto(ctx, found, refs)
	}
	read, err := s.Read(ctx, refs...)
	if err == nil && len(read) != len(refs) {
		return fmt.Errorf("keystore: Read of %d records returned %d answers", len(refs), len(read))
	}
	copy(found, read)
	return err
}
