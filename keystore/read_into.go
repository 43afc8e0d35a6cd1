package keystore

import "context"

// ReadInto is [Store.Read] into elements of the caller's, one for each ref: a [Memory] then
// allocates nothing. Of a read that fails the elements are undefined.
func ReadInto(ctx context.Context, s Store, found []Found, refs []Ref) error {
	if m, ok := s.(*Memory); ok { // not an interface: what embeds a Memory may have a Read of its own
		return m.readInto(ctx, found, refs)
	}
	read, err := s.Read(ctx, refs...)
	copy(found, read)
	return err
}
