package keystore

import "context"

// intoReader is a store that reads into memory of the caller's.
type intoReader interface {
	readInto(ctx context.Context, found []Found, refs []Ref) error
}

// ReadInto is [Store.Read] into elements of the caller's, one for each ref: the store in memory then
// allocates nothing. Of a read that fails the elements are undefined.
func ReadInto(ctx context.Context, s Store, found []Found, refs []Ref) error {
	if direct, ok := s.(intoReader); ok {
		return direct.readInto(ctx, found, refs)
	}
	read, err := s.Read(ctx, refs...)
	copy(found, read)
	return err
}
