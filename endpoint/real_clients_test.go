package endpoint_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/facts"
)

// The data plane with clients that AWS makes, over a socket, with signatures that are verified. Each
// operation is called. They run where the client is; the description is the one of APCSIM_SPEC where
// that is set, which has operations that an older client has not heard of.

// clientEnvironment is the environment of a client, with the description in the place where botocore
// looks for one.
func clientEnvironment(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	if spec := os.Getenv("APCSIM_SPEC"); spec != "" {
		text, err := os.ReadFile(filepath.Join(spec, facts.DataFile))
		if err != nil {
			t.Fatal(err)
		}
		folder := filepath.Join(dir, "payment-cryptography-data", "2022-02-03")
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "service-2.json"), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return append(os.Environ(), "AWS_DATA_PATH="+dir, "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=/dev/null",
		"AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_ACCESS_KEY_ID=AKID", "AWS_SECRET_ACCESS_KEY=secret",
		"AWS_DEFAULT_REGION=us-east-1")
}

// firstOfEach is one request of each operation.
func firstOfEach(good []goodRequest) (out []goodRequest) {
	seen := map[string]bool{}
	for _, r := range good {
		if !seen[r.op] {
			seen[r.op] = true
			out = append(out, r)
		}
	}
	return out
}

func TestBoto3CallsEveryOperationOfTheDataPlane(t *testing.T) {
	if err := exec.CommandContext(t.Context(), "python3", "-c", "import boto3").Run(); err != nil {
		t.Skipf("no boto3 for python3: %v", err)
	}
	w, good := newDataWorld(t)
	server := httptest.NewServer(w.verified)
	defer server.Close()
	var lines bytes.Buffer
	for _, r := range good {
		line, _ := json.Marshal(object{"op": r.op, "body": r.body})
		lines.Write(append(line, '\n'))
	}
	lines.WriteString(
		`{"op":"GenerateMac","body":{"KeyIdentifier":"alias/none","MessageData":"0011","GenerationAttributes":{"Algorithm":"CMAC"}}}` + "\n",
	)
	python := exec.CommandContext(t.Context(), "python3", "testdata/boto3_calls.py", server.URL)
	python.Env, python.Stdin, python.Stderr = clientEnvironment(t), &lines, os.Stderr
	out, err := python.Output()
	if err != nil {
		t.Fatalf("%v after %s", err, out)
	}
	taken, i := map[string]int{}, 0
	unknown := map[string]bool{}
	older := os.Getenv("APCSIM_SPEC") == "" // the client has its own description, which may be older
	for s := bufio.NewScanner(bytes.NewReader(out)); s.Scan(); i++ {
		value, err := oneJSON(s.Bytes())
		answer, _ := value.(object)
		switch {
		case err != nil:
			t.Fatal(err)
		case older && answer["unknown"] != nil:
			op := "GenerateMac"
			if i < len(good) {
				op = good[i].op
			}
			t.Logf("this boto3 does not know all of %s: %s", op, s.Text())
			unknown[op] = true
		case answer["unknown"] != nil:
			t.Errorf("line %d: %s", i, s.Text())
		case i == len(good):
			if answer["error"] != "ResourceNotFoundException" || answer["modelled"] != "ResourceNotFoundException" {
				t.Errorf("an alias that is not there: %s", s.Text())
			}
		case answer["error"] != nil:
			t.Errorf("%s: %s", good[i].op, s.Text())
		default:
			taken[good[i].op]++
		}
	}
	if len(taken) == 0 && len(unknown) == len(facts.Data().Operations) {
		t.Skip("this boto3 does not know the service")
	}
	if i != len(good)+1 {
		t.Errorf("%d answers to %d calls", i, len(good)+1)
	}
	for _, op := range facts.Data().Operations {
		if taken[op.Name] == 0 && !unknown[op.Name] {
			t.Errorf("%s never succeeded", op.Name)
		}
	}
}

// unknownToCLI is what the AWS CLI says of a service, an operation or a member that it has not heard of.
var unknownToCLI = regexp.MustCompile(`Invalid choice|Unknown parameter in input`)

var capital = regexp.MustCompile(`([a-z0-9])([A-Z])`)

// TestAWSCLICallsEveryOperationOfTheDataPlane once.
func TestAWSCLICallsEveryOperationOfTheDataPlane(t *testing.T) {
	if err := exec.CommandContext(t.Context(), "aws", "--version").Run(); err != nil {
		t.Skipf("no AWS CLI: %v", err)
	}
	w, good := newDataWorld(t)
	server := httptest.NewServer(w.verified)
	defer server.Close()
	env := append(clientEnvironment(t), "AWS_ENDPOINT_URL_PAYMENT_CRYPTOGRAPHY_DATA="+server.URL)
	known := 0
	for _, r := range firstOfEach(good) {
		command := strings.ToLower(capital.ReplaceAllString(r.op, "$1-$2"))
		aws := exec.CommandContext(t.Context(), "aws", "payment-cryptography-data", command, "--cli-input-json",
			string(asJSON(r.body)), "--output", "json")
		aws.Env = env
		out, err := aws.CombinedOutput()
		if err != nil && os.Getenv("APCSIM_SPEC") == "" && unknownToCLI.Match(out) {
			t.Logf("this AWS CLI does not know all of %s", command)
			continue
		}
		known++
		if err != nil {
			t.Errorf("%s: %v: %s", command, err, out)
			continue
		}
		if value, err := oneJSON(out); err != nil || value.(object)["error"] != nil {
			t.Errorf("%s: %s", command, out)
		}
	}
	if known == 0 {
		t.Skip("this AWS CLI does not know the service")
	}
}
