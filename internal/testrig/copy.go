package testrig

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// OwnCopy is the path of a copy of a file that only this user can read: a checkout has its files for all.
func OwnCopy(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return OwnFile(t, filepath.Base(path), text)
}

// Unpack is the path of what a file of gzip has inside, which only this user can read.
func Unpack(t testing.TB, path string) string {
	t.Helper()
	packed, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	z, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return OwnFile(t, strings.TrimSuffix(filepath.Base(path), ".gz"), content)
}

// OwnFile is the path of a new file that only this user can read.
func OwnFile[T string | []byte](t testing.TB, name string, content T) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(out, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return out
}
