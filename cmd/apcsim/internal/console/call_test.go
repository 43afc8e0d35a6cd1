package console

import (
	"encoding/json"
	"fmt"
	"go/parser"
	"go/token"
	"os/exec"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
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
				Exportable: new(false), WrappedKeyCryptogram: "A1B2", ImportToken: "import-token-0123456789abcdef",
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
