package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// readme is the README, and what its section on clients says.
type readme struct {
	exports map[string]string    // of its environment
	rows    map[string][2]string // by client: with that environment, and in code
}

func readReadme(t *testing.T) readme {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "## From any language")
	section, _, ended := strings.Cut(section, "\n## ")
	if !ok || !ended {
		t.Fatal("the README has no section on clients")
	}
	out := readme{map[string]string{}, map[string][2]string{}}
	for _, line := range regexp.MustCompile(`(?m)^export (.*)$`).FindAllStringSubmatch(section, -1) {
		line, _, _ := strings.Cut(line[1], "#")
		for _, setting := range strings.Fields(line) {
			name, value, _ := strings.Cut(setting, "=")
			out.exports[name] = value
		}
	}
	for _, row := range regexp.MustCompile("(?m)^\\| ([A-Za-z ]+) \\| `(.*)` \\| `(.*)` \\|$").FindAllStringSubmatch(section, -1) {
		out.rows[row[1]] = [2]string{row[2], row[3]}
	}
	if len(out.exports) < 5 || len(out.rows) < 5 {
		t.Fatalf("read of the README: %v", out)
	}
	return out
}

const (
	readmeURL       = "http://127.0.0.1:8089"
	endpointSetting = "AWS_ENDPOINT_URL_PAYMENT_CRYPTOGRAPHY"
)

// runClient runs a client in an environment that is otherwise empty.
func (r readme) runClient(t *testing.T, url string, withEndpoint bool, more []string, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "PYENV_VERSION=" + os.Getenv("PYENV_VERSION")}, more...)
	for setting, value := range r.exports {
		if setting != endpointSetting || withEndpoint {
			cmd.Env = append(cmd.Env, setting+"="+strings.ReplaceAll(value, readmeURL, url))
		}
	}
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestTheReadmesLinesRunTheCLI: as written, and with the endpoint on the command line.
func TestTheReadmesLinesRunTheCLI(t *testing.T) {
	r := readReadme(t)
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("no AWS CLI here")
	}
	server := launch(t, build(t))
	row := r.rows["AWS CLI"]
	for _, endpoint := range []string{"", row[1]} {
		line := strings.TrimSpace(row[0] + " " + strings.ReplaceAll(endpoint, readmeURL, server.url))
		out, err := r.runClient(t, server.url, endpoint == "", nil, "sh", "-c", line)
		if strings.Contains(out, "nvalid choice") {
			t.Skip("the AWS CLI here does not know the service")
		}
		if err != nil || !strings.Contains(out, `"Keys": []`) {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
	}
}

// TestTheReadmesLinesRunBoto3: as written, and with the endpoint in code.
func TestTheReadmesLinesRunBoto3(t *testing.T) {
	r := readReadme(t)
	const known = "import sys, boto3\ntry: boto3.client('payment-cryptography', region_name='us-east-1')\nexcept Exception: sys.exit(3)"
	if out, err := exec.Command("python3", "-c", known).CombinedOutput(); err != nil {
		t.Skipf("python3 here has no boto3 that knows the service: %v %s", err, out)
	}
	server := launch(t, build(t))
	row := r.rows["Python"]
	in := strings.TrimSuffix(row[0], ")") + ", " + strings.ReplaceAll(row[1], readmeURL, server.url) + ")"
	for _, line := range []string{row[0], in} {
		out, err := r.runClient(t, server.url, line == row[0], nil, "python3", "-c", "import boto3\nprint("+line+".list_keys()['Keys'])")
		if err != nil || strings.TrimSpace(out) != "[]" {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
	}
}

// TestTheReadmesWayForAnOldBoto3 runs Debian's, with the description of a newer one.
func TestTheReadmesWayForAnOldBoto3(t *testing.T) {
	r := readReadme(t)
	const old = "import sys, boto3\nsys.exit('payment-cryptography' in boto3.Session().get_available_services())"
	if out, err := exec.Command("/usr/bin/python3", "-c", old).CombinedOutput(); err != nil {
		t.Skipf("/usr/bin/python3 has no boto3 that is older than the service: %v %s", err, out)
	}
	data, err := exec.Command("python3", "-c", "import botocore, os\nd = os.path.join(os.path.dirname(botocore.__file__), "+
		"'data')\nprint(d) if os.path.isdir(d + '/payment-cryptography') else exit(3)").
		Output()
	if err != nil {
		t.Skip("no newer botocore here")
	}
	server := launch(t, build(t))
	row := r.rows["Python"]
	line := strings.TrimSuffix(row[0], ")") + ", " + strings.ReplaceAll(row[1], readmeURL, server.url) + ")"
	out, err := r.runClient(t, server.url, false, []string{"AWS_DATA_PATH=" + strings.TrimSpace(string(data))},
		"/usr/bin/python3", "-c", "import boto3\nprint("+line+".list_keys()['Keys'])")
	if err != nil || strings.TrimSpace(out) != "[]" {
		t.Errorf("%s: %v\n%s", line, err, out)
	}
}
