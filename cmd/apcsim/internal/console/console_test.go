package console

import (
	"encoding/json"
	"fmt"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/mask"
)

// aCall is a call with members of every kind.
func aCall() Call {
	return Call{
		Number:    7,
		Operation: "ImportKey",
		Account:   "111122223333",
		Region:    "us-east-1",
		Duration:  1234567,
		Request: mask.Of(&engine.ImportKeyInput{
			Enabled: new(true), Tags: []apc.Tag{{Key: "it's", Value: `"quoted" \ <b>`}},
			KeyMaterial: engine.ImportKeyMaterial{KeyCryptogram: &engine.ImportKeyCryptogram{
				KeyAttributes: apc.KeyAttributes{
					KeyUsage:      "TR31_D0_SYMMETRIC_DATA_ENCRYPTION_KEY",
					KeyClass:      "SYMMETRIC_KEY",
					KeyAlgorithm:  "AES_128",
					KeyModesOfUse: apc.KeyModesOfUse{Encrypt: true},
				},
				Exportable: new(
					false,
				), WrappedKeyCryptogram: "A1B2", ImportToken: "import-token-0123456789abcdef",
				WrappingSpec: new(apc.WrappingKeySpec("RSA_OAEP_SHA_256")),
			}},
		}),
	}
}

func TestACallAsProgramsMakeIt(t *testing.T) {
	code := aCall().Code("http://127.0.0.1:8089")
	for _, want := range []string{
		"aws payment-cryptography import-key --region us-east-1 --endpoint-url http://127.0.0.1:8089", `"WrappedKeyCryptogram":"A1B2"`,
		`"Key":"it'\''s"`, `"Enabled":true`,
	} {
		if !strings.Contains(code.CLI, want) {
			t.Errorf("AWS CLI: no %s in\n%s", want, code.CLI)
		}
	}
	for _, want := range []string{`boto3.client("payment-cryptography"`, "client.import_key(", "Enabled=True,", `"Exportable": False`} {
		if !strings.Contains(code.Python, want) {
			t.Errorf("boto3: no %s in\n%s", want, code.Python)
		}
	}
	for _, want := range []string{`.ImportKey(ctx, &paymentcryptography.ImportKeyInput{`,
		"&types.ImportKeyMaterialMemberKeyCryptogram{Value: types.ImportKeyCryptogram{", "Exportable: new(false)",
		`WrappingSpec: "RSA_OAEP_SHA_256"`, `WrappedKeyCryptogram: new("A1B2")`, "Encrypt: true"} {
		if !strings.Contains(code.Go, want) {
			t.Errorf("Go: no %s in\n%s", want, code.Go)
		}
	}
	if _, err := parser.ParseFile(token.NewFileSet(), "", code.Go, 0); err != nil {
		t.Errorf("Go: %v in\n%s", err, code.Go)
	}
	if out, err := exec.Command("/usr/bin/python3", "-c", "import ast, sys; ast.parse(sys.argv[1])",
		code.Python).CombinedOutput(); err != nil {
		t.Errorf("boto3: %s in\n%s", out, code.Python)
	}
	out, err := exec.Command("sh", "-c", `aws() { for last in "$@"; do :; done; printf %s "$last"; }; `+code.CLI).Output()
	if err != nil || !json.Valid(out) || !strings.Contains(string(out), "it's") {
		t.Errorf("AWS CLI: the shell gives %s, %v of\n%s", out, err, code.CLI)
	}
	if got := (Call{Operation: "GeneratePinData"}).Code("u").CLI; !strings.HasPrefix(
		got,
		"aws payment-cryptography-data generate-pin-data ",
	) {
		t.Errorf("the data plane: %s", got)
	}
}

func TestACallWithoutARequestHasCodeAndJSON(t *testing.T) {
	c := Call{Operation: "Fly", Error: "X", Message: "m"}
	if got := c.Code("u"); !strings.Contains(got.Go, "FlyInput{})") ||
		!strings.Contains(got.CLI, "'{}'") && !strings.Contains(got.CLI, "'null'") {
		t.Errorf("got %+v", got)
	}
	if body, err := json.Marshal(c); err != nil || !strings.Contains(string(body), `"why":["m"]`) ||
		strings.Contains(string(body), "request") {
		t.Errorf("got %s, %v", body, err)
	}
}

func TestSecretsAreNotInACall(t *testing.T) {
	const key = "0123456789ABCDEF"
	c := Call{Operation: "LoadKey", Request: mask.Of(&engine.LoadKeyInput{Components: []hsm.Secret{hsm.NewSecret([]byte(key))}})}
	body, _ := json.Marshal(c)
	if text := fmt.Sprint(c.Code("u"), string(body), Indented(c.Request)); strings.Contains(text, key) {
		t.Errorf("the component is in %s", text)
	}
}

func TestIdentifiersAreNames(t *testing.T) {
	in := &engine.ExportKeyInput{
		ExportKeyIdentifier: "alias/a",
		KeyMaterial: engine.ExportKeyMaterial{
			Tr31KeyBlock: &engine.ExportTr31KeyBlock{WrappingKeyIdentifier: "00112233445566778899AABBCCDDEEFF"},
		},
	}
	if got := fmt.Sprint(Identifiers(in)); got != "[alias/a]" {
		t.Errorf("got %s", got)
	}
}

