package testrig

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// failing is a test that may fail.
type failing struct {
	testing.TB
	failed bool
}

func (f *failing) Fatalf(string, ...any) {
	f.failed = true
	runtime.Goexit()
}

// fails reports whether a test does.
func fails(t *testing.T, test func(testing.TB)) bool {
	f, done := &failing{TB: t}, make(chan bool)
	go func() {
		defer close(done)
		test(f)
	}()
	<-done
	return f.failed
}

// TestAFolderWithoutTheVectorsIsAFailure, and no folder is none.
func TestAFolderWithoutTheVectorsIsAFailure(t *testing.T) {
	folder := t.TempDir()
	list := func(t testing.TB) { Vectors[[]int](t, "file.json") }
	member := func(t testing.TB) { Vectors[struct{ Vectors []int }](t, "file.json") }
	for _, c := range []struct {
		folder, text string
		test         func(testing.TB)
		want         bool
	}{
		{"", "", list, false}, {folder, "[1]", list, false}, {folder, "[]", list, true}, {folder, "null", list, true},
		{"", "", member, false}, {folder, `{"vectors":[1]}`, member, false}, {folder, `{"cases":[1]}`, member, true},
		{filepath.Join(folder, "none"), "", list, true},
	} {
		t.Setenv("APCSIM_VECTORS", c.folder)
		if err := os.WriteFile(filepath.Join(folder, "file.json"), []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := fails(t, c.test); got != c.want {
			t.Errorf("folder %q, %s: got a failure %t, want %t", c.folder, c.text, got, c.want)
		}
	}
}
