package softtoken

import (
	"os"
	"strings"
	"testing"
)

func TestSetupLooksInTheSamePlaces(t *testing.T) {
	script, err := os.ReadFile("../../../scripts/setup")
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Join(strings.Fields(strings.ReplaceAll(string(script), "\\\n", " ")), " ")
	for k, l := range libraries {
		looks := strings.Join(append([]string{"module_here", l.env}, l.places...), " ")
		if !strings.Contains(words, looks) {
			t.Errorf("%s: scripts/setup has no %q", k, looks)
		}
		for name := range strings.FieldsSeq(l.packages) {
			if !strings.Contains(string(script), `need "`+name+`"`) {
				t.Errorf("%s: scripts/setup does not install %s", k, name)
			}
		}
	}
}
