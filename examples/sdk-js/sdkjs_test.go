// Package sdkjs_test runs the JavaScript example.
package sdkjs_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// TestJavaScriptClientPrintsItsSteps installs the SDK as the lock file has it,
// in a copy of this folder, and runs the example against a socket.
func TestJavaScriptClientPrintsItsSteps(t *testing.T) {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is not installed: scripts/setup sees to it on Debian (%v)", program, err)
		}
	}
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", ".npmrc", "main.mjs"} {
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewServer(endpoint.Handler(simtest.New(t, nil), &endpoint.Options{
		Verify: true, Callers: map[string]endpoint.Credential{"AKIDEXAMPLE": {Secret: "not looked at"}},
		// what it signs, the simulator understands
	}))
	defer server.Close()
	run := func(name string, arguments ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), name, arguments...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL_PAYMENT_CRYPTOGRAPHY="+server.URL, "AWS_REGION=us-east-1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %s: %v\n%s", name, strings.Join(arguments, " "), err, out)
		}
		return string(out)
	}
	run("npm", "ci", "--no-audit", "--no-fund", "--prefer-offline")
	readmeRow(t, dir)
	output := run("node", "main.mjs")
	for _, want := range []string{
		`created TDES_3KEY, check value [0-9A-F]{6}, CREATE_COMPLETE`,
		`at \d{4}-\d\d-\d\dT[0-9:.]+Z, arn:aws:payment-cryptography:us-east-1:111122223333:key/[0-9a-z]{16}`,
		`alias/pin-key is that key: true`,
		`listed 3 keys on 3 pages, that one among them: true`,
		`ResourceNotFoundException: .*alias`,
		`ValidationException: KeyAttributes.KeyModesOfUse: the key usage and the algorithm do not allow these modes of use: `,
		`DELETE_PENDING, 3 days left`,
		`CREATE_COMPLETE again`,
	} {
		if !regexp.MustCompile("(?m)^" + want).MatchString(output) {
			t.Errorf("the output lacks %q:\n%s", want, output)
		}
	}
}

// readmeRow runs the README's line for JavaScript, with the environment that it
// gives and no other, and with the endpoint in code.
func readmeRow(t *testing.T, dir string) {
	t.Helper()
	server := httptest.NewServer(endpoint.Handler(simtest.New(t, nil), nil))
	defer server.Close()
	url := server.URL
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| JavaScript \\| `(.*)` \\| `(.*)` \\|$").FindSubmatch(text)
	if row == nil {
		t.Fatal("the README has no row for JavaScript")
	}
	var exports []string
	for _, line := range regexp.MustCompile(`(?m)^export (AWS_[^#\n]*)`).FindAllSubmatch(text, -1) {
		exports = append(exports, strings.Fields(strings.ReplaceAll(string(line[1]), "http://127.0.0.1:8089", url))...)
	}
	line := string(row[1])
	in := strings.ReplaceAll(line, "{}", "{"+strings.ReplaceAll(string(row[2]), "http://127.0.0.1:8089", url)+"}")
	for _, line := range []string{line, in} {
		program := "import { PaymentCryptographyClient, ListKeysCommand } from \"@aws-sdk/client-payment-cryptography\";\n" +
			"const client = " + line + ";\nconsole.log((await client.send(new ListKeysCommand({}))).Keys.length);\n"
		if err := os.WriteFile(filepath.Join(dir, "row.mjs"), []byte(program), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "node", "row.mjs")
		cmd.Dir = dir
		cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, exports...)
		if out, err := cmd.CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != "0" {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
	}
}

// TestLockFileNamesNoRegistry: a user who installs the example takes the registry
// of their own configuration.
func TestLockFileNamesNoRegistry(t *testing.T) {
	for _, name := range []string{"package-lock.json", ".npmrc"} {
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for n, line := range strings.Split(string(body), "\n") {
			if strings.Contains(line, "://") {
				t.Errorf("%s:%d: %s", name, n+1, line)
			}
		}
	}
}
