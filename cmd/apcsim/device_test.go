package main

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/softtoken"
)

// pinVariable gives the servers of the tests a token's PIN.
const pinVariable = "APCSIM_CMD_TEST_PIN"

func TestServeRefusesAnHSMThatCannotBeMeant(t *testing.T) {
	const secret = "hunter-two"
	const module, pin = "module-path=/nowhere/module.so", "pin-source=env:" + pinVariable
	for _, c := range []struct {
		spec, want string
		status     int
	}{
		{"", `--hsm: wanted "software" or the URI of a token`, exitUsage},
		{secret, `--hsm: wanted "software" or the URI of a token`, exitUsage},
		{"softhsm:token=unit", `--hsm: wanted "software" or the URI of a token`, exitUsage},
		{"pkcs11:token=unit?" + module + "&pin-value=" + secret, "pin-value is not taken", exitUsage},
		{"pkcs11:token=unit?" + module + "&pin-source=|" + secret, "pin-source is neither", exitUsage},
		{"pkcs11:token=unit;token=other?" + module + "&" + pin, `"token" twice`, exitUsage},
		{"pkcs11:token=unit;colour=red?" + module + "&" + pin, `unknown attribute "colour"`, exitUsage},
		{"pkcs11:token=unit?" + pin, "the URI has no module-path", exitUsage},
		{"pkcs11:token=unit?module-path=softhsm.so&" + pin, "module-path has no slash", exitUsage},
		{"pkcs11:?" + module + "&" + pin, "the URI names no token", exitUsage},
		{"pkcs11:token=unit?" + module, "the URI has no pin-source", exitUsage},
		{"pkcs11:token=unit?" + module + "&" + pin, "", exitRefused}, // there is no such module, or no cgo
	} {
		got := apcsim(t, "", "serve", "--listen", "127.0.0.1:0", "--hsm", c.spec)
		if got.status != c.status || got.out != "" || !strings.Contains(got.err, c.want) || strings.Contains(got.err, secret) {
			t.Errorf("%q: got %+v, want %d, %s", c.spec, got, c.status, c.want)
		}
	}
}

func TestServeOnTheSoftwareHSMWhenAskedForIt(t *testing.T) {
	p := launch(t, build(t), "--hsm", "software", "--anonymous")
	createKey(t, p.url)
	p.end(t)
}

// TestServeWithoutCgoSaysWhatIsMissing builds the program as a machine without C
// compiler does.
func TestServeWithoutCgoSaysWhatIsMissing(t *testing.T) {
	binary := testrig.Program(t, "../..")
	c := exec.CommandContext(t.Context(), binary, "serve", "--hsm",
		"pkcs11:token=unit?module-path=/nowhere/module.so&pin-source=env:"+pinVariable)
	out, err := c.CombinedOutput()
	if c.ProcessState.ExitCode() != exitRefused || !strings.Contains(string(out), "built without cgo") {
		t.Errorf("got %v, %s, want status %d and what is missing", err, out, exitRefused)
	}
}

// softHSM is a temporary token, and its URI.
func softHSM(t *testing.T) (token softtoken.Token, uri string) {
	t.Helper()
	token = softtoken.New(t, softtoken.SoftHSM, nil)
	pin, err := token.PIN()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(pinVariable, string(pin))
	return token, "pkcs11:token=" + url.PathEscape(token.Label) + "?module-path=" + token.Module +
		"&pin-source=env:" + pinVariable + "&x-lock-dir=" + token.Dir
}

// createKey makes a key, and is its ARN.
func createKey(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST", url, strings.NewReader(
		`{"Exportable":true,"KeyAttributes":{"KeyUsage":"TR31_K1_KEY_BLOCK_PROTECTION_KEY","KeyClass":"SYMMETRIC_KEY",`+
			`"KeyAlgorithm":"AES_256","KeyModesOfUse":{"Encrypt":true,"Decrypt":true,"Wrap":true,"Unwrap":true}}}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Amz-Target", "PaymentCryptographyControlPlane.CreateKey")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	arn := regexp.MustCompile(`"KeyArn":"([^"]+)"`).FindSubmatch(answer)
	if err != nil || res.StatusCode != http.StatusOK || arn == nil {
		t.Fatalf("CreateKey: %d, %s, %v", res.StatusCode, answer, err)
	}
	return string(arn[1])
}

// end stops a server and is its log.
func (p *process) end(t *testing.T) string {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if _, status := p.wait(t); status != 0 {
		t.Errorf("status %d\n%s", status, &p.stderr)
	}
	return p.stderr.String()
}

var masterKeyID = regexp.MustCompile(`device's master key" id=([0-9a-f]{16})\n`)

