package boltstore

import (
	"errors"
	"strings"
	"testing"
)

func TestFileOfNewerFormatIsRefused(t *testing.T) {
	s := filled(t)
	s.write(t, func(t *tables) error { return t.buckets[meta].Put(keyFormat, []byte{0, 0, 0, format + 1}) })
	s.Close()
	if _, err := Open(ctx, s.path, nil); !errors.Is(err, ErrNewer) || errors.Is(err, ErrDamaged) ||
		!strings.Contains(err.Error(), "format 3") {
		t.Errorf("Open: %v", err)
	}
}
