package main

import (
	"flag"
	"fmt"
	"io"
	"strings"
	"testing"
)

// TestMisspeltVariablesAreRefused, and those that others make are not.
func TestMisspeltVariablesAreRefused(t *testing.T) {
	fs := flag.NewFlagSet("serve", flag.ContinueOnError)
	setupServe(fs)
	for _, c := range [][2]string{
		{"APCSIM_LISTN=127.0.0.1:1", "there is no variable APCSIM_LISTN. Did you mean APCSIM_LISTEN?"},
		{"APCSIM_TESTKEYS=true", "Did you mean APCSIM_TEST_KEYS?"},
		{"APCSIM_listen=:0", "Did you mean APCSIM_LISTEN?"},
		{"APCSIM_CONTROL-TOKEN=f", "Did you mean APCSIM_CONTROL_TOKEN?"},
		{"APCSIM_LISTN=", ""}, {"APCSIM_LISTEN=:0", ""}, {"APCSIM_TEST_HSM=softhsm", ""}, {"APCSIM_VECTORS=/x", ""},
		{"APCSIM_SERVICE_HOST=10.0.0.1", ""}, {"APCSIM_PORT=tcp://10.0.0.1:8089", ""}, {"LISTN=x", ""}, {"APCSIM_=x", ""},
	} {
		err := misspelt(fs, []string{"PATH=/bin", c[0]})
		if got := fmt.Sprint(err); c[1] == "" && err != nil || !strings.Contains(got, c[1]) {
			t.Errorf("%s: got %s, want %q", c[0], got, c[1])
		}
	}
	t.Setenv("APCSIM_LISTN", "127.0.0.1:1")
	if got := apcsim(t, "", "serve"); got.status != exitUsage || !strings.Contains(got.err, "Did you mean APCSIM_LISTEN?") {
		t.Errorf("serve: got %+v", got)
	}
}

func TestFlagsComeFromTheEnvironment(t *testing.T) {
	t.Setenv("APCSIM_LISTEN", "127.0.0.1:1")
	t.Setenv("APCSIM_TEST_KEYS", "true")
	t.Setenv("APCSIM_ALLOW_HOST", "a.test,b.test")
	t.Setenv("APCSIM_REGION", "eu-west-1")
	t.Setenv("APCSIM_STORE", "")
	t.Setenv("APCSIM_QUIET", "true")
	parsed := func(args ...string) *flag.FlagSet {
		fs := flag.NewFlagSet("serve", flag.ContinueOnError)
		fs.SetOutput(io.Discard)
		setupServe(fs)
		if _, err := parse(fs, args); err != nil {
			t.Fatal(err)
		}
		if err := fromEnvironment(fs); err != nil {
			t.Fatal(err)
		}
		return fs
	}
	fs := parsed("--region", "us-west-2", "--log-level", "debug")
	for name, want := range map[string]string{"listen": "127.0.0.1:1", "test-keys": "true", "region": "us-west-2", "store": memory,
		"quiet": "false"} {
		if got := fs.Lookup(name).Value.String(); got != want {
			t.Errorf("--%s is %q, want %q", name, got, want)
		}
	}
	if got := parsed().Lookup("quiet").Value.String(); got != "true" {
		t.Errorf("--quiet is %q without --log-level", got)
	}
	t.Setenv("APCSIM_SEED", "0123456789ABCDEFFEDCBA9876543210")
	got := apcsim(t, "", "serve")
	if got.status != exitUsage || !strings.Contains(got.err, "APCSIM_SEED in the environment: ") ||
		strings.Contains(got.err, "0123456789ABCDEF") {
		t.Errorf("a value that cannot be read: %+v", got)
	}
	t.Setenv("APCSIM_SEED", "1")
	t.Setenv("APCSIM_TEST_KEYS", "maybe")
	if got := apcsim(t, "", "serve"); !strings.Contains(got.err, "APCSIM_TEST_KEYS in the environment: wanted true or false") {
		t.Errorf("a switch that is neither on nor off: %+v", got)
	}
	t.Setenv("APCSIM_KRD_KEY", "x") // of another command, which reads none
	if got := apcsim(t, "", "tr34", "unwrap", "x"); !strings.Contains(got.err, "wants --krd-key") {
		t.Errorf("another command: %+v", got)
	}
}

// TestEveryFlagOfServeHasOneVariable.
func TestEveryFlagOfServeHasOneVariable(t *testing.T) {
	fs := flag.NewFlagSet("serve", flag.ContinueOnError)
	setupServe(fs)
	seen := map[string]string{}
	fs.VisitAll(func(f *flag.Flag) {
		name := variable(f.Name)
		if other := seen[name]; other != "" || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") != "" {
			t.Errorf("--%s is %s, as --%s is", f.Name, name, other)
		}
		seen[name] = f.Name
	})
}
