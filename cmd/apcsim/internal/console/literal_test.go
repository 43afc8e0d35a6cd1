package console

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/mask"
)

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

// asked is a request with members of every kind.
type asked struct {
	Text    string
	Masked  string
	Yes, No bool
	Perhaps *bool
	Number  int
	At      time.Time
	List    []string
	Blocks  map[string]string
	Absent  *asked
	private string
}

// TestARequestIsJSONAndPython, whatever texts a client writes into it.
func TestARequestIsJSONAndPython(t *testing.T) {
	for _, text := range []string{"plain", `"'\`, "\x00\x1b\x7f", "<b>&", "é€\U0001F600", "\u2028", "\xff", "line\nline", "${x} {y} %s"} {
		in := &asked{Text: text, Masked: mask.Masked, Yes: true, Perhaps: new(false), Number: -7,
			At: time.Unix(0, 0), List: []string{text, ""}, Blocks: map[string]string{text: text, "A0": ""}, private: text}
		valid := strings.ToValidUTF8(text, "\uFFFD")
		want := map[string]any{"Text": valid, "Masked": "(masked)",
			"Yes": true, "No": false, "Perhaps": false, "Number": float64(-7), "At": "1970-01-01T00:00:00Z",
			"List": []any{valid, ""}, "Blocks": map[string]any{valid: valid, "A0": ""}}
		var got map[string]any
		raw, err := json.Marshal(plain(reflect.ValueOf(in)))
		if err == nil {
			err = json.Unmarshal(raw, &got)
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%q: JSON %s, %v (-want +got):\n%s", text, raw, err, diff)
		}
		program := "import json\ncall = lambda **a: print(json.dumps(a))\ncall(" + arguments(plain(reflect.ValueOf(in)).(object)) + ")"
		got = nil
		out, err := exec.Command("/usr/bin/python3", "-c", program).CombinedOutput()
		if err == nil {
			err = json.Unmarshal(out, &got)
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%q: Python says %s, %v (-want +got) of\n%s\n%s", text, out, err, diff, program)
		}
	}
}

func TestLongTextsAreNotShown(t *testing.T) {
	for n, want := range map[int]string{longText: strings.Repeat("x", longText), longText + 1: "(16385 characters)"} {
		if got := plain(reflect.ValueOf(asked{Text: strings.Repeat("x", n)})).(object)[0].value; got != want {
			t.Errorf("%d characters: got %.60s, want %.60s", n, got, want)
		}
	}
}

// TestTheSizeOfARequestCountsEveryText, names that a client chose among them: the journal is bounded by it.
func TestTheSizeOfARequestCountsEveryText(t *testing.T) {
	long := strings.Repeat("x", 1000)
	for what, in := range map[string]any{
		"a text": asked{Text: long}, "a list": asked{List: []string{"", long}},
		"a value": asked{Blocks: map[string]string{"": long}}, "a name": asked{Blocks: map[string]string{long: ""}},
		"below": asked{Absent: &asked{Text: long}},
	} {
		if got := Size(in) - Size(asked{}); got < 1000 || got > 1300 {
			t.Errorf("%s of 1000 bytes: got %d more than nothing", what, got)
		}
	}
	if got := Size(asked{List: make([]string, 1000)}); got < 16*1000 {
		t.Errorf("a thousand empty texts: got %d, want what they take", got)
	}
}
