package softtoken

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMissingModuleNamesThePackage(t *testing.T) {
	for k, l := range libraries {
		t.Setenv(l.env, "")
		nowhere := l
		nowhere.places = []string{"/nowhere/*/module.so"}
		libraries[k] = nowhere
		_, err := Module(k)
		libraries[k] = l
		for _, want := range []string{"apt-get install " + l.packages, l.env, "/nowhere/*/module.so"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q in it", k, err, want)
			}
		}
	}
	if _, err := Module("opencryptoki"); err == nil || !strings.Contains(err.Error(), "softhsm") {
		t.Errorf("an unknown kind: %v, want an error that names the kinds", err)
	}
}

func TestModuleIsTheOneThatTheEnvironmentNames(t *testing.T) {
	for _, k := range []Kind{SoftHSM, NSS} {
		t.Setenv(libraries[k].env, "server.go")
		if path, err := Module(k); path != "server.go" || err != nil {
			t.Errorf("%s: %s, %v", k, path, err)
		}
		t.Setenv(libraries[k].env, "/nowhere/module.so")
		if _, err := Module(k); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), libraries[k].env) {
			t.Errorf("%s: %v, want one that names the variable", k, err)
		}
	}
}

func TestSetupLooksInTheSamePlaces(t *testing.T) {
	script, err := os.ReadFile("../../../scripts/setup")
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Join(strings.Fields(strings.ReplaceAll(string(script), "\\\n", " ")), " ")
	for k, l := range libraries {
		looks := strings.Join(append([]string{"module_here", l.env}, l.places...), " ")
		if !strings.Contains(words, looks) {
			t.Errorf("%s: scripts/setup has no %q", k, looks)
		}
		for name := range strings.FieldsSeq(l.packages) {
			if !strings.Contains(string(script), `need "`+name+`"`) {
				t.Errorf("%s: scripts/setup does not install %s", k, name)
			}
		}
	}
}

func TestFolderThatModulesCannotReadIsRefused(t *testing.T) {
	if _, err := Make(filepath.Join(t.TempDir(), "a#b"), SoftHSM, nil); err == nil || !strings.Contains(err.Error(), "TMPDIR") {
		t.Errorf("got %v, want an error that says to set TMPDIR", err)
	}
}

func TestNSSTakesNoOptions(t *testing.T) {
	if _, err := Make(t.TempDir(), NSS, &Options{Mechanisms: "CKM_AES_ECB"}); err == nil {
		t.Error("no error")
	}
}
