package facts

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// described is a description as the SDKs have it. Its members are not in the order of their names.
const described = `{"version": "2.0", "metadata": {"protocol": "rest-json"}, "operations": {
	"Put": {"name": "Put", "http": {"method": "POST", "requestUri": "/things/{Name}"}, "input": {"shape": "PutInput"},
		"output": {"shape": "PutOutput"}, "errors": [{"shape": "Worse"}, {"shape": "Bad"}], "documentation": "<p>It puts.</p>"},
	"Get": {"name": "Get", "http": {"method": "POST", "requestUri": "/"}, "input": {"shape": "PutInput"}, "output": {"shape": "PutOutput"},
		"readonly": true}}, "shapes": {
	"PutInput": {"type": "structure", "required": ["Name", "Kind"], "members": {"Name": {"shape": "Text", "location": "uri", "locationName":
		"Name"}, "Kind": {"shape": "Kind"}, "All": {"shape": "List", "documentation": "no"}}},
	"PutOutput": {"type": "structure", "union": true, "members": {"Z": {"shape": "Flag"}, "A": {"shape": "Map"}}},
	"Text": {"type": "string", "min": 1, "max": 3, "pattern": "[a-z]+", "sensitive": true},
	"Kind": {"type": "string", "enum": ["Z", "A"]},
	"List": {"type": "list", "max": 5, "member": {"shape": "Text"}},
	"Map": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Kind"}},
	"Flag": {"type": "boolean", "box": true},
	"Bad": {"type": "structure", "exception": true, "error": {"httpStatusCode": 409}},
	"Worse": {"type": "structure", "exception": true, "fault": true, "error": {"httpStatusCode": 500}}}}`

const describedFacts = `operation Put POST /things/{Name} PutInput PutOutput
	errors Worse Bad
operation Get POST / PutInput PutOutput readonly
	errors
structure PutInput
	Name Text required path
	Kind Kind required
	All List
union PutOutput
	Z Flag
	A Map
string Text 1..3 sensitive
	pattern [a-z]+
enum Kind
	Z
	A
list List of Text ..5
map Map of Text Kind
boolean Flag boxed
exception Bad 409
exception Worse fault 500
`

func TestDescriptionIsReadInItsOrder(t *testing.T) {
	dir := t.TempDir()
	read := func(text string) (*Service, error) {
		if err := os.WriteFile(filepath.Join(dir, DataFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return readDescription(dir, DataFile)
	}
	s, err := read(described)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.String(); got != describedFacts {
		t.Errorf("got:\n%s\nwant:\n%s", got, describedFacts)
	}
	if again, err := parse(describedFacts); err != nil || again.String() != describedFacts {
		t.Errorf("the facts are read as:\n%v, %v", again, err)
	}
	for what, text := range map[string]string{
		"no JSON":                         described[:len(described)-1],
		"a list of shapes":                `{"operations": {}, "shapes": []}`,
		"a list of members":               strings.Replace(described, `{"Z": {"shape": "Flag"}, "A": {"shape": "Map"}}`, `[1]`, 1),
		"a shape that is not there":       strings.Replace(described, `"value": {"shape": "Kind"}`, `"value": {"shape": "Sort"}`, 1),
		"an exception that is not there":  strings.Replace(described, `{"shape": "Worse"}`, `{"shape": "Worst"}`, 1),
		"a pattern that does not compile": strings.Replace(described, "[a-z]+", "[a-z", 1),
	} {
		if got, err := read(text); err == nil {
			t.Errorf("%s: got %v", what, got)
		}
	}
	if _, err := readDescription(dir, controlFile); err == nil {
		t.Error("a file that is not there was read")
	}
}
