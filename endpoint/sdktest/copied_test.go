package sdktest

import (
	"go/parser"
	"go/token"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// console is the console of a server that runs as a program of its own, and what the journal says is to be copied.
type console struct {
	*testing.T
	url  string
	next int // the number of the next call
}

func startConsole(t *testing.T) *console {
	t.Helper()
	server := exec.CommandContext(t.Context(), testrig.Program(t, "../.."), "serve", "--listen", "127.0.0.1:0", "--control", "--test-keys",
		"--quiet")
	return &console{t, testrig.Serve(t, server), 1}
}

// page is a page of the console; with a form, the answer to it.
func (c *console) page(path string, form url.Values) string {
	c.Helper()
	method, body := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(c.Context(), method, c.url+"/_apcsim/console/"+path, body)
	if err != nil {
		c.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Origin", c.url)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		c.Fatalf("%s %s: %s, %v\n%s", method, path, res.Status, err, text)
	}
	return string(text)
}

// element is the text of an element with an id.
func (c *console) element(page, id string) string {
	c.Helper()
	m := regexp.MustCompile(`(?s)<(pre|textarea) id="` + id + `"[^>]*>(.*?)</(pre|textarea)>`).FindStringSubmatch(page)
	if m == nil {
		return ""
	}
	return html.UnescapeString(m[2])
}

// copied is a call to be copied: as AWS CLI, boto3 and Go.
type copied struct{ operation, cli, python, goProgram, answer string }

// call makes a call as the console's form does. An empty request is the form's own example.
func (c *console) call(operation, request string) copied {
	c.Helper()
	if request == "" {
		request = c.element(c.page("tools", url.Values{"tool": {"example"}, "operation": {operation}}), "request")
	}
	answered := c.page("tools", url.Values{"tool": {"call"}, "operation": {operation}, "request": {request}})
	page := c.page("calls/"+strconv.Itoa(c.next), nil)
	c.next++
	out := copied{operation, c.element(page, "cli"), c.element(page, "python"), c.element(page, "go"), c.element(answered, "answer")}
	if !strings.Contains(page, operation) || out.cli == "" || out.python == "" || out.goProgram == "" {
		c.Fatalf("%s: the page of the call has not everything to copy:\n%s", operation, page)
	}
	return out
}

// writeProgram writes a program into a folder of this module that ./... does not see.
func writeProgram(t *testing.T, folder, name, text string) string {
	t.Helper()
	dir := filepath.Join(folder, name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return "./" + dir
}

func programs(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp(".", "_copied-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	return folder
}

// TestTheGoToCopyOfEveryOperationCompiles: with a request that has every member that the console's example has. The
// programs of the data plane are parsed alone, since the SDK's module for it is no dependency of this one.
func TestTheGoToCopyOfEveryOperationCompiles(t *testing.T) {
	c, folder, args := startConsole(t), programs(t), []string{"vet"}
	for op := range engine.Operations() {
		text := c.call(op.Name, "").goProgram
		if !op.DataPlane {
			args = append(args, writeProgram(t, folder, op.Name, text))
		}
		if _, err := parser.ParseFile(token.NewFileSet(), op.Name, text, 0); err != nil {
			t.Errorf("%s: %v of\n%s", op.Name, err, text)
		}
	}
	if len(args) < 30 {
		t.Fatalf("%d programs of the control plane", len(args)-1)
	}
	if out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput(); err != nil {
		t.Errorf("go vet: %v\n%s", err, out)
	}
}

// TestWhatTheConsoleGivesToCopyRuns: each way gets what the call has got. What is masked is filled in.
func TestWhatTheConsoleGivesToCopyRuns(t *testing.T) {
	const message = "0123456789ABCDEF"
	c := startConsole(t)
	c.call("CreateKey", `{"KeyAttributes": {"KeyUsage": "TR31_M6_ISO_9797_5_CMAC_KEY", "KeyClass": "SYMMETRIC_KEY",
		"KeyAlgorithm": "AES_128", "KeyModesOfUse": {"Generate": true, "Verify": true}}, "Exportable": true}`)
	made := c.call("ListKeys", `{"MaxResults": 5}`)
	arn := regexp.MustCompile(`arn:aws:payment-cryptography:[^"]+`).FindString(made.answer)
	calls := map[string]copied{ // by what their answers have
		arn:                    made,
		`KeyCheckValue`:        c.call("GetKey", `{"KeyIdentifier": "`+arn+`"}`),
		`WrappingKeyAlgorithm`: c.call("GetParametersForImport", `{"KeyMaterialType": "TR34_KEY_BLOCK", "WrappingKeyAlgorithm": "RSA_2048"}`),
		`Mac`: c.call("GenerateMac", `{"KeyIdentifier": "`+arn+`", "MessageData": "`+message+
			`", "GenerationAttributes": {"Algorithm": "CMAC"}}`),
	}
	folder := programs(t)
	for member, call := range calls {
		want := arn
		if m := regexp.MustCompile(`"` + member + `": "(\w+)"`).FindStringSubmatch(call.answer); m != nil {
			want = m[1]
		} else if member != arn || arn == "" {
			t.Fatalf("%s: the answer has no %s:\n%s", call.operation, member, call.answer)
		}
		fill := func(text string) string { return strings.ReplaceAll(text, "(masked)", message) }
		ways := map[string][]string{
			"AWS CLI": {"sh", "-c", fill(call.cli)},
			"boto3":   {"python3", "-c", fill(call.python)},
		}
		if op, _ := engine.OperationNamed(call.operation); !op.DataPlane {
			ways["Go"] = []string{"go", "run", writeProgram(t, folder, call.operation, call.goProgram)}
		}
		for way, command := range ways {
			t.Run(call.operation+"/"+way, func(t *testing.T) {
				if why := missing(way); why != "" {
					t.Skip(why)
				}
				cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
				cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=any")
				out, err := cmd.CombinedOutput()
				if err != nil || !strings.Contains(string(out), want) {
					t.Errorf("%v, and not %s:\n%s\nof\n%s", err, want, out, command[len(command)-1])
				}
			})
		}
	}
}

// missing says why a way cannot be tried here; "" where it can.
func missing(way string) string {
	var out []byte
	var err error
	switch way {
	case "AWS CLI":
		out, err = exec.Command("aws", "payment-cryptography", "list-keys", "help").CombinedOutput()
		if !strings.Contains(string(out), "nvalid choice") && !strings.Contains(string(out), "not found") && err == nil {
			return ""
		}
	case "boto3":
		out, err = exec.Command("python3", "-c", "import boto3; boto3.client('payment-cryptography', region_name='us-east-1')").CombinedOutput()
		if err == nil {
			return ""
		}
	default:
		return ""
	}
	return way + " here does not know the service: " + string(out)
}