// TestServersShareATokensMasterKeys: of two that begin at once one makes them, a
// later one finds them, a reset leaves them; keys end with their process.
func TestServersShareATokensMasterKeys(t *testing.T) {
	token, uri := softHSM(t)
	binary := build(t)
	args := []string{"--hsm", uri, "--anonymous", "--control", "--seed", "7", "--config", ownConfig(t)}
	first, second := launch(t, binary, args...), launch(t, binary, args...)
	arn := createKey(t, first.url)
	res, err := http.Post(first.url+"/_apcsim/reset", "", nil)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("reset: %v, %v", res, err)
	}
	res.Body.Close()
	if again := createKey(t, first.url); again != arn {
		t.Errorf("after a reset the seed gives %s, before %s", again, arn)
	}
	logs := []string{first.end(t), second.end(t)}
	third := launch(t, binary, args...)
	if got := get(t, third.url+"/_apcsim/keys/alias/zone-key"); !strings.Contains(got, `"KeyCheckValue":"90618D"`) {
		t.Errorf("the key of the configuration: got %s", got)
	}
	logs = append(logs, third.end(t))
	pin, _ := token.PIN()
	made := 0
	for _, log := range logs {
		id, want := masterKeyID.FindStringSubmatch(log), masterKeyID.FindStringSubmatch(logs[0])
		if id == nil || want == nil || id[1] != want[1] {
			t.Errorf("master keys differ or are not named: %q, %q", id, want)
		}
		made += strings.Count(log, "master keys were made")
		for _, part := range []string{"module=" + token.Module, token.Label, "--seed sets ids and serial numbers only"} {
			if !strings.Contains(log, part) {
				t.Errorf("the log lacks %q:\n%s", part, log)
			}
		}
		if strings.Contains(log, string(pin)) {
			t.Errorf("the log has the PIN:\n%s", log)
		}
	}
	if made != 1 {
		t.Errorf("master keys were made %d times, want once:\n%s", made, strings.Join(logs, "\n"))
	}
}

func TestServeDistinguishesAWrongPINFromAWrongToken(t *testing.T) {
	_, uri := softHSM(t)
	pin := os.Getenv(pinVariable)
	for spec, want := range map[string]string{
		strings.Replace(uri, "token=", "token=no-", 1):                  "no-apcsim",
		strings.Replace(uri, pinVariable, "APCSIM_NO_SUCH_VARIABLE", 1): "APCSIM_NO_SUCH_VARIABLE",
		strings.Replace(uri, "env:"+pinVariable, "file:/dev/null", 1):   "PIN",
	} {
		got := apcsim(t, "", "serve", "--listen", "127.0.0.1:0", "--hsm", spec)
		if got.status != exitRefused || got.out != "" || !strings.Contains(got.err, want) || strings.Contains(got.err, pin) {
			t.Errorf("%q: got %+v, want %d, %s", spec, got, exitRefused, want)
		}
	}
}

// TestTheTokenOfTheHelpServes runs the commands of --help, with the tokens of
// SoftHSM in a folder of the test's.
func TestTheTokenOfTheHelpServes(t *testing.T) {
	_, text, _ := strings.Cut(apcsim(t, "", "serve", "--help").out, "SoftHSM, for one:\n\n")
	text, _, _ = strings.Cut(text, "\n\n")
	module := regexp.MustCompile(`module-path=([^&]+)`).FindStringSubmatch(text)
	if module == nil {
		t.Fatalf("the help has no module-path:\n%s", text)
	}
	if _, err := os.Stat(module[1]); err != nil {
		t.Skip(err)
	}
	if !softtoken.Available {
		t.Skip("a build without cgo has no PKCS#11")
	}
	if _, err := exec.LookPath("softhsm2-util"); err != nil {
		t.Fatalf("scripts/setup installs it with the module: %v", err)
	}
	binary, dir := build(t), t.TempDir()
	conf := filepath.Join(dir, "softhsm2.conf")
	if err := os.WriteFile(conf, []byte("directories.tokendir = "+dir+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SOFTHSM2_CONF", conf)
	t.Setenv("PATH", filepath.Dir(binary)+":"+os.Getenv("PATH"))
	prepare, serve, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if out, err := exec.CommandContext(t.Context(), "sh", "-c", prepare).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", prepare, err, out)
	}
	serve = strings.Replace(serve, "apcsim serve", "exec apcsim serve --listen 127.0.0.1:0 --anonymous", 1)
	p := begin(t, exec.CommandContext(t.Context(), "sh", "-c", serve))
	createKey(t, p.url)
	if log := p.end(t); !strings.Contains(log, "master keys were made") {
		t.Errorf("the log:\n%s", log)
	}
}
