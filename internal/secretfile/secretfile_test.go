//go:build unix

package secretfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// write makes a file with a mode that no umask changes.
func write(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, to, path string) {
	t.Helper()
	if err := os.Symlink(to, path); err != nil {
		t.Fatal(err)
	}
}

func TestPermissionsAreHeldToTheRule(t *testing.T) {
	for mode := range os.FileMode(0o1000) {
		for _, ours := range []bool{true, false} {
			want := mode&0o007 == 0 && mode&0o030 == 0 && (mode&0o040 == 0 || ours)
			if got := modeProblem(mode, ours); (got == "") != want {
				t.Errorf("mode %04o, group ours %v: got %q, want it taken %v", mode, ours, got, want)
			}
		}
	}
	for _, c := range []struct {
		mode os.FileMode
		ours bool
		want string
	}{
		{0o644, true, "others have access to it (mode 0644)"},
		{0o660, true, "its group may change it (mode 0660)"},
		{0o640, false, "a group that this process is not in may read it (mode 0640)"},
	} {
		if got := modeProblem(c.mode, c.ours); got != c.want {
			t.Errorf("mode %04o, group ours %v: got %q, want %q", c.mode, c.ours, got, c.want)
		}
	}
}

// TestAKubernetesMountIsRead has the files and links that a secret volume with
// defaultMode 0440 and fsGroup has, before and after the secret is changed.
func TestAKubernetesMountIsRead(t *testing.T) {
	mount := t.TempDir()
	for _, round := range []string{"..2026_01_01", "..2026_01_02"} {
		if err := os.Mkdir(filepath.Join(mount, round), 0o750); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(mount, round, "pin"), round, 0o440)
		link(t, round, filepath.Join(mount, "..data_tmp"))
		if err := os.Rename(filepath.Join(mount, "..data_tmp"), filepath.Join(mount, "..data")); err != nil {
			t.Fatal(err)
		}
		if round == "..2026_01_01" {
			link(t, "..data/pin", filepath.Join(mount, "pin"))
		}
		if got, err := Read(filepath.Join(mount, "pin"), 100); err != nil || string(got) != round {
			t.Errorf("got %q, %v, want %q", got, err, round)
		}
	}
	if err := os.Chmod(filepath.Join(mount, "..data", "pin"), 0o444); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(filepath.Join(mount, "pin"), 100); err == nil {
		t.Errorf("the file behind the links has mode 0444: got %q, want a refusal", got)
	}
}

func TestOnlyRegularFilesAreRead(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		fifo:        "a FIFO, wanted a regular file", // and there is no wait for its writer
		dir:         "a directory, wanted a regular file",
		"/dev/null": "a device, wanted a regular file",
	} {
		if _, err := Read(path, 10); err == nil || err.Error() != path+": "+want {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
	}
	if _, err := Read(filepath.Join(dir, "none"), 10); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: got %v, want fs.ErrNotExist", err)
	}
	long := filepath.Join(dir, "long")
	write(t, long, strings.Repeat("x", 11), 0o600)
	if got, err := Read(long, 10); err == nil || got != nil {
		t.Errorf("11 bytes of 10: got %q, %v", got, err)
	}
	if got, err := Read(long, 11); err != nil || len(got) != 11 {
		t.Errorf("11 bytes of 11: got %q, %v", got, err)
	}
	empty := filepath.Join(dir, "empty")
	write(t, empty, "", 0o600)
	if got, err := Read(empty, 10); err != nil || len(got) != 0 {
		t.Errorf("an empty file: got %q, %v", got, err)
	}
}

func TestAnInputMayBeAPipeOfThisUser(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if err := CheckInput(r); err != nil {
		t.Errorf("a pipe: %v", err)
	}
	open := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(open, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(open, os.O_RDWR, 0) // does not wait
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := CheckInput(f); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a FIFO that others write: got %v", err)
	}
	null, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if err := CheckInput(null); err == nil || !strings.Contains(err.Error(), "a device, wanted a regular file or a pipe") {
		t.Errorf("a device: got %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "", 0o644)
	if err := os.Chmod(filepath.Dir(file), 0o755); err != nil { // in a directory of 0700 any mode is taken
		t.Fatal(err)
	}
	plain, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if err := CheckInput(plain); err == nil || !strings.Contains(err.Error(), "chmod 600 "+file) {
		t.Errorf("a file that others read: got %v", err)
	}
}
