package boltstore

import (
	"context"
	"fmt"
	"io"

	bolt "go.etcd.io/bbolt"
)

// Backup writes a copy of the store as it is when the call begins, and
// returns its length. The copy is a whole store: written to a file (of mode
// 0600) and synced, it can be opened. Others may read and commit meanwhile;
// the pages they free are kept until the copy is done, so that the file may
// grow.
//
// The copy has every page of the file, free ones too, and so may hold sealed
// bytes of records that were erased.
func (s *Store) Backup(ctx context.Context, w io.Writer) (n int64, err error) {
	err = s.view(ctx, "Backup", func(tx *bolt.Tx) (err error) {
		if n, err = tx.WriteTo(&contextWriter{ctx, w}); err != nil && ctx.Err() == nil {
			return fmt.Errorf("boltstore: %s: Backup after %d bytes: %w", s.path, n, err)
		}
		return ctx.Err()
	})
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
