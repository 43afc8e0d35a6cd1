package draw

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest"
)

var update = flag.Bool("update", false, "write testdata/attributes.txt anew")

// plainestFirst are the usages in the order in which keys shrink.
var plainestFirst = strings.Fields("P0 K0 K1 D0 B0 C0 V1 V2 M0 M1 M3 M6 M7 E0 E1 E2 E4 E5 E6 S0 D1 K2 K3")

var modeNames = strings.Fields("Encrypt Decrypt Wrap Unwrap Generate Sign Verify DeriveKey NoRestrictions")

// everyKey tries all combinations of members in CreateKey and lists those that it takes.
func everyKey(t *testing.T) string {
	var b strings.Builder
	for _, usage := range plainestFirst {
		for _, algorithm := range apc.KeyAlgorithm("").Values() {
			s := enginetest.New(t, &enginetest.Options{Engine: engine.Options{Limits: apc.Limits{Keys: 1 << 20}}})
			a := enginetest.KeyKind(usage + " " + string(algorithm)).Attributes()
			widest := a.KeyModesOfUse
			for set := 1<<len(modeNames) - 1; set > 0; set-- {
				var names []string
				a.KeyModesOfUse = apc.KeyModesOfUse{}
				for i, name := range modeNames {
					if set>>i&1 == 1 {
						names = append(names, name)
						*modeNamed(&a.KeyModesOfUse, name) = true
					}
				}
				if _, err := s.Inspect().CreateKey(context.Background(), &engine.CreateKeyInput{KeyAttributes: a, Exportable: new(true)}); err == nil {
					line := fmt.Sprintln(usage, algorithm, a.KeyClass, strings.Join(names, ","))
					if a.KeyModesOfUse == widest { // the kind's own come first
						head := b.String()
						at := strings.Index(head, fmt.Sprintf("%s %s ", usage, algorithm))
						if at >= 0 {
							b.Reset()
							b.WriteString(head[:at] + line + head[at:])
							continue
						}
					}
					b.WriteString(line)
				}
			}
		}
	}
	return b.String()
}

func TestAttributesAreThoseThatTheEngineTakes(t *testing.T) {
	got := everyKey(t)
	if *update {
		if err := os.WriteFile("testdata/attributes.txt", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != attributesText {
		t.Errorf(
			"go test ./enginetest/draw -run %s -update writes testdata/attributes.txt; the engine takes\n%s\nwant\n%s",
			t.Name(),
			got,
			attributesText,
		)
	}
}

func TestWhatIsDrawnPrintsOnOneLineAndShrinksToThePlainest(t *testing.T) {
	for name, x := range map[string]struct {
		got  any
		want string
	}{
		"Attributes": {Attributes().Example(0), ""}, "Kind": {Kind().Example(0), ""}, "Fault": {Fault(3).Example(0), ""},
	} {
		if got := fmt.Sprintf("%#v", x.got); strings.Contains(got, "\n") || len(got) > 100 {
			t.Errorf("%s prints %s, want one short line", name, got)
		}
	}
	if got, want := allAttributes()[0].String(), "P0 TDES_2KEY {Encrypt, Decrypt, Wrap, Unwrap}"; got != want {
		t.Errorf("the plainest key is %s, want %s", got, want)
	}
}
