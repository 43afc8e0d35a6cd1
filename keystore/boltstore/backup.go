package boltstore

import (
	"context"
	"fmt"
	"io"
)

// Backup writes a copy of the store as it is when the call begins, and returns
// its length. The copy is a whole store: written to a file of mode 0600 and synced,
// it can be opened. Others may read and commit meanwhile; the pages that they free
// are kept until the copy is done, so that the file may grow.
//
// The copy has every page of the file, free ones too, and so may hold sealed
// bytes of records that were erased.
func (s *Store) Backup(ctx context.Context, w io.Writer) (n int64, err error) {
	var failed error
	err = s.view(ctx, func(tx *reader) error {
		n, failed = tx.WriteTo(&contextWriter{ctx, w})
		return ctx.Err()
	})
	if err == nil && failed != nil {
		err = fmt.Errorf("boltstore: %s: the backup after %d bytes: %w", s.path, n, failed)
	}
	return n, err
}

// contextWriter stops writing when its context ends.
type contextWriter struct {
	ctx context.Context
	w   io.Writer
}

func (w *contextWriter) Write(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.w.Write(p)
}
