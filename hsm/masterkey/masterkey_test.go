package masterkey_test

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm/masterkey"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

func TestMasterKeyFilesAreMadeOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.lmk")
	if _, err := masterkey.Read(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before it is made: %v", err)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	made, keys := 0, map[[32]byte]bool{}
	for range 16 {
		wg.Go(func() {
			key, first, err := masterkey.Make(path)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			keys[*key] = true
			if first {
				made++
			}
		})
	}
	wg.Wait()
	if made != 1 || len(keys) != 1 || keys[[32]byte{}] {
		t.Errorf("%d were made, %d are known", made, len(keys))
	}
	key, err := masterkey.Read(path)
	if err != nil || !keys[*key] {
		t.Errorf("read: %v", err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("the mode is %v, %v", info.Mode(), err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("there are %v, %v", left, err)
	}
}

func TestMasterKeyFilesThatAreNone(t *testing.T) {
	const digits = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	for name, content := range map[string]string{
		"nothing": "", "no line end": "apcsim-lmk-1 " + digits, "digits alone": digits + "\n", "another word": "apcsim-lmk-2 " + digits + "\n",
		"a digit short": "apcsim-lmk-1 " + digits[1:] + "\n", "a digit too many": "apcsim-lmk-1 " + digits + "0\n",
		"two lines":      "apcsim-lmk-1 " + digits + "\n\n",
		"another letter": "apcsim-lmk-1 " + digits[:63] + "g\n", "long": strings.Repeat("x", 1<<20),
	} {
		path := testrig.OwnFile(t, "lmk", content)
		if key, err := masterkey.Read(path); err == nil || key != nil || strings.Contains(err.Error(), digits[:16]) {
			t.Errorf("%s: %v", name, err)
		}
		if key, made, err := masterkey.Make(path); err == nil || key != nil || made {
			t.Errorf("%s is made anew: %v", name, err)
		}
	}
	path := testrig.OwnFile(t, "lmk", "apcsim-lmk-1 "+digits+"\n")
	key, err := masterkey.Read(path)
	if err != nil || hex.EncodeToString(key[:]) != digits {
		t.Errorf("a good one: %v", err)
	}
	for _, mode := range []os.FileMode{0o644, 0o604, 0o660, 0o602} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := masterkey.Read(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %v: %v", mode, err)
		}
	}
	if _, err := masterkey.Read(t.TempDir()); err == nil {
		t.Error("a folder is a master key")
	}
	if _, _, err := masterkey.Make(filepath.Join(t.TempDir(), "no", "folder")); err == nil {
		t.Error("made where there is no folder")
	}
}

// TestAMasterKeyIsReadWhereKubernetesMountsIt is about links and the mode 0440.
func TestAMasterKeyIsReadWhereKubernetesMountsIt(t *testing.T) {
	mount := t.TempDir()
	data := filepath.Join(mount, "..2026_01_01")
	if err := os.Mkdir(data, 0o750); err != nil {
		t.Fatal(err)
	}
	want, _, err := masterkey.Make(filepath.Join(data, "lmk"))
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		os.Chmod(filepath.Join(data, "lmk"), 0o440),
		os.Symlink("..2026_01_01", filepath.Join(mount, "..data")),
		os.Symlink("..data/lmk", filepath.Join(mount, "lmk")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := masterkey.Read(filepath.Join(mount, "lmk"))
	if err != nil || *got != *want {
		t.Errorf("got another key, %v", err)
	}
}

func TestAMasterKeyIsNotMadeThroughALink(t *testing.T) {
	dir := t.TempDir()
	target, path := filepath.Join(dir, "elsewhere"), filepath.Join(dir, "lmk")
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
	key, made, err := masterkey.Make(path)
	if err == nil || key != nil || made || !strings.Contains(err.Error(), "is a symbolic link to nothing") {
		t.Errorf("got made %v, %v", made, err)
	}
	if _, err := os.Lstat(target); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file that the link names was made: %v", err)
	}
}

// TestADraftThatAKillLeftIsRemoved whether or not the key file had its name then.
func TestADraftThatAKillLeftIsRemoved(t *testing.T) {
	for _, killed := range []string{"before the key file had its name", "after it"} {
		path := filepath.Join(t.TempDir(), "lmk")
		if killed == "after it" {
			if _, _, err := masterkey.Make(path); err != nil {
				t.Fatal(err)
			}
		}
		draft := path + ".new-3141592653"
		if err := os.WriteFile(draft, []byte("apcsim-lmk-1 0011"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := masterkey.Make(path); err != nil {
			t.Errorf("%s: %v", killed, err)
		}
		if _, err := os.Lstat(draft); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("killed %s: the draft is still there, %v", killed, err)
		}
	}
}