func TestTheTimeToAMoment(t *testing.T) {
	now := time.Unix(0, 0)
	for d, want := range map[time.Duration]string{76*time.Hour + 10*time.Minute: "3 d 4 h", 90 * time.Minute: "1 h 30 min", 0: "0 min",
		-time.Hour: "past"} {
		if got := untilText(now, now.Add(d)); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}

// TestACircleIsDrawn: two keys that wrap each other, and more keys than are drawn.
func TestACircleIsDrawn(t *testing.T) {
	g := &Graph{}
	for i := range 100 {
		g.Keys = append(g.Keys, GraphKey{ID: fmt.Sprint(i), Algorithm: "AES_128", State: apc.KeyStateCreateComplete, Enabled: true})
	}
	g.Keys[1].Algorithm = "AES_256"
	for i := range 99 {
		g.Wrap(i, i+1, "ExportKey", time.Time{})
	}
	g.Wrap(1, 0, "ExportKey", time.Time{})
	g.Wrap(5, 5, "ExportKey", time.Time{})
	d := g.Draw()
	if len(d.Nodes) != maxDrawn || d.Hidden != 60 || d.Width > 6*graphColumn+graphColumn || len(g.Rows()) != 101 {
		t.Errorf("got %d nodes, %d hidden, %d wide", len(d.Nodes), d.Hidden, d.Width)
	}
	if g.Wraps[0].Flaw != "the wrapping key is weaker than the key" || g.Wraps[1].Flaw != "" {
		t.Errorf("got %q, %q", g.Wraps[0].Flaw, g.Wraps[1].Flaw)
	}
}

func TestLifetimesArePlotted(t *testing.T) {
	now := time.Unix(1e9, 0)
	if p := (TimePage{Now: now}).Plot(); len(p.Bars) != 0 {
		t.Errorf("nothing: got %+v", p)
	}
	var due []DueItem
	for i := range 50 {
		due = append(due, DueItem{Since: now.Add(-time.Hour), At: now.Add(time.Duration(i) * time.Hour)})
	}
	p := TimePage{Now: now, Due: due}.Plot()
	for _, b := range p.Bars {
		if b.X < plotLabel || b.X+b.Width > plotWidth || b.Y+16 > p.Height {
			t.Errorf("a bar is outside: %+v of %d by %d", b, p.Width, p.Height)
		}
	}
	if len(p.Bars) != maxDrawn || p.Hidden != 10 || p.NowX <= plotLabel {
		t.Errorf("got %d bars, %d hidden, now at %d", len(p.Bars), p.Hidden, p.NowX)
	}
}

// TestEveryPageOfNothingIsMade, so that no page fails in front of a user.
func TestEveryPageOfNothingIsMade(t *testing.T) {
	for view, data := range map[string]any{
		"calls": &CallsPage{}, "call": &CallPage{}, "keys": &KeysPage{}, "key": &KeyPage{}, "time": TimePage{}, "graph": &Graph{},
		"tools": &ToolsPage{}, "limits": &LimitsPage{}, "faults": &FaultsPage{}, "approvals": &ApprovalsPage{}, "login": nil, "error": "x",
	} {
		if body, err := Render(&Page{View: view, Title: view, Offset: "0s", Data: data}); err != nil ||
			!strings.HasSuffix(string(body), "</html>\n") {
			t.Errorf("%s: %v\n%s", view, err, body)
		}
	}
}

// TestExamplesAreRequests: no example has a member that its request does not have.
func TestExamplesAreRequests(t *testing.T) {
	inputs := map[string]any{
		"GeneratePinData":             &dataplane.GeneratePinDataInput{},
		"GenerateCardValidationData":  &dataplane.GenerateCardValidationDataInput{},
		"VerifyAuthRequestCryptogram": &dataplane.VerifyAuthRequestCryptogramInput{},
	}
	for name, text := range examples {
		d := json.NewDecoder(strings.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(inputs[name]); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := Example(name, inputs[name]); got != text {
			t.Errorf("%s: got %s", name, got)
		}
	}
	if got := Example("CreateKey", &engine.CreateKeyInput{}); !strings.Contains(got, `"KeyAlgorithm": "KeyAlgorithm"`) ||
		!json.Valid([]byte(got)) {
		t.Errorf("CreateKey: got %s", got)
	}
}

// FuzzInspect: whatever is pasted is explained, and a page can be made of it.
func FuzzInspect(f *testing.F) {
	for _, text := range []string{"", "D", "D0112P0AE00E0000" + strings.Repeat("A", 96), "B0000\x00é", "3003020101", "MAMCAQE=",
		"-----BEGIN X-----\nMAMCAQE=\n-----END X-----", "D9999K0AB00E0299KS1800"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := Render(&Page{View: "tools", Offset: "0s", Data: &ToolsPage{Text: text, Result: Inspect(text)}}); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}

// TestUnionsAreThoseOfTheService: the SDK has a type of its own for each member of one.
func TestUnionsAreThoseOfTheService(t *testing.T) {
	want := map[string]bool{}
	for _, plane := range []string{"control", "data"} {
		raw, err := os.ReadFile("../../../../internal/facts/" + plane + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(raw)) {
			if name, ok := strings.CutPrefix(strings.TrimSpace(line), "union "); ok {
				want[name] = true
			}
		}
	}
	if !maps.Equal(unions, want) {
		t.Errorf("got %v, want %v", unions, want)
	}
}

func TestTheConsoleIsSmall(t *testing.T) {
	const most = 1500
	files, err := filepath.Glob("*")
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		lines += strings.Count(string(raw), "\n")
	}
	if lines >= most || lines < 500 {
		t.Errorf("%d lines in %q, want less than %d", lines, files, most)
	}
}
