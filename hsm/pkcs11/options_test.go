package pkcs11

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// writePIN writes a file as an operator would leave it.
func writePIN(t *testing.T, content string) string {
	t.Helper()
	return testrig.OwnFile(t, "pin", content)
}

func TestPINFileIsReadWithoutLineEnds(t *testing.T) {
	for content, want := range map[string]string{
		"1234": "1234", "1234\n": "1234", "1234\r\n": "1234", " 12 34 \n\n": " 12 34 ", "12\n34": "12\n34", "": "",
	} {
		if got, err := PINFile(writePIN(t, content))(); string(got) != want || err != nil {
			t.Errorf("%q: %q, %v, want %q", content, got, err, want)
		}
	}
}

func TestPINFileIsReadEachTime(t *testing.T) {
	path := writePIN(t, "1234")
	pin := PINFile(path)
	first, err := pin()
	if err != nil {
		t.Fatal(err)
	}
	clear(first) // as the backend does
	if again, err := pin(); string(again) != "1234" || err != nil {
		t.Errorf("again: %q, %v", again, err)
	}
	os.Remove(path)
	if got, err := pin(); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) || got != nil {
		t.Errorf("without the file: %q, %v, want an error that names it", got, err)
	}
}

func TestPINFileIsReadableOnlyByItsUser(t *testing.T) {
	path := writePIN(t, "1234")
	for mode, taken := range map[os.FileMode]bool{0o600: true, 0o400: true, 0o440: true, 0o644: false, 0o660: false, 0o602: false} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		pin, err := PINFile(path)()
		if taken && (err != nil || string(pin) != "1234") || !taken && (err == nil || !strings.Contains(err.Error(), "chmod 600 "+path)) {
			t.Errorf("mode %04o: got %q, %v, want it taken %v", mode, pin, err, taken)
		}
	}
	if _, err := PINFile(filepath.Dir(path))(); err == nil || !strings.Contains(err.Error(), "a directory") {
		t.Errorf("a directory: got %v", err)
	}
}

func TestPINEnvIsReadEachTime(t *testing.T) {
	const name = "APCSIM_TEST_PIN"
	t.Setenv(name, "1234")
	pin := PINEnv(name)
	first, err := pin()
	if err != nil {
		t.Fatal(err)
	}
	clear(first)
	if again, err := pin(); string(again) != "1234" || err != nil {
		t.Errorf("again: %q, %v", again, err)
	}
	os.Unsetenv(name)
	if got, err := pin(); err == nil || !strings.Contains(err.Error(), name) || got != nil {
		t.Errorf("without the variable: %q, %v, want an error that names it", got, err)
	}
}

// complete are options with all that is needed.
func complete(t *testing.T) Options {
	t.Helper()
	module := testrig.OwnFile(t, "module.so", "")
	return Options{Module: module, Label: "unit", PIN: PINEnv("APCSIM_TEST_PIN")}
}

func TestOptionsThatNameTooLittleAreRefused(t *testing.T) {
	for want, change := range map[string]func(*Options){
		"Options.Module is empty":       func(o *Options) { o.Module = "" },
		`Options.Module is "module.so"`: func(o *Options) { o.Module = "module.so" },
		"no such file":                  func(o *Options) { o.Module = "./nothing.so" },
		"Options.Label, Serial or Slot": func(o *Options) { o.Label = "" },
		"Options.PIN is nil":            func(o *Options) { o.PIN = nil },
		"Options.PoolSize is -1":        func(o *Options) { o.PoolSize = -1 },
	} {
		o := complete(t)
		change(&o)
		if _, err := withDefaults(&o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

func TestOptionsHaveDefaults(t *testing.T) {
	given := complete(t)
	o, err := withDefaults(&given)
	if err != nil {
		t.Fatal(err)
	}
	if o.MasterLabel != "apcsim" || o.PoolSize != 2*runtime.GOMAXPROCS(0) || o.LockDir != os.TempDir() || o.Log == nil {
		t.Errorf("got %+v", o)
	}
	if given.MasterLabel != "" || given.PoolSize != 0 {
		t.Errorf("the caller's own became %+v", given)
	}
	var log bytes.Buffer
	set := given
	set.MasterLabel, set.PoolSize, set.LockDir, set.Log = "b", 3, "/run", slog.New(slog.NewTextHandler(&log, nil))
	kept, err := withDefaults(&set)
	if err != nil || kept.MasterLabel != "b" || kept.PoolSize != 3 || kept.LockDir != "/run" || kept.Log != set.Log {
		t.Errorf("got %+v, %v, want what was set", kept, err)
	}
}

func TestAnySlotIsAName(t *testing.T) {
	o := complete(t)
	o.Label, o.Slot = "", new(uint)
	if _, err := withDefaults(&o); err != nil {
		t.Errorf("slot 0: %v", err)
	}
	o.Slot, o.Serial = nil, "0f"
	if _, err := withDefaults(&o); err != nil {
		t.Errorf("a serial: %v", err)
	}
}

// Two names of one file are one module: it can be initialised once alone.
func TestModuleIsTheFileBehindLinks(t *testing.T) {
	o := complete(t)
	link := filepath.Join(t.TempDir(), "link.so")
	if err := os.Symlink(o.Module, link); err != nil {
		t.Fatal(err)
	}
	direct, err := withDefaults(&o)
	if err != nil {
		t.Fatal(err)
	}
	o.Module = link
	if linked, err := withDefaults(&o); err != nil || linked.Module != direct.Module {
		t.Errorf("by a link: %s, %v, want %s", linked.Module, err, direct.Module)
	}
}
