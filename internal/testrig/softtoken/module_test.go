package softtoken

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
)

func TestMissingModuleSaysWhatToInstall(t *testing.T) {
	for k, l := range libraries {
		l.places = []string{"/nowhere/*/module.so"}
		t.Setenv(l.env, "")
		_, err := l.find()
		for _, want := range []string{"apt-get install " + l.packages, l.env, l.places[0]} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q in it", k, err, want)
			}
		}
	}
}

func TestModuleIsTheOneThatTheEnvironmentNames(t *testing.T) {
	for _, k := range []Kind{SoftHSM, NSS} {
		t.Setenv(libraries[k].env, "module_test.go")
		if path, err := Module(k); path != "module_test.go" || err != nil {
			t.Errorf("%s: %s, %v", k, path, err)
		}
		t.Setenv(libraries[k].env, "/nowhere/module.so")
		if _, err := Module(k); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), libraries[k].env) {
			t.Errorf("%s: %v, want one that names the variable", k, err)
		}
	}
}

func TestUnknownKindIsRefused(t *testing.T) {
	if _, err := Module("opencryptoki"); err == nil || !strings.Contains(err.Error(), "softhsm") {
		t.Errorf("got %v, want an error that names the kinds", err)
	}
}
