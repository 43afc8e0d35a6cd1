package testrig

import (
	"os"
	"path/filepath"
	"testing"
)

// OwnCopy is the path of a copy of a file that only this user can read: a checkout has its files for all.
func OwnCopy(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), filepath.Base(path))
	if err := os.WriteFile(out, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return out
}
