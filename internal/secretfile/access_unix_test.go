//go:build unix

package secretfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestARefusalSaysTheChmodThatMendsIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pin")
	for _, mode := range []os.FileMode{0o644, 0o604, 0o601, 0o660, 0o620, 0o610, 0o666, 0o777} {
		write(t, path, "1234", mode)
		_, err := Read(path, 10)
		refusal, ok := errors.AsType[*accessError](err)
		if !ok || refusal.Mend != "chmod 600 "+path || !strings.Contains(err.Error(), fmt.Sprintf("mode %04o", mode)) {
			t.Errorf("mode %04o: got %v, want a refusal that says chmod 600", mode, err)
		}
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := Read(path, 10); err != nil || string(got) != "1234" {
			t.Errorf("mode %04o, mended: got %q, %v", mode, got, err)
		}
	}
	for _, c := range []struct {
		owner int
		ours  bool
		path  string
		want  string
	}{
		{os.Geteuid(), false, "/run/a b", `chmod 600 "/run/a b"`},
		{os.Geteuid(), true, "/run/pin;x", `chmod 600 "/run/pin;x"`},
	} {
		if got := mend(c.path, c.owner, c.ours); got != c.want {
			t.Errorf("%+v: got %q, want %q", c, got, c.want)
		}
	}
}

// TestAnInputInADirectoryOfThisUserIsReadInAnyMode: no other user can enter it.
func TestAnInputInADirectoryOfThisUserIsReadInAnyMode(t *testing.T) {
	dir := t.TempDir()
	path, other := filepath.Join(dir, "config"), filepath.Join(dir, "link")
	write(t, path, "{}", 0o644)
	link(t, path, other)
	check := func(what, path string, taken bool) {
		t.Helper()
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := CheckInput(f); (err == nil) != taken {
			t.Errorf("%s: got %v, want it taken %t", what, err, taken)
		}
		if err := Check(f); err == nil {
			t.Errorf("%s: Check takes it too", what)
		}
	}
	for mode, taken := range map[os.FileMode]bool{0o700: true, 0o755: false, 0o750: false, 0o711: false} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		check(fmt.Sprintf("a directory of mode %04o", mode), path, taken)
		check(fmt.Sprintf("through a link, a directory of mode %04o", mode), other, taken)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(path, filepath.Join(t.TempDir(), "again")); err != nil {
		t.Fatal(err)
	}
	check("with another name elsewhere", path, false)
}
