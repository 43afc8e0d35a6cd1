package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/probe"
)

// elsewhere has the SDK look for nothing on this machine.
func elsewhere(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, value := range map[string]string{"AWS_CONFIG_FILE": filepath.Join(dir, "config"),
		"AWS_SHARED_CREDENTIALS_FILE": filepath.Join(dir, "credentials"), "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "CI": ""} {
		t.Setenv(name, value)
	}
	return dir
}

func TestCredentialsComeFromAProfile(t *testing.T) {
	dir := elsewhere(t)
	text := "[probes]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\naws_session_token = session\n"
	if err := os.WriteFile(filepath.Join(dir, "credentials"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_PROFILE", "probes")
	got, err := credentials("us-east-1")(t.Context())
	want := probe.Credentials{AccessKey: "AKIDEXAMPLE", Secret: "secret", Session: "session"}
	if err != nil || got != want {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func TestCredentialsThatAreNowhereAreSaid(t *testing.T) {
	elsewhere(t)
	if got, err := credentials("us-east-1")(t.Context()); err == nil {
		t.Errorf("got %v, want an error", got)
	}
}

func TestNothingIsSentWithoutYes(t *testing.T) {
	elsewhere(t)
	var out, said strings.Builder
	if got := run(t.Context(), []string{"aws:us-east-1"}, &out, &said); got != exitRefused {
		t.Errorf("exit status %d, want %d", got, exitRefused)
	}
	for _, want := range []string{"makes at most", "US dollars", "wait 3 days", "nothing was sent"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("the plan does not say %q:\n%s", want, said.String())
		}
	}
}

func TestServiceIsNotAskedInContinuousIntegration(t *testing.T) {
	elsewhere(t)
	t.Setenv("CI", "true")
	var out, said strings.Builder
	if got := run(t.Context(), []string{"--yes", "aws:us-east-1"}, &out, &said); got != exitRefused ||
		!strings.Contains(said.String(), "continuous integration") {
		t.Errorf("exit status %d, want %d:\n%s", got, exitRefused, said.String())
	}
}

func TestSimulatorIsComparedWithItself(t *testing.T) {
	elsewhere(t)
	var out, said strings.Builder
	if got := run(t.Context(), []string{"--only", "G-alias-without-key", "sim"}, &out, &said); got != exitOK ||
		!strings.Contains(out.String(), "1 same, 0 different, 0 not run") {
		t.Errorf("exit status %d, want %d:\n%s%s", got, exitOK, out.String(), said.String())
	}
	if got := run(t.Context(), []string{"--only", "nothing", "sim"}, &out, &said); got != exitUsage {
		t.Errorf("exit status %d, want %d", got, exitUsage)
	}
}
