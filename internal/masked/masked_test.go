package masked

import (
	"fmt"
	"testing"
)

type inner struct {
	Digits string `sensitive:"true"`
}

type outer struct {
	Name   string
	PIN    *string `sensitive:"true"`
	Absent *inner
	Part   *inner
	Parts  inner
	Length *int
}

func (o outer) Format(w fmt.State, _ rune) { Format(w, o) }

func TestSensitiveMembersArePrintedByTheirLength(t *testing.T) {
	v := outer{Name: "alias/mac", PIN: new("1234"), Part: &inner{"98765"}, Length: new(4)}
	const want = "outer{Name: alias/mac, PIN: 4 characters, Part: inner{Digits: 5 characters}, Length: 4}"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		if got := fmt.Sprintf(verb, v); got != want {
			t.Errorf("%s: got %s, want %s", verb, got, want)
		}
		if got := fmt.Sprintf(verb, &v); got != want {
			t.Errorf("%s of a pointer: got %s, want %s", verb, got, want)
		}
	}
	if got := LogValue(v).String(); got != want {
		t.Errorf("in a log: got %s, want %s", got, want)
	}
}

func TestNilPointerIsPrinted(t *testing.T) {
	if got := text((*outer)(nil)); got != "nil" {
		t.Errorf("got %s, want nil", got)
	}
}
